"""The one way to Theano: `from srcnn_theano.backend import theano, T`.

The first use of either name looks at the machine (`backend.environment`), sets
Theano's flags and imports it; until then nothing heavy happens, so that `doctor` can
tell what is wrong where Theano cannot be imported.
"""

from srcnn_theano.backend import environment
from srcnn_theano.errors import UserError

__all__ = ["theano", "T", "environment"]


def __getattr__(name):
    if name not in ("theano", "T", "settings"):
        raise AttributeError("module {!r} has no {!r}".format(__name__, name))
    _import_theano()
    return globals()[name]


def _import_theano():
    settings = environment.prepare()
    try:
        with environment.theano_flags(settings.flags):
            import theano
            import theano.tensor
    except ModuleNotFoundError as error:
        raise UserError(
            "{}; put it right with `pip install Theano-PyMC==1.1.2`".format(error)
        )
    except Exception as error:
        raise UserError(
            "Theano cannot be imported ({}: {}); `srcnn-theano doctor` shows what it "
            "finds here".format(type(error).__name__, str(error).strip())
        ) from error
    globals().update(theano=theano, T=theano.tensor, settings=settings)
