"""The one way to Theano: `from srcnn_theano.backend import theano, T`.

Flags are set before Theano is imported, by what `srcnn_theano.environment` found on
this machine; `settings` keeps it.
"""

import logging

from srcnn_theano import environment
from srcnn_theano.errors import UserError

settings = environment.prepare()
if not settings.compiler.path:
    # Theano would warn that its products are slow now; XLA's are used.
    logging.getLogger("theano.tensor.blas").setLevel(logging.ERROR)

try:
    with environment.theano_flags(settings.flags):
        import theano
        import theano.tensor as T
        import theano.tensor.signal.pool  # for T.signal.pool
except ModuleNotFoundError as error:
    raise UserError(
        "{}; put it right with `pip install Theano-PyMC==1.1.2`".format(error)
    )
except Exception as error:
    raise UserError(
        "Theano cannot be imported ({}: {}); `srcnn-theano doctor` shows what it finds "
        "here".format(type(error).__name__, str(error).strip())
    ) from error

# These two add themselves to Theano.
from srcnn_theano.backend import compilation, fusion  # noqa: E402,F401
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
