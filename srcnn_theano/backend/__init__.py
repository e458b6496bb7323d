"""The one way to Theano: `from srcnn_theano.backend import theano, T`.

What is imported under these names is Theano-PyMC or, on Python 3.12, Aesara; the
variable SRCNN_BACKEND names one of them (`theano`, `aesara`). Flags are set before, by
what `srcnn_theano.environment` found on this machine; `settings` keeps it.
"""

import importlib
import logging
import warnings

from srcnn_theano import environment
from srcnn_theano.errors import UserError

settings = environment.prepare()
_library = settings.library
if not settings.compiler.path:
    # It would warn that its products are slow now; XLA's are used.
    _blas = logging.getLogger(_library.module + ".tensor.blas")
    _blas.setLevel(logging.ERROR)

try:
    with environment.theano_flags(settings.flags):
        theano = importlib.import_module(_library.module)
        T = importlib.import_module(_library.module + ".tensor")
        with warnings.catch_warnings():
            # Aesara's, that both are to go with versions before this one.
            warnings.simplefilter("ignore", DeprecationWarning)
            for _name in ("nnet", "signal.pool"):  # of T
                importlib.import_module(f"{T.__name__}.{_name}")
except ModuleNotFoundError as error:
    raise UserError(
        f"{_library.description} cannot be imported ({error}); put it right with `pip "
        f"install {_library.distribution}=={_library.version}`"
    ) from error
except Exception as error:
    raise UserError(
        f"{_library.description} cannot be imported ({type(error).__name__}: "
        f"{str(error).strip()}); `srcnn-theano doctor` shows what it finds here"
    ) from error

# These add themselves to Theano.
from srcnn_theano.backend import compilation, fusion, internals  # noqa: E402,F401
from srcnn_theano.backend.devices import (  # noqa: E402
    compile_function,
    default_device,
    many_steps,
)

__all__ = [
    "theano",
    "T",
    "settings",
    "compile_function",
    "default_device",
    "many_steps",
]
