"""Image files of any kind as arrays, and back."""

from srcnn_theano.data.images.folders import pictures_below
from srcnn_theano.data.images.picture import (
    FORMATS,
    IMAGE_SUFFIXES,
    QUALITY,
    Picture,
)
from srcnn_theano.data.images.reading import (
    n_pixels,
    read_picture,
    read_pixels,
    read_rgb,
)
from srcnn_theano.data.images.writing import (
    check_writable,
    write_bands,
    write_picture,
)

__all__ = [
    "FORMATS",
    "IMAGE_SUFFIXES",
    "QUALITY",
    "Picture",
    "check_writable",
    "n_pixels",
    "pictures_below",
    "read_picture",
    "read_pixels",
    "read_rgb",
    "write_bands",
    "write_picture",
]
