from srcnn_theano.pages.charts import (
    Curve,
    Panel,
    Points,
    Scatter,
    draw_curves,
    draw_scatter,
)


def test_curves_leave_out_what_they_are_not_given(tmp_path):
    path = tmp_path / "curves.svg"
    draw_curves(path, [Panel("left", [Curve("Adam", [10, 20], [30.0, 31.0])], None)])
    svg = path.read_text()
    assert ">Adam</text>" in svg and ">left</text>" in svg
    assert "bicubic" not in svg
    assert "#010203" not in svg


def test_axes_are_named_and_ticks_may_be_fractions(tmp_path):
    path = tmp_path / "curves.svg"
    curve = Curve("output", [0.0, 0.25, 0.5], [3.0, 2.0, 1.0])
    draw_curves(path, [Panel("", [curve], None, axes=("cycles per pixel", "power"))])
    svg = path.read_text()
    assert ">cycles per pixel</text>" in svg and ">0.15</text>" in svg


def test_points_have_their_names_and_groups_their_colours(tmp_path):
    path = tmp_path / "scatter.svg"
    groups = [
        Points("first", [25.0, 26.0], [1200.0, 1500.0], ["a", "b"]),
        Points("second", [24.0], [900.0], [""]),
        Points("bicubic", [23.0], [800.0], [""]),
    ]
    draw_scatter(path, [Scatter("left", groups, ("PSNR in dB", "distance"))])
    svg = path.read_text()
    for words in ("a", "b", "first", "second", "left", "PSNR in dB", "distance"):
        assert f">{words}</text>" in svg
    assert ">1,200</text>" in svg and "currentColor" in svg and "#010203" not in svg
    assert (
        svg.count("#3d85c6") >= 2 and svg.count("#e0760b") >= 1 and "#2fa36b" not in svg
    )
