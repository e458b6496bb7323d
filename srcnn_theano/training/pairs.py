"""Sub-images on the device, where they stay while minibatches are drawn from them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from scipy import ndimage

from srcnn_theano.backend import T, theano
from srcnn_theano.training.settings import AUGMENTATIONS


class SharedPairs:
    """Sub-images in shared variables, uint8, visited through a permutation of indices.

    Parameters
    ----------
    low_res, high_res : uint8 arrays, (n, channels, rows, cols)
        Inputs and targets of the network, in the sizes that it takes and gives.
    batch_size : int
        The last n modulo `batch_size` of each epoch's order are left out.
    augmentation : str
        What is drawn anew for each minibatch and done to inputs and targets together.
        'flip-translate' (the report, section 5.1.2, item 1): mirrored or not along each
        axis, and moved by -1, 0 or 1 low-resolution pixels along each, the outermost
        pixels being repeated; targets move as far, to the nearest pixel. 'dihedral':
        one of the eight flips and quarter turns of a square. 'mirrored-inputs', as in
        the report's program: inputs are mirrored left to right or not, and targets stay
        as they are. 'rotated-inputs', as there: inputs are turned about their middle by
        up to 4 degrees.
    shuffled : bool
        Whether `shuffle` draws a new order; moves are drawn anyway.
    compared : (rows, cols) or None
        The network gives only so many central pixels of the targets; None for all.

    Attributes
    ----------
    n_batches : int
    index : symbolic integer scalar, number of the minibatch
    x, y : symbolic 4-tensors, floatX in [0, 1], the minibatch `index`
    whole : symbolic 4-tensor, its targets with all pixels
    """

    def __init__(
        self,
        low_res: np.ndarray,
        high_res: np.ndarray,
        batch_size: int,
        augmentation: str = "none",
        shuffled: bool = True,
        compared: Sequence[int] | None = None,
    ) -> None:
        if augmentation not in AUGMENTATIONS:
            raise ValueError(f"no augmentation is called {augmentation!r}")
        self.low_res = theano.shared(low_res, name="low_res", borrow=True)
        self.high_res = theano.shared(high_res, name="high_res", borrow=True)
        self.order = theano.shared(np.arange(len(low_res), dtype="int32"), name="order")
        self.n_batches = len(low_res) // batch_size
        self.shuffled = shuffled
        self.index = T.lscalar("index")
        chosen = self.order[self.index * batch_size : (self.index + 1) * batch_size]
        x, y = self.low_res[chosen], self.high_res[chosen]
        self.moves: _Moves | _Rotations | None = None
        if augmentation == "rotated-inputs":
            self.moves = _Rotations(self.n_batches, low_res.shape[1], low_res.shape[2:])
        elif augmentation != "none":
            self.moves = _Moves(
                self.n_batches, low_res.shape[2:], high_res.shape[2:], augmentation
            )
        if self.moves is not None:
            x, y = self.moves.moved(x, y, self.index)
        self.x, self.whole = unit(x), unit(y)
        self.y = self.whole
        if compared is not None:
            rows, cols = (
                slice((n - m) // 2, (n - m) // 2 + m)
                for n, m in zip(high_res.shape[2:], compared)
            )
            self.y = self.whole[:, :, rows, cols]

    def shuffle(self, rng: np.random.RandomState) -> None:
        """Draw a new order, and new moves, from a numpy RandomState."""
        if self.shuffled:
            n = len(self.order.get_value(borrow=True))
            self.order.set_value(rng.permutation(n).astype("int32"))
        if self.moves is not None:
            self.moves.draw(rng)


class _Moves:
    """Flips and translations as indices of rows and columns, a set per minibatch."""

    def __init__(
        self,
        n_batches: int,
        low_size: Sequence[int],
        high_size: Sequence[int],
        augmentation: str,
    ) -> None:
        sizes = tuple(low_size), tuple(high_size)
        if augmentation == "dihedral" and any(rows != cols for rows, cols in sizes):
            raise ValueError(
                "quarter turns need square sub-images, not {} and {}".format(*sizes)
            )
        self.n_batches = n_batches
        self.reach = 1 if augmentation == "flip-translate" else 0
        self.of_inputs = augmentation == "mirrored-inputs"
        # Rows and columns of the inputs, rows and columns of the targets.
        self.lengths = sizes[0] + sizes[1]
        self.indices = [
            theano.shared(np.tile(np.arange(n, dtype="int32"), (n_batches, 1)), name)
            for name, n in zip(
                ("low_rows", "low_cols", "high_rows", "high_cols"), self.lengths
            )
        ]
        self.turned = None
        if augmentation == "dihedral":
            self.turned = theano.shared(np.zeros(n_batches, "int8"), name="turned")

    def draw(self, rng: np.random.RandomState) -> None:
        """Draw the moves of an epoch."""
        flips = rng.randint(2, size=(2, self.n_batches))
        shifts = rng.randint(-self.reach, self.reach + 1, size=(2, self.n_batches))
        for i, (indices, length) in enumerate(zip(self.indices, self.lengths)):
            axis = i % 2
            if self.of_inputs and i != 1:
                continue  # only the columns of the inputs
            pixels = np.rint(shifts[axis] * (length / self.lengths[axis])).astype(int)
            moved = np.arange(length) - pixels[:, np.newaxis]
            moved = np.clip(moved, 0, length - 1)
            flipped = flips[axis][:, np.newaxis] == 1
            indices.set_value(
                np.where(flipped, length - 1 - moved, moved).astype("int32")
            )
        if self.turned is not None:
            self.turned.set_value(rng.randint(2, size=self.n_batches).astype("int8"))

    def moved(self, x: Any, y: Any, index: Any) -> tuple[Any, Any]:
        """Minibatch number `index`, (batch, channels, rows, cols), with its moves."""
        low_rows, low_cols, high_rows, high_cols = self.indices
        x = x[:, :, low_rows[index]][:, :, :, low_cols[index]]
        y = y[:, :, high_rows[index]][:, :, :, high_cols[index]]
        if self.turned is not None:
            # A flip and this transposition make a quarter turn.
            x, y = (
                T.switch(self.turned[index], part.dimshuffle(0, 1, 3, 2), part)
                for part in (x, y)
            )
        return x, y


class _Rotations:
    """Rotations of inputs as matrices on their pixels, one per minibatch."""

    largest = 4.0  # degrees

    def __init__(self, n_batches: int, channels: int, size: Sequence[int]) -> None:
        self.n_batches, self.channels, self.size = n_batches, channels, tuple(size)
        n_pixels = int(np.prod(self.size))
        self.matrices = theano.shared(
            np.tile(np.eye(n_pixels, dtype="float32"), (n_batches, 1, 1)), "rotations"
        )

    def draw(self, rng: np.random.RandomState) -> None:
        """Draw the angles of an epoch."""
        angles = rng.uniform(-self.largest, self.largest, size=self.n_batches)
        self.matrices.set_value(
            np.stack([rotation(angle, self.size) for angle in angles])
        )

    def moved(self, x: Any, y: Any, index: Any) -> tuple[Any, Any]:
        """Minibatch number `index`, its inputs turned, as floats of 0..255."""
        flat = T.cast(x, theano.config.floatX).reshape((-1, int(np.prod(self.size))))
        turned = T.dot(flat, self.matrices[index].T)
        return turned.reshape((-1, self.channels, *self.size)), y


def rotation(degrees: float, size: Sequence[int]) -> np.ndarray:
    """The matrix that turns an image about its middle: bilinear, edges repeated.

    Parameters
    ----------
    degrees : float
        Positive turns rows towards columns.
    size : (rows, cols)

    Returns
    -------
    float32 array, (pixels, pixels)
        It takes all pixels, row by row, to those of the turned image.
    """
    n_pixels = int(np.prod(size))
    images = np.eye(n_pixels).reshape((n_pixels, *size))
    turned = ndimage.rotate(
        images, degrees, axes=(2, 1), reshape=False, order=1, mode="nearest"
    )
    return turned.reshape(n_pixels, n_pixels).T.astype("float32")


def unit(pixels: Any) -> Any:
    """uint8 0..255 as floatX in [0, 1]."""
    return T.cast(pixels, theano.config.floatX) / np.float32(255)
