"""`python -m benchmarks`: the same jobs by this package, PyTorch and JAX, by turns."""
