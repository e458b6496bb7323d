"""The first page of a graph: its ops before and after the optimiser, side by side."""

from __future__ import annotations

from pathlib import Path

from srcnn_theano.graph.rewrites import what_it_does
from srcnn_theano.graph.subjects import Subject
from srcnn_theano.graph.summary import (
    WORDS,
    describe,
    in_ops,
    kinds_of_ops,
    summarise,
    title,
)
from srcnn_theano.pages.document import Block, Links, Table
from srcnn_theano.pages.prose import read_prose

_PROSE = Path(__file__).with_name("overview.md")


def overview(subject: Subject) -> list[Block]:
    """The page as blocks of a document."""
    summary = summarise(subject)
    total = summary["total"]
    links = [
        (f"Before: {in_ops(total['before'])}, as it is written", "before.html"),
        (f"After: {in_ops(total['after'])}, as it runs", "after.html"),
        ("Before, as text", "before.txt"),
        ("After, as text", "after.txt"),
    ]
    if subject.xla:
        links += [
            ("XLA's input (StableHLO)", "xla-before.txt"),
            ("XLA's result (HLO)", "xla-after.txt"),
        ]
    return read_prose(
        _PROSE,
        title=title(subject),
        description=describe(subject),
        links=[Links(links)],
        ops=[_ops(subject, summary)],
        rewrites=[_rewrites(summary)],
    )


def _ops(subject, summary):
    kinds, total = kinds_of_ops(subject), summary["total"]
    rows = [
        [f"`{op}`", WORDS[kinds[op]], _count(n["before"]), _count(n["after"])]
        for op, n in summary["ops"].items()
    ]
    rows.append(["**all**", "", f"**{total['before']}**", f"**{total['after']}**"])
    header = ["op", "what it does", "as written", "after the optimiser"]
    return Table("llrr", header, rows)


def _rewrites(summary):
    rows = [
        [f"`{name}`", what_it_does(name), str(n)]
        for name, n in summary["rewrites"].items()
    ]
    return Table("llr", ["rewrite", "what it does", "variables replaced"], rows)


def _count(n):
    return str(n) if n else ""
