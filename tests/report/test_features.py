import json
import re

import numpy as np

from srcnn_theano.report import report
from srcnn_theano.report.page import trade
from srcnn_theano.report.page.trade import Box, Point, placed, trade_section
from srcnn_theano.report.rows import load_rows


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
    assert "No network for x4 has been measured" in (
        (written / "report.html").read_text()
    )


# --- The drawing ---


def test_a_drawing_has_the_networks_of_x4_by_their_costs(perceptual):
    html = trade_section(load_rows(perceptual))
    for words in (
        "vgg_improved_programmed",
        "fsrcnn_vgg_programmed",
        "bicubic",
        "VGG + sum of squares, SRCNN",
        "VGG, FSRCNN",
        "Set14, x4",
    ):
        assert words in html
    assert "srcnn_x2" not in html  # another scale


def test_names_meet_neither_each_other_nor_a_point():
    random = np.random.RandomState(0)
    places = [tuple(place) for place in random.uniform(150, 330, (40, 2))]
    names = ["n" * n for n in random.randint(2, 25, 40)]
    inside = Box(40, 20, 500, 460)
    boxes = placed(names, places, inside)
    kept = [box for box in boxes if box is not None]
    assert 10 < len(kept)
    for i, box in enumerate(kept):
        assert inside.left <= box.left and box.right <= inside.right
        assert inside.top <= box.top and box.bottom <= inside.bottom
        for other in kept[:i]:
            assert not box.meets(other)
        for x, y in places:
            assert not (box.left < x < box.right and box.top < y < box.bottom)


def test_a_name_stands_right_of_its_point_where_there_is_room():
    (box,) = placed(["name"], [(100.0, 100.0)], Box(0, 0, 300, 300))
    assert box is not None and box.left == 106 and box.top < 100 < box.bottom
    (box,) = placed(["name"], [(290.0, 100.0)], Box(0, 0, 300, 300))
    assert box is not None and box.right == 284
    assert placed(["much too long"], [(10.0, 10.0)], Box(0, 0, 30, 30)) == [None]


def test_a_dot_whose_name_has_no_room_has_a_number_of_the_list():
    points = [Point(30.0, 5.0, "bicubic", "")]
    points += [Point(30.1 + n / 1e3, 5.0, f"network_{n:02}", "MSE") for n in range(30)]
    numbers = trade._numbers({"Set5": points, "Set14": points[:11]})
    assert numbers == {f"network_{n:02}": n + 1 for n in range(30)}
    html = trade._drawing(points, ["MSE"], "Set5", "small", numbers)
    shown = re.findall(r'<text [^>]*class="name">(.*?)</text>', html)
    named = {words for words in shown if words.startswith("network")}
    by_number = {int(words) for words in shown if words.isdigit()}
    assert named and by_number and len(shown) == len(set(shown))
    assert not named & {f"network_{n - 1:02}" for n in by_number}
    listed = trade._listed({"Set5": points, "Set14": points[:11]}, numbers)
    items = re.findall(r"<li>(.*?)</li>", listed)
    assert items[6] == (
        "<b>network_06</b>: Set5 30.11 dB, 5,000; Set14 30.11 dB, 5,000"
    )
    assert items[29] == "<b>network_29</b>: Set5 30.13 dB, 5,000"
