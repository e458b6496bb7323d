"""What `compile_function` adds to theano.function."""

import inspect

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function


def test_errors_name_the_line_that_compiled_the_function():
    x = T.vector("x")
    line = inspect.currentframe().f_lineno + 1
    total = compile_function([x], x.sum(), mode="FAST_COMPILE")
    with pytest.raises(TypeError, match=f"test_devices.py:{line}"):
        total(np.zeros((2, 2), x.dtype))


def test_a_name_is_kept():
    x = T.vector("x")
    named = compile_function([x], x.sum(), mode="FAST_COMPILE", name="total")
    assert named.name == "total"
