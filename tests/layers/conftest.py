import numpy as np
import pytest

from srcnn_theano.backend import theano
from srcnn_theano.backend.devices import device_mode

# Theano's name and Aesara's.
clone = getattr(theano, "clone_replace", None) or theano.clone


@pytest.fixture(scope="session")
def verify_layer_gradient():
    """Check a layer's gradients in its input and its parameters by finite differences.

    `build(x)` returns the layer on a float64 input; `images` is the input. `mode` is
    Theano's, by default that of SRCNN_DEVICE.
    """

    def verify(build, images, mode=None):
        points = [images]

        def output(x, *params):
            layer = build(x)
            assert len(params) in (0, len(layer.params))
            points[1:] = [p.get_value() for p in layer.params]
            # verify_grad moves plain variables, the layer has shared ones.
            replace = dict(zip(layer.params, params))
            return clone(layer.output, replace=replace)

        with theano.config.change_flags(floatX="float64"):
            output(theano.tensor.as_tensor_variable(images))  # fills `points`
            theano.gradient.verify_grad(
                output,
                points,
                rng=np.random.RandomState(0),
                abs_tol=1e-6,
                rel_tol=1e-6,
                mode=mode or device_mode(),
            )

    return verify
