"""VGG16, whose features the perceptual loss compares."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from srcnn_theano.backend import T, theano
from srcnn_theano.data.patches import window
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.layers.pooling import PoolLayer
from srcnn_theano.models.model import Model
from srcnn_theano.vgg16_weights import PREPROCESSINGS, VGG16Weights, layers_to

# Mean pixel of ImageNet in BGR, 0..255, of the authors' release (its Caffe model card).
CAFFE_MEAN = (103.939, 116.779, 123.68)
# Mean and standard deviation of ImageNet in RGB, 0..1, of torchvision's weights.
TORCHVISION_MEAN = (0.485, 0.456, 0.406)
TORCHVISION_STD = (0.229, 0.224, 0.225)


def preprocess(images: Any, how: str) -> Any:
    """Images as a copy of VGG16 expects them.

    - 'caffe': ``255 * BGR - CAFFE_MEAN``; the authors' weights, and those of Keras.
    - 'torchvision': ``(RGB - TORCHVISION_MEAN) / TORCHVISION_STD``.
    - 'unit': RGB in [0, 1] as it is.
    - 'levels': RGB in 0..255, no mean taken off, as the report's program fed it.

    No weights were trained on the last two.

    Parameters
    ----------
    images : symbolic 4-tensor or array, (batch, 3, rows, cols), RGB in [0, 1]
    how : 'caffe', 'torchvision', 'unit' or 'levels'

    Returns
    -------
    The same kind and shape.
    """
    if how == "caffe":
        return images[:, ::-1] * np.float32(255) - _by_channel(CAFFE_MEAN)
    if how == "torchvision":
        return (images - _by_channel(TORCHVISION_MEAN)) / _by_channel(TORCHVISION_STD)
    if how == "unit":
        return images
    if how == "levels":
        return images * np.float32(255)
    known = ", ".join(map(repr, (*PREPROCESSINGS, "levels")))
    raise ValueError(f"preprocessing must be one of {known}, not {how!r}")


def _by_channel(values: Sequence[float]) -> np.ndarray:
    return np.array(values, np.float32).reshape(1, 3, 1, 1)


def arranged(vgg: VGG16Weights, layout: str) -> dict[str, np.ndarray]:
    """The values of VGG16, as they are or scrambled as in the report's program.

    That had them in RGB and in MatConvNet's order, (rows, cols, maps in, maps out). It
    *reshaped* the filters to (maps out, maps in, rows, cols), whose axes were to be
    transposed, so that each filter holds numbers of 64 or 128 others. And it convolved
    with them, flipped, where they are correlation kernels.

    Parameters
    ----------
    vgg : VGG16Weights
    layout : 'transposed' or 'reshaped'
        'transposed' leaves them as they are.

    Returns
    -------
    dict of str to array
        Correlation kernels, as `VGG16` takes them.
    """
    if layout == "transposed":
        return vgg.values
    if layout != "reshaped":
        raise ValueError(f"layout {layout!r}: it must be 'transposed' or 'reshaped'")
    values = dict(vgg.values)
    for name, value in vgg.values.items():
        if not (name.startswith("conv") and name.endswith(".W")):
            continue
        if name == "conv1_1.W" and vgg.preprocessing == "caffe":
            value = value[:, ::-1]  # BGR to RGB
        in_matconvnet = value.transpose(2, 3, 1, 0)
        scrambled = in_matconvnet.reshape(value.shape)
        # A convolution is a correlation with the filter turned by half a turn.
        values[name] = np.ascontiguousarray(scrambled[:, :, ::-1, ::-1])
    return values


def input_of(vgg: VGG16Weights, how: str) -> str:
    """What `preprocess` is to do: `how`, or for 'own' what the weights are for."""
    return vgg.preprocessing if how == "own" else how


class VGG16(Model):
    """Thirteen 3x3 convolutions in five blocks, and three fully connected layers.

    Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image
    Recognition (2015), configuration D; zero-padded convolutions, ReLU after each,
    max-pooling between the blocks. The report takes its loss at ``relu2_2`` (section
    4.1). The fully connected layers are convolutions of 7x7 and 1x1, as in the paper's
    section 3.2: 224x224 pixels give maps of one pixel, larger images larger maps.

    The weights are constants of the graph and no `params`: nothing can train them.

    Parameters
    ----------
    input : symbolic 4-tensor, (batch, 3, rows, cols), RGB in [0, 1]
    input_shape : tuple of 4, ints or None
    values : dict of str to array
        ``conv1_1.W`` (maps out, maps in, rows, cols), a correlation kernel,
        ``conv1_1.b`` (maps out,) and so on, up to `last_layer` at least.
    last_layer : str
        Where the network ends: ``conv1_1`` (before the ReLU), ``relu1_1``, ...
        ``pool5``, ``fc6``, ``relu6``, ``fc7``, ``relu7``, ``fc8`` or ``prob``. The
        default is the report's.
    preprocessing : str
        How `input` is preprocessed, see `preprocess`.

    Attributes
    ----------
    output : symbolic 4-tensor, (batch, maps, rows, cols)
        The output of the last layer.
    """

    def __init__(
        self,
        input: Any,
        input_shape: Shape4,
        values: Mapping[str, np.ndarray],
        last_layer: str = "relu2_2",
        preprocessing: str = "caffe",
    ) -> None:
        self.input = input
        self.is_train = T.bscalar("is_train")
        names = layers_to(last_layer)
        layers: list[Layer] = []
        layer: Layer
        input = preprocess(input, preprocessing)
        for name in names:
            if name.startswith(("conv", "fc")):
                rectified = name.replace("conv", "relu").replace("fc", "relu") in names
                layer = _conv_layer(input, input_shape, values, name, rectified)
            elif name.startswith("pool"):
                layer = PoolLayer(input, input_shape, name=name)
            else:  # relu: part of the convolution; prob: below
                continue
            layers.append(layer)
            input, input_shape = layer.output, layer.output_shape
            # 33x33: relu1_2 (batch, 64, 33, 33), relu2_2 (batch, 128, 16, 16)
        self._collect(layers)
        if last_layer == "prob":
            self.output = _softmax(self.output)
        self.inside = self.output


def both_features(
    images: Any,
    targets: Any,
    shapes: tuple[Shape4, Shape4],
    values: Mapping[str, np.ndarray],
    preprocessing: str,
) -> tuple[Any, Any]:
    """The maps of two minibatches at relu2_2, those of the targets cut to fit.

    Targets may be larger than the images, with as much around them at each side. Then
    the central pixels of their maps are taken: of 16x16 for 33x33 pixels the 10x10 that
    belong to 21x21. Their borders have seen what is around them, where those of the
    images have seen zeros.

    Parameters
    ----------
    images, targets : symbolic 4-tensors, (batch, 3, rows, cols), RGB in [0, 1]
    shapes : two tuples of 4, ints or None
    values, preprocessing : as in `VGG16`

    Returns
    -------
    two symbolic 4-tensors, (batch, 128, rows // 2, cols // 2)
    """
    features, wanted = (
        VGG16(part, shape, values, "relu2_2", preprocessing)
        for part, shape in zip((images, targets), shapes)
    )
    size, full = features.output_shape[2:], wanted.output_shape[2:]
    if size == full:
        return features.output, wanted.output
    if None in size + full:
        raise ValueError(f"shapes {shapes} must say how much is cut off")
    rows, cols = window(full, size)
    return features.output, wanted.output[:, :, rows, cols]


def _conv_layer(
    input: Any,
    input_shape: Shape4,
    values: Mapping[str, np.ndarray],
    name: str,
    rectified: bool,
) -> ConvLayer:
    W, b = (
        T.constant(np.asarray(values[key], theano.config.floatX), name=key)
        for key in (name + ".W", name + ".b")
    )
    return ConvLayer(
        None,
        input,
        input_shape,
        W.data.shape,
        W=W,
        b=b,
        activation=relu if rectified else None,
        border_mode="half" if name.startswith("conv") else "valid",
        name=name,
    )


def _softmax(maps: Any) -> Any:
    """Probabilities over the maps, at each pixel."""
    e = T.exp(maps - T.max(maps, axis=1, keepdims=True))
    return e / T.sum(e, axis=1, keepdims=True)
