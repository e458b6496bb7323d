"""The limit: products of large square matrices, by the libraries that are here."""

import ctypes
import glob
import os
import sys

import numpy as np

VARIANTS = ("numpy", "onednn")
N = 2048
MULTIPLY_ADDS = N**3


def make_job(work, variant):
    """A function without arguments that multiplies once and returns the product."""
    rng = np.random.RandomState(0)
    a, b = (rng.uniform(size=(N, N)).astype("float32") for _ in range(2))
    c = np.empty((N, N), "float32")
    if variant == "numpy":
        return lambda: np.dot(a, b, out=c)
    sgemm = _onednn_sgemm()

    def job():
        status = sgemm(b"N", b"N", N, N, N, 1, a, N, b, N, 0, c, N)
        if status != 0:
            raise RuntimeError("dnnl_sgemm answers {}".format(status))
        return c

    return job


def _onednn_sgemm():
    found = sorted(glob.glob(os.path.join(sys.prefix, "lib", "libdnnl.so*")))
    if not found:
        raise FileNotFoundError("no oneDNN in this environment")
    sgemm = ctypes.CDLL(found[0]).dnnl_sgemm
    # transa, transb, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc
    letter, length, number = ctypes.c_char, ctypes.c_int64, ctypes.c_float
    matrix = np.ctypeslib.ndpointer("float32", ndim=2, flags="C")
    sgemm.argtypes = [letter, letter, length, length, length, number]
    sgemm.argtypes += [matrix, length, matrix, length, number, matrix, length]
    return sgemm
