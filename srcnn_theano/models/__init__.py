"""Networks by name: the names in weight files and experiments."""

MODELS = ("srcnn", "fsrcnn", "half-fsrcnn")


def model_class(name):
    """The class of a model by its name, one of `MODELS`; KeyError when there is none."""
    from srcnn_theano.models.fsrcnn import FSRCNN, HalfFSRCNN
    from srcnn_theano.models.srcnn import SRCNN

    return dict(zip(MODELS, (SRCNN, FSRCNN, HalfFSRCNN)))[name]
