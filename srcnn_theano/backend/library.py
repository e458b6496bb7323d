"""Theano-PyMC or Aesara, imported with the flags that this machine needs.

Attributes
----------
settings : environment.Settings
    What was found on this machine, and the flags that follow from it.
theano, T : modules
    The library that `settings` names, and its ``tensor``.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from typing import Any

from srcnn_theano import environment
from srcnn_theano.backend.lean import lean_imports
from srcnn_theano.errors import UserError


def _imported(settings: environment.Settings) -> tuple[Any, Any]:
    """The library and its ``tensor``, with the parts of that which are used here."""
    library = settings.library
    if not settings.compiler.path:
        # It would warn that its products are slow now; XLA's are used.
        logging.getLogger(library.module + ".tensor.blas").setLevel(logging.ERROR)
    try:
        with environment.theano_flags(settings.flags), lean_imports(
            library.module
        ), warnings.catch_warnings():
            # Of names that it does not know; they are refused below.
            warnings.filterwarnings("ignore", ".*does not recognise this flag")
            theano = importlib.import_module(library.module)
            T = importlib.import_module(library.module + ".tensor")
            importlib.import_module(library.module + ".ifelse")
            with warnings.catch_warnings():
                # Aesara announces that a later version will have neither of the two.
                warnings.simplefilter("ignore", DeprecationWarning)
                importlib.import_module(T.__name__ + ".nnet")
                importlib.import_module(T.__name__ + ".signal.pool")
    except ModuleNotFoundError as error:
        raise UserError(
            f"{library.description} cannot be imported ({error}); put it right with "
            f"`pip install {library.distribution}=={library.version}`"
        ) from error
    except Exception as error:
        raise UserError(
            f"{library.description} cannot be imported ({type(error).__name__}: "
            f"{' '.join(str(error).split())}); `srcnn-theano doctor` shows what it "
            "finds here"
        ) from error
    environment.check_names(theano.config._config_var_dict)
    return theano, T


settings = environment.prepare()
theano, T = _imported(settings)
