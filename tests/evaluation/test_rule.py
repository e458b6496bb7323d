import pytest

from srcnn_theano.evaluation.rule import best_validation, chosen_epochs, spread

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
    results = [
        {"rule": {"best_validation": {"set5": 40.0, "set14": psnr}}}
        for psnr in (35.0, 36.5, 35.2)
    ]
    assert spread([*results, {}]) == (3, 35.2, 35.0, 36.5)
    assert spread(results, "set5").median == 40.0
    assert spread(results[:2]).median == 35.75
    with pytest.raises(ValueError, match="no results have a figure of set14"):
        spread([{}])
