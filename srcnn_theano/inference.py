"""A trained network applied to pixels: compiled, padded, in tiles, in colour.

A `Predictor` is the compiled network. It takes a piece of an image with a halo around
it, and gives the piece restored. `restore` sends a degraded image of an experiment
through it at once, `Upscaler` a picture of any size, tile by tile.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

import numpy as np

from srcnn_theano.data.degradation import (
    from_float,
    grey_to_y,
    imresize_region,
    rgb_to_y,
    to_float,
    y_to_grey,
)
from srcnn_theano.data.images import (
    Picture,
    array_of,
    check_picture,
    enlarged,
    inside_and_beyond,
    picture_of,
    pixel_bytes,
    rows_of_tiles,
    spread_colours,
)
from srcnn_theano.data.patches import Degraded
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike
from srcnn_theano.models import model_class
from srcnn_theano.weights import Weights

if TYPE_CHECKING:
    from srcnn_theano.models.model import Model

# Side of a tile in pixels of the network's input. Of 96 to 384 it was the fastest with
# oneDNN; a tile takes 10 MB in the 64 maps of SRCNN's first layer.
TILE = 192
# Larger pieces are computed in tiles, too: 64 maps of theirs would be memory that the
# system clears anew for each call.
LARGE = (2 * TILE) ** 2

# Pictures lie in [0, 1], and what a network gives for them somewhat beyond.
FARTHEST = 100

# --- The compiled network ---


def build_model(
    weights: Weights, input_shape: Sequence[int | None] | None = None
) -> Model:
    """The symbolic network with these values.

    Parameters
    ----------
    weights : Weights
    input_shape : tuple of 4, ints or None
        (batch, channels, rows, cols); by default only the channels are known.

    Returns
    -------
    Model
    """
    from srcnn_theano.backend import T

    if input_shape is None:
        input_shape = (None, weights.architecture.channels, None, None)
    network: Any = model_class(weights.model)
    model = network(
        np.random.RandomState(0), T.tensor4("x"), input_shape, **weights.options
    )
    model.set_values(weights.values)
    return model


class Predictor:
    """A compiled network for pieces of images.

    Parameters
    ----------
    model : Model
    path : path or None
        The file that the network is of, if it must make pictures: see `__call__`.
    mode : theano.Mode or None
        How to compile; None is the usual way.

    Attributes
    ----------
    channels, halo, upscales, factor : as in `models.model.Model`
    """

    def __init__(
        self, model: Model, path: PathLike | None = None, mode: Any = None
    ) -> None:
        from srcnn_theano.training.functions import prediction_function

        self.channels = model.channels
        self.halo = model.halo
        self.upscales = model.upscales
        self.factor = model.factor
        self._window = model.window
        self._path = path
        self._predict = prediction_function(model, mode)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Restore a piece, less its halo.

        Parameters
        ----------
        x : array, (batch, channels, rows, cols), in [0, 1]

        Returns
        -------
        float32 array, (batch, channels, factor * (rows - 2 halo), factor * (cols - 2
        halo)), around [0, 1] but not clipped unless the network clips it

        Raises
        ------
        UserError
            A network of a `path` gives what no picture has: values that are not finite,
            or as far from 0 as `FARTHEST`.
        """
        if self._window is not None:
            y = np.stack([self._by_windows(image, self._window) for image in x])
        elif x.shape[2] * x.shape[3] > LARGE:
            y = self._by_tiles(x)
        else:
            y = self._predict(np.ascontiguousarray(x, dtype=np.float32))
        # A comparison with NaN is false.
        if self._path and not -FARTHEST < y.min() <= y.max() < FARTHEST:
            raise UserError(
                f"{self._path}: makes no picture of this one: its values lie between "
                f"{y.min():.3g} and {y.max():.3g}, those of pictures in 0 to 1; it is "
                "damaged, badly trained or for other pictures, use other weights"
            )
        return y

    def _by_tiles(self, x: np.ndarray) -> np.ndarray:
        """A large piece, tile by tile; each pixel is computed of the same numbers."""
        x, margin, bands = np.asarray(x, np.float32), 2 * self.halo, []
        rows, cols = (_even_parts(n - margin, TILE) for n in x.shape[2:])
        for top, bottom in rows:
            band = x[:, :, top : bottom + margin]
            tiles = [self._predict(band[..., i : j + margin]) for i, j in cols]
            bands.append(np.concatenate(tiles, axis=3))
        return np.concatenate(bands, axis=2)

    def _by_windows(self, image: np.ndarray, window: int) -> np.ndarray:
        """An image through a network that takes one size only: (channels, ...)."""
        step = window - 2 * self.halo
        lengths = [n - 2 * self.halo for n in image.shape[1:]]
        image = np.pad(image, [(0, 0)] + [(0, -n % step) for n in lengths], "edge")
        windows = np.lib.stride_tricks.sliding_window_view(
            image,
            (window, window),
            (1, 2),  # type: ignore[call-overload]  # NumPy before 1.24 names no tuple
        )[:, ::step, ::step]
        channels, down, across = windows.shape[:3]
        batch = np.moveaxis(windows, 0, 2).reshape((-1, channels) + windows.shape[3:])
        tiles = self._predict(np.ascontiguousarray(batch, dtype=np.float32))
        side = self.factor * step
        tiles = tiles.reshape(down, across, channels, side, side)
        whole = tiles.transpose(2, 0, 3, 1, 4).reshape(
            channels, down * side, across * side
        )
        rows, cols = (self.factor * n for n in lengths)
        return whole[:, :rows, :cols]


