"""FSRCNN: what section 5.1.2 of the report tells in words, as far as it is evidence."""

from srcnn_theano.experiments.records import Experiment, Measure, Row
from srcnn_theano.training.settings import Training

# 8x8 in, 33x33 out, RGB. Rate, batch size and optimiser are the best of those that the
# section names.
_RGB = {"channels": 3, "scale": 4}
_PRELU = Training(model="fsrcnn", options=_RGB)
_BILINEAR = _PRELU._replace(options={**_RGB, "upsampling": "bilinear"})
_FULL_BORDER = _PRELU._replace(
    options={**_RGB, "upsampling": "full-border", "deconv_size": 26}
)
_HALF = _PRELU._replace(model="half-fsrcnn")

_HALF_NOTES = (
    "The report does not give this network; here every count of FSRCNN is halved: d "
    "28, s 6, m 2."
)

# The section gives neither figures nor lengths for what it compares in words: 40 epochs
# here, measured as the rows of its table.
_BATCH20 = Measure(n_epochs=40, aggregation="batch20")

ROWS = (
    # --- Upsampling: item 3 ---
    Experiment(
        "fsrcnn_gradinputs_20",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, gradInputs, 20 epochs",
            notes="The network of fsrcnn_gradinputs after 20 epochs.",
        ),
        _PRELU,
        _BATCH20._replace(n_epochs=20, weights_of="fsrcnn_gradinputs"),
    ),
    Experiment(
        "fsrcnn_gradinputs_50",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, gradInputs, 50 epochs",
            notes="The network of fsrcnn_gradinputs after 50 epochs.",
        ),
        _PRELU,
        _BATCH20._replace(n_epochs=50, weights_of="fsrcnn_gradinputs"),
    ),
    Experiment(
        "fsrcnn_gradinputs_100",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, gradInputs, 100 epochs",
            notes="The network of fsrcnn_gradinputs after 100 epochs.",
        ),
        _PRELU,
        _BATCH20._replace(n_epochs=100, weights_of="fsrcnn_gradinputs"),
    ),
    Experiment(
        "fsrcnn_gradinputs",
        Row(
            "fsrcnn-deconv",
            "Deconvolution by gradInputs, 200 epochs",
            notes="The report saw no decent reconstructions before 200 epochs.",
        ),
        _PRELU,
        _BATCH20._replace(n_epochs=200),
    ),
    Experiment(
        "fsrcnn_bilinear_20",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, from bilinear filters, 20 epochs",
            notes="The network of fsrcnn_bilinear after 20 epochs.",
        ),
        _BILINEAR,
        _BATCH20._replace(n_epochs=20, weights_of="fsrcnn_bilinear"),
    ),
    Experiment(
        "fsrcnn_bilinear_50",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, from bilinear filters, 50 epochs",
            notes="The network of fsrcnn_bilinear after 50 epochs.",
        ),
        _BILINEAR,
        _BATCH20._replace(n_epochs=50, weights_of="fsrcnn_bilinear"),
    ),
    Experiment(
        "fsrcnn_bilinear_100",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, from bilinear filters, 100 epochs",
            notes="The network of fsrcnn_bilinear after 100 epochs.",
        ),
        _BILINEAR,
        _BATCH20._replace(n_epochs=100, weights_of="fsrcnn_bilinear"),
    ),
    Experiment(
        "fsrcnn_bilinear",
        Row(
            "fsrcnn-deconv",
            "Deconvolution from bilinear filters, 200 epochs",
            notes="As gradInputs, but it starts from filters that interpolate.",
        ),
        _BILINEAR,
        _BATCH20._replace(n_epochs=200),
    ),
    Experiment(
        "fsrcnn_full_border_20",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, naive full border, 20 epochs",
            notes="The network of fsrcnn_full_border after 20 epochs.",
        ),
        _FULL_BORDER,
        _BATCH20._replace(n_epochs=20, weights_of="fsrcnn_full_border"),
    ),
    Experiment(
        "fsrcnn_full_border_50",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, naive full border, 50 epochs",
            notes="The network of fsrcnn_full_border after 50 epochs.",
        ),
        _FULL_BORDER,
        _BATCH20._replace(n_epochs=50, weights_of="fsrcnn_full_border"),
    ),
    Experiment(
        "fsrcnn_full_border_100",
        Row(
            "fsrcnn-deconv",
            "Deconvolution, naive full border, 100 epochs",
            notes="The network of fsrcnn_full_border after 100 epochs.",
        ),
        _FULL_BORDER,
        _BATCH20._replace(n_epochs=100, weights_of="fsrcnn_full_border"),
    ),
    Experiment(
        "fsrcnn_full_border",
        Row(
            "fsrcnn-deconv",
            "Naive full border, 200 epochs",
            notes="26x26 filters take 8x8 to 33x33. A network of this kind fits "
            "inputs of 8x8 only: whole images go through it in overlapping pieces.",
        ),
        _FULL_BORDER,
        _BATCH20._replace(n_epochs=200),
    ),
    Experiment(
        "fsrcnn_resize",
        Row(
            "fsrcnn-deconv",
            "Pixels repeated, then convolved, 200 epochs",
            notes="Not in the report: what Odena et al. (2016) propose against "
            "checkerboards.",
        ),
        _PRELU._replace(options={**_RGB, "upsampling": "resize"}),
        _BATCH20._replace(n_epochs=200),
    ),
    # --- Training: items 4 and 5 ---
    Experiment(
        "fsrcnn_base",
        Row(
            "fsrcnn-training",
            "Adam, rate 0.001, batch size 20, MSE together, no decay, no skip",
            notes="What the other rows differ from: the network of fsrcnn_gradinputs "
            "after 40 epochs.",
        ),
        _PRELU,
        _BATCH20._replace(weights_of="fsrcnn_gradinputs"),
    ),
    Experiment(
        "fsrcnn_rmsprop",
        Row("fsrcnn-training", "RMSProp instead of Adam"),
        _PRELU._replace(update="rmsprop"),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_rmsprop_1e-4",
        Row("fsrcnn-training", "RMSProp, learning rate 0.0001"),
        _PRELU._replace(update="rmsprop", learning_rate=1e-4),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_rate_0.002",
        Row("fsrcnn-training", "Learning rate 0.002"),
        _PRELU._replace(learning_rate=0.002),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_rate_0.003",
        Row("fsrcnn-training", "Learning rate 0.003"),
        _PRELU._replace(learning_rate=0.003),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_rate_0.005",
        Row("fsrcnn-training", "Learning rate 0.005"),
        _PRELU._replace(learning_rate=0.005),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_batch_50",
        Row("fsrcnn-training", "Batch size 50"),
        _PRELU._replace(batch_size=50),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_batch_100",
        Row("fsrcnn-training", "Batch size 100"),
        _PRELU._replace(batch_size=100),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_batch_500",
        Row("fsrcnn-training", "Batch size 500"),
        _PRELU._replace(batch_size=500),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_decay",
        Row("fsrcnn-training", "Rate times 0.9975 after each epoch"),
        _PRELU._replace(decay=0.9975),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_per_channel",
        Row("fsrcnn-training", "MSE of each channel by itself"),
        _PRELU._replace(cost="mse_per_channel"),
        _BATCH20,
    ),
    # --- Layers: items 1 and 2 ---
    Experiment(
        "fsrcnn_skip_mapping",
        Row("fsrcnn-layers", "Skip connections: mapping"),
        _PRELU._replace(options={**_RGB, "skip": "mapping"}),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_skip_features",
        Row("fsrcnn-layers", "Skip connections: features"),
        _PRELU._replace(options={**_RGB, "skip": "features"}),
        _BATCH20,
    ),
    Experiment(
        "fsrcnn_skip_both",
        Row("fsrcnn-layers", "Skip connections: both"),
        _PRELU._replace(options={**_RGB, "skip": "both"}),
        _BATCH20,
    ),
    Experiment(
        "half_prelu",
        Row("fsrcnn-layers", "Half-FSRCNN, PReLU", notes=_HALF_NOTES),
        _HALF,
        _BATCH20,
    ),
    Experiment(
        "half_relu",
        Row("fsrcnn-layers", "Half-FSRCNN, ReLU", notes=_HALF_NOTES),
        _HALF._replace(options={**_RGB, "activation": "relu"}),
        _BATCH20,
    ),
    Experiment(
        "half_augmented",
        Row("fsrcnn-layers", "Half-FSRCNN, data augmentation", notes=_HALF_NOTES),
        _HALF._replace(augmentation="flip-translate"),
        _BATCH20,
    ),
    Experiment(
        "half_deconv_12",
        Row(
            "fsrcnn-layers", "Half-FSRCNN, 12 deconvolution filters", notes=_HALF_NOTES
        ),
        _HALF._replace(options={**_RGB, "n_deconv": 12}),
        _BATCH20,
    ),
    Experiment(
        "half_deconv_56",
        Row(
            "fsrcnn-layers", "Half-FSRCNN, 56 deconvolution filters", notes=_HALF_NOTES
        ),
        _HALF._replace(options={**_RGB, "n_deconv": 56}),
        _BATCH20,
    ),
    Experiment(
        "half_size_5",
        Row(
            "fsrcnn-layers", "Half-FSRCNN, deconvolution filters 5x5", notes=_HALF_NOTES
        ),
        _HALF._replace(options={**_RGB, "deconv_size": 5}),
        _BATCH20,
    ),
    Experiment(
        "half_size_8",
        Row(
            "fsrcnn-layers", "Half-FSRCNN, deconvolution filters 8x8", notes=_HALF_NOTES
        ),
        _HALF._replace(options={**_RGB, "deconv_size": 8}),
        _BATCH20,
    ),
    Experiment(
        "half_size_13",
        Row(
            "fsrcnn-layers",
            "Half-FSRCNN, deconvolution filters 13x13",
            notes=_HALF_NOTES,
        ),
        _HALF._replace(options={**_RGB, "deconv_size": 13}),
        _BATCH20,
    ),
)
