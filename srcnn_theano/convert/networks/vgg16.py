"""VGG16 as Keras, Caffe, PyTorch, timm and NumPy files hold it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple

import numpy as np

from srcnn_theano.convert.networks.layers import natural
from srcnn_theano.vgg16_weights import (
    LAYERS,
    SHAPES,
    VGG16Weights,
    layers_to,
    save_vgg16,
)
from srcnn_theano.weights import Weights

_CONVOLUTIONS = [name for name in SHAPES if name.startswith("conv")]
_DENSE = ["fc6", "fc7", "fc8"]

# Our names of the layers, which are Caffe's, by the names in other programs' files.
_CAFFE = {name: name for name in SHAPES}
_KERAS = {f"block{name[4]}_conv{name[6]}": name for name in _CONVOLUTIONS}
_KERAS.update(zip(("fc1", "fc2", "predictions"), _DENSE))
_PYTORCH = {
    f"features.{i}": name
    for i, name in zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), _CONVOLUTIONS)
}
_PYTORCH.update(zip(("classifier.0", "classifier.3", "classifier.6"), _DENSE))
_PYTORCH.update({"classifier.1": "fc6", "classifier.4": "fc7"})  # torchvision of 2017
_PYTORCH.update(zip(("pre_logits.fc1", "pre_logits.fc2", "head.fc"), _DENSE))  # timm
_NAMES = dict(_CAFFE, **_KERAS, **_PYTORCH)

# The name of a layer in a VGG of any depth.
_OF_THIS_FAMILY = re.compile(r"conv\d_\d|block\d_conv\d|(features|classifier)\.\d+")
# The end of a name that tells filters from biases.
_ROLE = re.compile(r"[._](weights?|bias(es)?|kernel|W|b)(:0)?$|\.\d$")

# Layers of Keras without names of their own.
_NUMBERED = re.compile(r"(layer|conv2d|convolution2d|dense)(_\d+)?/")

# The sum of the squared filters of conv1_1 in the authors' own weights, for each colour
# of the input in their order: blue, green, red.
_RELEASE = (19.3421, 29.8570, 24.6394)


def is_vgg16(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether these arrays, by name, look like VGG16 or a relative of it."""
    return "conv1_1" in _by_layer(arrays)


