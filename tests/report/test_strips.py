import re
from pathlib import Path

import pytest
from PIL import Image

from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.pages.pixels import Crop
from srcnn_theano.report import report, strips
from srcnn_theano.weights import save_weights


def test_strips_by_cost_need_every_network(
    perceptual, tmp_path, monkeypatch, repeating, write_run
):
    """Two of three are there, and then all."""
    image = tmp_path / "data" / "Set5" / "butterfly_GT.bmp"
    for name in ("T91", "Set5", "Set14"):
        (tmp_path / "data" / name).mkdir(parents=True)
    Image.new("RGB", (96, 84), (200, 100, 50)).save(str(image))
    crop = Crop("Set5", image.name, 12, 24, 48)
    names = (
        "fsrcnn_relu_described",
        "fsrcnn_vgg_described",
        "fsrcnn_vgg_mse_described",
    )
    monkeypatch.setattr(strips, "_STRIPS", ())
    monkeypatch.setattr(strips, "_COST_STRIPS", ((names, crop),))
    monkeypatch.setattr(report, "find_data_dir", Path)

    def trained(name):
        folder = perceptual / name
        if not folder.exists():
            write_run(perceptual, name, EXPERIMENTS[name].measure.n_epochs)
        save_weights(folder / "weights.h5", repeating(3, 4))
        path = folder / "results.json"
        path.write_text(path.read_text().replace("one.bmp", image.name))

    def written(out):
        report.write_report(out, perceptual, tmp_path / "data")
        return (out / "report.md").read_text()

    trained(names[0])
    trained(names[1])
    assert "### By cost" not in written(tmp_path / "two")
    trained(names[2])
    text = written(tmp_path / "three")
    strip = text[text.index("### By cost") :]
    assert (
        "| low resolution | bicubic, 25.75 dB | MSE: `fsrcnn_relu_described`, 27.75 dB "
        "| VGG: `fsrcnn_vgg_described`, 27.75 dB "
        "| VGG + MSE: `fsrcnn_vgg_mse_described`, 27.75 dB "
        "| original |"
    ) in strip
    shown = re.findall(r"\((strip-.*?png)\)", strip)
    stem = "strip-fsrcnn_vgg_mse_described-butterfly_GT-"
    versions = ("low", "bicubic") + names + ("original",)
    assert shown == [stem + version + ".png" for version in versions]
    assert all((tmp_path / "three" / name).is_file() for name in shown)


@pytest.mark.parametrize(
    "path, flags, reason",
    [("/nowhere", "", "no such C++ compiler"), ("/bin", "cxx=", "turns C code off")],
)
def test_without_a_compiler_the_report_says_why_it_has_no_strips(
    runs, tmp_path, monkeypatch, path, flags, reason
):
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("THEANO_FLAGS", flags)
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")
    monkeypatch.setattr(report, "find_data_dir", Path)
    (runs / "table1_adam_programmed" / "weights.h5").write_bytes(b"never read")
    report.write_report(tmp_path / "out", runs, tmp_path / "data")
    text = (tmp_path / "out" / "report.md").read_text()
    section = text[text.index("## Low resolution, bicubic") :]
    assert "because no network can be compiled" in section and reason in section
    assert not list((tmp_path / "out").glob("strip-*"))
