"""The one way to Theano: `from srcnn_theano.backend import theano, T`."""

import glob
import os

import scipy

if "blas__ldflags" not in os.environ.get("THEANO_FLAGS", ""):
    _libs = os.path.join(os.path.dirname(os.path.dirname(scipy.__file__)), "scipy.libs")
    _file = os.path.basename(glob.glob(os.path.join(_libs, "libopenblas*"))[0])
    os.environ["THEANO_FLAGS"] = (
        "floatX=float32,blas__ldflags=-L{0} -l:{1} -Wl\\,-rpath\\,{0},".format(
            _libs, _file
        )
        + os.environ.get("THEANO_FLAGS", "")
    )

import theano  # noqa: E402
import theano.tensor as T  # noqa: E402

__all__ = ["theano", "T"]
