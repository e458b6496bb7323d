"""The pages that are made of the claims."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from claims import CLAIMS
from claims.elsewhere import PAGES
from claims.parts import Parts, made_again
from claims.program import blocks
from claims.record import VERDICTS
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
tests write it again and compare. Commands that train or measure need `--data DIR`;
`train A, B` stands for `srcnn-theano train A --seeds 0,1,2`, and so on. What is told of
papers is from the papers, what is told of the program from its [surviving
parts](protocols.md).

{verdicts}
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
    counts = Counter(verdict for verdict, _ in findings.values())
    verdicts = markdown_table(
        "lrl",
        ["verdict", "claims", "means"],
        [
            [f"**{verdict}**", str(counts[verdict]), meaning]
            for verdict, meaning in VERDICTS.items()
            if counts[verdict]
        ],
    )
    parts = [_OPENING.format(n=len(CLAIMS), verdicts=verdicts)]
    for section in ORDER:
        title = f"Section {section}" if section[0].isdigit() else section
        lines = [
            [claim.text, f"**{findings[name][0]}**", _evidence(name, findings[name][1])]
            for name, claim in CLAIMS.items()
            if claim.section == section
        ]
        table = markdown_table("lll", ["claim", "verdict", "evidence"], lines)
        parts.append(f"## {title}\n\n{table}\n")
    return "\n".join(parts)


def _evidence(name: str, text: str) -> str:
    return f"{text} `{CLAIMS[name].command}`".replace("|", "\\|")


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
