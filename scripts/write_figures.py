"""Write the figures of README.md and of other pages from results/.

    python scripts/write_figures.py [--check]

What stands between `<!-- NAME -->` and `<!-- end of NAME -->` is written anew: counts
of verdicts, tables of figures, how long trainings took. With --check nothing is
written, and the exit status is 1 where a document differs from the records. Records
that contradict each other, results.json and history.csv of a training, are named; the
exit status is 1 then, too.
"""

import argparse
import sys
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

from srcnn_theano.files import write_text
from srcnn_theano.report import figures, looked, networks, results, tried
from srcnn_theano.report.agreement import contradictions
from srcnn_theano.report.rows import Row, load_rows

ROOT = Path(__file__).resolve().parents[1]
# Documents, and what makes their parts.
PARTS = {
    "README.md": {
        "lead": figures.lead_sentence,
        "bicubic": figures.bicubic_sentence,
        "counts": figures.counts_sentence,
        "commands": results.commands_block,
    },
    "docs/results.md": {
        "counts": figures.counts_sentence,
        "readings": figures.readings_sentence,
        "printed figures": figures.printed_table,
        "deconvolution": results.deconvolution_table,
        "words": results.words_table,
        "pictures": results.pictures_table,
        "durations": results.durations_table,
    },
    "docs/protocols.md": {"looked": looked.looked_table},
    "docs/slips.md": {"slips": figures.slips_table},
    "docs/tried.md": {"tried": tried.tried_list},
    "weights/README.md": {"not here": networks.not_shipped_table},
}


def written(
    path: Path, parts: Mapping[str, Callable[..., str]], rows: Mapping[str, Row]
) -> str:
    """The text of a document with its parts made anew.

    Raises
    ------
    ValueError
        The document lacks one of the marks.
    """
    text = path.read_text(encoding="utf-8")
    for name, make in parts.items():
        before, mark, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        if not end:
            raise ValueError(f"{path}: lacks the marks of {name!r}")
        text = f"{before}{mark}{make(rows)}\n{end}{after}"
    return text


def write_figures(root: Path = ROOT, check: bool = False) -> "list[Path]":
    """Write all parts, or only compare them.

    Returns
    -------
    list of Path
        The documents that differ, or differed, from the records.
    """
    rows, changed = load_rows(), []
    for name, parts in PARTS.items():
        text = written(root / name, parts, rows)
        if text != (root / name).read_text(encoding="utf-8"):
            changed.append(root / name)
            if not check:
                write_text(root / name, text)
    return changed


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    changed = write_figures(check=options.check)
    for path in changed:
        print(f"{path}: {'differs from results/' if options.check else 'written'}")
    wrong = contradictions(load_rows())
    for line in wrong:
        print(f"results/: {line}")
    return 1 if wrong or (changed and options.check) else 0


if __name__ == "__main__":
    sys.exit(main())
