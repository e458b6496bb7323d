import json

from srcnn_theano.report import report


def test_every_network_s_distance_in_vgg16_stands_beside_its_psnr(perceptual, tmp_path):
    report.write_report(tmp_path / "out", perceptual)
    text = (tmp_path / "out" / "report.md").read_text()
    section = text[text.index("## PSNR against features of VGG16") :]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section[: section.index("\n## ", 5)].splitlines()
        if line.startswith("|")
    ][2:]
    bicubic = "24.75 0.7031 11,734 22.25 0.7031 16,179".split()
    ours = "26.75 0.8125 11,234 24.25 0.8125 15,679".split()
    assert lines == [
        ["bicubic", "", "x2"] + bicubic,
        ["`srcnn_x2`", "MSE", "x2"] + ours,
        ["bicubic", "", "x4"] + bicubic,
        ["`vgg_mse_programmed`", "VGG + sum of squares", "x4"] + ours,
        ["`vgg_improved_programmed`", "VGG + sum of squares", "x4"] + ours,
        ["`fsrcnn_vgg_programmed`", "VGG", "x4"] + ours,
    ]
    assert "`caffe`, SHA-256 aaaaaaaa..." in section
    svg = (tmp_path / "out" / "trade.svg").read_text()
    for words in (
        "vgg_improved_programmed",
        "fsrcnn_vgg_programmed",
        "bicubic",
        "VGG + sum of squares, SRCNN",
        "VGG, FSRCNN",
        "Set14 x4",
    ):
        assert f">{words}</text>" in svg
    assert "srcnn_x2" not in svg  # another scale


def test_distances_by_different_copies_of_vgg16_are_not_compared(perceptual, tmp_path):
    path = perceptual / "vgg_mse_programmed" / "results.json"
    results = json.loads(path.read_text())
    results["relu2_2"]["source_sha256"] = "b" * 64
    path.write_text(json.dumps(results))
    report.write_report(tmp_path / "out", perceptual)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "different copies, which cannot be compared: `caffe`, SHA-256 aaaa" in text


def test_without_vgg16_the_report_says_that_nothing_was_measured(written):
    assert (
        "No network has been measured in VGG16 yet"
        in (written / "report.md").read_text()
    )
    assert not (written / "trade.svg").exists()
