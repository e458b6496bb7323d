"""Where compiled functions run: ``cpu``, ``xla`` or ``gpu``; the one way to compile.

``cpu`` is Theano's own way, C code and oneDNN. ``xla`` and ``gpu`` go through JAX, for
the CPU and for a graphics card; see `srcnn_theano.backend.xla`.
"""

import functools

import numpy as np

from srcnn_theano.backend.internals import Function, linked
from srcnn_theano.backend.library import theano
from srcnn_theano.environment import default_device
from srcnn_theano.errors import UserError


def compile_function(inputs, outputs=None, mode=None, device=None, **options):
    """theano.function for a device.

    Parameters
    ----------
    inputs, outputs, options : as in theano.function
    mode : theano.Mode or None
        Compiles in this mode, whatever the device.
    device : str or None
        One of `environment.DEVICES`; None is `default_device`.

    Raises
    ------
    UserError
        The device, or what it needs, is not there.
    NotImplementedError
        ``xla`` and ``gpu``: an op cannot be lowered; the message names it.
    """
    mode = device_mode(device) if mode is None else mode
    return theano.function(inputs, outputs, mode=mode, **options)


def device_mode(device=None):
    """The theano.Mode for a device, `default_device` if None; None is Theano's own.

    Raises
    ------
    UserError
        The device, or what it needs, is not there.
    """
    device = device or default_device()
    return None if device == "cpu" else _xla_mode(device)


def many_steps(function):
    """A function of one integer for many of them in a row.

    On ``gpu`` the device goes from step to step by itself, and results are fetched
    after the last one. On ``xla`` it could as well, but on a CPU XLA takes ten times as
    long for a convolution that is inside a loop.

    Parameters
    ----------
    function : made by `compile_function`, or another, of one integer scalar

    Returns
    -------
    function of (first, last) -> list of arrays, (last - first, ...)
        One for each output: what `function` gives for first, ..., last - 1, in turn.
    """
    if isinstance(function, Function):
        made = linked(function)
        if getattr(made, "loops_on_device", False):
            return made.many

    def steps(first, last):
        results = [function(index) for index in range(first, last)]
        return [np.array(values) for values in zip(*results)]

    return steps


@functools.lru_cache(maxsize=None)
def _xla_mode(device):
    accelerator = _jax_device(device)
    from srcnn_theano.backend.xla.linker import xla_linker_mode

    return xla_linker_mode(accelerator)


def _jax_device(device):
    """The device as JAX knows it."""
    try:
        import jax
    except ImportError as error:
        raise UserError(
            f"device {device}: JAX cannot be imported ({error}); put it right with "
            f"`pip install 'srcnn-theano[{device}]'`, or use --device cpu"
        ) from error
    if device == "xla":
        return jax.devices("cpu")[0]
    try:
        return jax.devices("gpu")[0]
    except RuntimeError as error:
        raise UserError(
            "device gpu: JAX {} looked for a CUDA or ROCm device and found none ({}); "
            "it needs a driver and `pip install 'srcnn-theano[gpu]'`; use --device xla "
            "or cpu here".format(jax.__version__, " ".join(str(error).split()))
        ) from error
