"""PSNR and SSIM, and the ways to average them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from srcnn_theano.errors import UserError

# Identical sub-images would have an infinite PSNR; they count as 70 dB, as if one value
# in 154 were off by one level of 255.
MSE_FLOOR = 1e-7

_WINDOW = 11
_SIGMA = 1.5


def psnr_of_mse(
    mse: float | np.ndarray, peak: float = 1.0, floor: float = 0.0
) -> np.ndarray:
    """Peak signal-to-noise ratio in dB.

    PSNR = 10 log10(peak^2 / mse)

    Parameters
    ----------
    mse : float or array
        Mean squared error, in the units of `peak`.
    peak : float
        The largest value that the signal can take.
    floor : float
        A smaller `mse` counts as this much. With 0, equal images give infinity.

    Returns
    -------
    array of mse's shape
    """
    with np.errstate(divide="ignore"):
        return 10 * np.log10(peak**2 / np.maximum(np.asarray(mse, float), floor))


def psnr(a: np.ndarray, b: np.ndarray, peak: float) -> float:
    """PSNR in dB of two images of one shape, all channels together.

    Parameters
    ----------
    a, b : array
        Any dtype; computed in float64.
    peak : float
        255 for uint8, 1 for floats in [0, 1].
    """
    a, b = _two_alike(a, b)
    return float(psnr_of_mse(np.mean((a - b) ** 2), peak))


def ssim(a: np.ndarray, b: np.ndarray, peak: float) -> float:
    """Structural similarity, as the reference implementation of Wang et al. gives it.

    SSIM = mean of (2 m_a m_b + C1) (2 s_ab + C2)
                   / ((m_a^2 + m_b^2 + C1) (s_a^2 + s_b^2 + C2))

    with local means m, variances s^2 and covariance s_ab under an 11x11 Gaussian window
    of sigma 1.5, C1 = (0.01 peak)^2 and C2 = (0.03 peak)^2, averaged over the positions
    where the window lies within the image.

    Parameters
    ----------
    a, b : array, (rows, cols) or (rows, cols, channels)
        At least 11x11 pixels; of several channels the mean is taken.
    peak : float
        255 for uint8, 1 for floats in [0, 1].

    Returns
    -------
    float, at most 1

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment:
    from error visibility to structural similarity", 2004.
    """
    a, b = _two_alike(a, b)
    if min(a.shape[:2]) < _WINDOW:
        raise UserError(
            f"SSIM needs at least {_WINDOW}x{_WINDOW} pixels, here are "
            f"{a.shape[1]}x{a.shape[0]}"
        )
    mean_a, mean_b = _local_mean(a), _local_mean(b)
    var_a = _local_mean(a * a) - mean_a**2
    var_b = _local_mean(b * b) - mean_b**2
    covariance = _local_mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    similarity /= (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return float(similarity.mean())


def _two_alike(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"images of {a.shape} and {b.shape} pixels")
    return a, b


def _local_mean(image: np.ndarray) -> np.ndarray:
    """Gaussian-weighted mean over each window that lies within the image."""
    half = _WINDOW // 2
    weights = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    for axis in (0, 1):
        image = ndimage.correlate1d(image, weights, axis)
    return image[half:-half, half:-half]


def mse_per_patch(output: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Mean squared error of each sub-image over all its channels and pixels.

    Parameters
    ----------
    output, target : float array, (n, channels, rows, cols)

    Returns
    -------
    float64 array, (n,)
    """
    difference = np.asarray(output, np.float64) - target
    return np.mean(difference**2, axis=(1, 2, 3))


def aggregate(
    mse: np.ndarray, how: str, peak: float = 1.0, floor: float = MSE_FLOOR
) -> float:
    """One PSNR from the mean squared errors of many sub-images.

    Parameters
    ----------
    mse : array, (n,)
        Of each sub-image, in file order, in the units of `peak`.
    how : str
        "patch": the mean of the sub-images' PSNR. "batchN", such as "batch20": the mean
        over minibatches of N consecutive sub-images of the PSNR of each minibatch's
        error; a last, smaller minibatch is left out. "global": the PSNR of the mean
        error.
    peak, floor
        As in `psnr_of_mse`.

    Returns
    -------
    float
        In dB. By Jensen's inequality "patch" is never below "batchN", nor that
        below "global" of the same sub-images.

    Raises
    ------
    UserError
        An unknown `how`, no sub-images, or fewer than one minibatch.
    """
    mse = np.asarray(mse, np.float64)
    size = _group_size(how, len(mse))
    n_groups = len(mse) // size if size else 0
    if n_groups == 0:
        raise UserError(f"{len(mse)} sub-images are too few to be averaged as {how!r}")
    groups = mse[: n_groups * size].reshape(n_groups, size).mean(axis=1)
    return float(np.mean(psnr_of_mse(groups, peak, floor)))


def _group_size(how: str, n: int) -> int:
    if how == "patch":
        return 1
    if how == "global":
        return n
    if how.startswith("batch") and how[5:].isdigit() and int(how[5:]) > 0:
        return int(how[5:])
    raise UserError(
        f"aggregation {how!r}: it must be 'patch', 'global' or 'batchN', such as "
        "'batch20'"
    )
