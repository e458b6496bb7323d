"""The command line."""

from srcnn_theano.cli.main import main

__all__ = ["main"]
