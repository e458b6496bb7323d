"""Names, formats and options of whole folders, and what is done again."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, features

from srcnn_theano.cli import main
from srcnn_theano.data.datasets import folder_images
from srcnn_theano.data.images import folders, read_picture
from srcnn_theano.data.images.results import results_in
from srcnn_theano.errors import UserError
from srcnn_theano.upscale.plan import Naming, plan
from srcnn_theano.upscale.upscale import upscale_paths
from srcnn_theano.weights import save_weights


@pytest.fixture(scope="module")
def weight_file(tmp_path_factory, passing_on):
    path = tmp_path_factory.mktemp("weights") / "luma.h5"
    save_weights(path, passing_on(1)._replace(about={"scale": 2}))
    return path


def save(path, mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.RandomState(3).randint(0, 256, (3, 4, 3), dtype=np.uint8)
    Image.fromarray(values).convert(mode).save(path, **options)
    return path


def targets(folder, out, **naming):
    jobs = plan([folder], out, Naming(**naming)).jobs
    return sorted(str(job.target.relative_to(out)) for job in jobs)


# --- Which files, and their new names ---


@pytest.mark.parametrize("suffix", ["a/b", "\n", "\x1b[31m", "\0", "\udcff", "\u202e"])
def test_a_suffix_is_printable_and_no_path(suffix, tmp_path, capsys):
    save(tmp_path / "a.png")
    words = ["upscale", str(tmp_path), "--scale=2", f"--out={tmp_path / 'out'}"]
    assert main([*words, f"--suffix={suffix}"]) == 2
    said = capsys.readouterr().err
    assert "--suffix" in said and "leave out" in said and "\x1b" not in said
    assert not (tmp_path / "out").exists()


def test_jpegs_by_any_name_keep_it(tmp_path, weight_file):
    for name in ("a.jfif", "b.jpe", "c.JPEG"):
        save(tmp_path / "in" / name, format="JPEG")
    out = tmp_path / "out"
    upscale_paths([tmp_path / "in"], 2, out, weight_file, progress=False)
    for name in ("a.jfif", "b.jpe", "c.JPEG"):
        with Image.open(out / name) as image:
            assert (image.format, image.size) == ("JPEG", (8, 6))


@pytest.mark.parametrize(
    "suffix, feature", [(".tga", ""), (".jp2", "jpg_2000"), (".avif", "avif")]
)
def test_formats_that_are_only_read_become_png(tmp_path, weight_file, suffix, feature):
    if feature and not features.check(feature):
        pytest.skip(f"this Pillow does not read {suffix}")
    source = save(tmp_path / "in" / ("a" + suffix))
    with Image.open(source) as image:
        expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read_picture(source).pixels, expected)
    out = tmp_path / "out"
    upscale_paths([tmp_path / "in"], 2, out, weight_file, progress=False)
    assert read_picture(out / "a.png").pixels.shape == (6, 8, 3)
    with pytest.raises(UserError, match="no format that can be written"):
        plan([source], tmp_path / ("b" + suffix))


@pytest.mark.parametrize(
    "suffix, mode, format",
    [
        (".apng", "RGB", "PNG"),
        (".dib", "RGB", "BMP"),
        (".j2k", "RGB", "JPEG2000"),
        (".jpf", "RGB", "JPEG2000"),
        (".jpx", "RGB", "JPEG2000"),
        (".mpo", "RGB", "MPO"),
        (".pbm", "1", "PPM"),
        (".pnm", "RGB", "PPM"),
        (".qoi", "RGB", "QOI"),
    ],
)
def test_other_names_of_formats_that_are_read(tmp_path, suffix, mode, format):
    source = tmp_path / ("a" + suffix)
    if format == "QOI":  # not every Pillow writes it: two pixels by hand
        source.write_bytes(
            b"qoif\0\0\0\2\0\0\0\1\3\0\xfe\1\2\3\xfe\4\5\6" + bytes(7) + b"\1"
        )
    elif format == "JPEG2000" and not features.check("jpg_2000"):
        pytest.skip("this Pillow does not read it")
    else:
        save(source, mode, format=format)
    assert targets(tmp_path, tmp_path / "out") == ["a.png"]
    picture = read_picture(source)
    if format == "QOI":
        np.testing.assert_array_equal(picture.pixels, [[[1, 2, 3], [4, 5, 6]]])
    assert picture.notes == ()


def test_telephones_pictures_are_named_with_the_cure(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(UserError, match=r"a.heic: .*srcnn-theano\[heif\]"):
        read_picture(tmp_path / "a.heic")


def test_a_gif_beside_a_png_of_its_name(tmp_path):
    for name in ("a.gif", "a.png", "b.gif", "deep/a.gif"):
        save(tmp_path / name)
    names = ["a.gif.png", "a.png", "b.png", "deep/a.png"]
    assert targets(tmp_path, tmp_path / "out") == names


def test_a_name_that_is_free_is_found(tmp_path):
    for name in ("a.gif", "a.png", "a.gif.png", "a.gif-2.png"):
        save(tmp_path / name)
    names = ["a.gif-2.png", "a.gif-3.png", "a.gif.png", "a.png"]
    assert targets(tmp_path, tmp_path / "out") == names
    jobs = plan([tmp_path], tmp_path / "out").jobs
    assert {job.source.name: job.target.name for job in jobs}["a.gif"] == "a.gif-3.png"


@pytest.mark.parametrize("letter", ["n", "é"])
def test_long_names_that_differ_at_their_ends(tmp_path, letter):
    stem = letter * ((250 - len(".png")) // len(letter.encode()))
    for end in "ab":
        save(tmp_path / f"{stem}{end}.png")
    names = targets(tmp_path, tmp_path / "out", suffix="_x2")
    assert len(set(names)) == 2
    for name in names:
        assert name.startswith(stem[:100]) and name.endswith("_x2.png")
        assert len(os.fsencode(name)) <= 255
    assert targets(tmp_path, tmp_path / "out") == [f"{stem}{end}.png" for end in "ab"]


def test_what_is_passed_over_is_named(tmp_path, capsys, weight_file):
    save(tmp_path / "in" / "a.png")
    for name in ("b.psd", "notes.txt", "more.txt", "README", ".hidden"):
        (tmp_path / "in" / name).write_text("")
    save(tmp_path / "elsewhere" / "c.png")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    command = ["upscale", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main([*command, "--scale", "2", "--weights", str(weight_file)]) == 0
    said = capsys.readouterr().err
    assert "passed over by their names: 1 .psd, 2 .txt, 1 no suffix; name a" in said
    assert "link: a link to a folder, passed over" in said


def test_a_folder_that_cannot_be_read_is_an_error_and_ends_nothing(
    tmp_path, capsys, weight_file, monkeypatch
):
    save(tmp_path / "in" / "a.png")
    save(tmp_path / "in" / "closed" / "b.png")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(folders.os, "scandir", scandir)
    command = ["upscale", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main([*command, "--scale", "2", "--weights", str(weight_file)]) == 2
    shown = capsys.readouterr()
    assert "1 picture written, 1 failed" in shown.out
    assert "closed: cannot be looked into (Permission denied)" in shown.err


@pytest.mark.parametrize("letter", ["n", "é", "\N{GRINNING FACE}"])
def test_names_as_long_as_can_be(tmp_path, weight_file, letter):
    stem = letter * ((255 - len(".gif")) // len(letter.encode()))
    source = save(tmp_path / "in" / (stem + ".gif"))
    assert len(os.fsencode(source.name)) > 250
    save(tmp_path / "in" / (stem + ".png"))
    out, naming = tmp_path / "out", Naming(suffix="_x2")
    summary = upscale_paths(
        [tmp_path / "in"], 2, out, weight_file, progress=False, naming=naming
    )
    assert summary.failed == [] and len(summary.written) == 2
    assert all(len(os.fsencode(path.name)) <= 255 for path in summary.written)


# --- Options ---


def test_format_and_suffix(tmp_path):
    for name in ("a.jpeg", "b.png", "c.gif", "d.TIF"):
        save(tmp_path / name)
    out = tmp_path / "out"
    expected = ["a_big.jpeg", "b_big.jpg", "c_big.jpg", "d_big.jpg"]
    assert targets(tmp_path, out, format="jpg", suffix="_big") == expected
    assert targets(tmp_path, out, suffix=".x2")[0] == "a.x2.jpeg"


@pytest.mark.parametrize(
    "naming, message",
    [
        ({"format": "xyz"}, "--format xyz: no format"),
        ({"format": "heic"}, "--format heic: no format"),
        ({"suffix": "a/b"}, "--suffix a/b"),
        ({"quality": 0}, "--quality 0: must be 1 to 100"),
        ({"quality": 80}, "--quality 80: is for JPEG and WebP"),
    ],
)
def test_options_that_cannot_be(tmp_path, naming, message):
    source = save(tmp_path / "a.png")
    with pytest.raises(UserError, match=message):
        plan([source], tmp_path / "out", Naming(**naming))


def test_options_beside_the_name_of_a_file(tmp_path):
    source = save(tmp_path / "a.png")
    with pytest.raises(UserError, match="--suffix _x2 .*a name already"):
        plan([source], tmp_path / "b.png", Naming(suffix="_x2"))
    with pytest.raises(UserError, match="--format .jpg .*two formats"):
        plan([source], tmp_path / "b.png", Naming(format="jpg"))
    plan([source], tmp_path / "b.jpeg", Naming(format="jpg", quality=50))


# --- Resume ---


def test_resume_makes_again_what_something_else_has_made(tmp_path, weight_file):
    source, out = save(tmp_path / "in" / "a.jpg").parent, tmp_path / "out"

    def run(scale=2, **options):
        summary = upscale_paths(
            [source], scale, out, weight_file, resume=True, progress=False, **options
        )
        return len(summary.written), len(summary.skipped)

    assert run() == (1, 0)
    assert run() == (0, 1)
    assert run(tta=True) == (1, 0)
    assert run(tta=True) == (0, 1)
    assert run(naming=Naming(quality=50)) == (1, 0)
    assert run(scale=3) == (1, 0)
    assert read_picture(out / "a.jpg").pixels.shape == (9, 12, 3)
    assert run() == (1, 0)
    # Another source, or another result by the same name.
    save(source / "a.jpg", "L")
    assert run() == (1, 0)
    (out / "a.jpg").write_bytes(b"by hand")
    assert run() == (1, 0)
    # A record that is damaged or cut off is no record.
    record = out / ".srcnn-theano.jsonl"
    record.write_bytes(b"[1]\n{}\n\xff\n" + record.read_bytes()[:-9])
    assert run() == (1, 0)
    assert run() == (0, 1)


def test_resume_knows_another_picture_of_one_size_and_time(tmp_path, weight_file):
    out, runs = tmp_path / "out", []
    for folder, colour in (("a", "red"), ("b", "blue"), ("b", "blue")):
        path = tmp_path / folder / "1.bmp"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 3), colour).save(path)
        os.utime(path, ns=(10**18, 10**18))
        summary = upscale_paths(
            [path.parent], 2, out, weight_file, resume=True, progress=False
        )
        runs.append((len(summary.written), len(summary.skipped)))
    assert runs == [(1, 0), (1, 0), (0, 1)]
    with Image.open(out / "1.bmp") as image:
        red, _, blue = image.getpixel((0, 0))
    assert red < 10 and blue > 245


def test_resume_goes_on_in_the_folder_of_the_pictures(tmp_path, weight_file):
    for name in ("A.JPG", "b.gif", "deep/c.png"):
        save(tmp_path / name)

    def run(*inputs, suffix="_x2", resume=True):
        summary = upscale_paths(
            inputs or [tmp_path],
            2,
            tmp_path,
            weight_file,
            resume=resume,
            progress=False,
            naming=Naming(suffix=suffix),
        )
        assert summary.failed == []
        names = sorted(path.name for path in summary.written)
        return names, len(summary.skipped)

    made = ["A_x2.JPG", "b_x2.png", "c_x2.png"]
    assert run() == (made, 0)
    assert run() == ([], 3)
    save(tmp_path / "d.png")
    assert run() == (["d_x2.png"], 3)
    assert run(resume=False) == ([*made, "d_x2.png"], 0)
    # By name, as a shell lists them, and one of them to be enlarged again.
    named = sorted(tmp_path.glob("[Ab]*"))
    assert [path.name for path in named] == ["A.JPG", "A_x2.JPG", "b.gif", "b_x2.png"]
    assert run(*named) == ([], 2)
    assert run(tmp_path / "A_x2.JPG") == (["A_x2_x2.JPG"], 0)
    with pytest.raises(UserError, match="A_x2.JPG would be overwritten"):
        run(tmp_path / "A_x2.JPG", suffix="")
    # What has taken the place of a result is none.
    save(tmp_path / "A_x2.JPG", "L")
    with pytest.raises(UserError, match="A_x2.JPG would be overwritten"):
        run()


@pytest.mark.parametrize("where", ["", "large"])
def test_results_beside_pictures_are_no_pictures(tmp_path, weight_file, capsys, where):
    """Neither to enlarge elsewhere, nor to learn from or to be scored."""
    folder = tmp_path / "in"
    pictures = [save(folder / name) for name in ("a.png", "deep/b.gif", "deep/c.png")]
    upscale_paths(
        [folder],
        2,
        folder / where,
        weight_file,
        progress=False,
        naming=Naming(suffix="_x2"),
    )
    alone = folder / "a x2.png"
    upscale_paths([pictures[0]], 2, alone, weight_file, progress=False, resume=True)
    assert folder_images(folder) == pictures
    assert (
        "in: passed over 4 results of `srcnn-theano upscale` beside the pictures\n"
        in capsys.readouterr().err
    )
    words = ["upscale", folder, "--scale=2", f"--weights={weight_file}"]
    assert main([str(word) for word in [*words, f"--out={tmp_path / 'out'}"]]) == 0
    shown = capsys.readouterr()
    assert "3 pictures written" in shown.out and "passed over 4 results" in shown.err
    # Below what was enlarged; and what has taken the place of a result.
    if not where:
        assert folder_images(folder / "deep") == pictures[1:]
    save(folder / "a x2.png", "L")
    assert folder_images(folder) == [folder / "a x2.png", *pictures]


def test_a_folder_of_results_alone(tmp_path, weight_file):
    source, out = save(tmp_path / "in" / "a.png"), tmp_path / "out"
    upscale_paths([source], 2, out, weight_file, progress=False)
    with pytest.raises(UserError, match="no pictures .* but results of before"):
        plan([out], out, Naming(suffix="_x2"), results_in(out))
    # They are pictures as any other where there are no others.
    assert folder_images(out) == [out / "a.png"]
    assert targets(out, tmp_path / "x4") == ["a.png"]


def test_resume_of_a_single_file(tmp_path, weight_file):
    source, out = save(tmp_path / "a.png"), tmp_path / "b.png"
    for resume, n_written in ((False, 1), (True, 1), (True, 0)):
        summary = upscale_paths(
            [source], 2, out, weight_file, resume=resume, progress=False
        )
        assert len(summary.written) == n_written


# --- Names in other alphabets ---


@pytest.mark.parametrize(
    "surroundings",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    ],
)
def test_any_name_under_a_terminal_of_ascii(tmp_path, weight_file, surroundings):
    save(tmp_path / "in" / "größe-\N{CJK UNIFIED IDEOGRAPH-5927}.png")
    (tmp_path / "in" / "é.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    answer = subprocess.run(
        [sys.executable, "-m", "srcnn_theano", "upscale", tmp_path / "in"]
        + ["--scale", "2", "--out", out, "--weights", weight_file],
        env={**os.environ, **surroundings},
        capture_output=True,
    )
    assert answer.stdout == b"1 picture written, 1 failed\n"
    assert answer.returncode == 2 and b"Traceback" not in answer.stderr
    names = {os.fsencode(path.name) for path in out.iterdir()}
    assert "größe-\N{CJK UNIFIED IDEOGRAPH-5927}.png".encode() in names
