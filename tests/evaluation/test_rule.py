import pytest

from srcnn_theano.evaluation.rule import (
    VERDICTS,
    best_validation,
    chosen_epochs,
    spread,
    verdict,
)

COSTS, PSNRS = (3.0, 1.5, 2.0, 1.5), (30.0, 31.0, 33.0, 31.0)
HISTORY = [
    {"epoch": str(i + 1), "set5_cost": str(cost), "set5_batch20": str(psnr)}
    for i, (cost, psnr) in enumerate(zip(COSTS, PSNRS))
]


def test_the_first_epoch_of_the_lowest_cost_counts():
    assert best_validation(HISTORY) == 2
    assert best_validation(HISTORY[:1]) == 1
    assert chosen_epochs(HISTORY, 20) == {
        "best_validation": 2,
        "last": 4,
        "best_psnr": 3,
    }


def test_a_history_of_an_earlier_version_says_nothing():
    old = [{"epoch": "1", "set5_psnr": "30"}]
    assert best_validation(old) is None and best_validation([]) is None
    assert chosen_epochs(old, 20) == {} == chosen_epochs(HISTORY, 50)


def test_median_and_range_of_seeds():
    assert spread([35.0, 36.5, 35.2]) == (3, 35.2, 35.0, 36.5, 0)
    assert spread([35.0, 36.5]).median == 35.75
    assert spread([]) is None


@pytest.mark.parametrize(
    "printed, expected",
    [
        (35.3, "reproduced"),
        (34.9, "reproduced"),
        (36.0, "reproduced"),
        (34.5, "near"),
        (36.3125, "near"),
        (34.25, "open"),
        (36.5, "open"),
        (20.0, "explained"),
        (21.25, "explained"),
        (19.0, "open"),
    ],
)
def test_a_verdict_is_by_rule(printed, expected):
    ours, shown = spread([35.0, 35.5, 35.9]), spread([20.0, 20.75])
    assert verdict(printed, ours, shown) == expected and expected in VERDICTS
    without = "open" if expected == "explained" else expected
    assert verdict(printed, ours) == without
