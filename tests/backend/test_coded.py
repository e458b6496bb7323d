"""Ops that are pickled without their C code."""

import pickle

import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.backend.maps import Maps
from srcnn_theano.backend.onednn import Convolution

OPS = [Convolution("forward", ((1, 1), (1, 1)), (1, 1), relu=True), Maps("pool")]


@pytest.mark.parametrize("op", OPS, ids=str)
def test_a_pickled_op_is_small_and_the_same(op):
    content = pickle.dumps(op)
    assert len(content) < 1500 < len("".join(op.func_codes))
    copy = pickle.loads(content)
    assert copy == op and hash(copy) == hash(op) and "func_codes" not in vars(copy)
    assert copy.c_code_cache_version() == op.c_code_cache_version()
    assert copy.code_sections == op.code_sections
    with pytest.raises(AttributeError, match="has no func_odes"):
        copy.func_odes


def test_a_pickled_op_compiles():
    x = T.tensor4()
    pool = pickle.loads(pickle.dumps(Maps("pool")))
    values = np.arange(16, dtype="float32").reshape(1, 1, 4, 4)
    pooled = theano.function([x], pool(x)[0])(values)
    np.testing.assert_array_equal(pooled[0, 0], [[5, 7], [13, 15]])
