import pytest

from srcnn_theano.experiments import find_experiment
from srcnn_theano.report.words import cost_in_words


@pytest.mark.parametrize(
    "changes, words",
    [
        ({}, "MSE"),
        ({"cost": "mse_per_channel"}, "MSE of each channel"),
        ({"vgg_weight": 1.0}, "VGG + MSE"),
        ({"vgg_weight": 0.5, "pixel_weight": 0.0}, "0.5 VGG"),
    ],
)
def test_cost_in_words(changes, words):
    settings = dict(find_experiment("table1_adam_described").flat(), **changes)
    assert cost_in_words(settings) == words


def test_records_from_before_there_were_weights_of_costs():
    assert cost_in_words({"cost": "mse"}) == "MSE"


def test_all_costs_have_words():
    from srcnn_theano.training.costs import COSTS

    for cost in COSTS:
        assert cost_in_words({"cost": cost})