def _even_parts(length: int, most: int) -> list[tuple[int, int]]:
    """(start, stop) of parts as long as each other, of no more than `most`."""
    n_parts = -(-length // most)
    limits = [length * i // n_parts for i in range(n_parts + 1)]
    return list(zip(limits, limits[1:]))


def build_predictor(weights: Weights, path: PathLike | None = None) -> Predictor:
    """Compile the network with these values for images of any size.

    With the `path` that they are of, it must make pictures: see `Predictor`.
    """
    return Predictor(build_model(weights), path)


# --- Colour ---


def in_colour(
    network: Callable[[np.ndarray], np.ndarray],
    channels: int,
    source: np.ndarray,
    bicubic: Callable[[], np.ndarray],
    is_luma: bool = False,
) -> np.ndarray:
    """An image through a network that may work on other channels than the image has.

    - A network of one channel restores luma, and bicubic chroma stays:
      ``(Y, Cb, Cr) -> (network(Y), Cb, Cr)``. Grey g in [0, 1] goes in as its luma, (16
      + 219 g) / 255, and comes back: the network learned black as 16 and white as 235.
    - A network of three channels restores R, G and B. A grey image goes through it as
      three equal channels, whose mean is taken.

    Parameters
    ----------
    network : Predictor, or a function that does the same
    channels : int
        Of the network.
    source : float array, (rows, cols, 1 or 3), in [0, 1]
        What the network takes, with a halo around it.
    bicubic : function () -> float array
        The output as bicubic gives it; called where its chroma is needed.
    is_luma : bool
        A source of one channel is luma already, not grey.

    Returns
    -------
    float array, (rows, cols, 1 or 3), around [0, 1] but not clipped
        float32; with bicubic chroma, of its dtype.
    """

    def restored(image: np.ndarray) -> np.ndarray:
        return network(image.transpose(2, 0, 1)[np.newaxis])[0].transpose(1, 2, 0)

    if channels == 1 and source.shape[2] == 1 and not is_luma:
        return y_to_grey(restored(grey_to_y(source)))
    if channels == source.shape[2]:
        return restored(source)
    if channels == 3:
        return restored(np.repeat(source, 3, axis=2)).mean(axis=2, keepdims=True)
    enlarged = bicubic()
    gain = restored(rgb_to_y(source)) - rgb_to_y(enlarged)
    # With Cb and Cr as they are, R, G and B all rise as luma does, whose range is 16 to
    # 235.
    return enlarged + enlarged.dtype.type(255 / 219) * gain


def restore(
    network: Predictor, degraded: Degraded, is_luma: bool = False
) -> np.ndarray:
    """Restore a degraded image.

    Beyond its border the image is continued by its outermost pixels, so that the
    network gives all of it.

    Parameters
    ----------
    network : Predictor
    degraded : Degraded
        Float arrays, (rows, cols, 1 or 3), in [0, 1].
    is_luma : bool
        Its channel is luma, not grey.

    Returns
    -------
    float array, of the shape of ``degraded.enlarged``, not clipped
    """
    source = degraded.low_res if network.upscales else degraded.enlarged
    halo = (network.halo,) * 2
    source = np.pad(source, (halo, halo, (0, 0)), mode="edge")
    return in_colour(
        network, network.channels, source, lambda: degraded.enlarged, is_luma
    )


# --- Tiles ---


class Upscaler:
    """Enlarge pictures of any size by a trained network.

    SRCNN takes the picture enlarged by MATLAB's bicubic, FSRCNN as it is. See
    `in_colour` for its colours.

    Beyond its border the picture is continued by its outermost pixels, as in the test
    code of Dong et al., so that the output has all of its size. A tile is computed from
    its own pixels and a halo, which is all that its output depends on: tiles leave no
    seams.

    Parameters
    ----------
    network : Predictor, or a function with its attributes
        float32 (batch, channels, rows, cols) in [0, 1] -> `factor` times that, less
        `halo` pixels of the input at each side.
    scale : int
    tta : bool
        Test-time augmentation: the mean over the eight flips and quarter turns.
    tile : int
        Side of a tile in pixels of the network's input; None for the whole picture at
        once.
    """

    def __init__(
        self,
        network: Predictor,
        scale: int,
        tta: bool = False,
        tile: int | None = TILE,
    ) -> None:
        self.network = network
        self.scale = scale
        self.tile = tile
        self._restored = partial(_eightfold, network) if tta else network

    def __call__(
        self, picture: Picture, on_tile: Callable[[], Any] | None = None
    ) -> Picture:
        """Enlarge a picture; alpha goes alongside by bicubic.

        Colours that alpha hides do not reach what is visible: see `spread_colours`.

        Parameters
        ----------
        picture : Picture
        on_tile : function () or None
            Called after each of the `n_tiles(picture)` tiles.

        Returns
        -------
        Picture
            Exactly `scale` times the rows and columns, same channels, same dtype, with
            the ICC profile and EXIF data of the input, `scale` times its resolution.
        """
        bands = list(self.bands(picture, on_tile))
        pixels = np.concatenate([band.pixels for band in bands])
        alpha = None
        if picture.alpha is not None:
            alpha = np.concatenate([band.alpha for band in bands])
        return enlarged(picture, self.scale)._replace(pixels=pixels, alpha=alpha)

    def enlarge(self, array: np.ndarray) -> np.ndarray:
        """The same for pixels alone: uint8 or uint16, (rows, cols[, 1 to 4]).

        2 and 4 channels have alpha as the last. The result has as many axes.
        """
        array = np.asarray(array)
        result = array_of(self(picture_of(array)))
        return result[..., 0] if array.ndim == 2 else result

    def bands(
        self, picture: Picture, on_tile: Callable[[], Any] | None = None
    ) -> Iterator[Picture]:
        """The enlarged picture from top to bottom, a row of tiles at a time.

        Its parameters are those of `__call__`.
        """
        check_picture(picture)
        if picture.alpha is not None:
            spread = spread_colours(picture.pixels, picture.alpha)
            picture = picture._replace(pixels=spread)
        for row in self._tiles(picture):
            yield self._band(picture, row, on_tile)

    def _band(
        self,
        picture: Picture,
        row: Sequence[tuple[slice, slice]],
        on_tile: Callable[[], Any] | None,
    ) -> Picture:
        # Tiles go into one array at once: a wide row of them is large.
        dtype = picture.pixels.dtype
        shape = row[0][0].stop - row[0][0].start, row[-1][1].stop
        pixels = np.empty((*shape, picture.pixels.shape[2]), dtype)
        alpha = None if picture.alpha is None else np.empty(shape, dtype)
        for rows, cols in row:
            restored = self.restore(picture.pixels, rows, cols)
            pixels[:, cols] = from_float(restored, dtype)
            if alpha is not None and picture.alpha is not None:
                region = imresize_region(picture.alpha, self.scale, rows, cols)
                alpha[:, cols] = from_float(region, dtype)
            if on_tile is not None:
                on_tile()
        return picture._replace(pixels=pixels, alpha=alpha)

    def n_tiles(self, picture: Picture) -> int:
        """Number of tiles that a picture takes."""
        return sum(map(len, self._tiles(picture)))

    def band_bytes(self, picture: Picture) -> int:
        """Bytes of the largest of the bands."""
        rows, cols = self._tiles(picture)[0][-1]
        return rows.stop * cols.stop * pixel_bytes(picture)

    def restore(self, image: np.ndarray, rows: slice, cols: slice) -> np.ndarray:
        """The part ``[rows, cols]`` of the enlarged and restored image.

        Parameters
        ----------
        image : uint8 or uint16 array, (rows, cols, 1 or 3)
        rows, cols : slice of output pixels, with start and stop

        Returns
        -------
        float32 array, (rows, cols, 1 or 3), around [0, 1] but not clipped
        """
        network = self.network
        if network.upscales:
            source = self._low_res(image, rows, cols)
        else:
            source = self._enlarged(image, rows, cols, network.halo)
        return in_colour(
            self._restored,
            network.channels,
            source,
            partial(self._enlarged, image, rows, cols),
        )

    def _tiles(self, picture: Picture) -> list[list[tuple[slice, slice]]]:
        """(rows, cols) slices of the output, in rows of tiles."""
        size = [self.scale * n for n in picture.pixels.shape[:2]]
        factor = self.network.factor
        return rows_of_tiles(size, pixel_bytes(picture), self.tile, factor)

    def _enlarged(
        self, image: np.ndarray, rows: slice, cols: slice, halo: int = 0
    ) -> np.ndarray:
        """Bicubic region with a halo, continued beyond the border."""
        lengths = [self.scale * n for n in image.shape[:2]]
        inside, beyond = inside_and_beyond((rows, cols), lengths, halo)
        region = imresize_region(image, self.scale, inside[0], inside[1]).astype(
            np.float32
        )
        return np.pad(region, beyond + [(0, 0)], mode="edge")

    def _low_res(self, image: np.ndarray, rows: slice, cols: slice) -> np.ndarray:
        """The pixels that become a region of the output, with a halo, likewise."""
        parts = [
            slice(part.start // self.scale, part.stop // self.scale)
            for part in (rows, cols)
        ]
        inside, beyond = inside_and_beyond(parts, image.shape[:2], self.network.halo)
        region = to_float(image[tuple(inside)], np.dtype("float32"))
        return np.pad(region, beyond + [(0, 0)], mode="edge")


def _eightfold(network: Predictor, x: np.ndarray) -> np.ndarray:
    """Mean over the flips and turns of the input, each undone on the output."""
    total: Any = 0.0
    for turns in range(4):
        turned = np.rot90(x, turns, axes=(2, 3))
        straight = network(turned)
        flipped = network(turned[..., ::-1])[..., ::-1]
        total = total + np.rot90(straight + flipped, -turns, axes=(2, 3))
    return total / 8
