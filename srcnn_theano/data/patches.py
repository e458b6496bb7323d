"""Training pairs: the recipe of a degradation, and sub-images made by it.

All choices that change a number are fields of `Recipe`, so that a result can be
recorded together with the way in which its data were made.
"""

from __future__ import annotations

import hashlib
import json
from typing import Callable, NamedTuple, Sequence

import numpy as np

from srcnn_theano.data import degradation
from srcnn_theano.errors import UserError, did_you_mean

SCALES = (2, 3, 4)


class Recipe(NamedTuple):
    """How pairs of low and high resolution are made from an image.

    Variants are written as ``recipe._replace(blur_sigma=0.0)``.
    """

    name: str
    colour: str  # "rgb", or "y": luma of BT.601, 16..235, rounded to uint8
    scale: int  # the factor that the network is to undo
    unit: str  # degraded by itself: each "sub-image", or the whole "image"
    mod_crop: bool  # cut the image to a multiple of the scale before anything else
    dtype: str  # of the values that are blurred and resized: "uint8" or "float"
    blur_sigma: float  # of the Gaussian before reducing, in pixels; 0: none
    blur_across_colours: bool  # the blur also runs along the colour axis
    resizer: str  # a name in `_RESIZERS`, such as "matlab" or "pillow"
    size_rule: str  # low-res length: "floor", int(length / scale), or "exact"
    low_res_rounded: bool  # to whole levels, as in a file; "uint8" does so anyway
    target: str  # the image that the network is to give back: "sharp" or "blurred"
    enlarged: bool = True  # low-res brought back to full size (SRCNN) or not (FSRCNN)
    size: int = 33  # side of a sub-image
    stride: int = 14  # from one sub-image to the next
    blur: str = "once"  # each unit by itself, or "in_place", see `blurred_in_place`
    resizer_up: str = ""  # on the way back to full size; "": the same as `resizer`
    order: str = "sorted"  # of the sub-images of a set, or one of `MIXED`
    border: int = 0  # pixels by which whole images are continued, as when enlarged
    reductions: Sequence[float] = (1.0,)  # of images that a network is trained on

    @property
    def hash(self) -> str:
        """Ten hexadecimal digits that tell recipes apart; the name is left out.

        So are later fields with their defaults: caches and results refer to hashes
        from before there were any.
        """
        knobs = {k: v for k, v in self._asdict().items() if k != "name"}
        for name in ("blur", "resizer_up", "order", "border", "reductions"):
            if json.dumps(knobs[name]) == json.dumps(self._field_defaults[name]):
                del knobs[name]
        text = json.dumps(knobs, sort_keys=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:10]

    @property
    def n_channels(self) -> int:
        return 1 if self.colour == "y" else 3


# What the report's words say: each sub-image by itself, 33 -> 8 -> 33. Its program
# blurred the image itself, see `_PROGRAMMED`.
_COURSE = Recipe(
    name="course",
    colour="rgb",
    scale=4,
    unit="sub-image",
    mod_crop=False,
    dtype="uint8",
    blur_sigma=1.0,
    blur_across_colours=False,
    resizer="pillow",
    size_rule="floor",
    low_res_rounded=True,
    target="blurred",
)
# The literature's: whole images, MATLAB's imresize in floating point, sharp target.
_STANDARD = Recipe(
    name="standard",
    colour="y",
    scale=4,
    unit="image",
    mod_crop=True,
    dtype="float",
    blur_sigma=0.0,
    blur_across_colours=False,
    resizer="matlab",
    size_rule="exact",
    low_res_rounded=False,
    target="sharp",
)
# What the report's program did: each sub-image is a view of the image, and its blur is
# written back before the next is cut.
_PROGRAMMED = _COURSE._replace(name="programmed", blur="in_place")
RECIPES = {
    "programmed": _PROGRAMMED,
    # Before the report's bug was mended, which was on the way up alone.
    "programmed-initial": _PROGRAMMED._replace(
        name="programmed-initial", resizer_up="pillow-stretch"
    ),
    "course": _COURSE,
    # Before "a small bug in our subsampling code" was found, as inferred from figures:
    # stretched on the way down as well, and with a sharp target.
    "course-initial": _COURSE._replace(
        name="course-initial",
        dtype="float",
        resizer="pillow-bytescale",
        target="sharp",
    ),
    "standard": _STANDARD,
    # In colour the literature starts from low-resolution image files.
    "standard-rgb": _STANDARD._replace(
        name="standard-rgb", colour="rgb", low_res_rounded=True
    ),
}


