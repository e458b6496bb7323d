"""What is not known of the report's program: what else it may have done.

Each row was declared before it was run, and none was left out by what it hit.
"""

from __future__ import annotations

from typing import Any

from srcnn_theano.experiments import programmed
from srcnn_theano.experiments.records import Experiment, Row

_PROGRAMMED = {row.name: row for row in programmed.ROWS}


def _point(
    name: str,
    title: str,
    of: str,
    notes: str,
    **changed: Any,
) -> Experiment:
    """The row as programmed called `of`, with other choices."""
    base = _PROGRAMMED[of]
    training = base.training._replace(**changed)
    aggregation = f"batch{training.batch_size}"
    measure = base.measure._replace(aggregation=aggregation, weights_of=None)
    published = base.row.published, base.row.published_vgg
    row = Row("grid", title, *published, notes=notes)
    return Experiment(name, row, training, measure)


# --- Tables 1 and 2: {first version, later} x {mixed, sorted}, and other mixtures ---

_ORDER_NOTES = (
    "Which version printed Table 1, and in which order its files came, is not known. "
    "First and mixed, later and sorted are rows of table1, where all seeds have one "
    "permutation."
)


def _in_order(name: str, title: str, of: str, order: str) -> Experiment:
    return _point(name, title, of, _ORDER_NOTES, recipe={"order": order})


_ORDERS = (
    _in_order(
        "grid_adam_first_sorted",
        "Adam, first version, sorted",
        "table1_adam_programmed",
        "sorted",
    ),
    _in_order(
        "grid_adam_later_mixed",
        "Adam, later version, mixed",
        "table1_adam_later_programmed",
        "mixed",
    ),
    _in_order(
        "grid_rmsprop_first_sorted",
        "RMSProp, first version, sorted",
        "table1_rmsprop_programmed",
        "sorted",
    ),
    _in_order(
        "grid_rmsprop_later_mixed",
        "RMSProp, later version, mixed",
        "table1_rmsprop_later_programmed",
        "mixed",
    ),
    _in_order(
        "grid_rmsprop_l2_first_sorted",
        "RMSProp + L2, first version, sorted",
        "table1_rmsprop_l2_programmed",
        "sorted",
    ),
    _in_order(
        "grid_rmsprop_l2_later_mixed",
        "RMSProp + L2, later version, mixed",
        "table1_rmsprop_l2_later_programmed",
        "mixed",
    ),
    _in_order(
        "grid_adam_mixed_1",
        "Adam, first version, mixed otherwise",
        "table1_adam_programmed",
        "mixed-1",
    ),
    _in_order(
        "grid_adam_mixed_2",
        "Adam, first version, mixed in a third way",
        "table1_adam_programmed",
        "mixed-2",
    ),
)

# --- Adam, first version: {He, N(0, 0.001^2)} ---

_FIRST_START_NOTES = (
    "Which first filters the first version had is not known. The row of table1 has "
    "those of the later one."
)


def _first_start(name: str, title: str, initializer: str) -> Experiment:
    of = "table1_adam_programmed"
    options = {**_PROGRAMMED[of].training.options, "initializer": initializer}
    return _point(name, title, of, _FIRST_START_NOTES, options=options)


_FIRST_STARTS = (
    _first_start("grid_adam_he", "Adam, first version, from N(0, 2 / fan-in)", "he"),
    _first_start(
        "grid_adam_narrow", "Adam, first version, from N(0, 0.001^2)", "narrow"
    ),
)

# --- FSRCNN: {ReLU, PReLU, VGG16 in the cost} x {0.5, sqrt(2) / side, He}, and its
# half: {mirrored, none} x the same starts ---

_START_NOTES = (
    "Which first filters gave the printed figure is not known. Those of the program's "
    "file, N(0, 0.5^2), are rows of the table of FSRCNN."
)


def _start(name: str, title: str, of: str, initializer: str) -> Experiment:
    options = {**_PROGRAMMED[of].training.options, "initializer": initializer}
    return _point(name, title, of, _START_NOTES, options=options)


