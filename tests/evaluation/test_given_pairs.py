"""``srcnn-theano evaluate --low LOW --high HIGH``: pairs of files that exist."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.cli import main
from srcnn_theano.data.datasets import image_paths
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import degrade
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.given_pairs import paired_files, score_pairs
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.inference import build_predictor
from srcnn_theano.weights import load_for_scale, save_weights


def reduced(path, out, protocol):
    """Write the small image that a protocol makes of a file, which is in 8 bits."""
    low_res = degrade(read_pixels(path), protocol.recipe).low_res
    values = np.uint8(np.rint(255 * low_res))
    Image.fromarray(values if values.shape[2] == 3 else values[..., 0]).save(str(out))


@pytest.fixture
def pairs(picture, tmp_path):
    """Folders of small images and originals: four pairs in four ways of naming."""
    low, high = tmp_path / "low", tmp_path / "high"
    protocol = make_protocol("standard-rgb", 2)
    for folder in (low / "more", high / "more"):
        folder.mkdir(parents=True)
    for small, original in (
        ("a.png", "a.bmp"),
        ("bx2.png", "b.png"),
        ("more/c_X2.png", "more/c.png"),
        ("more/d_lr.png", "more/d_HR.png"),
    ):
        Image.open(str(picture)).save(str(high / original))
        reduced(picture, low / small, protocol)
    return low, high


def test_names_tell_what_belongs_together(pairs):
    low, high = pairs
    assert paired_files(low, high, 2) == [
        (low / "a.png", high / "a.bmp"),
        (low / "bx2.png", high / "b.png"),
        (low / "more/c_X2.png", high / "more/c.png"),
        (low / "more/d_lr.png", high / "more/d_HR.png"),
    ]
    alone = low / "a.png", high / "b.png"
    assert paired_files(*alone, 2) == [alone]


def test_a_name_that_both_have_is_whole(tmp_path):
    """Its end is no scale, as it is where the original has none."""
    names = [
        ("box2.png", "box2.png"),
        ("deep/x2.png", "deep/x2.png"),
        ("fox2x2.png", "fox2.png"),
        ("index2.jpg", "index2.png"),
        ("lone_HR.png", "lone_HR.png"),
        ("wide_LR.png", "wide_LR.png"),
        ("zx2.png", "z.png"),
    ]
    folders = tmp_path / "low", tmp_path / "high"
    for pair in names:
        for folder, name in zip(folders, pair):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (1, 1)).save(str(folder / name))
    expected = [tuple(f / n for f, n in zip(folders, pair)) for pair in names]
    assert paired_files(*folders, 2) == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_pairs_that_a_protocol_would_make_score_as_under_it(
    picture, pairs, channels, passing_on
):
    protocol = make_protocol("standard-rgb", 2)
    network = build_predictor(passing_on(channels, gain=0.9))
    (expected, _) = score_files([picture], protocol, network)
    failed: list = []
    *scores, mean = score_pairs(paired_files(*pairs, 2), protocol, network, failed)
    names = [score.image for score in scores]
    assert names == ["a.png", "bx2.png", "c_X2.png", "d_lr.png"]
    assert not failed and mean.image == "mean"
    for score in [*scores, mean]:
        np.testing.assert_allclose(score[1:], expected[1:], rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_luma_of_pairs_is_that_of_the_protocol_but_for_rounding(
    picture, pairs, channels, repeating
):
    protocol = make_protocol("standard", 2)
    network = build_predictor(repeating(channels, 2))
    (expected, _) = score_files([picture], protocol, network)
    *_, mean = score_pairs(paired_files(*pairs, 2), protocol, network, [])
    np.testing.assert_allclose(mean[1::2], expected[1::2], atol=0.02)  # dB
    np.testing.assert_allclose(mean[2::2], expected[2::2], atol=1e-3)  # SSIM


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_pairs_are_scored_as_grey_files(picture, tmp_path, channels, passing_on):
    Image.open(str(picture)).convert("L").save(str(tmp_path / "grey.png"))
    protocol = make_protocol("standard", 2)
    reduced(tmp_path / "grey.png", tmp_path / "small.png", protocol)
    network = build_predictor(passing_on(channels, gain=0.9))
    (expected, _) = score_files([tmp_path / "grey.png"], protocol, network)
    files = [(tmp_path / "small.png", tmp_path / "grey.png")]
    np.testing.assert_allclose(
        score_pairs(files, protocol, network, [])[0][1:], expected[1:], atol=0.02
    )


def evaluated(words, capsys):
    """The exit status of `evaluate`, its report, and what was said beside it."""
    status = main(["evaluate", "--scale", "2", "--json", *map(str, words)])
    shown = capsys.readouterr()
    return status, json.loads(shown.out) if shown.out else None, shown.err


def test_the_command_names_pairs_that_cannot_be_scored(
    pairs, tmp_path, capsys, passing_on
):
    low, high = pairs
    save_weights(tmp_path / "same.h5", passing_on(1))
    words = ["--low", low, "--high", high, "--weights", tmp_path / "same.h5"]
    status, report, said = evaluated(words, capsys)
    scores = report["folders"][str(low)]
    assert (status, said) == (0, "") and len(scores) == 5
    assert scores[0]["psnr"] == pytest.approx(scores[0]["bicubic_psnr"], abs=0.02)

    Image.new("RGB", (40, 30)).save(str(low / "a.png"))
    Image.new("L", (31, 25)).save(str(low / "bx2.png"))
    for name in ("c_X2.png", "d_lr.png"):
        (low / "more" / name).write_bytes(b"no picture")
    status, report, said = evaluated(words, capsys)
    assert (status, report["folders"]) == (2, {str(low): []})
    assert "a.png: 40x30 pixels, and " in said and "62x50, which are not 2 tim" in said
    assert "bx2.png: one of it and " in said and "c_X2.png: not an image" in said
    assert len(report["failed"]) == 4


def test_options_that_do_not_fit_together(pairs, tmp_path, capsys):
    low, high = pairs
    for words in (
        [],
        ["--low", low],
        ["--high", high],
        [low, "--low", low, "--high", high],
    ):
        status, _, said = evaluated(words, capsys)
        assert status == 2 and "folders of images, or else --low and --high" in said
    words = ["--low", low, "--high", high, "--protocol", "course"]
    status, _, said = evaluated(words, capsys)
    assert status == 2 and "--protocol course: " in said


def test_files_without_their_others_are_refused(pairs, tmp_path):
    low, high = pairs
    with pytest.raises(UserError, match="--low .* is a folder, --high .* is nothing"):
        paired_files(low, tmp_path / "none", 2)
    with pytest.raises(UserError, match="'bx2'.* as in bx2x3.png"):
        paired_files(low, high, 3)
    (low / "ax2.png").write_bytes((low / "a.png").read_bytes())
    with pytest.raises(UserError, match="a.png and ax2.png are both 'a'; leave one"):
        paired_files(low, high, 2)
    (low / "ax2.png").unlink()
    (low / "a.png").unlink()
    with pytest.raises(UserError, match="--low .*: has no image for 'a'; .* ax2.png"):
        paired_files(low, high, 2)


@pytest.mark.data
@pytest.mark.parametrize("scale", [2, 4])
def test_small_images_of_matlab_score_as_ours(data_dir, tmp_path, scale):
    """They are rounded between the axes, too: one level in most places."""
    small = sorted((data_dir / "matlab_lr" / "Set5" / f"x{scale}").iterdir())
    originals = sorted(image_paths(data_dir, "Set5"))
    assert len(small) == len(originals)
    network = build_predictor(load_for_scale(scale, None, None)[1])
    protocol = make_protocol("standard-rgb", scale)
    scores = score_pairs(list(zip(small, originals)), protocol, network, [])
    expected = score_files(originals, protocol, network)
    for ours, theirs in zip(scores, expected):
        np.testing.assert_allclose(ours[1::2], theirs[1::2], atol=0.05)  # dB
        np.testing.assert_allclose(ours[2::2], theirs[2::2], atol=1e-3)  # SSIM
