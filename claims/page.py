"""The pages that are made of the claims."""

from __future__ import annotations

import fnmatch
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Collection, Iterator

from claims import CLAIMS
from claims.elsewhere import PAGES
from claims.parts import Parts, made_again
from claims.program import blocks
from claims.record import MUCH, VERDICTS, Found
from claims.srcnn import OVERFITS
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.files import write_text
from srcnn_theano.tables import markdown_table

ROOT = Path(__file__).resolve().parents[1]
CLAIMS_PAGE = ROOT / "docs" / "claims.md"
PROTOCOLS_PAGE = ROOT / "docs" / "protocols.md"

_OPENING = """# The claims of the report, one by one

{n} claims that the report makes or implies, in its tables, its captions and its running
text: what became of each, and how to see that again. Figures
are PSNR in dB unless said; of a trained network they are those of Set14 at the epoch of
the lowest cost on Set5, as [the report's program](protocols.md) had it, as median and
range over seeds.

In VGG space they are of the last epoch where the network of that epoch was not kept.

`python -m claims` writes this page from the records in results/, and the
tests write it again and compare. What is told of papers is from the papers, what is
told of the program from its [surviving parts](protocols.md). The last column says how
to see it again:

- the name of the claim, say `adam`: `python -m claims adam` prints what stands here;
- all rows whose trainings the evidence quotes, `*` standing for any letters:
  `srcnn-theano reproduce all --data DIR --anew --seeds 0,1,2 --only ROWS` trains and
  measures them again (the seeds of the evidence are 0, 1, 2 and so on, as many as it
  says), and `python -m claims NAME --runs runs` prints the evidence from these
  trainings instead of results/;
- "images", where figures come from the image sets:
  `python -m claims --measure --data DIR` measures these again.

{verdicts}

A word is judged alike wherever it stands:

- "better", "higher", "improves": each seed is above each of the other's;
- "much better", "significantly": and the medians are more than {much} dB apart; what is
  not is better "by a little" at most;
- "overfits", "diverges": from epochs 6 to 15 to the last ten, PSNR in training gains
  more than {overfits} dB on that of Set5 and on that of Set14, in medians over epochs
  and seeds, each as the PSNR of the mean error; one of the rows is enough.
"""
ORDER = (
    "Abstract",
    "1",
    "2.1",
    "2.2",
    "3.1",
    "4.1",
    "5.1.1",
    "Table 1",
    "Table 2",
    "5.1.2",
    "5.1.3",
    "Figure 3",
    "5.1.4",
    "6",
)


def claims_page() -> str:
    """The text of docs/claims.md."""
    findings = {name: claim.finding() for name, claim in CLAIMS.items()}
    counts = Counter(found.verdict for found in findings.values())
    verdicts = markdown_table(
        "lrl",
        ["verdict", "claims", "means"],
        [
            [f"**{verdict}**", str(counts[verdict]), meaning]
            for verdict, meaning in VERDICTS.items()
            if counts[verdict]
        ],
    )
    opening = _OPENING.format(
        n=len(CLAIMS), verdicts=verdicts, much=MUCH, overfits=OVERFITS
    )
    parts = [opening]
    for section in ORDER:
        title = f"Section {section}" if section[0].isdigit() else section
        lines = [
            [claim.text, *_cells(name, findings[name])]
            for name, claim in CLAIMS.items()
            if claim.section == section
        ]
        header = ["claim", "verdict", "evidence", "again"]
        table = markdown_table("llll", header, lines)
        parts.append(f"## {title}\n\n{table}\n")
    return "\n".join(parts)


def _cells(name: str, found: Found) -> list[str]:
    again = [f"`{name}`"]
    if found.rows:
        again.append(f"rows `{' '.join(patterns(found.rows))}`")
    if found.measured:
        again.append("images")
    return [
        f"**{found.verdict}**",
        found.evidence.replace("|", "\\|"),
        ", ".join(again),
    ]


def patterns(rows: Collection[str]) -> list[str]:
    """Names for `--only` that fit these rows and no other, as few as ``*`` allows."""
    left, found = list(rows), []
    while left:
        name, fitting = max(
            ((one, fnmatch.filter(left, one)) for one in _candidates(left[0], rows)),
            key=lambda pair: (len(pair[1]), len(pair[0])),
        )
        found.append(name)
        left = [row for row in left if row not in fitting]
    return found


def _candidates(name: str, rows: Collection[str]) -> Iterator[str]:
    """The name, and patterns of a part of it that fit none but these rows."""
    yield name
    parts = name.split("_")
    for begin, end in combinations(range(len(parts) + 1), 2):
        pattern = "_".join([*parts[:begin], "*", *parts[end:]])
        if set(fnmatch.filter(EXPERIMENTS, pattern)) <= set(rows):
            yield pattern


def protocols_page() -> str:
    """The text of docs/protocols.md, its generated blocks made again."""
    made = {name: (lambda block=block: block) for name, block in blocks().items()}
    return made_again(PROTOCOLS_PAGE, Parts(made, {}))


def write_pages(check: bool = False) -> list[Path]:
    """Write the two pages, and the figures in others; or only compare them.

    Returns
    -------
    list of Path
        The pages that differ, or differed, from what they are made of.
    """
    texts = {CLAIMS_PAGE: claims_page(), PROTOCOLS_PAGE: protocols_page()}
    texts.update((path, made_again(path, parts)) for path, parts in PAGES.items())
    changed = []
    for path, text in texts.items():
        if text != path.read_text(encoding="utf-8"):
            changed.append(path)
            if not check:
                write_text(path, text)
    return changed
