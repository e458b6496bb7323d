"""`srcnn-theano bench`: the same jobs by us, PyTorch and JAX, taking turns."""
