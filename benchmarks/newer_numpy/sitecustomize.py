"""Aesara 2.9.4 beside NumPy 2 and today's JAX, where a machine has no older ones.

Python imports this module when it starts if its folder is on PYTHONPATH. It puts back
what they have taken away and Aesara or the package looks for. No C code can be compiled
then, but the devices xla and gpu work:

    export PYTHONPATH=benchmarks/newer_numpy:. THEANO_FLAGS=cxx=,blas__ldflags=
    python -m benchmarks --device gpu

This is scaffolding for measurements. Nothing in the package needs it or knows of it.
"""

from functools import partial

import jax
import jax.experimental
import numpy as np
import numpy.exceptions

from srcnn_theano.environment import LIBRARIES

np.AxisError = numpy.exceptions.AxisError
np.ComplexWarning = numpy.exceptions.ComplexWarning
np.MAXDIMS = 64
np.obj2sctype = lambda kind: np.dtype(kind).type
np.sctype2char = lambda kind: np.dtype(kind).char

jax.experimental.enable_x64 = partial(jax.enable_x64, True)

LIBRARIES["aesara"] = LIBRARIES["aesara"]._replace(too_new_numpy=(3, 0))
