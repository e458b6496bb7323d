"""What a network has not learned from: hard black and white, such as text and codes."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from srcnn_theano.data.degradation import imresize
from srcnn_theano.upscale.picture import load_upscaler
from srcnn_theano.weights import shipped_models


def blocks(side):
    levels = np.random.RandomState(0).randint(0, 2, (33, 33)) * 255
    return np.pad(np.kron(levels, np.ones((side, side))), 8, constant_values=255)


def text():
    image = Image.new("1", (160, 60), 1)
    for line in range(5):
        ImageDraw.Draw(image).text((2, 12 * line), "The quick brown fox {[(#%&)]}")
    return np.asarray(image) * 255


def lines():
    image = Image.new("1", (100, 100), 1)
    for start in range(0, 100, 7):
        ImageDraw.Draw(image).line((0, start, 100, 100 - start))
    return np.asarray(image) * 255


def halftone():
    ramp = np.linspace(0, 255, 64 * 64).reshape(64, 64).astype("uint8")
    return np.asarray(Image.fromarray(ramp).convert("1")) * 255


PICTURES = {
    "modules of a pixel": blocks(1),
    "modules of two": blocks(2),
    "modules of three": blocks(3),
    "checkers": np.indices((64, 64)).sum(axis=0) % 2 * 255,
    "text": text(),
    "lines": lines(),
    "halftone": halftone(),
}


def shrunk(image, scale):
    rows, cols = (n // scale for n in image.shape)
    return image.reshape(rows, scale, cols, scale).mean(axis=(1, 3))


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("model", shipped_models())
def test_black_and_white_comes_out_as_it_is(model, scale):
    """Shrunk again, a result is as near to its picture as that of bicubic."""
    upscaler, missed = load_upscaler(scale=scale, model=model), {}
    for name, picture in PICTURES.items():
        larger = upscaler.enlarge(picture.astype("uint8"))
        bicubic = 255 * imresize(picture[..., np.newaxis] / 255, scale)[..., 0].clip(
            0, 1
        )
        ours, theirs = (rms(shrunk(x, scale) - picture) for x in (larger, bicubic))
        if ours > theirs + 2.55:  # a hundredth of the range
            missed[name] = (ours, theirs)
    assert missed == {}
