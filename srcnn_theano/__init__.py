"""SRCNN, FSRCNN and perceptual losses in Theano: a reproduction."""

__version__ = "0.1.0"
