from srcnn_theano.pages.charts import Curve, Panel, draw_curves


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