def _half_start(
    name: str, title: str, initializer: str, augmentation: str
) -> Experiment:
    of = "fsrcnn_augmented_programmed"
    return _point(
        name,
        f"{title}, minibatches of 50, 100 epochs",
        of,
        _START_NOTES,
        options={**_PROGRAMMED[of].training.options, "initializer": initializer},
        augmentation=augmentation,
    )


_STARTS = (
    _start(
        "grid_relu_side",
        "ReLU, from N(0, 2 / side^2)",
        "fsrcnn_relu_programmed",
        "side",
    ),
    _start(
        "grid_prelu_side",
        "PReLU, from N(0, 2 / side^2)",
        "fsrcnn_prelu_programmed",
        "side",
    ),
    _start(
        "grid_relu_he",
        "ReLU, from N(0, 2 / fan-in)",
        "fsrcnn_relu_programmed",
        "he",
    ),
    _start(
        "grid_prelu_he",
        "PReLU, from N(0, 2 / fan-in)",
        "fsrcnn_prelu_programmed",
        "he",
    ),
    _start(
        "grid_fsrcnn_vgg_side",
        "VGG loss, from N(0, 2 / side^2)",
        "fsrcnn_vgg_programmed",
        "side",
    ),
    _start(
        "grid_fsrcnn_vgg_he",
        "VGG loss, from N(0, 2 / fan-in)",
        "fsrcnn_vgg_programmed",
        "he",
    ),
    _start(
        "grid_fsrcnn_vgg_mse_side",
        "VGG loss + MSE, from N(0, 2 / side^2)",
        "fsrcnn_vgg_mse_programmed",
        "side",
    ),
    _start(
        "grid_fsrcnn_vgg_mse_he",
        "VGG loss + MSE, from N(0, 2 / fan-in)",
        "fsrcnn_vgg_mse_programmed",
        "he",
    ),
    _half_start(
        "grid_half_mirrored_side",
        "Mirrored inputs, from N(0, 2 / side^2)",
        "side",
        "mirrored-inputs",
    ),
    _half_start(
        "grid_half_mirrored_he",
        "Mirrored inputs, from N(0, 2 / fan-in)",
        "he",
        "mirrored-inputs",
    ),
    _half_start(
        "grid_half_none_side",
        "Translation by 0, from N(0, 2 / side^2)",
        "side",
        "none",
    ),
    _half_start(
        "grid_half_none_he",
        "Translation by 0, from N(0, 2 / fan-in)",
        "he",
        "none",
    ),
)

# --- Augmentation: {none, rotated, mirrored} x {batches of 50, 25} x {50, 100 epochs}

_MIRRORED_NOTES = (
    "Whether minibatches had 50 or 25 is not known; 50 is a row of the table of FSRCNN."
)
_AUGMENTED_NOTES = (
    "Mirrored inputs cannot have given 34.74. Of the program's other switches, "
    "translation moves by nothing, and rotation turns inputs alone by up to 4 degrees; "
    "how it filled in pixels is not known, here bilinear."
)


def _augmented(
    name: str, title: str, augmentation: str, size: int, notes: str = _AUGMENTED_NOTES
) -> Experiment:
    return _point(
        name,
        title,
        "fsrcnn_augmented_programmed",
        notes,
        augmentation=augmentation,
        batch_size=size,
    )


def _halfway(name: str, trained: Experiment) -> Experiment:
    """The network of a row after 50 of its 100 epochs."""
    row = trained.row._replace(
        title=trained.row.title.replace("100 epochs", "50 epochs"),
        notes=f"The network of {trained.name} after 50 epochs.",
    )
    measure = trained.measure._replace(n_epochs=50, weights_of=trained.name)
    return Experiment(name, row, trained.training, measure)


