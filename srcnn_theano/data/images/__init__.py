"""Image files of any kind as arrays, and back."""

from srcnn_theano.data.images.picture import IMAGE_SUFFIXES, Picture
from srcnn_theano.data.images.reading import read_picture, read_pixels, read_rgb
from srcnn_theano.data.images.writing import (
    check_writable,
    write_bands,
    write_picture,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "Picture",
    "check_writable",
    "read_picture",
    "read_pixels",
    "read_rgb",
    "write_bands",
    "write_picture",
]
