"""Image files of any kind as arrays, and back."""

from srcnn_theano.data.images.colour import spread_colours
from srcnn_theano.data.images.exif import enlarged
from srcnn_theano.data.images.folders import pictures_below
from srcnn_theano.data.images.memory import GIB
from srcnn_theano.data.images.picture import (
    FORMATS,
    IMAGE_SUFFIXES,
    QUALITY,
    Picture,
    array_of,
    check_picture,
    picture_of,
    pixel_bytes,
)
from srcnn_theano.data.images.reading import (
    n_pixels,
    read_picture,
    read_pixels,
    read_rgb,
)
from srcnn_theano.data.images.tiles import inside_and_beyond, rows_of_tiles
from srcnn_theano.data.images.writing import (
    check_writable,
    fitted,
    write_bands,
    write_picture,
)

__all__ = [
    "FORMATS",
    "GIB",
    "IMAGE_SUFFIXES",
    "QUALITY",
    "Picture",
    "array_of",
    "check_picture",
    "check_writable",
    "enlarged",
    "fitted",
    "inside_and_beyond",
    "n_pixels",
    "picture_of",
    "pixel_bytes",
    "pictures_below",
    "read_picture",
    "read_pixels",
    "read_rgb",
    "rows_of_tiles",
    "spread_colours",
    "write_bands",
    "write_picture",
]
