# %% [markdown]
# # Lesson 4: SRCNN on one photograph
#
# Three layers, a cost, a compiled step, and a picture. The page
# lesson4.md explains each step.

# %%
import numpy as np
from PIL import Image

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.data.degradation import from_float, imresize, rgb_to_y, to_float
from srcnn_theano.data.photograph import portrait
from srcnn_theano.evaluation.metrics import psnr
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.initializers import narrow_normal
from srcnn_theano.training.costs import mse
from srcnn_theano.training.updates import adam

floatX = theano.config.floatX
rng = np.random.RandomState(0)
SCALE, SIZE, BATCH = 3, 33, 16

# %% [markdown]
# ## Pairs: a part of the photograph, and the same part reduced and enlarged again

# %%
photo = portrait()
luma = rgb_to_y(to_float(photo.pixels))[:, :510, 0].astype(floatX)


def blurry(image):
    """What is left of an image after it was reduced and enlarged by bicubic."""
    return imresize(imresize(image, 1 / SCALE), SCALE).astype(floatX)


def squares(image, stride=14):
    """(n, 1, SIZE, SIZE), all squares at multiples of the stride."""
    corners = [
        (row, col)
        for row in range(0, image.shape[0] - SIZE + 1, stride)
        for col in range(0, image.shape[1] - SIZE + 1, stride)
    ]
    cut = [image[row : row + SIZE, col : col + SIZE] for row, col in corners]
    return np.stack(cut)[:, np.newaxis]


train_part, test_part = luma[300:], luma[:300]
inputs, targets = squares(blurry(train_part)), squares(train_part)
print("pairs:", inputs.shape, targets.shape)

# %% [markdown]
# ## The network: 9-1-5

# %%
x = T.tensor4("x")
conv1 = ConvLayer(
    rng, x, (None, 1, None, None), (64, 1, 9, 9), activation=relu, name="conv1"
)
conv2 = ConvLayer(
    rng,
    conv1.output,
    conv1.output_shape,
    (32, 64, 1, 1),
    activation=relu,
    name="conv2",
)
conv3 = ConvLayer(
    rng,
    conv2.output,
    conv2.output_shape,
    (1, 32, 5, 5),
    W=narrow_normal,
    name="conv3",
)
layers = [conv1, conv2, conv3]
params = [p for layer in layers for p in layer.params]
n_parameters = sum(p.get_value().size for p in params)
print("parameters:", n_parameters)

MARGIN = 6  # pixels that 9-1-5 cuts off at each side: 4 + 0 + 2
output = conv3.output

# %% [markdown]
# ## It starts as bicubic

# %%
for layer in layers:  # the first map is handed through
    W = layer.W.get_value()
    W[0] = 0
    W[0, 0, W.shape[2] // 2, W.shape[3] // 2] = 1
    layer.W.set_value(W)

# %% [markdown]
# ## A step of training

# %%
y = T.tensor4("y")
cost = mse(output, y[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN])
index = T.lscalar("index")
all_inputs = theano.shared(inputs, name="inputs")
all_targets = theano.shared(targets, name="targets")
minibatch = slice(index * BATCH, (index + 1) * BATCH)
step = compile_function(
    [index],
    cost,
    updates=adam(cost, params, 5e-4),
    givens={x: all_inputs[minibatch], y: all_targets[minibatch]},
)
predict = compile_function([x], output)


# %% [markdown]
# ## How good is it? On the part that it never saw


# %%
def scores():
    """PSNR in dB of bicubic and of the network, of the pixels that both have."""
    original = test_part[MARGIN:-MARGIN, MARGIN:-MARGIN]
    bicubic = blurry(test_part)
    sharpened = predict(bicubic[np.newaxis, np.newaxis])[0, 0]
    bicubic = bicubic[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return psnr(bicubic, original, 1.0), psnr(sharpened, original, 1.0), sharpened


print("before: bicubic {:.2f} dB, network {:.2f} dB".format(*scores()))

# %% [markdown]
# ## Train

# %%
n_batches = len(inputs) // BATCH
for epoch in range(1, 11):
    costs = [step(i) for i in range(n_batches)]
    if epoch % 2 == 0:
        bicubic, network, _ = scores()
        print(
            f"epoch {epoch:2}: cost {np.mean(costs):.6f}, network {network:.2f} dB, "
            f"bicubic {bicubic:.2f} dB"
        )

# %% [markdown]
# ## Look at it

# %%
_, _, sharpened = scores()
picture = np.hstack([blurry(test_part)[MARGIN:-MARGIN, MARGIN:-MARGIN], sharpened])
Image.fromarray(from_float(picture)).save("lesson4.png")
print("lesson4.png:", picture.shape)
