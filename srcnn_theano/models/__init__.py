"""Networks by name: the names in weight files and experiments."""

MODELS = ("srcnn", "fsrcnn", "half-fsrcnn")


def model_class(name):
    """The class of a model by its name, of `MODELS`; KeyError when there is none."""
    from srcnn_theano.models.fsrcnn import FSRCNN, HalfFSRCNN
    from srcnn_theano.models.srcnn import SRCNN

    return dict(zip(MODELS, (SRCNN, FSRCNN, HalfFSRCNN)))[name]


def model_for_pairs(name, options, pairs, rng, batch_size=None):
    """A model that takes and gives sub-images of the sizes that the pairs have.

    Parameters
    ----------
    name : str, one of `MODELS`
    options : dict
        Arguments of its constructor.
    pairs : (low_res, high_res), arrays (n, channels, rows, cols)
        Of the targets the size counts where the model upscales; otherwise the model
        gives what its convolutions leave of the input.
    rng : numpy.random.RandomState
    batch_size : int or None
        Known sizes make faster graphs.
    """
    from srcnn_theano.backend import T

    network = model_class(name)
    low_res, high_res = pairs
    if network.upscales:
        options = dict(options, output_size=high_res.shape[2:])
    shape = (batch_size,) + low_res.shape[1:]
    return network(rng, T.tensor4("x"), shape, **options)