def from_vgg16(
    arrays: Mapping[str, np.ndarray], last_layer: str | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """VGG16 as we keep it: correlations (maps out, maps in, rows, cols), BGR first.

    A file may have its filters in the order (maps out, maps in, rows, cols), and then
    the fully connected layers see the maps one after another (Caffe, PyTorch, Keras
    with Theano), or in the order (rows, cols, maps in, maps out), and then they see the
    pixels one after another (Keras, TensorFlow). The shapes tell.

    Parameters
    ----------
    arrays : dict of str to array
    last_layer : str or None
        Where to cut; None takes all layers that the file has.

    Returns
    -------
    options : dict
        last_layer, preprocessing
    values : dict of str to float32 array

    Raises
    ------
    ValueError
        A layer is missing or has another shape; there are layers that VGG16 has not.
    """
    _refuse_relatives(arrays)
    layers = _by_layer(arrays)
    last_layer = last_layer or _deepest(layers)
    values: dict[str, np.ndarray] = {}
    layout = None
    for layer in layers_to(last_layer):
        if layer not in SHAPES:
            continue
        if layer not in layers:
            raise ValueError(f"it has no {layer}, which {last_layer} needs")
        kernel, bias = _kernel_and_bias(layer, layers[layer])
        layout = _layout(layer, kernel, layout)
        filters = _filters(layer, kernel, layout)
        values[layer + ".W"] = np.ascontiguousarray(filters, "float32")
        values[layer + ".b"] = np.ascontiguousarray(bias, "float32")
    default = "torchvision" if "features.0.weight" in arrays else "caffe"
    preprocessing, values["conv1_1.W"] = _first_layer(values["conv1_1.W"], default)
    return {"last_layer": last_layer, "preprocessing": preprocessing}, values


def save(path: Path, weights: Weights) -> None:
    """Write converted `Weights` as the file that `models.vgg16` reads."""
    save_vgg16(
        path,
        VGG16Weights(
            weights.values,
            weights.options["preprocessing"],
            weights.about["source"],
            weights.about["source_sha256"],
        ),
    )


def _by_layer(arrays: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """The arrays of each layer, by our names for the layers."""
    layers: dict[str, list[np.ndarray]] = {}
    for name, array in arrays.items():
        for part in _parts(name):
            if part in _NAMES:
                layers.setdefault(_NAMES[part], []).append(array)
                break
    return layers or _by_position(arrays)


def _parts(name: str) -> list[str]:
    """``block1_conv1/kernel:0`` -> block1_conv1, kernel; without weight, bias, ..."""
    return [_ROLE.sub("", part) for part in name.split("/")]


def _by_position(arrays: Mapping[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Keras may number layers: the n-th filters are those of the n-th layer."""
    groups: dict[str, list[np.ndarray]] = {}
    for name, array in arrays.items():
        if _NUMBERED.search(name):
            groups.setdefault(name.rpartition("/")[0], []).append(array)
    convolutions: list[list[np.ndarray]] = []
    dense: list[list[np.ndarray]] = []
    for name in sorted(groups, key=natural):
        n_axes = max(array.ndim for array in groups[name])
        if n_axes in (2, 4):
            (convolutions if n_axes == 4 else dense).append(groups[name])
    if len(convolutions) != len(_CONVOLUTIONS) or len(dense) not in (0, len(_DENSE)):
        return {}
    return dict(zip(_CONVOLUTIONS + _DENSE, convolutions + dense))


def _refuse_relatives(arrays: Iterable[str]) -> None:
    for name in arrays:
        for part in _parts(name):
            if _OF_THIS_FAMILY.fullmatch(part) and part not in _NAMES:
                raise ValueError(
                    f"it has {part}, which VGG16 has not: it is a VGG of another "
                    "depth, or with batch normalization"
                )


def _deepest(layers: Iterable[str]) -> str:
    """The last layer that these can serve: up to the next layer with weights."""
    last = max(LAYERS.index(layer) for layer in layers)
    while last + 1 < len(LAYERS) and LAYERS[last + 1] not in SHAPES:
        last += 1
    return LAYERS[last]


def _kernel_and_bias(
    layer: str, arrays: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    # Caffe once gave four axes to everything: (1, 1, 1, maps), (1, 1, out, in).
    arrays = [np.squeeze(array) for array in arrays]
    kernels = [array for array in arrays if array.ndim > 1]
    biases = [array for array in arrays if array.ndim == 1]
    described = ", ".join(f"{array.dtype} {array.shape}" for array in arrays)
    if (
        len(kernels) != 1
        or [bias.shape for bias in biases] != [SHAPES[layer][:1]]
        or any(array.dtype.kind != "f" for array in kernels + biases)
    ):
        raise ValueError(
            f"{layer} has the arrays {described}; those of VGG16 are filters and "
            f"{SHAPES[layer][0]} biases"
        )
    return kernels[0], biases[0]


class _Layout(NamedTuple):
    """How a file lays out its arrays.

    Attributes
    ----------
    maps_last : bool
        Filters are (rows, cols, maps in, maps out).
    outputs_first : bool or None
        Matrices are (out, in); not known before fc6, the first of them.
    """

    maps_last: bool
    outputs_first: bool | None = None


def _layout(layer: str, kernel: np.ndarray, layout: Any) -> _Layout:
    """The layout, as far as it shows up to this layer."""
    n_out = SHAPES[layer][0]
    if layer == "conv1_1":
        return _Layout(maps_last=kernel.shape[-1] == n_out)
    if layer == "fc6":
        return layout._replace(outputs_first=kernel.shape[0] == n_out)
    return layout


def _filters(layer: str, kernel: np.ndarray, layout: _Layout) -> np.ndarray:
    n_out, n_in, rows, cols = SHAPES[layer]
    try:
        if kernel.ndim == 2:
            matrix = kernel.T if layout.outputs_first else kernel
            if layout.maps_last:
                kernel_4d = matrix.reshape(rows, cols, n_in, n_out)
            else:
                kernel_4d = matrix.reshape(n_in, rows, cols, n_out).transpose(
                    1, 2, 0, 3
                )
            filters = kernel_4d.transpose(3, 2, 0, 1)
        else:
            filters = kernel.transpose(3, 2, 0, 1) if layout.maps_last else kernel
        fits = filters.shape == SHAPES[layer]
    except ValueError:  # cannot be reshaped or transposed so
        fits = False
    if not fits:
        raise ValueError(
            f"{layer} has filters of shape {kernel.shape}, which is not VGG16's "
            f"{SHAPES[layer]} in any order"
        )
    return filters


def _first_layer(W: np.ndarray, default: str) -> tuple[str, np.ndarray]:
    """The preprocessing that the filters of conv1_1 expect, and they in its order.

    There are copies of the authors' weights with the colours in either order, and no
    file says in which; their sums tell. Weights that others trained have the
    preprocessing that is usual for the format.
    """
    sums = np.sum(np.square(W, dtype="float64"), axis=(0, 2, 3))
    if np.allclose(sums, _RELEASE, rtol=1e-3):
        return "caffe", W
    if np.allclose(sums[::-1], _RELEASE, rtol=1e-3):
        return "caffe", np.ascontiguousarray(W[:, ::-1])
    return default, W
