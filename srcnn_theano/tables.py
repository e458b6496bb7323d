"""Tables as Markdown and as text for a terminal, from cells that are texts already."""

from __future__ import annotations

from typing import Sequence

_RULES = {"l": "---", "r": "---:"}


def markdown_table(
    align: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """A table in GitHub's Markdown.

    Parameters
    ----------
    align : str
        For each column 'l' (left) or 'r' (right).
    header : sequence of str
    rows : sequence of sequences of str
        Cells are written as they are: what must not end a cell is escaped before.

    Returns
    -------
    str
        Without a line break at the end.
    """
    lines = [header, [_RULES[side] for side in align], *rows]
    return "\n".join(map(markdown_row, lines))


def markdown_row(cells: Sequence[str]) -> str:
    """One line of such a table, for scripts that print each row when it is measured."""
    return "| {} |".format(" | ".join(cells))


def text_lines(align: str, rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """A table for a terminal: each column is as wide as its widest cell.

    Parameters
    ----------
    align : str
        As in `markdown_table`.
    rows : sequence of sequences of str
        The header, if there is one, is the first.
    gap : str
        Stands between two columns.

    Returns
    -------
    list of str
        The lines, without blanks at their ends.
    """
    signs = ["<" if side == "l" else ">" for side in align]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        gap.join(
            f"{cell:{sign}{width}}" for cell, sign, width in zip(row, signs, widths)
        ).rstrip()
        for row in rows
    ]
