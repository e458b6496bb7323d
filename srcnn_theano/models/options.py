"""Options of each model: their defaults, and the values that they may have.

Theano is not imported, so that a weight file's options can be checked where no network
can be built.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from numbers import Integral

# What a file says may be long.
from reprlib import repr as _short
from typing import Any, Callable, ClassVar, Mapping, Sequence

from srcnn_theano.layers.initializers import INITIALIZERS
from srcnn_theano.layers.lengths import (
    can_crop,
    even_crop,
    resized_halo,
    stamps_halo,
)


def _option(default: Any, words: str, accepts: Callable[[Any], bool]) -> Any:
    return field(default=default, metadata={"words": words, "accepts": accepts})


def _choice(*values: str) -> Any:
    """One of these words; the first is the default."""
    return _option(values[0], f"one of {', '.join(values)}", values.__contains__)


# What an option may ask for: a file of a few bytes must not keep a program busy.
_MOST_MAPS = 4096
_MOST_LAYERS = 64
_MOST_LENGTH = 255
_MOST_SCALE = 16


def _whole(default: int | None, least: int, most: int) -> Any:
    """A whole number; also None, if that is the default."""
    words = f"a whole number from {least} to {most}"
    if default is None:
        words += ", or None"
    return _option(
        default,
        words,
        lambda value: (
            _is_whole(value, least, most) or (default is None and value is None)
        ),
    )


def _colours() -> Any:
    return _option(3, "1 or 3", lambda value: _is_whole(value, 1, 3) and value != 2)


def _wholes(*default: int, most: int) -> Any:
    return _option(
        default,
        f"a list of up to {_MOST_LAYERS} whole numbers from 1 to {most}",
        lambda values: (
            isinstance(values, (tuple, list))
            and len(values) <= _MOST_LAYERS
            and all(_is_whole(value, 1, most) for value in values)
        ),
    )


def _peak() -> Any:
    return _option(
        1.0,
        "a number above 0, at most 65535",
        lambda value: (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and 0 < value <= 65535
        ),
    )


def _mean() -> Any:
    return _option(
        0.0,
        "a number from 0 to 1",
        lambda value: (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and 0 <= value <= 1
        ),
    )


def _is_whole(value: Any, least: int, most: int) -> bool:
    is_number = isinstance(value, Integral) and not isinstance(value, bool)
    return is_number and least <= value <= most


@dataclass(frozen=True)
class Options:
    """Options of a model, and whether it `upscales` (see `models.model.Model`).

    Raises
    ------
    ValueError
        A value that an option must not have, or values that do not fit each other.
    """

    upscales: ClassVar[bool]
    channels: int

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if not option.metadata["accepts"](value):
                raise ValueError(
                    f"{option.name} {_short(value)}: it must be "
                    f"{option.metadata['words']}"
                )
        self._check_together()

    def _check_together(self) -> None:
        """Raise ValueError where values do not fit each other."""


@dataclass(frozen=True)
class SRCNNOptions(Options):
    """The choices when an `SRCNN` is built.

    Parameters
    ----------
    channels : int
        3 for RGB (the report), 1 for the Y channel (Dong et al.).
    n_filters : sequence of int
        Maps after each layer but the last.
    filter_sizes : sequence of int, odd
        Length of each layer's filters: 9-1-5, or 9-3-5 and 9-5-5 of Dong et al., Image
        Super-Resolution Using Deep Convolutional Networks (2016), section 4.3.3.
    batch_norm : 'none', 'hidden' or 'all'
        Batch normalization after no layer, all but the last, or all ('all' because the
        report's 14.0 dB may have come about so).
    test_statistics : 'running' or 'batch'
        The statistics that batch normalization uses at test time.
    clip : bool
        Clip the output to [0, 1] inside the graph, as the report does (section 4.1).
        The gradient outside is then 0.
    initializer : 'he', 'xavier', 'narrow', 'side' or 'hundredth'
        Distribution of the first filters; 'narrow' is Dong et al.'s N(0, 0.001). Those
        of the report's program are 'side', N(0, 2 / side of the input map squared), and
        'hundredth', N(0, 0.01^2), with biases of 1.
    mean : float
        The mean of pixels. At the start the biases of the first layer take it out, and
        those of the last put it back, so that filters see numbers around 0.
    peak : float
        Input and output, which are in [0, 1], are multiplied and divided by it: 255
        for layers that compute with levels.
    """

    upscales: ClassVar[bool] = False

    channels: int = _colours()
    n_filters: Sequence[int] = _wholes(64, 32, most=_MOST_MAPS)
    filter_sizes: Sequence[int] = _wholes(9, 1, 5, most=_MOST_LENGTH)
    batch_norm: str = _choice("none", "hidden", "all")
    test_statistics: str = _choice("running", "batch")
    clip: bool = _option(False, "true or false", lambda value: isinstance(value, bool))
    initializer: str = _choice(*INITIALIZERS, "side", "hundredth")
    mean: float = _mean()
    peak: float = _peak()

    def _check_together(self) -> None:
        if len(self.filter_sizes) != len(self.n_filters) + 1:
            raise ValueError(
                f"filter_sizes {tuple(self.filter_sizes)} and n_filters "
                f"{tuple(self.n_filters)}: n_filters must be shorter by one, because "
                "the last layer has as many maps as there are channels"
            )
        even = [size for size in self.filter_sizes if size % 2 == 0]
        if even:
            raise ValueError(
                f"filter_sizes {tuple(self.filter_sizes)}: {even[0]} is even; only odd "
                "filters cut off as many pixels at one side as at the other"
            )


@dataclass(frozen=True)
class FSRCNNOptions(Options):
    """The choices when an `FSRCNN` is built.

    Parameters
    ----------
    channels : int
        3 for RGB (the report), 1 for the Y channel (Dong et al.).
    scale : int
        Stride of the deconvolution.
    d, s, m : int
        Maps of the features, maps after shrinking, number of mapping layers.
    n_deconv : int or None
        Maps after expanding, which are the filters that the deconvolution has for each
        channel; None is `d`.
    deconv_size : int
        Length of the deconvolution's filters.
    activation : 'prelu' or 'relu'
    slopes : 'map' or 'layer'
        One PReLU slope for each map, or one for the layer (the official weights).
    upsampling : 'deconv', 'bilinear', 'full-border' or 'resize'
        `DeconvLayer` from N(0, 0.001), the same from filters that interpolate,
        `FullBorderDeconvLayer`, whose filters are as long as it takes, or
        `ResizeConvLayer`.
    skip : 'none', 'mapping', 'features' or 'both'
        'mapping' adds the shrunk maps to those after the mapping layers, 'features'
        the first maps to the expanded ones. The report (section 5.1.2, item 2) says
        only "between different layers".
    crop : int or None
        Rows, and columns, cut off before the first; None centres the stamps on the
        pixels (3, 3 and 2 for filters of 9x9 at x2, x3 and x4). The official networks
        were trained with 4.
    initializer : 'he' or 'wide'
        Distribution of the first filters but those of the deconvolution: 'wide' is
        N(0, 0.5^2), as in the report's program.
    padding : 'zeros' or 'none'
        'none' leaves out of `output` all that depends on zeros beyond the input, as
        SRCNN does. The filters are then trained on what they meet in pictures.
    mean, peak : float
        As of `SRCNNOptions`.
    """

    upscales: ClassVar[bool] = True

    channels: int = _colours()
    scale: int = _whole(4, 2, _MOST_SCALE)
    d: int = _whole(56, 1, _MOST_MAPS)
    s: int = _whole(12, 1, _MOST_MAPS)
    m: int = _whole(4, 0, _MOST_LAYERS)
    n_deconv: int | None = _whole(None, 1, _MOST_MAPS)
    deconv_size: int = _whole(9, 1, _MOST_LENGTH)
    activation: str = _choice("prelu", "relu")
    slopes: str = _choice("map", "layer")
    upsampling: str = _choice("deconv", "bilinear", "full-border", "resize")
    skip: str = _choice("none", "mapping", "features", "both")
    crop: int | None = _whole(None, 0, _MOST_LENGTH)
    initializer: str = _choice("he", "wide")
    padding: str = _choice("zeros", "none")
    mean: float = _mean()
    peak: float = _peak()

    @property
    def n_expanded(self) -> int:
        """Maps after expanding."""
        return self.d if self.n_deconv is None else self.n_deconv

    @property
    def stamp_distance(self) -> int:
        """Pixels of the output from one stamp to the next."""
        return 1 if self.upsampling in ("full-border", "resize") else self.scale

    @property
    def stamp_crops(self) -> tuple[int, int]:
        """Rows, and columns, cut off the stamps to leave `scale` times the input."""
        if self.upsampling == "full-border":
            return 0, 0
        overhang = self.deconv_size - self.stamp_distance
        if self.crop is None:
            return even_crop(overhang)
        return self.crop, overhang - self.crop

    @property
    def crops(self) -> tuple[int, int]:
        """Rows, and columns, that the deconvolution cuts off: (before, after)."""
        before, after = self.stamp_crops
        if self.padding == "zeros":
            return before, after
        # Of the outermost pixels of its input it gives no pixel, only stamps.
        around = self.scale * self.stamps_reach
        return before + around, after + around

    @property
    def stamps_reach(self) -> int:
        """Halo of the upsampling, in pixels of its input."""
        halo = resized_halo if self.upsampling == "resize" else stamps_halo
        return halo(self.deconv_size, self.scale, self.stamp_crops[0])

    def _check_together(self) -> None:
        if self.skip in ("features", "both") and self.n_expanded != self.d:
            raise ValueError(
                f"skip {self.skip!r} adds {self.d} maps to {self.n_expanded}; they "
                "must be as many"
            )
        if self.upsampling == "full-border" and self.padding == "none":
            raise ValueError(
                "padding 'none': upsampling 'full-border' has no part of its output "
                "that depends on no zeros; use 'deconv' or 'bilinear'"
            )
        if self.upsampling == "full-border":
            fits = self.deconv_size >= self.scale
        else:
            fits = max(self.crops) < self.deconv_size and can_crop(
                self.deconv_size, self.stamp_distance, self.crops
            )
        if not fits:
            shape = (self.n_expanded, self.channels) + (self.deconv_size,) * 2
            cure = f"crop must be from 0 to {self.deconv_size - 1}"
            if self.padding == "none":
                cure = "with padding 'none' no crop so long fits"
            raise ValueError(
                f"deconv: filters {shape} with stride {self.scale} do not give "
                f"{self.scale} times the input by crop {self.crops}; {cure}"
            )


@dataclass(frozen=True)
class HalfFSRCNNOptions(FSRCNNOptions):
    """As `FSRCNNOptions`, with half of each number of maps and layers."""

    d: int = _whole(28, 1, _MOST_MAPS)
    s: int = _whole(6, 1, _MOST_MAPS)
    m: int = _whole(2, 0, _MOST_LAYERS)


@dataclass(frozen=True)
class LargeFSRCNNOptions(FSRCNNOptions):
    """As `FSRCNNOptions`, with more maps and layers, and what is skipped added."""

    d: int = _whole(64, 1, _MOST_MAPS)
    s: int = _whole(32, 1, _MOST_MAPS)
    m: int = _whole(8, 0, _MOST_LAYERS)
    skip: str = _choice("both", "none", "mapping", "features")


@dataclass(frozen=True)
class StridelessOptions(Options):
    """The choices when a `StridelessFSRCNN` is built.

    Parameters
    ----------
    channels : int
    activation : 'prelu' or 'relu'
        A PReLU has one slope for the layer, 0.5 at first.
    skip : 'both' or 'none'
        Whether the outputs of conv2, conv3 and conv4 are added to those of the layers
        two behind them.
    initializer : 'wide', 'side' or 'he'
        Distribution of the first filters but those of the last layer, N(0, 0.001^2).
        'wide' is N(0, 0.5^2), 'side' N(0, 2 / side of the input map squared).
    peak : float
        As of `FSRCNNOptions`.
    """

    upscales: ClassVar[bool] = True

    channels: int = _colours()
    activation: str = _choice("prelu", "relu")
    skip: str = _choice("both", "none")
    initializer: str = _choice("wide", "side", "he")
    peak: float = _peak()


@dataclass(frozen=True)
class StridelessHalfOptions(StridelessOptions):
    """As `StridelessOptions`; the network has nothing to skip."""

    skip: str = _choice("none")


@dataclass(frozen=True)
class StrideTwoOptions(StridelessOptions):
    """As `StridelessOptions`; the filters of the last layer begin as all others do."""


OPTIONS: dict[str, type[Options]] = {
    "srcnn": SRCNNOptions,
    "fsrcnn": FSRCNNOptions,
    "half-fsrcnn": HalfFSRCNNOptions,
    "fsrcnn-large": LargeFSRCNNOptions,
    "fsrcnn-strideless": StridelessOptions,
    "half-strideless": StridelessHalfOptions,
    "fsrcnn-stride-2": StrideTwoOptions,
}


def checked_options(model_name: str, options: Mapping[str, Any]) -> Options:
    """The options of a model, as a weight file or an experiment has them.

    Parameters
    ----------
    model_name : str
        One of `MODELS`.
    options : mapping of str to value
        Those that differ from the default are enough.

    Raises
    ------
    ValueError
        An unknown model or option, or a value that the model must not have.
    """
    if model_name not in OPTIONS:
        raise ValueError(
            f"no model is called {_short(model_name)}; there are {', '.join(OPTIONS)}"
        )
    if not isinstance(options, Mapping):
        raise ValueError(
            f"the options must have names, which {_short(options)} has not"
        )
    kind = OPTIONS[model_name]
    names = [option.name for option in fields(kind)]
    unknown = sorted(set(options) - set(names))
    if unknown:
        raise ValueError(
            f"the options of {model_name} are {', '.join(names)}; "
            f"{_short(unknown[0])} is not known"
        )
    return kind(**options)
