# %% [markdown]
# # Lesson 2: one filter on a photograph
#
# A convolution by hand, by Theano and as a layer. The page lesson2.md explains each
# step.

# %%
import numpy as np
from PIL import Image

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.data.degradation import rgb_to_y, to_float
from srcnn_theano.data.photograph import portrait
from srcnn_theano.layers.convolution import ConvLayer

# %% [markdown]
# ## A photograph is a matrix

# %%
luma = rgb_to_y(to_float(portrait().pixels))[:, :, 0]
luma = luma.astype(theano.config.floatX)
print(luma.shape, luma.dtype, f"from {luma.min():.3f} to {luma.max():.3f}")

# %% [markdown]
# ## By hand


# %%
def correlate(image, weights):
    """Each output pixel is a weighted sum of the pixels under the filter."""
    rows = image.shape[0] - weights.shape[0] + 1
    cols = image.shape[1] - weights.shape[1] + 1
    output = np.zeros((rows, cols), dtype=image.dtype)
    for u in range(weights.shape[0]):
        for v in range(weights.shape[1]):
            output += weights[u, v] * image[u : u + rows, v : v + cols]
    return output


edges = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=luma.dtype)
by_hand = correlate(luma, edges)
print("output:", by_hand.shape, f"from {by_hand.min():.3f} to {by_hand.max():.3f}")

# %% [markdown]
# ## By Theano

# %%
x = T.tensor4("x")  # (batch, maps, rows, cols)
W = T.tensor4("W")  # (maps out, maps in, rows, cols)
convolve = compile_function([x, W], T.nnet.conv2d(x, W, filter_flip=False))
by_theano = convolve(luma[np.newaxis, np.newaxis], edges[np.newaxis, np.newaxis])
print(by_theano.shape)
print("the same as by hand:", np.allclose(by_theano[0, 0], by_hand, atol=1e-5))

flipped = compile_function([x, W], T.nnet.conv2d(x, W))
turned = flipped(luma[np.newaxis, np.newaxis], edges[np.newaxis, np.newaxis])
print("flipped filters change the sign here:", np.allclose(turned, -by_theano))

# %% [markdown]
# ## What happens at the border

# %%
for border_mode in ("valid", "half", "full"):
    padded = T.nnet.conv2d(x, W, border_mode=border_mode, filter_flip=False)
    shape = padded.shape.eval(
        {x: luma[np.newaxis, np.newaxis], W: edges[np.newaxis, np.newaxis]}
    )
    print(border_mode, shape)

# %% [markdown]
# ## As a layer: two filters, two maps

# %%
filters = np.stack([edges, edges.T])[:, np.newaxis]  # (2, 1, 3, 3)
layer = ConvLayer(None, x, (1, 1) + luma.shape, filters.shape, W=filters, name="edges")
print(layer.output_shape, [p.name for p in layer.params])

strength = T.sqrt(T.sum(T.square(layer.output), axis=1))  # (batch, rows, cols)
draw = compile_function([x], strength)
picture = draw(luma[np.newaxis, np.newaxis])[0]
Image.fromarray(np.uint8(255 * np.clip(picture, 0, 1))).save("lesson2.png")
print(f"mean strength of edges {picture.mean():.4f}, in lesson2.png")
