"""What colours of a file mean: inks, profiles, and what lies under transparency."""

from __future__ import annotations

import io
from typing import Any, Callable

import numpy as np

from srcnn_theano.data.degradation import from_float, to_float

# Radius in pixels within which hidden colours are made of visible ones: beyond it, no
# network and no bicubic looks from a visible pixel.
_REACH, _SIGMA = 8, 2
_ROWS = 256

# --- Inks ---


def from_inks(profile: bytes | None) -> tuple[Callable[[Any], Any], str]:
    """What makes RGB of a CMYK image of Pillow's, and what to say of it.

    By its profile into sRGB, relative to the white of paper and with black point
    compensation, as programs for printing show it; without a profile, or with a
    damaged one, as 255 less each ink and black.
    """
    from PIL import ImageCms

    def plain(inks: Any) -> Any:
        return inks.convert("RGB")

    if not profile:
        return plain, "CMYK became RGB without a profile"
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            "CMYK",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return plain, "CMYK became RGB without its profile, a damaged one"
    return transform.apply, "CMYK became sRGB by its profile"


# --- Profiles ---

_SPACES = {b"GRAY": "grey", b"RGB ": "RGB", b"CMYK": "CMYK", b"Lab ": "Lab"}


def misfit(profile: bytes, n_colours: int) -> str:
    """What to say of an ICC profile that is not for this number of colours, or ""."""
    space = profile[16:20]
    wanted = b"GRAY" if n_colours == 1 else b"RGB "
    if profile[36:40] != b"acsp" or space not in _SPACES or space == wanted:
        return ""
    return (
        f"its colour profile is for {_SPACES[space]} and does not fit "
        f"{_SPACES[wanted]}: left out"
    )


# --- Transparency ---


def spread_colours(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The colours of a picture, those that nobody sees made of visible ones nearby.

    What lies under full transparency is arbitrary, often black, and would be mixed
    into the edges of what is visible. A pixel whose alpha is at least a quarter of the
    highest around it keeps its colour, so that what is transparent all over stays as
    it is; one with less becomes, in proportion, the mean of the colours near it,
    weighted by alpha.

    Parameters
    ----------
    pixels : uint8 or uint16 array, (rows, cols, channels)
    alpha : array, (rows, cols), of the same dtype

    Returns
    -------
    array like `pixels`
    """
    if alpha.min() == alpha.max():
        return pixels
    result = pixels.copy()
    for start in range(0, len(pixels), _ROWS):
        first = max(start - _REACH, 0)
        stop = min(start + _ROWS, len(pixels))
        part = slice(first, min(stop + _REACH, len(pixels)))
        if alpha[part].min() < alpha[part].max():
            spread = _spread(pixels[part], alpha[part])
            result[start:stop] = spread[start - first : stop - first]
    return result


def _spread(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter, maximum_filter

    single = np.dtype("float32")
    weights = to_float(alpha, single)
    near = gaussian_filter(weights, _SIGMA, mode="constant", truncate=_REACH / _SIGMA)
    own = np.minimum(4 * weights / np.maximum(maximum_filter(weights, 5), 1e-6), 1)
    # Where nothing is visible, all stays as it is.
    own[near < 1e-6] = 1
    mixed = np.flatnonzero(own.ravel() < 1)
    result = pixels.copy()
    for channel in range(pixels.shape[2]):
        values = to_float(pixels[..., channel], single)
        mean = gaussian_filter(
            values * weights, _SIGMA, mode="constant", truncate=_REACH / _SIGMA
        )
        mean = mean.ravel()[mixed] / near.ravel()[mixed]
        share = own.ravel()[mixed]
        values = share * values.ravel()[mixed] + (1 - share) * mean
        plane = result[..., channel].ravel()
        plane[mixed] = from_float(values, pixels.dtype)
        result[..., channel] = plane.reshape(alpha.shape)
    return result
