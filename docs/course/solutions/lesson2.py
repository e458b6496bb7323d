"""Solutions of lesson 2."""

import numpy as np


def box_blur(size):
    return np.full((size, size), 1 / size**2)


def shift(rows, cols):
    weights = np.zeros((5, 5))
    # The pixel that arrives has come from above and from the left.
    weights[2 - rows, 2 - cols] = 1
    return weights
