"""Networks for pictures that are declared and not shipped: they learn and enlarge."""

import numpy as np
import pytest

from srcnn_theano.data.images import picture_of
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.experiments import find_experiment
from srcnn_theano.inference import Upscaler, build_predictor
from srcnn_theano.runs.run import training_recipe
from srcnn_theano.training.step import build_step
from srcnn_theano.weights import Weights, load_weights, save_weights


def waves(rows, cols):
    y, x = np.mgrid[:rows, :cols]
    planes = [127 + 90 * np.sin(x / a) * np.cos(y / 5) for a in (3, 4, 6)]
    return np.uint8(np.dstack(planes))


@pytest.mark.parametrize("name", ["fsrcnn_large_x2", "srcnn_x2"])
def test_steps_lower_the_cost_and_the_result_enlarges(name, tmp_path):
    training = find_experiment(name).training._replace(batch_size=2)
    pairs = make_pairs(waves(90, 90), training_recipe(training))
    step = build_step(training, pairs)
    before = step.model.get_values()
    costs = [float(step.function(0)[0]) for _ in range(12)]
    assert np.isfinite(costs).all() and min(costs[6:]) < 0.7 * costs[0]
    values = step.model.get_values()
    assert all((values[name] != before[name]).any() for name in before)

    about = {"scale": training.scale}
    save_weights(
        tmp_path / "a.h5", Weights(training.model, training.options, values, about)
    )
    network = build_predictor(load_weights(tmp_path / "a.h5"))
    picture = picture_of(waves(61, 47))
    whole = Upscaler(network, 2)(picture).pixels
    tiled = Upscaler(network, 2, tile=20)(picture).pixels
    assert whole.shape == (122, 94, 3)
    assert np.abs(whole.astype(int) - tiled).max() <= 1
