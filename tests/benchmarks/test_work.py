"""How much work a job is, counted by hand."""

from benchmarks.work import WORKS, multiply_adds

# Multiply-adds of SRCNN 9-1-5 RGB on 33x33: maps of 25x25, 25x25 and 21x21.
CONV1 = 25 * 25 * 64 * (3 * 9 * 9)
CONV2 = 25 * 25 * 32 * 64
CONV3 = 21 * 21 * 3 * (32 * 5 * 5)


def test_srcnn_step():
    # Images need no gradient, so the first convolution is done twice, not thrice.
    one = 2 * CONV1 + 3 * (CONV2 + CONV3)
    assert one == 26455200
    assert multiply_adds(WORKS["srcnn-20"]) == 20 * one
    assert multiply_adds(WORKS["srcnn-100"]) == 100 * one


def test_steps_in_a_row_are_as_many_as_there_are_whole_minibatches():
    steps, one = WORKS["vgg-1000-steps"], WORKS["vgg-1000"]
    assert steps.kind == "steps" and steps.perceptual
    assert multiply_adds(steps) == 64 * multiply_adds(one)
    fewer = steps._replace(n_sub_images=2999)
    assert multiply_adds(fewer) == 2 * multiply_adds(one)


def test_fsrcnn_on_few_pixels(minis):
    work = minis["mini-fsrcnn-step"]._replace(size=(4, 4))
    # Pixels of four that lie under the taps: of a filter of 5, 3 + 4 + 4 + 3; of 3,
    # 2 + 3 + 3 + 2. Of the stamps of 9 pixels, two pixels each are cut off at the ends.
    first = 14**2 * 3 * 56
    mapping = 10**2 * 12 * 12
    deconv = (7 + 9 + 9 + 7) ** 2 * 56 * 3
    shrink_and_expand = 4**2 * (56 * 12 + 12 * 56)
    forward = first + shrink_and_expand + 4 * mapping + deconv
    assert multiply_adds(work) == 2 * (3 * forward - first)
    assert multiply_adds(work._replace(kind="image")) == forward


def test_perceptual_step():
    srcnn = 2 * CONV1 + 3 * (CONV2 + CONV3)
    # 2 + 19 * 3 + 2 taps of pixels along each side of 21x21, likewise of 10x10.
    vgg = 61**2 * (3 * 64 + 64 * 64) + 28**2 * (64 * 128 + 128 * 128)
    assert multiply_adds(WORKS["vgg-100"]) == 100 * (srcnn + 3 * vgg)


def test_images_of_one_megapixel():
    maps = 1004**2 * 64 * 81 + 1004**2 * 32 * 64
    assert multiply_adds(WORKS["srcnn-image"]) == maps + 1000**2 * 32 * 25
