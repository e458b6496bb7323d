"""Networks for pictures, which the report has not."""

from srcnn_theano.experiments.records import Experiment, Measure, Row
from srcnn_theano.training.settings import Training

_ON_SET5 = Measure(test_set="Set5", aggregation="image")

# Tried on ten pictures of T91 that were left out of the training: sub-images of T91 at
# five scales, continued beyond the edges as pictures are when they are enlarged; none
# but pixels that depend on no padding; the mean taken out by the first biases; SOAP,
# and a cosine that ends at 0.
_RECIPE = Training(
    options={"channels": 1, "mean": 0.45},
    protocol="standard",
    augmentation="dihedral",
    update="soap",
    learning_rate=3e-3,
    decay_rule="cosine",
    batch_size=8,
)
_REDUCTIONS = [1.0, 0.9, 0.8, 0.7, 0.6]

# --- SRCNN ---

# Of 36x36 pixels of the enlarged picture the middle 24x24 come out.
_SRCNN_NOTES = (
    "Ours, for pictures: sharp target, no blur, whole images degraded by MATLAB's "
    "bicubic, flips and quarter turns. 'Published' is the official network of this "
    "architecture and these training images (Dong et al., 2014)."
)

ROWS_OF_SRCNN = (
    Experiment(
        "srcnn_x2",
        Row("models", "SRCNN 9-1-5, Y", published=36.34, notes=_SRCNN_NOTES),
        _RECIPE._replace(
            scale=2,
            recipe={"size": 36, "stride": 24, "border": 6, "reductions": _REDUCTIONS},
            decay_epochs=76,
        ),
        _ON_SET5._replace(n_epochs=76),
    ),
    Experiment(
        "srcnn_x3",
        Row("models", "SRCNN 9-1-5, Y", published=32.39, notes=_SRCNN_NOTES),
        _RECIPE._replace(
            scale=3,
            recipe={"size": 36, "stride": 24, "border": 6, "reductions": _REDUCTIONS},
            decay_epochs=76,
        ),
        _ON_SET5._replace(n_epochs=76),
    ),
    Experiment(
        "srcnn_x4",
        Row("models", "SRCNN 9-1-5, Y", published=30.08, notes=_SRCNN_NOTES),
        _RECIPE._replace(
            scale=4,
            recipe={"size": 36, "stride": 24, "border": 8, "reductions": _REDUCTIONS},
            decay_epochs=76,
        ),
        _ON_SET5._replace(n_epochs=76),
    ),
)

# --- FSRCNN ---

# Of 26x26 low-resolution pixels the network gives the middle 12x12 enlarged; at x2,
# where stamps of the deconvolution reach further, of 28x28. About 400,000 steps.
# Filters decay, or they explode on text, see `updates.soap_decoupled`: of decays of 0
# to 1, tried on pictures of T91 that were left out, the largest that costs nothing.
# Published: Dong et al. (2016), table 4, trained on T91 and General-100.
_FSRCNN_NOTES = (
    "Ours, for pictures: sharp target, no blur, whole images degraded by MATLAB's "
    "bicubic, flips and quarter turns. 'Published' is the official network, which was "
    "trained on General-100 besides."
)
_FSRCNN = _RECIPE._replace(
    model="fsrcnn",
    options={**_RECIPE.options, "padding": "none"},
    update="soap_decoupled",
)

ROWS_OF_FSRCNN = (
    Experiment(
        "fsrcnn_x2",
        Row("models", "FSRCNN(56,12,4), Y", published=37.00, notes=_FSRCNN_NOTES),
        _FSRCNN._replace(
            options={**_FSRCNN.options, "scale": 2},
            scale=2,
            recipe={"size": 56, "stride": 24, "border": 16, "reductions": _REDUCTIONS},
            decay_epochs=122,
        ),
        _ON_SET5._replace(n_epochs=122),
    ),
    Experiment(
        "fsrcnn_x3",
        Row("models", "FSRCNN(56,12,4), Y", published=33.16, notes=_FSRCNN_NOTES),
        _FSRCNN._replace(
            options={**_FSRCNN.options, "scale": 3},
            scale=3,
            recipe={"size": 78, "stride": 24, "border": 21, "reductions": _REDUCTIONS},
            decay_epochs=134,
        ),
        _ON_SET5._replace(n_epochs=134),
    ),
    Experiment(
        "fsrcnn_x4",
        Row("models", "FSRCNN(56,12,4), Y", published=30.71, notes=_FSRCNN_NOTES),
        _FSRCNN._replace(
            options={**_FSRCNN.options, "scale": 4},
            scale=4,
            recipe={"size": 104, "stride": 24, "border": 28, "reductions": _REDUCTIONS},
            decay_epochs=144,
        ),
        _ON_SET5._replace(n_epochs=144),
    ),
)

# --- A larger FSRCNN ---

# Four more mapping layers reach four pixels further, so of 34x34 pixels, at x2 of
# 36x36, the middle 12x12 come out. A step takes several times as long, so there are
# about 80,000.
_LARGE_NOTES = (
    "Ours, for pictures: as fsrcnn_x2 to fsrcnn_x4, with more maps and layers and skip "
    "connections. Nobody has published such a network."
)
_LARGE = _FSRCNN._replace(model="fsrcnn-large")

ROWS_OF_LARGE = (
    Experiment(
        "fsrcnn_large_x2",
        Row("models", "FSRCNN(64,32,8) with skips, Y", notes=_LARGE_NOTES),
        _LARGE._replace(
            options={**_LARGE.options, "scale": 2},
            scale=2,
            recipe={"size": 72, "stride": 24, "border": 24, "reductions": _REDUCTIONS},
            decay_epochs=26,
        ),
        _ON_SET5._replace(n_epochs=26),
    ),
    Experiment(
        "fsrcnn_large_x3",
        Row("models", "FSRCNN(64,32,8) with skips, Y", notes=_LARGE_NOTES),
        _LARGE._replace(
            options={**_LARGE.options, "scale": 3},
            scale=3,
            recipe={"size": 102, "stride": 24, "border": 33, "reductions": _REDUCTIONS},
            decay_epochs=28,
        ),
        _ON_SET5._replace(n_epochs=28),
    ),
    Experiment(
        "fsrcnn_large_x4",
        Row("models", "FSRCNN(64,32,8) with skips, Y", notes=_LARGE_NOTES),
        _LARGE._replace(
            options={**_LARGE.options, "scale": 4},
            scale=4,
            recipe={"size": 136, "stride": 24, "border": 44, "reductions": _REDUCTIONS},
            decay_epochs=30,
        ),
        _ON_SET5._replace(n_epochs=30),
    ),
)
