"""Where compiled functions run: ``cpu``, ``xla`` or ``gpu``; the one way to compile.

``cpu`` is Theano's own way, C code and oneDNN. ``xla`` and ``gpu`` go through JAX, for
the CPU and for a graphics card; see `srcnn_theano.backend.xla`.
"""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable

import numpy as np

from srcnn_theano.backend.internals import Function, linked
from srcnn_theano.backend.library import theano
from srcnn_theano.backend.precision import bf16_mode
from srcnn_theano.backend.running import check_running
from srcnn_theano.environment import c_code_is_off, default_device
from srcnn_theano.errors import UserError


def compile_function(
    inputs: list, outputs: Any = None, mode: Any = None, **options: Any
) -> Any:
    """theano.function for the device that SRCNN_DEVICE names.

    Parameters
    ----------
    inputs, outputs, options : as in theano.function
    mode : theano.Mode or None
        Compiles in this mode, whatever the device.

    Raises
    ------
    UserError
        The device, or what it needs, is not there.
    ValueError
        A training function leaves the running averages of batch normalization alone.
    NotImplementedError
        ``xla`` and ``gpu``: an op cannot be lowered; the message names it.
    """
    # Theano's errors name a function by the line that asked for it.
    caller = sys._getframe(1)
    check_running(outputs, options.get("updates"), options.get("givens"))
    options.setdefault("name", f"{caller.f_code.co_filename}:{caller.f_lineno}")
    if mode is None:
        mode = device_mode()
    return theano.function(inputs, outputs, mode=mode, **options)


def device_mode(device: str | None = None, precision: str = "float32") -> Any:
    """The theano.Mode for a device; None where Theano's default serves, on ``cpu``.

    Parameters
    ----------
    device : str or None
        One of `environment.DEVICES`; None is `default_device`.
    precision : 'float32' or 'bf16'
        What convolutions multiply, see `precision`.

    Raises
    ------
    UserError
        The device, or what it or the precision needs, is not there.
    """
    device = device or default_device()
    if device != "cpu":
        if precision != "float32":
            raise UserError(
                f"precision {precision}: oneDNN's, which device {device} does without; "
                "leave one of the two out"
            )
        return _xla_mode(device)
    if not theano.config.cxx:
        raise UserError(c_code_is_off())
    return bf16_mode() if precision == "bf16" else None


def many_steps(
    function: Callable[[int], list],
) -> Callable[[int, int], list[np.ndarray]]:
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
    function = getattr(function, "function", function)  # past what is wrapped around it
    if isinstance(function, Function):
        inner = linked(function)
        if getattr(inner, "loops_on_device", False):
            return inner.many

    def steps(first, last):
        results = [function(index) for index in range(first, last)]
        return [np.array(values) for values in zip(*results)]

    return steps


@functools.lru_cache(maxsize=None)
def _xla_mode(device: str) -> Any:
    accelerator = _jax_device(device)
    from srcnn_theano.backend.xla.linker import xla_linker_mode

    return xla_linker_mode(accelerator)


def _jax_device(device: str) -> Any:
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
        reason = " ".join(str(error).split())
        raise UserError(
            f"device gpu: JAX {jax.__version__} looked for a CUDA or ROCm device and "
            f"found none ({reason}); it needs a driver and `pip install "
            "'srcnn-theano[gpu]'`; use --device xla or cpu here"
        ) from error
