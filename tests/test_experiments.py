"""The rows are those of the report, and every name in them exists."""

import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from srcnn_theano import experiments
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import aggregate
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments import (
    EXPERIMENTS,
    REPLACED,
    TABLES,
    described,
    find_experiment,
    snapshots,
)
from srcnn_theano.experiments.slips import SLIPS
from srcnn_theano.models import model_for_pairs
from srcnn_theano.runs.run import training_recipe
from srcnn_theano.training.settings import AUGMENTATIONS, Training
from srcnn_theano.vgg16_weights import PREPROCESSINGS

# All fields of each experiment, as in experiment.json.
ROWS = [SimpleNamespace(**e.flat()) for e in EXPERIMENTS.values()]
PROGRAMMED = [e for e in ROWS if e.name.endswith("_programmed")]
DESCRIBED = [e for e in ROWS if e.name.endswith("_described")]
KINDS = pytest.mark.parametrize("rows", [PROGRAMMED, DESCRIBED])


@KINDS
def test_every_figure_of_tables_1_and_2_is_there(rows):
    table1 = {e.published for e in rows if e.table == "table1"}
    assert table1 == {6.51, 14.0, 34.05, 34.29, 35.08}
    table2 = {e.test_set: e.published for e in rows if e.table == "table2"}
    assert table2 == {"Set5": 36.5, "Set14": 35.08}


@KINDS
def test_every_figure_of_the_fsrcnn_table_is_there(rows):
    figures = {
        (e.options.get("activation", "prelu"), e.augmentation != "none", e.n_epochs): (
            e.published
        )
        for e in rows
        if e.table == "fsrcnn"
    }
    assert figures == {
        ("relu", False, 100): 31.75,
        ("prelu", False, 100): 32.29,
        ("prelu", True, 20): 23.34,
        ("prelu", True, 100): 34.74,
    }


def test_every_comparison_of_section_5_1_2_is_there():
    tables = ("fsrcnn", "fsrcnn-training", "fsrcnn-layers", "fsrcnn-deconv")
    rows = [e for e in ROWS if e.table in tables and "stride" not in e.model]
    whole = [e for e in rows if e.model == "fsrcnn"]
    assert {e.update for e in whole} == {"adam", "rmsprop"}
    assert {0.001, 0.005} <= {e.learning_rate for e in whole if e.update == "adam"}
    assert {e.batch_size for e in whole} == {20, 50, 100, 500}
    assert {e.decay for e in whole} == {1.0, 0.9975}
    assert {e.cost for e in whole} == {"mse", "mse_per_channel"}
    skips = {e.options.get("skip", "none") for e in whole}
    assert skips == {"none", "mapping", "features", "both"}
    for upsampling in ("deconv", "full-border", "bilinear"):
        lengths = {
            e.n_epochs
            for e in whole
            if e.options.get("upsampling", "deconv") == upsampling
            and e.augmentation == "none"
        }
        assert {20, 50, 100, 200} <= lengths
    half = [e for e in rows if e.model == "half-fsrcnn"]
    assert len({e.options.get("n_deconv") for e in half}) >= 3
    assert len({e.options.get("deconv_size", 9) for e in half}) >= 3
    assert {e.options.get("activation", "prelu") for e in half} == {"prelu", "relu"}
    assert {e.augmentation for e in half} == {"none", "flip-translate"}
    # What is compared trains as long as what it is compared with.
    assert len({e.n_epochs for e in half}) == 1


@KINDS
def test_every_figure_of_the_vgg_tables_is_there(rows):
    figures = [
        (e.n_epochs, e.published, e.published_vgg) for e in rows if e.table == "vgg"
    ]
    assert figures == [
        (20, 15.93, 20.00),
        (20, 16.09, 19.96),
        (50, 16.77, 20.22),
        (20, 16.90, 20.23),
        (20, 33.32, 45.51),
        (40, 34.23, 46.75),
    ]
    for row in [e for e in rows if e.table == "vgg"]:  # section 5.1.3
        assert (row.learning_rate, row.batch_size, row.vgg_weight) == (1e-4, 100, 1)
        assert row.pixel_weight == (not row.name.startswith("vgg_only"))
    figures = [
        (e.pixel_weight, e.published_vgg) for e in rows if e.table == "fsrcnn-vgg"
    ]
    assert figures == [(0, 20.49), (1, 20.55)]


