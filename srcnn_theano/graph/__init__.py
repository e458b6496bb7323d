"""The graph of a network, or of anything in Theano, before and after the optimiser."""

from srcnn_theano.graph.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
