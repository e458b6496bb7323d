# %% [markdown]
# # Lesson 5: batch normalization, and two functions of one graph
#
# In training a layer looks at the minibatch, at test time at what it remembers. The
# page lesson5.md explains each step.

# %%
import numpy as np

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.data.patches import cut_window, make_pairs, make_recipe
from srcnn_theano.data.photograph import portrait
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch
from srcnn_theano.layers.normalization import BatchNormLayer
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.training.costs import mse
from srcnn_theano.training.updates import adam

floatX = theano.config.floatX

# %% [markdown]
# ## The layer

# %%
x = T.tensor4("x")
is_train = T.bscalar("is_train")
bn = BatchNormLayer(x, (None, 1, None, None), is_train, name="bn")
print("trained:", [v.name for v in bn.params], " kept:", [v.name for v in bn.state])
print("updates of:", [variable.name for variable, _ in bn.updates])

# %% [markdown]
# ## Two functions

# %%
TRAIN, TEST = (T.constant(value, dtype="int8") for value in (1, 0))
train = compile_function(
    [x], bn.output, updates=list(bn.updates), givens={is_train: TRAIN}
)
test = compile_function([x], bn.output, givens={is_train: TEST})

rng = np.random.RandomState(0)
images = rng.normal(5.0, 2.0, (20, 1, 8, 8)).astype(floatX)
result = train(images)
print(f"in training: mean {abs(result.mean()):.2f}, deviation {result.std():.2f}")
result = test(images)
print(f"at test time after 1 step: mean {result.mean():.2f}")
for _ in range(100):
    train(images)
result = test(images)
print(f"at test time after 101 steps: mean {abs(result.mean()):.2f}")

# %% [markdown]
# ## Only one branch is left in each


# %%
def reads(function, variable):
    """Whether a compiled function looks at a shared variable."""
    return variable in function.get_shared()


print("training reads the running mean for its update:", reads(train, bn.mean))
print("the test reads it:", reads(test, bn.mean))
nodes = test.maker.fgraph.toposort()
ops = [str(node.op) for node in nodes if node.outputs[0].dtype == floatX]  # no lengths
print("switches left in the test:", sum("switch" in op.lower() for op in ops))

# %% [markdown]
# ## The 14 dB mistake: SRCNN with batch normalization on every layer

# %%
photo = portrait()
recipe = make_recipe("standard", 3)
low_res, high_res = make_pairs(photo.pixels[photo.train], recipe)
low_res, high_res = (part.astype(floatX) / 255 for part in (low_res, high_res))
high_res = cut_window(high_res, (21, 21))

model = SRCNN(
    np.random.RandomState(0),
    T.tensor4("x"),
    (20, 1, 33, 33),
    channels=1,
    n_filters=(32, 16),
    batch_norm="all",
)
values = model.get_values()  # the last layer starts with the targets' statistics
values["bn3.gamma"][:], values["bn3.beta"][:] = high_res.std(), high_res.mean()
model.set_values(values)

y = T.tensor4("y")
cost = mse(model.output, y)
step = compile_function(
    [model.input, y],
    cost,
    updates=adam(cost, model.params, 1e-3) + list(model.updates),
    givens={model.is_train: TRAIN},
)
order = np.random.RandomState(0)
for epoch in range(8):
    mixed = order.permutation(len(low_res))
    for i in range(0, len(mixed) - 19, 20):
        value = step(low_res[mixed[i : i + 20]], high_res[mixed[i : i + 20]])
print(f"last cost {value:.4f}, {-10 * np.log10(value):.1f} dB")

# %%
test_low, test_high = make_pairs(photo.pixels[photo.test], recipe)
test_low, test_high = (part.astype(floatX) / 255 for part in (test_low, test_high))
test_high = cut_window(test_high, (21, 21))


def score(flag):
    """PSNR in dB over sub-images in their order, 20 at a time."""
    branch = {model.is_train: flag}
    output = compile_function([model.input], model.output, givens=branch)
    errors = [
        mse_per_patch(output(test_low[i : i + 20]), test_high[i : i + 20])
        for i in range(0, len(test_low) - 19, 20)
    ]
    return aggregate(np.concatenate(errors), "batch20")


bicubic = mse_per_patch(cut_window(test_low, (21, 21)), test_high)
print(f"bicubic:                  {aggregate(bicubic, 'batch20'):.1f} dB")
print(f"running statistics:       {score(TEST):.1f} dB")
print(f"those of the minibatches: {score(TRAIN):.1f} dB")
