from srcnn_theano.tables import markdown_row, markdown_table, text_lines


def test_markdown():
    text = markdown_table("lr", ["a", "b"], [["x", "1"], ["", "22"]])
    assert text == "| a | b |\n| --- | ---: |\n| x | 1 |\n|  | 22 |"
    assert markdown_row(["x", "1"]) in text.splitlines()


def test_columns_are_as_wide_as_their_widest_cells():
    lines = text_lines("lrl", [["name", "n", ""], ["x", "1234", "end"]])
    assert lines == ["name     n", "x     1234  end"]
    assert text_lines("lr", [["a", "bc"], ["d", ""]], gap=" | ") == ["a | bc", "d |"]
