"""Exercises of lesson 6. Check them with: python docs/course/check.py 6"""

import numpy as np


def tent(stride):
    """Weights, 2 * stride - 1 long, whose stamps interpolate linearly.

    1 in the middle, falling by 1 / stride at each side.
    """
    raise NotImplementedError


def stamps_per_pixel(n, kernel, stride):
    """How many stamps reach each pixel of the output, an array of its length.

    `n` stamps of `kernel` pixels, `stride` pixels apart, nothing cut off.
    """
    raise NotImplementedError
