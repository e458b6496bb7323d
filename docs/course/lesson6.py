# %% [markdown]
# # Lesson 6: deconvolution
#
# Stamps, the adjoint, checkerboards, and a way around them. The page
# lesson6.md explains each step.

# %%
import numpy as np

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.layers.deconvolution import (
    DeconvLayer,
    FullBorderDeconvLayer,
    ResizeConvLayer,
)

floatX = theano.config.floatX

# %% [markdown]
# ## Stamps, by hand


# %%
def stamps(values, weights, stride):
    """Each value prints the weights, times itself, `stride` after the one before."""
    output = np.zeros(stride * (len(values) - 1) + len(weights))
    for n, value in enumerate(values):
        output[stride * n : stride * n + len(weights)] += value * weights
    return output


print(stamps([1.0, 10.0, 100.0], np.array([1.0, 2.0, 3.0]), stride=2))

# %% [markdown]
# ## The transpose of a convolution


# %%
def matrix(weights, stride, n_in):
    """The convolution with a stride as a matrix: (pixels out, pixels in)."""
    n_out = (n_in - len(weights)) // stride + 1
    C = np.zeros((n_out, n_in))
    for i in range(n_out):
        C[i, stride * i : stride * i + len(weights)] = weights
    return C


C = matrix(np.array([1.0, 2.0, 3.0]), stride=2, n_in=7)
print(C.astype(int))
print("the transpose stamps:", C.T @ np.array([1.0, 10.0, 100.0]))

rng = np.random.RandomState(0)
u, v = rng.normal(size=7), rng.normal(size=3)
print("<C u, v> = <u, C^T v>:", np.allclose(C @ u @ v, u @ (C.T @ v)))

# %% [markdown]
# ## As a layer, by AbstractConv2d_gradInputs

# %%
x = T.tensor4("x")
W = np.array([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3)
layer = DeconvLayer(None, x, (1, 1, 1, 3), W.shape, stride=2, W=W, crop=0)
print("output_shape", layer.output_shape)
print(compile_function([x], layer.output)(np.array([[[[1, 10, 100]]]], dtype=floatX)))

# %% [markdown]
# ## It is what theano.grad writes for a convolution

# %%
u = T.tensor4("u")
conv = T.nnet.conv2d(u, W.astype(floatX), subsample=(2, 2), filter_flip=False)
back = T.grad(T.sum(conv * x), u)  # the gradient of <C u, x> with respect to u
back = compile_function([u, x], back, on_unused_input="ignore")
zeros = np.zeros((1, 1, 1, 7), dtype=floatX)
print(back(zeros, np.array([[[[1, 10, 100]]]], dtype=floatX)))

# %% [markdown]
# ## Checkerboards: a flat image through filters of ones

# %%
flat = np.ones((1, 1, 6, 6), dtype=floatX)


def inner(layer):
    """A row from the middle of what becomes of a flat image."""
    image = compile_function([layer.input], layer.output)(flat)[0, 0]
    middle = image.shape[0] // 2
    return image[middle, middle - 4 : middle + 5]


for size in (8, 9):
    ones = np.ones((1, 1, size, size)) / size**2
    layer = DeconvLayer(None, x, flat.shape, ones.shape, stride=4, crop=2, W=ones)
    print(f"{size}x{size}:", np.round(inner(layer) / inner(layer).mean(), 2))

# %% [markdown]
# ## Three ways to learn to enlarge, from noise

# %%
noise = rng.normal(0, 1 / 9, (1, 1, 9, 9))
ways = {
    "gradInputs": DeconvLayer(None, x, flat.shape, noise.shape, 4, (2, 3), W=noise),
    "resize, then convolve": ResizeConvLayer(
        None, x, flat.shape, noise.shape, 4, 4, W=noise
    ),
}
for title, layer in ways.items():
    print(f"{title}: output {layer.output_shape}, ripple {inner(layer).std():.3f}")

noise = rng.normal(0, 1 / 19, (1, 1, 19, 19))
layer = FullBorderDeconvLayer(None, x, flat.shape, noise.shape, 4, W=noise)
print(f"full border: output {layer.output_shape}, {noise.size} weights instead of 81")
