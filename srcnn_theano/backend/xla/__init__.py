"""Theano's graphs through XLA: a linker onto JAX, for the CPU and for GPUs."""
