"""The limit: products of large square matrices, by the libraries that are here."""

from __future__ import annotations

import ctypes
from typing import Callable

import numpy as np

from benchmarks.jax_side import peak_memory  # noqa: F401
from benchmarks.work import Work
from srcnn_theano.environment import onednn

# Libraries by where they compute, and the rows of a matrix that keeps all of it busy.
VARIANTS = {"cpu": ("numpy", "onednn"), "gpu": ("jax",)}
N = {"numpy": 2048, "onednn": 2048, "jax": 8192}


def multiply_adds(variant: str) -> int:
    """Multiplications and additions of one product."""
    return N[variant] ** 3


def make_job(work: Work | None, variant: str) -> Callable[[], np.ndarray]:
    """A function without arguments that multiplies once and returns the product.

    That of ``jax`` stays on the graphics card, all but one row of it.
    """
    n = N[variant]
    rng = np.random.RandomState(0)
    a, b = (rng.uniform(size=(n, n)).astype("float32") for _ in range(2))
    if variant == "jax":
        return _jax_product(a, b)
    c = np.empty((n, n), "float32")
    if variant == "numpy":
        return lambda: np.dot(a, b, out=c)
    sgemm = _onednn_sgemm()

    def job():
        status = sgemm(b"N", b"N", n, n, n, 1, a, n, b, n, 0, c, n)
        if status != 0:
            raise RuntimeError(f"dnnl_sgemm answers {status}")
        return c

    return job


def _jax_product(a, b):
    import jax

    product = jax.jit(lambda a, b: jax.numpy.dot(a, b, precision="highest"))
    a, b = jax.device_put((a, b))
    return lambda: np.asarray(product(a, b)[0])


def _onednn_sgemm():
    sgemm = ctypes.CDLL(str(onednn.find().library)).dnnl_sgemm
    # transa, transb, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc
    letter, length, number = ctypes.c_char, ctypes.c_int64, ctypes.c_float
    matrix = np.ctypeslib.ndpointer("float32", ndim=2, flags="C")
    sgemm.argtypes = [letter, letter, length, length, length, number]
    sgemm.argtypes += [matrix, length, matrix, length, number, matrix, length]
    return sgemm