def make_recipe(name: str, scale: int = 4) -> Recipe:
    """The recipe called `name` for an upscaling factor of 2, 3 or 4."""
    if name not in RECIPES:
        raise UserError(
            f"no recipe is called {name!r}{did_you_mean(name, RECIPES)}; there are "
            f"{', '.join(RECIPES)}"
        )
    if scale not in SCALES:
        raise UserError(f"scale {scale}: the scale must be 2, 3 or 4")
    return RECIPES[name]._replace(scale=scale)


class Pairs(NamedTuple):
    """Sub-images in file order, and within a file row by row, unless they are mixed."""

    low_res: np.ndarray  # uint8, (n, channels, rows, cols), `recipe.size` if enlarged
    high_res: np.ndarray  # uint8, (n, channels, size, size)


class Degraded(NamedTuple):
    """An image before and after, (rows, cols, channels), or a batch of such."""

    low_res: np.ndarray  # as small as it gets
    enlarged: np.ndarray  # low_res, bicubic, back to full size
    high_res: np.ndarray  # the target that an upscaled image is compared with


def degrade(image: np.ndarray, recipe: Recipe) -> Degraded:
    """Degrade a whole image as one unit.

    Parameters
    ----------
    image : uint8 array, (rows, cols, 1) or (rows, cols, 3)
        A grey image is used as it is where the recipe wants luma (as in the demo of
        Dong et al.) and as three equal channels where it wants RGB.
    recipe : Recipe

    Returns
    -------
    Degraded
        Float64 in [0, 1]; `enlarged` may overshoot the range a little. Rounded to
        levels of 1/255 only where the recipe says so.
    """
    batch = _degrade_batch(prepare_image(image, recipe)[np.newaxis], recipe)
    return Degraded(*(degradation.to_float(part[0]) for part in batch))


def prepare_image(image: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The recipe's colour and crop: uint8, (rows, cols, recipe.n_channels)."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(
            f"image {image.dtype} {image.shape}; uint8 (rows, cols, 1 or 3) is needed"
        )
    if recipe.colour == "y" and image.shape[2] == 3:
        image = degradation.rgb_to_y(image)
    elif recipe.colour == "rgb" and image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    return degradation.mod_crop(image, recipe.scale) if recipe.mod_crop else image


def _degrade_batch(images: np.ndarray, recipe: Recipe) -> Degraded:
    """`degrade` for (n, rows, cols, channels), each of the n by itself."""
    if recipe.dtype == "float":
        images = degradation.to_float(images)
    blurred = degradation.gaussian_blur(
        images, recipe.blur_sigma, recipe.blur_across_colours
    )
    return _resized(images, blurred, recipe)


def _resized(images: np.ndarray, blurred: np.ndarray, recipe: Recipe) -> Degraded:
    """Down and up again, each of (n, rows, cols, channels) by itself."""
    full = images.shape[1:3]
    low_res = _resize_batch(blurred, _low_res_shape(full, recipe), recipe.resizer)
    if recipe.low_res_rounded and low_res.dtype != np.uint8:
        low_res = degradation.to_float(degradation.from_float(low_res))
    enlarged = _resize_batch(low_res, full, recipe.resizer_up or recipe.resizer)
    return Degraded(
        low_res, enlarged, blurred if recipe.target == "blurred" else images
    )


