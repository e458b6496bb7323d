"""Exercises of lesson 2. Check them with: python docs/course/check.py 2"""

import numpy as np


def box_blur(size):
    """A filter, (size, size), that gives the mean of the pixels under it."""
    raise NotImplementedError


def shift(rows, cols):
    """A filter, (5, 5), that moves a picture down by `rows` and right by `cols`.

    As a correlation (filter_flip=False) with border_mode 'half'; both are -2 to 2.
    """
    raise NotImplementedError
