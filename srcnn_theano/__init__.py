"""SRCNN, FSRCNN and perceptual losses in Theano: a reproduction."""

__version__ = "1.0.0"
