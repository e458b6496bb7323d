import pytest

from srcnn_theano.pages.document import Heading, Items, Paragraph, Table
from srcnn_theano.pages.prose import read_prose


@pytest.fixture
def prose(tmp_path):
    path = tmp_path / "text.md"
    path.write_text(
        "# All of $name\n\nA paragraph\nof two lines.\n\n$table\n\n"
        "- **first**, which\n  goes on;\n- second of $name.\n\n## End\n"
    )
    return path


def test_blocks_of_a_markdown_file(prose):
    table = Table("l", ["a"], [["$name"]])
    assert read_prose(prose, name="it", table=[table]) == [
        Heading(1, "All of it"),
        Paragraph("A paragraph of two lines."),
        table,
        Items(["**first**, which goes on;", "second of it."]),
        Heading(2, "End"),
    ]


def test_what_is_not_filled_in_is_an_error(prose):
    with pytest.raises(KeyError, match="table"):
        read_prose(prose, name="it")
    with pytest.raises(KeyError, match="name"):
        read_prose(prose, table=[])