def _low_res_shape(shape: tuple[int, ...], recipe: Recipe) -> tuple[int, int]:
    if recipe.size_rule == "exact" and any(n % recipe.scale for n in shape):
        raise ValueError(
            f"{shape[0]}x{shape[1]} pixels are no multiple of {recipe.scale}, as "
            "size_rule 'exact' wants"
        )
    rows, cols = (max(n // recipe.scale, 1) for n in shape)
    return rows, cols


def _resize_batch(
    images: np.ndarray, shape: tuple[int, ...], resizer: str
) -> np.ndarray:
    resize = _RESIZERS[resizer]
    first = resize(images[0], shape)
    result = np.empty((len(images),) + first.shape, first.dtype)
    result[0] = first
    for i in range(1, len(images)):
        result[i] = resize(images[i], shape)
    return result


def _pillow(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return degradation.pillow_imresize(_as_uint8(image), shape)


def _pillow_bytescale(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    # The result of the first resizing was divided by 255 again and stretched again.
    return degradation.pillow_imresize(degradation.to_float(image), shape, True)


def _pillow_stretch(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    # Levels of 0..255 that arrive as floating point are stretched as well.
    return degradation.pillow_imresize(_as_uint8(image).astype(float), shape, True)


def _matlab_no_antialias(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return degradation.imresize(image, shape, antialias=False)


_RESIZERS: dict[str, Callable[..., np.ndarray]] = {
    "matlab": degradation.imresize,
    "matlab-no-antialias": _matlab_no_antialias,
    "pillow": _pillow,
    "pillow-bytescale": _pillow_bytescale,
    "pillow-stretch": _pillow_stretch,
}


def sub_images(image: np.ndarray, size: int, stride: int) -> np.ndarray:
    """All squares of side `size` at multiples of `stride` that lie within the image.

    Their number is ((rows - size) // stride + 1) * ((cols - size) // stride + 1).

    Parameters
    ----------
    image : array, (rows, cols, channels)
    size, stride : int
        Pixels.

    Returns
    -------
    array, (n, size, size, channels)
        Row by row, of the image's dtype.

    Raises
    ------
    ValueError
        The image is smaller than a sub-image.
    """
    _require_room(image, size)
    windows = np.lib.stride_tricks.sliding_window_view(
        image,
        (size, size),
        axis=(0, 1),  # type: ignore[call-overload]
    )
    windows = windows[::stride, ::stride]  # (down, across, channels, size, size)
    windows = np.moveaxis(windows, 2, -1)
    return windows.reshape((-1,) + windows.shape[2:])


def blurred_in_place(image: np.ndarray, recipe: Recipe) -> np.ndarray:
    """All sub-images, each blurred after those before it, on the image itself.

    The blur of a sub-image is written back into the image. The next, whose squares
    overlap, is blurred with it: a pixel is blurred again by each of the up to nine
    sub-images (at 33 and 14) that it lies in, in raster order. A sub-image is as it was
    right after its own blur, which those behind it do not change.

    Parameters
    ----------
    image : array, (rows, cols, channels)
        It stays as it is; a copy is blurred.
    recipe : Recipe
        Its `size`, `stride`, `blur_sigma` and `blur_across_colours`.

    Returns
    -------
    array, (n, size, size, channels), row by row, of the image's dtype
    """
    image, size = image.copy(), recipe.size
    kept = []
    for top in range(0, image.shape[0] - size + 1, recipe.stride):
        for left in range(0, image.shape[1] - size + 1, recipe.stride):
            view = image[top : top + size, left : left + size]
            view[...] = degradation.gaussian_blur(
                view, recipe.blur_sigma, recipe.blur_across_colours
            )
            kept.append(view.copy())
    return np.stack(kept)


# Orders that mix the sub-images of all images, by the seed of each. The report's
# program may have read its files as a file system lists them; that order is lost, and
# a permutation stands for it.
MIXED = {"mixed": 0, "mixed-1": 1, "mixed-2": 2}


def sub_image_order(order: str, n: int) -> np.ndarray:
    """Which of `n` sub-images comes first, second, ...: an int array, (n,)."""
    if order == "sorted":
        return np.arange(n)
    return np.random.RandomState(MIXED[order]).permutation(n)


def _require_room(image: np.ndarray, size: int) -> None:
    if min(image.shape[:2]) < size:
        raise ValueError(
            f"an image of {image.shape[0]}x{image.shape[1]} holds no sub-image of "
            f"{size}x{size}"
        )


def sub_image_count(shape: tuple[int, ...], recipe: Recipe) -> int:
    """How many sub-images an image of this (rows, cols, ...) gives; maybe none."""
    count = 1
    for length in shape[:2]:
        if recipe.mod_crop:
            length -= length % recipe.scale
        length += 2 * recipe.border
        count *= max((length - recipe.size) // recipe.stride + 1, 0)
    return count


def make_pairs(image: np.ndarray, recipe: Recipe) -> Pairs:
    """Cut the pairs of low and high resolution that a network is trained on.

    Parameters
    ----------
    image : uint8 array, (rows, cols, 1) or (rows, cols, 3)
        From a file or anywhere else.
    recipe : Recipe

    Returns
    -------
    Pairs
        Values that the recipe computes in floating point are rounded to uint8.

    Raises
    ------
    ValueError
        The image is smaller than a sub-image.
    """
    image = prepare_image(image, recipe)
    high_grid = (recipe.size, recipe.stride)
    if recipe.unit == "sub-image":
        _require_room(image, recipe.size)
        sharp = sub_images(image, *high_grid)
        if recipe.blur == "in_place":
            degraded = _resized(sharp, blurred_in_place(image, recipe), recipe)
        else:
            degraded = _degrade_batch(sharp, recipe)
        low_res = degraded.enlarged if recipe.enlarged else degraded.low_res
        return Pairs(_as_network_input(low_res), _as_network_input(degraded.high_res))
    degraded = Degraded(
        *(part[0] for part in _degrade_batch(image[np.newaxis], recipe))
    )
    low_res, border = degraded.low_res, recipe.border // recipe.scale
    low_grid = high_grid if recipe.enlarged else _low_res_grid(recipe)
    if recipe.enlarged:
        low_res, border = degraded.enlarged, recipe.border
    high_res = sub_images(_continued(degraded.high_res, recipe.border), *high_grid)
    low_res = sub_images(_continued(low_res, border), *low_grid)
    return Pairs(_as_network_input(low_res), _as_network_input(high_res))


def cut_window(
    images: np.ndarray, shape: Sequence[int | None], where: str = "centre"
) -> np.ndarray:
    """The part of targets that a network's outputs are compared with.

    Parameters
    ----------
    images : array, (n, channels, rows, cols)
    shape : (int, int)
        Rows and columns of the outputs.
    where : 'centre' or 'top-left'
        'top-left' starts at the first pixel, as in the first version of the report's
        program. Of an odd number of pixels that are left out, the centre has one more
        behind it than before.
    """
    rows, cols = window(images.shape[2:], shape, where)
    return np.ascontiguousarray(images[:, :, rows, cols])


def window(
    full: Sequence[int | None], shape: Sequence[int | None], where: str = "centre"
) -> tuple[slice, slice]:
    """Rows and columns of `cut_window` in images of `full` rows and columns."""
    spans = []
    for length, wanted in zip(full, shape):
        if wanted is None or length is None or wanted > length:
            raise ValueError(f"outputs of {tuple(shape)}, targets of {tuple(full)}")
        first = 0 if where == "top-left" else (length - wanted) // 2
        spans.append(slice(first, first + wanted))
    return spans[0], spans[1]


def _continued(image: np.ndarray, border: int) -> np.ndarray:
    """An image with its outermost pixels repeated beyond its edges."""
    return np.pad(image, [(border, border)] * 2 + [(0, 0)], mode="edge")


def _low_res_grid(recipe: Recipe) -> tuple[int, int]:
    """Size and stride on the low-resolution image that match those on the original."""
    lengths = (recipe.size, recipe.stride, recipe.border)
    if any(length % recipe.scale for length in lengths):
        raise ValueError(
            "size {}, stride {} and border {} must be multiples of the scale {} to cut "
            "low-res sub-images from a whole image".format(*lengths, recipe.scale)
        )
    return recipe.size // recipe.scale, recipe.stride // recipe.scale


def _as_uint8(image: np.ndarray) -> np.ndarray:
    return image if image.dtype == np.uint8 else degradation.from_float(image)


def _as_network_input(batch: np.ndarray) -> np.ndarray:
    """(n, rows, cols, channels), any dtype -> uint8, (n, channels, rows, cols)."""
    return np.ascontiguousarray(np.moveaxis(_as_uint8(batch), -1, 1))
