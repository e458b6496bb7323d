"""The one way to Theano: `from srcnn_theano.backend import theano, T`.

What is imported under these names is Theano-PyMC or, on Python 3.12, Aesara; the
variable SRCNN_BACKEND names one of them (`theano`, `aesara`). `settings` says what was
found on this machine before. The README of this folder follows a graph on its way
through the modules.
"""

from srcnn_theano.backend import (
    compilation,
    compile_cache,
    convolutions,
    fusion,
    internals,
    precision,
    processor,
    subnormals,
)
from srcnn_theano.backend.devices import (
    compile_function,
    default_device,
    device_mode,
    many_steps,
)
from srcnn_theano.backend.library import T, settings, theano

__all__ = [
    "theano",
    "T",
    "settings",
    "compile_function",
    "default_device",
    "device_mode",
    "many_steps",
]

# All that is changed in Theano, for every function of this process. The linker onto XLA
# changes nothing: it is part of the mode that `devices` compiles in.
internals.mend_aesara()  # what Aesara left out, and a mistake in one of its ops
internals.mend_scan()  # the C code of a loop, where Python is too new for it
convolutions.register()  # abstract convolutions become oneDNN's
fusion.register()  # biases, activations and pools join these
precision.register()  # which round what they multiply, where that is asked for
compilation.install()  # C code is compiled by several g++ at once
compile_cache.install()  # by several processes, which do not delete others' modules
processor.install()  # which ask for the processor's options once
subnormals.install()  # numbers too small to matter count as 0
