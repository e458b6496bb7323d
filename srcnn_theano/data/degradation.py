"""How a high-resolution image becomes a low-resolution image: blur, resizing, colour.

Images are (rows, cols) or (rows, cols, channels). Integer images use the whole range of
their type, floating-point images have values in [0, 1].
"""

from __future__ import annotations

import math
from typing import Any, Iterator, Sequence, Tuple, Union

import numpy as np
from scipy import sparse

# A factor, or the rows and columns of the result.
Scale = Union[float, Tuple[int, int]]

# MATLAB's rgb2ycbcr (ITU-R BT.601): Y, Cb, Cr in 0..255 from R, G, B in [0, 1].
# The coefficients of Y add up to 219, so that white is 235.
_YCBCR_MATRIX = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ]
)
_YCBCR_OFFSET = np.array([16.0, 128.0, 128.0])


def to_float(image: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
    """Integer or floating-point image as floats in [0, 1] (uint8 divided by 255)."""
    image = np.asarray(image)
    if image.dtype.kind == "f":
        return image.astype(dtype, copy=False)
    return image.astype(dtype) / np.array(np.iinfo(image.dtype).max, dtype)


def from_float(image: np.ndarray, dtype: Any = np.uint8) -> np.ndarray:
    """Floats in [0, 1] as an integer image: clipped, halves rounded up as by MATLAB."""
    peak = np.iinfo(dtype).max
    return np.floor(np.clip(image, 0, 1) * float(peak) + 0.5).astype(dtype)


def mod_crop(image: np.ndarray, scale: int) -> np.ndarray:
    """Cut rows at the bottom and columns at the right to a multiple of `scale`."""
    rows, cols = (length - length % scale for length in image.shape[:2])
    return image[:rows, :cols]


# --- Blur ---


def gaussian_blur(
    image: np.ndarray, sigma: float, across_colours: bool = False
) -> np.ndarray:
    """Gaussian filter of each image and channel, as `scipy.ndimage.gaussian_filter`.

    A uint8 image stays uint8 and, as in scipy, is cut (not rounded) to whole levels
    after each axis, which darkens it by up to a level: so it went in the report.

    Parameters
    ----------
    image : array, (..., rows, cols, channels)
        One image or a batch of them.
    sigma : float
        Standard deviation in pixels; 0 leaves the image as it is.
    across_colours : bool
        Also blur along the channel axis, as scipy does for a scalar sigma, which is
        seldom meant.

    Returns
    -------
    array of the same shape and dtype
    """
    if not sigma:
        return image
    from scipy import ndimage

    sigmas = [0] * (image.ndim - 3) + [sigma, sigma, sigma if across_colours else 0]
    return ndimage.gaussian_filter(image, sigmas)


# --- MATLAB's imresize ---


def imresize(image: np.ndarray, scale: Scale, antialias: bool = True) -> np.ndarray:
    """Bicubic resizing, equal to MATLAB's ``imresize(image, scale, 'bicubic')``.

    Output pixel i sits at u = (i + 1/2) / scale - 1/2 of the input and is the sum of
    the pixels j around it, weighted with k(u - j), where

        k(x) = 3/2 |x|^3 - 5/2 |x|^2 + 1                    for      |x| <= 1
             = -1/2 |x|^3 + 5/2 |x|^2 - 4 |x| + 2           for 1 <  |x| <= 2

    (Keys 1981, a = -1/2). To reduce, the kernel is stretched to scale * k(scale * x),
    which keeps detail finer than the new grid from turning into other patterns. Weights
    add up to one; beyond the border the outermost pixel is repeated. The axis with the
    smaller scale goes first, rows before columns if they are equal.

    Parameters
    ----------
    image : array, (rows, cols) or (rows, cols, channels)
        uint8, uint16 or floating point. Integers are rounded and clipped after each
        axis as MATLAB does; floats are neither.
    scale : float or (int, int)
        Factor, giving ceil(scale * length) pixels, or the output's rows and columns.
    antialias : bool
        Stretch the kernel when reducing (MATLAB's default).

    Returns
    -------
    array, (rows, cols) or (rows, cols, channels), of the image's dtype

    References
    ----------
    R. Keys, "Cubic convolution interpolation for digital image processing", 1981.
    """
    image = np.asarray(image)
    scales, shape = _scales_and_shape(image.shape, scale)
    whole = (slice(0, shape[0]), slice(0, shape[1]))
    return _resize(image, scales, whole, antialias)


def reduced_copies(image: np.ndarray, factors: Sequence[float]) -> Iterator[np.ndarray]:
    """An image reduced by each of the factors, by `imresize`; by 1 it is itself.

    Pictures of more scales to train on; Dong et al., Accelerating the Super-Resolution
    Convolutional Neural Network (2016), section 4.1, reduce by 0.9, 0.8, 0.7 and 0.6.
    """
    for factor in factors:
        yield image if factor == 1 else imresize(image, factor)


def imresize_region(
    image: np.ndarray, scale: Scale, rows: slice, cols: slice, antialias: bool = True
) -> np.ndarray:
    """The part ``[rows, cols]`` of the resized image, from no more than it needs.

    Equal to ``imresize(to_float(image), scale)[rows, cols]`` to floating-point
    precision; memory and time are those of the region, not of the whole image.

    Parameters
    ----------
    image : array, (rows, cols) or (rows, cols, channels)
    scale : float or (int, int)
        As in `imresize`.
    rows, cols : slice
        Range of the output; an open end means the border.

    Returns
    -------
    float array, in [0, 1] apart from the overshoot of the cubic kernel
        float64, or the image's own dtype if that is floating point.
    """
    image = np.asarray(image)
    scales, shape = _scales_and_shape(image.shape, scale)
    region = tuple(
        slice(*part.indices(length)[:2]) for part, length in zip((rows, cols), shape)
    )
    return _resize(image, scales, region, antialias, as_float=True)


def _scales_and_shape(
    image_shape: Sequence[int], scale: Any
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    if np.ndim(scale):
        shape = tuple(int(length) for length in scale)
        return tuple(out / n for out, n in zip(shape, image_shape)), shape
    # Rounding first: 0.1 * 30 is a little more than 3.
    shape = tuple(int(math.ceil(round(scale * n, 9))) for n in image_shape[:2])
    return (float(scale), float(scale)), shape


def _resize(
    image: np.ndarray,
    scales: Sequence[float],
    region: Sequence[slice],
    antialias: bool,
    as_float: bool = False,
) -> np.ndarray:
    """Both axes of `imresize` for the outputs in `region`, a slice for each axis."""
    weights, inputs = [], []
    for axis in (0, 1):
        matrix, used = _resize_matrix(
            image.shape[axis], scales[axis], region[axis], antialias
        )
        weights.append(matrix)
        inputs.append(used)
    result = image[inputs[0], inputs[1]]
    if as_float:
        result = to_float(result, image.dtype if image.dtype.kind == "f" else float)
    dtype = result.dtype
    for axis in (0, 1) if scales[0] <= scales[1] else (1, 0):
        result = _apply(weights[axis], result, axis)
        if dtype.kind != "f":
            result = np.clip(np.floor(result + 0.5), 0, np.iinfo(dtype).max)
        result = result.astype(dtype, copy=False)
    return result


def _resize_matrix(
    length: int, scale: float, outputs: slice, antialias: bool
) -> tuple[sparse.csr_matrix, slice]:
    """Sparse (outputs, inputs) weights of one axis, and the inputs used, a slice."""
    stretch = min(scale, 1.0) if antialias else 1.0
    n_taps = int(math.ceil(4 / stretch)) + 2
    centres = (np.arange(outputs.start, outputs.stop) + 0.5) / scale - 0.5
    first = np.floor(centres - 2 / stretch).astype(int)
    taps = first[:, np.newaxis] + np.arange(n_taps)
    weights = _cubic(stretch * (centres[:, np.newaxis] - taps))
    weights /= weights.sum(axis=1, keepdims=True)
    taps = np.clip(taps, 0, length - 1)
    used = slice(int(taps.min()), int(taps.max()) + 1) if taps.size else slice(0, 0)
    rows = np.repeat(np.arange(len(centres)), n_taps)
    matrix = sparse.csr_matrix(
        (weights.ravel(), (rows, taps.ravel() - used.start)),
        shape=(len(centres), used.stop - used.start),
    )
    matrix.eliminate_zeros()
    return matrix, used


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel with a = -1/2."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _apply(matrix: sparse.csr_matrix, image: np.ndarray, axis: int) -> np.ndarray:
    """Multiply `image` along `axis` by `matrix`; float64."""
    moved = np.moveaxis(image, axis, 0)
    flat = moved.reshape(moved.shape[0], -1).astype(np.float64)
    result = matrix.dot(flat).reshape((matrix.shape[0],) + moved.shape[1:])
    return np.moveaxis(result, 0, axis)


# --- Pillow's bicubic, which was scipy.misc.imresize ---


def pillow_imresize(
    image: np.ndarray, shape: tuple[int, int], bytescale: bool = False
) -> np.ndarray:
    """The result of ``scipy.misc.imresize(image, shape, 'bicubic')`` in 2016.

    Pillow's bicubic resizing on uint8: antialiased, a = -1/2 as in MATLAB, but with
    integer arithmetic and with the kernel cut off, not the image continued, at the
    border.

    Parameters
    ----------
    image : array, (rows, cols) or (rows, cols, 3)
        uint8, or floating point if `bytescale`.
    shape : (int, int)
        Rows and columns of the result.
    bytescale : bool
        Take a floating-point image and stretch it so that its own minimum becomes 0 and
        its own maximum 255, as imresize did unasked (scipy issues 4458 and 6417).

    Returns
    -------
    uint8 array, (rows, cols) or (rows, cols, 3)
    """
    from PIL import Image

    image = np.asarray(image)
    if bytescale:
        image = _bytescale(image)
    if image.dtype != np.uint8:
        raise ValueError(
            f"pillow_imresize: {image.dtype} image; give uint8, or bytescale=True"
        )
    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    resized = Image.fromarray(flat).resize(
        (shape[1], shape[0]), Image.Resampling.BICUBIC
    )
    return np.asarray(resized).reshape(tuple(shape) + image.shape[2:])


def _bytescale(image: np.ndarray) -> np.ndarray:
    """scipy.misc.bytescale: minimum to 0, maximum to 255; a constant image to 0."""
    low = image.min()
    spread = (image.max() - low) or 1
    return ((image - low) * (255.0 / spread) + 0.5).astype(np.uint8)


# --- Colour ---


def rgb_to_ycbcr(image: np.ndarray) -> np.ndarray:
    """MATLAB's ``rgb2ycbcr`` (BT.601, studio range).

    Y = 16 + 65.481 R + 128.553 G + 24.966 B for R, G, B in [0, 1]: 16 for black, 235
    for white. Cb and Cr lie in 16..240 around 128.

    Parameters
    ----------
    image : array, (..., 3)
        uint8, or floating point in [0, 1].

    Returns
    -------
    array, (..., 3)
        uint8, rounded, for uint8; otherwise floats, the above divided by 255.
    """
    return _colour(image, _YCBCR_MATRIX / 255, _YCBCR_OFFSET / 255)


def rgb_to_y(image: np.ndarray) -> np.ndarray:
    """The luma of `rgb_to_ycbcr` alone, (..., 1)."""
    return _colour(image, _YCBCR_MATRIX[:1] / 255, _YCBCR_OFFSET[:1] / 255)


def grey_to_y(grey: np.ndarray) -> np.ndarray:
    """The luma of grey values in [0, 1], floats: that of three equal channels."""
    return (16 + 219 * grey) / 255


def y_to_grey(luma: np.ndarray) -> np.ndarray:
    """The inverse of `grey_to_y`; not clipped to [0, 1]."""
    return (255 * luma - 16) / 219


def ycbcr_to_rgb(image: np.ndarray) -> np.ndarray:
    """The inverse of `rgb_to_ycbcr`; floats are not clipped to [0, 1]."""
    inverse = np.linalg.inv(_YCBCR_MATRIX / 255)
    return _colour(image, inverse, -inverse.dot(_YCBCR_OFFSET / 255))


def _colour(image: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    dtype = image.dtype if image.dtype.kind == "f" else np.dtype(np.float64)
    values = to_float(image, dtype).dot(matrix.T.astype(dtype)) + offset.astype(dtype)
    return values if image.dtype.kind == "f" else from_float(values, image.dtype)
