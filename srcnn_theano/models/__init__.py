"""Networks by name: the names in weight files and experiments."""


def model_class(name):
    """The class of a model by its name ('srcnn'); KeyError when there is none."""
    from srcnn_theano.models.srcnn import SRCNN

    return {"srcnn": SRCNN}[name]