_NONE_50 = _augmented(
    "grid_half_none_50", "Translation by 0, minibatches of 50, 100 epochs", "none", 50
)
_NONE_25 = _augmented(
    "grid_half_none_25", "Translation by 0, minibatches of 25, 100 epochs", "none", 25
)
_ROTATED_50 = _augmented(
    "grid_half_rotated_50",
    "Rotated inputs, minibatches of 50, 100 epochs",
    "rotated-inputs",
    50,
)
_ROTATED_25 = _augmented(
    "grid_half_rotated_25",
    "Rotated inputs, minibatches of 25, 100 epochs",
    "rotated-inputs",
    25,
)
_MIRRORED_25 = _augmented(
    "grid_half_mirrored_25",
    "Mirrored inputs, minibatches of 25, 100 epochs",
    "mirrored-inputs",
    25,
    _MIRRORED_NOTES,
)
_AUGMENTED = (
    _MIRRORED_25,
    _NONE_50,
    _halfway("grid_half_none_50_e50", _NONE_50),
    _NONE_25,
    _halfway("grid_half_none_25_e50", _NONE_25),
    _ROTATED_50,
    _halfway("grid_half_rotated_50_e50", _ROTATED_50),
    _ROTATED_25,
    _halfway("grid_half_rotated_25_e50", _ROTATED_25),
)

# --- VGG16 in the cost, from the file's own start: {Adam, RMSProp} ---

_FILE_NOTES = (
    "From the filters and biases of the program's file, N(0, 0.01^2) and 1. Which "
    "start the printed rows had, and whether its RMSProp was switched on, is not "
    "known; RMSProp has the rate of Table 1."
)
_FILE_START = {**_PROGRAMMED["vgg_mse_programmed"].training.options}
_FILE_START["initializer"] = "hundredth"
_FILE_RMSPROP: dict[str, Any] = {"update": "rmsprop_clipped", "learning_rate": 3e-5}


def _from_the_file(name: str, title: str, of: str, **changed: Any) -> Experiment:
    return _point(name, title, of, _FILE_NOTES, options=_FILE_START, **changed)


_FILE_STARTS = (
    _from_the_file(
        "grid_vgg_mse_file",
        "VGG loss + SRCNN loss, from the file's start, Adam",
        "vgg_mse_20_programmed",
    ),
    _from_the_file(
        "grid_vgg_mse_file_rmsprop",
        "VGG loss + SRCNN loss, from the file's start, RMSProp",
        "vgg_mse_20_programmed",
        **_FILE_RMSPROP,
    ),
    _from_the_file(
        "grid_vgg_improved_file",
        "Improved upsampling, from the file's start, Adam",
        "vgg_improved_programmed",
    ),
    _from_the_file(
        "grid_vgg_improved_file_rmsprop",
        "Improved upsampling, from the file's start, RMSProp",
        "vgg_improved_programmed",
        **_FILE_RMSPROP,
    ),
)

# --- Batch normalization: 14.0 ---

_BN_NOTES = (
    "The program's graph of the row with batch normalization is not known. Which "
    "layers have it was inferred from the print, so the other choice is tried in both "
    "versions of the data."
)


def _hidden(name: str, title: str, of: str) -> Experiment:
    options = {**_PROGRAMMED[of].training.options, "batch_norm": "hidden"}
    return _point(name, title, of, _BN_NOTES, options=options)


_BATCH_NORM = (
    _hidden(
        "grid_bn_hidden",
        "Batch normalization of the hidden layers + L2",
        "table1_bn_l2_programmed",
    ),
    _hidden(
        "grid_bn_hidden_initial",
        "Batch normalization of the hidden layers + L2, before the mend",
        "table1_bn_l2_initial_programmed",
    ),
)

# --- The deconvolution by gradInputs ---

_NAIVE = _PROGRAMMED["fsrcnn_prelu_programmed"]
_GRADINPUTS = Experiment(
    "grid_gradinputs",
    Row(
        "grid",
        "Deconvolution by gradInputs, stride 2, 200 epochs",
        notes="9x9 filters from N(0, 0.5^2) make 23x23 pixels of 8x8. The report saw "
        "nothing decent before 200 epochs.",
    ),
    _NAIVE.training._replace(model="fsrcnn-stride-2"),
    _NAIVE.measure._replace(n_epochs=200),
)

ROWS = (
    *_ORDERS,
    *_FIRST_STARTS,
    *_STARTS,
    *_AUGMENTED,
    *_FILE_STARTS,
    *_BATCH_NORM,
    _GRADINPUTS,
)