def test_described_rows_are_as_long_as_the_programmed_ones():
    lengths = {e.name[: -len("_programmed")]: e.n_epochs for e in PROGRAMMED}
    for row in DESCRIBED:
        assert row.n_epochs == lengths.pop(row.name[: -len("_described")])
    # The program's versions, and a reading of what it may have done.
    others = {name for name in lengths if not name.endswith(("_later", "_initial"))}
    assert others == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_can_be_run(row):
    import inspect

    from srcnn_theano.models import model_class
    from srcnn_theano.training.costs import COSTS
    from srcnn_theano.training.updates import UPDATES

    assert EXPERIMENTS[row.name].name == row.name and row.table in TABLES
    protocol = make_protocol(row.protocol, row.scale)
    assert protocol.recipe.n_channels == row.options["channels"]
    inspect.signature(model_class(row.model)).bind(None, None, None, **row.options)
    assert row.cost in COSTS and row.update in UPDATES
    if protocol.aggregation == "image":
        assert row.aggregation == "image"
    else:
        aggregate([0.1] * 200, row.aggregation)
    if row.weights_of:
        trained = EXPERIMENTS[row.weights_of]
        assert trained.trains
        assert trained.training == EXPERIMENTS[row.name].training
        # It is as long as it says: a snapshot, or the end.
        ends = snapshots(trained.name) + (trained.measure.n_epochs,)
        assert row.n_epochs in ends
    assert all(0 < epoch < row.n_epochs for epoch in snapshots(row.name))
    assert row.augmentation in AUGMENTATIONS
    assert row.vgg_input in (*PREPROCESSINGS, "levels", "own")
    assert row.vgg_maps in (None, "mean", "sum")
    assert row.pixel_weight or row.vgg_weight
    assert row.vgg_maps or row.published_vgg is None
    json.dumps(vars(row))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("network", ["fsrcnn", "fsrcnn_large", "srcnn"])
def test_sub_images_of_networks_for_pictures_fit_their_networks(network, scale):
    row = find_experiment(f"{network}_x{scale}").training
    recipe = training_recipe(row)
    assert recipe.enlarged == (row.model == "srcnn")
    assert recipe.scale == row.scale == row.options.get("scale", scale)
    image = np.zeros((100, 90, 3), "uint8")
    pairs = make_pairs(image, recipe)
    rng = np.random.RandomState(0)
    model = model_for_pairs(row.model, row.options, pairs, rng, row.batch_size)
    # All pixels of an image, edges too, are among those that the network gives.
    factor = 1 if recipe.enlarged else row.scale
    side = recipe.size - 2 * factor * model.margin
    assert model.output_shape == (row.batch_size, 1, side, side)
    assert pairs.high_res.shape[2] == factor * pairs.low_res.shape[2]
    assert recipe.stride <= side and recipe.border >= factor * model.margin
    if not recipe.enlarged:
        assert recipe.border == factor * model.margin


@pytest.mark.parametrize(
    "row",
    [e for e in ROWS if "fsrcnn" in e.model and e.protocol == "course"],
    ids=lambda row: row.name,
)
def test_the_report_s_fsrcnns_take_8x8_to_33x33(row):
    recipe = training_recipe(EXPERIMENTS[row.name].training)
    pairs = make_pairs(np.zeros((47, 33, 3), "uint8"), recipe)
    assert pairs.low_res.shape == (2, 3, 8, 8)
    rng = np.random.RandomState(row.seed)
    model = model_for_pairs(row.model, row.options, pairs, rng, row.batch_size)
    side = 33 if "stride" not in row.model else 16
    assert model.output_shape == (row.batch_size, 3, side, side)


def test_networks_are_kept_where_other_rows_measure_them():
    assert snapshots("fsrcnn_gradinputs") == (20, 40, 50, 100)
    assert snapshots("vgg_mse_described") == (20,)
    assert snapshots("table1_adam_described") == ()


def test_neither_the_length_nor_what_is_printed_changes_the_identity():
    row = find_experiment("fsrcnn_augmented_described")
    printed = row.row._replace(published=1.0, notes="Another note.")
    measure = row.measure._replace(n_epochs=7, aggregation="global")
    other = row._replace(name="other", row=printed, measure=measure)
    assert other.training.identity == row.training.identity
    # FSRCNN as described is what others differ from, which has snapshots of its own.
    trained = [
        EXPERIMENTS[e.name]
        for e in ROWS
        if not e.weights_of and e.name != "fsrcnn_prelu_described"
    ]
    identities = {e.training.identity for e in trained}
    assert len(identities) == len(trained)
    assert row.changed(seed=1).training.identity not in identities
    assert row.changed(n_epochs=1).training == row.training


def test_every_row_is_spelled_out_where_it_can_be_found():
    folder = Path(experiments.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    for name in EXPERIMENTS:
        assert len(re.findall(rf'\(\s*"{re.escape(name)}",', text)) == 1


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.row.name)
def test_a_slip_is_a_row_as_described_with_another_choice(slip):
    base = EXPERIMENTS[slip.without]
    assert slip.without in {row.name for row in described.ROWS} and base.trains
    assert slip.row.measure == base.measure
    changed = slip.row.differences(json.loads(json.dumps(base.flat())))
    if slip.row.name == "slip_no_stride":  # another network has options of its own
        assert changed == ["model", "options"]
    else:
        assert len(changed) == 1


