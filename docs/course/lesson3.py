# %% [markdown]
# # Lesson 3: a cost, its gradient, and gradient descent by hand
#
# A filter is found from what it did. The page lesson3.md explains each step.

# %%
import numpy as np

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.data.degradation import rgb_to_y, to_float
from srcnn_theano.data.photograph import portrait
from srcnn_theano.training.updates import adam

floatX = theano.config.floatX

# %% [markdown]
# ## A secret filter

# %%
luma = rgb_to_y(to_float(portrait().pixels))[200:328, 200:328, 0]
images = (luma - luma.mean())[np.newaxis, np.newaxis].astype(floatX)
secret = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=floatX)  # sharpens

x, y = T.tensor4("x"), T.tensor4("y")
W = theano.shared(np.zeros((1, 1, 3, 3), dtype=floatX), name="W")
output = T.nnet.conv2d(x, W, filter_flip=False)
apply_filter = compile_function([x], output)

W.set_value(secret[np.newaxis, np.newaxis])
targets = apply_filter(images)
W.set_value(np.zeros((1, 1, 3, 3), dtype=floatX))
print("pairs:", images.shape, "->", targets.shape)

# %% [markdown]
# ## A cost and its gradient

# %%
cost = T.mean(T.square(output - y))
gradient = T.grad(cost, W)
print(f"axes: cost {cost.ndim}, gradient {gradient.ndim}, of {gradient.dtype}")

cost_and_gradient = compile_function([x, y], [cost, gradient])
value, slopes = cost_and_gradient(images, targets)
print(f"cost {value:.5f}, its slope along the middle weight {slopes[0, 0, 1, 1]:.5f}")

# %% [markdown]
# ## Is it right? Take a small step and see

# %%
step = 0.01
values = []
for sign in (1, -1):
    nudged = np.zeros((1, 1, 3, 3), dtype=floatX)
    nudged[0, 0, 1, 1] = sign * step
    W.set_value(nudged)
    values.append(cost_and_gradient(images, targets)[0])
W.set_value(np.zeros((1, 1, 3, 3), dtype=floatX))
print(f"by differences {(values[0] - values[1]) / (2 * step):.5f}")

# %% [markdown]
# ## Gradient descent by hand

# %%
rate = 1.0
for i in range(301):
    value, slopes = cost_and_gradient(images, targets)
    if i % 60 == 0:
        print(f"step {i:3}: cost {value:.6f}, middle {W.get_value()[0, 0, 1, 1]:.3f}")
    W.set_value(W.get_value() - np.asarray(rate, floatX) * slopes)

# %% [markdown]
# ## The same inside one function

# %%
W.set_value(np.zeros((1, 1, 3, 3), dtype=floatX))
train = compile_function([x, y], cost, updates=[(W, W - rate * gradient)])
for _ in range(1000):
    value = train(images, targets)
print(f"after 1000 steps: cost {value:.6f}")
print(np.round(W.get_value()[0, 0], 2))

# %% [markdown]
# ## Too long steps

# %%
W.set_value(np.zeros((1, 1, 3, 3), dtype=floatX))
too_fast = compile_function([x, y], cost, updates=[(W, W - 20.0 * gradient)])
print("costs:", [f"{too_fast(images, targets):.3g}" for _ in range(5)])

# %% [markdown]
# ## Steps of another kind

# %%
W.set_value(np.zeros((1, 1, 3, 3), dtype=floatX))
train = compile_function([x, y], cost, updates=adam(cost, [W], 0.05))
for _ in range(1000):
    value = train(images, targets)
print(f"Adam after 1000 steps: cost {value:.6f}")
print(np.round(W.get_value()[0, 0], 2) + 0.0)
