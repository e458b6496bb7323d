"""The timed jobs by this package."""

import numpy as np

from srcnn_theano.bench import work as given


def make_job(work, variant):
    """A function without arguments that does the job once and returns a number."""
    from srcnn_theano.backend import T
    from srcnn_theano.models.srcnn import SRCNN
    from srcnn_theano.training.functions import prediction_function

    shape = (work.batch_size if work.kind == "train" else 1, work.channels) + work.size
    model = SRCNN(
        np.random.RandomState(0), T.tensor4("x"), shape, channels=work.channels
    )
    names = ("conv1", "conv2", "conv3")
    values = {}
    for name, (W, b) in zip(names, given.initial_weights(work.channels)):
        values.update({name + ".W": W, name + ".b": b})
    model.set_values(values)
    if work.kind == "predict":
        predict, image = prediction_function(model), given.image(work)
        return lambda: float(predict(image)[0, 0, 0, 0])
    return _training_job(work, model)


def _training_job(work, model):
    from srcnn_theano.backend import T
    from srcnn_theano.training.costs import mse
    from srcnn_theano.training.functions import SharedPairs, training_function
    from srcnn_theano.training.updates import adam

    y = T.tensor4("y")
    pairs = SharedPairs(*given.sub_images(work), batch_size=work.batch_size)
    cost = mse(model.output, y)
    updates = adam(cost, model.params, given.LEARNING_RATE)
    step = training_function(model, y, cost, updates, pairs)
    done = [0]

    def job():
        cost, _ = step(done[0] % pairs.n_batches)
        done[0] += 1
        return float(cost)

    return job