def test_the_grid_is_all_that_was_declared():
    rows = [e for e in ROWS if e.table == "grid"]
    orders = {
        (e.name.split("_")[1], e.L2_reg > 0, e.window, e.recipe.get("order", "sorted"))
        for e in (*rows, *PROGRAMMED)
        if e.published in (35.08, 34.05, 34.29) and e.table in ("grid", "table1")
    }
    others = {("adam", False, "top-left", f"mixed-{n}") for n in (1, 2)}
    assert others < orders and len(orders) == 3 * 2 * 2 + len(others)
    starts = {
        (e.options.get("activation", "prelu"), e.options.get("initializer", "wide"))
        for e in (*rows, *PROGRAMMED)
        if e.published in (31.75, 32.29)
    }
    assert starts == {(a, i) for a in ("relu", "prelu") for i in ("wide", "side", "he")}
    halves = [e for e in rows if e.model == "half-strideless"]
    begun = {(e.augmentation, e.options.get("initializer", "wide")) for e in halves}
    assert begun == {
        *((a, i) for a in ("none", "mirrored-inputs") for i in ("wide", "side", "he")),
        ("rotated-inputs", "wide"),
    }
    perceptual = {
        (e.pixel_weight, e.options["initializer"])
        for e in rows
        if "fsrcnn_vgg" in e.name
    }
    assert perceptual == {(p, i) for p in (0.0, 1.0) for i in ("side", "he")}
    lengths = {(e.augmentation, e.batch_size, e.n_epochs) for e in halves} & {
        (augmentation, size, n_epochs)
        for augmentation in ("none", "rotated-inputs")
        for size in (50, 25)
        for n_epochs in (50, 100)
    }
    assert len(lengths) == 8
    first = {e.options["initializer"] for e in rows if e.name.startswith("grid_adam_")}
    assert first == {"side", "he", "narrow"}
    mirrored = [e.batch_size for e in halves if e.augmentation == "mirrored-inputs"]
    assert sorted(mirrored) == [25, 50, 50]
    normalized = {
        (e.options["batch_norm"], e.protocol)
        for e in (*rows, *PROGRAMMED)
        if e.published == 14.0
    }
    assert normalized == {
        (layers, protocol)
        for layers in ("all", "hidden")
        for protocol in ("programmed", "programmed-initial")
    }
    files = {(e.published, e.update, e.n_epochs) for e in rows if "_file" in e.name}
    assert files == {
        (printed, update, n_epochs)
        for printed, n_epochs in ((16.09, 20), (34.23, 40))
        for update in ("adam_uncorrected", "rmsprop_clipped")
    }


def test_identities_are_those_of_earlier_versions():
    # Computed before there was `decay_epochs`.
    assert Training().identity.startswith("948ccc4ca702cf19fba969711e0cbacfd30e75cb")
    assert Training(decay_epochs=3).identity != Training().identity


def test_a_cosine_is_as_long_as_the_training():
    row = find_experiment("table1_adam_described")
    row = row._replace(training=row.training._replace(decay_epochs=40))
    assert row.changed(n_epochs=7).training.decay_epochs == 7
    assert row.changed(seed=7).training.decay_epochs == 40


def test_differences_are_those_of_the_training():
    row = find_experiment("table1_bn_l2_described")
    recorded = json.loads(json.dumps(row.flat()))
    assert row.differences(dict(recorded, notes="", published=1, n_epochs=3)) == []
    assert row.differences(dict(recorded, seed=1, learning_rate=1)) == [
        "learning_rate",
        "seed",
    ]
    del recorded["augmentation"]  # as in records of earlier versions
    assert row.differences(recorded) == []


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(
        UserError,
        match=r"'Table1_adam_describd' \(did you mean 'table1_adam_described'",
    ):
        find_experiment("Table1_adam_describd")
    with pytest.raises(UserError, match="is called 'x'; 'srcnn-theano experiments'"):
        find_experiment("x")


def test_the_identity_is_that_of_earlier_versions():
    for row in EXPERIMENTS.values():
        settings = row.training._asdict()
        for name, default in (("decay_epochs", 0), ("precision", "float32")):
            if settings[name] == default:
                del settings[name]
        text = json.dumps(settings, sort_keys=True)
        old = hashlib.sha256(text.encode("utf-8")).hexdigest()
        assert row.training.identity == old


def test_the_identity_does_not_tell_0_from_0_0():
    training = EXPERIMENTS["table1_sgd_described"].training._replace(
        L2_reg=0.0, decay=1.0, options={"channels": 3, "peak": 255.0}
    )
    same = training._replace(
        L2_reg=0,
        decay=1,
        shuffle=int(training.shuffle),
        batch_size=float(training.batch_size),
        options={"channels": 3, "peak": 255},
        layer_rates={name: np.float64(x) for name, x in training.layer_rates.items()},
    )
    assert same.identity == training.identity
    for other in ({"L2_reg": 1e-9}, {"batch_size": training.batch_size + 0.5}):
        assert training._replace(**other).identity != training.identity


@pytest.mark.parametrize("old", REPLACED)
def test_an_old_name_gives_what_replaced_it_and_says_so(old, capsys):
    row = find_experiment(old)
    assert old not in EXPERIMENTS and EXPERIMENTS[row.name] is row
    told = capsys.readouterr().err
    assert told == f"srcnn-theano: {old} has been replaced by {row.name}\n"
