# %% [markdown]
# # Lesson 7: slips, and what each was worth
#
# Five mistakes that raise no error. The page lesson7.md explains each step.

# %%
import numpy as np

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.patches import cut_window, make_pairs, make_recipe
from srcnn_theano.data.photograph import portrait
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch, psnr

floatX = theano.config.floatX
photo = portrait()
test_part = photo.pixels[photo.test]

# %% [markdown]
# ## A metric: the same bicubic, five figures


# %%
def bicubic_errors(recipe):
    """The squared error of bicubic in each sub-image."""
    pairs = make_pairs(test_part, recipe)
    return mse_per_patch(*(to_float(cut_window(part, (21, 21))) for part in pairs))


course = make_recipe("course")
errors = bicubic_errors(course)
for how in ("global", "batch100", "batch20", "patch"):
    print(f"mean per {how:8}: {aggregate(errors, how):.2f} dB")
errors = bicubic_errors(course._replace(target="sharp"))
print(f"against the sharp photograph, per patch: {aggregate(errors, 'patch'):.2f} dB")

# %% [markdown]
# ## An array that is stretched without being asked

# %%
stretched = course._replace(resizer_up="pillow-stretch")
errors = bicubic_errors(stretched)
print(f"each sub-image stretched to 0..255: {aggregate(errors, 'patch'):.2f} dB")

# %% [markdown]
# ## A list that is made anew inside the loop

# %%
x = T.vector("x")
W, b = (theano.shared(np.ones(2, dtype=floatX), name=name) for name in "Wb")
cost = T.sum(T.square(W * x + b))
for p in (W, b):
    updates = []  # it belongs before the loop
    updates.append((p, p - 0.1 * T.grad(cost, p)))
step = compile_function([x], cost, updates=updates)
for _ in range(10):
    step(np.ones(2, dtype=floatX))
print("W:", W.get_value(), "b:", b.get_value())

# %% [markdown]
# ## reshape is not transpose

# %%
stored = np.zeros((3, 3, 1, 2))  # (rows, cols, maps in, maps out)
stored[:, :, 0, 0] = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
stored[:, :, 0, 1] = 1
print("transposed:", stored.transpose(3, 2, 0, 1)[0, 0].astype(int).tolist())
print("reshaped:  ", stored.reshape(2, 1, 3, 3)[0, 0].astype(int).tolist())

# %% [markdown]
# ## Augmentation that moves the question and not the answer

# %%
original = to_float(test_part)
mirrored = psnr(original[:, ::-1], original, 1.0)
print(f"a perfect network on mirrored inputs: {mirrored:.2f} dB")
