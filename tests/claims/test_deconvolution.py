"""docs/deconvolution.md is made of records, and these agree with others."""

import copy

import pytest

from claims import deconvolution, parts
from claims.deconvolution import RECORDS
from claims.elsewhere import PAGES, ROOT
from claims.record import curves
from srcnn_theano.files import read_json
from srcnn_theano.shipped import weights_dir
from srcnn_theano.weights import load_weights

PAGE = ROOT / "docs" / "deconvolution.md"
NAMES = ("start_deconvolution", "measure_deconvolution", "compare_deconv_quick")


def made_with(monkeypatch, name, change):
    """The page if a record were another."""
    records = {other: read_json(RECORDS / f"{other}.json") for other in NAMES}
    records[name] = change(copy.deepcopy(records[name]))
    monkeypatch.setattr(deconvolution, "_record", records.get)
    return parts.made_again(PAGE, PAGES[PAGE])


def scaled(value, factor=1.001):
    """The same record with all measured numbers a little larger."""
    if isinstance(value, dict):
        return {key: scaled(one, factor) for key, one in value.items()}
    if isinstance(value, list):
        return [scaled(one, factor) for one in value]
    return value * factor if isinstance(value, float) else value


@pytest.mark.parametrize("name", NAMES)
def test_another_record_makes_another_page(name, monkeypatch):
    text = PAGE.read_text(encoding="utf-8")
    assert made_with(monkeypatch, name, lambda record: record) == text
    assert made_with(monkeypatch, name, scaled) != text


def no_divergence(record):
    record["settings"]["SGD, 1e-3 and 1e-4, summed over 3x33x33"]["diverged"] = False
    return record


def quick_full_border(record):
    record["few_epochs"]["processor_seconds"]["step"]["fsrcnn_full_border"] = 1e-4
    return record


def flat_start(record):
    for ripples in record["by_step"].values():
        ripples["231"] = 0.0
    return record


@pytest.mark.parametrize(
    "name, change",
    [
        ("start_deconvolution", no_divergence),
        ("measure_deconvolution", quick_full_border),
        ("measure_deconvolution", flat_start),
    ],
)
def test_what_is_told_in_words_must_hold(name, change, monkeypatch):
    with pytest.raises(ValueError, match="says what is not so"):
        made_with(monkeypatch, name, change)


# --- The records beside others that were trained by other commands ---


@pytest.mark.parametrize(
    "setting, row",
    [
        ("Adam, 1e-3", "fsrcnn_gradinputs"),
        ("Adam, 1e-3, bilinear filters", "fsrcnn_bilinear"),
        ("Adam, 5e-3", "fsrcnn_rate_0.005"),
        ("RMSProp, 1e-3", "fsrcnn_rmsprop"),
    ],
)
def test_starts_are_those_of_the_rows_of_results(setting, row):
    record = read_json(RECORDS / "start_deconvolution.json")
    ours = record["settings"][setting]["set5_psnr"]
    assert ours == pytest.approx(list(curves(row, "set5_psnr")[0][:5]), abs=0.01)


def test_few_epochs_are_those_of_the_rows_of_results():
    figures = read_json(RECORDS / "measure_deconvolution.json")["few_epochs"]
    for row, variant in figures["variants"].items():
        theirs = list(curves(row, "set5_psnr")[0][:5])
        assert variant["sub_images_psnr"] == pytest.approx(theirs, abs=0.01)


def test_the_shipped_network_has_the_ripple_of_200_epochs():
    from srcnn_theano.compare_deconv.measures import grey_ripple
    from srcnn_theano.compare_deconv.measuring import Changing

    network = Changing(load_weights(weights_dir() / "fsrcnn_gradinputs.h5"))
    figures = read_json(RECORDS / "measure_deconvolution.json")["by_epoch"]
    assert figures["200"]["grey_ripple"] == pytest.approx(
        grey_ripple(network), abs=0.005
    )


def test_the_last_step_is_that_of_the_quick_comparison():
    steps = read_json(RECORDS / "measure_deconvolution.json")["by_step"]
    quick = read_json(RECORDS / "compare_deconv_quick.json")
    for row, ripples in steps.items():
        theirs = quick["variants"][row]["grey_ripple"]
        assert ripples[str(quick["steps"])] == pytest.approx(theirs, abs=0.01)
