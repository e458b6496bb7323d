"""Networks for pictures, which the report has not."""

from srcnn_theano.experiments.records import Experiment, Measure, Row
from srcnn_theano.training.settings import Training

_ON_SET5 = Measure(test_set="Set5", aggregation="image")

# --- SRCNN ---

_SRCNN_NOTES = (
    "Ours, for pictures: sharp target, no blur, whole images degraded by MATLAB's "
    "bicubic. 'Published' is the official network of this architecture and these "
    "training images (Dong et al., 2014)."
)
_SRCNN = Training(
    options={"channels": 1}, protocol="standard", decay=0.985, batch_size=64
)

ROWS_OF_SRCNN = (
    Experiment(
        "srcnn_x2",
        Row("models", "SRCNN 9-1-5, Y", published=36.34, notes=_SRCNN_NOTES),
        _SRCNN._replace(scale=2),
        _ON_SET5._replace(n_epochs=250),
    ),
    Experiment(
        "srcnn_x3",
        Row("models", "SRCNN 9-1-5, Y", published=32.39, notes=_SRCNN_NOTES),
        _SRCNN._replace(scale=3),
        _ON_SET5._replace(n_epochs=250),
    ),
    Experiment(
        "srcnn_x4",
        Row("models", "SRCNN 9-1-5, Y", published=30.08, notes=_SRCNN_NOTES),
        _SRCNN._replace(scale=4, decay=0.975),
        _ON_SET5._replace(n_epochs=150),
    ),
)

# --- FSRCNN ---

# Sub-images of 12x12 low-resolution pixels, about 165,000 steps. Published: Dong et al.
# (2016), table 4, trained on T91 and General-100.
_FSRCNN_NOTES = (
    "Ours, for pictures: sharp target, no blur, whole images degraded by MATLAB's "
    "bicubic, flips and quarter turns. 'Published' is the official network, which was "
    "trained on General-100 besides."
)
_FSRCNN = Training(
    model="fsrcnn",
    protocol="standard",
    augmentation="dihedral",
    learning_rate=2e-3,
    batch_size=16,
)

ROWS_OF_FSRCNN = (
    Experiment(
        "fsrcnn_x2",
        Row("models", "FSRCNN(56,12,4), Y", published=37.00, notes=_FSRCNN_NOTES),
        _FSRCNN._replace(
            options={"channels": 1, "scale": 2},
            scale=2,
            recipe={"size": 24, "stride": 12},
            decay=0.937,
        ),
        _ON_SET5._replace(n_epochs=82),
    ),
    Experiment(
        "fsrcnn_x3",
        Row("models", "FSRCNN(56,12,4), Y", published=33.16, notes=_FSRCNN_NOTES),
        _FSRCNN._replace(
            options={"channels": 1, "scale": 3},
            scale=3,
            recipe={"size": 36, "stride": 18},
            decay=0.974,
        ),
        _ON_SET5._replace(n_epochs=200),
    ),
    Experiment(
        "fsrcnn_x4",
        Row("models", "FSRCNN(56,12,4), Y", published=30.71, notes=_FSRCNN_NOTES),
        _FSRCNN._replace(
            options={"channels": 1, "scale": 4},
            scale=4,
            recipe={"size": 48, "stride": 24},
            decay=0.986,
        ),
        _ON_SET5._replace(n_epochs=380),
    ),
)
