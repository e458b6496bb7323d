"""SRCNN, FSRCNN and perceptual losses in Theano: a reproduction with honest protocols."""

__version__ = "0.1.0"
