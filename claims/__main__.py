"""The command line: `python -m claims`, in the root of a checkout.

    python -m claims                   # writes docs/claims.md
    python -m claims --check           # writes nothing; status 1 where pages differ
    python -m claims NAME...           # prints the evidence for these claims
    python -m claims NAME... --runs DIR    # from your own trainings
    python -m claims --measure --data DIR [--vgg FILE]

The page is made of a function for each claim, from records of trainings (results/),
networks (weights/) and counting. What needs the image sets is measured by --measure and
kept in claims/measured.json; that takes some minutes. The generated blocks of
docs/protocols.md, and the figures in docs/deconvolution.md, docs/gpu.md and
benchmarks/README.md, are written as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

from claims import CLAIMS, page, record
from claims.record import MEASURED
from srcnn_theano.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or print; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.check and (options.names or options.measure):
            raise UserError("--check: goes alone; leave out names and --measure")
        if options.runs and not options.names:
            raise UserError("--runs: name the claims whose evidence it holds")
        if options.measure:
            _measure(options)
        if options.names:
            if options.runs:
                record.read_runs(Path(options.runs))
            _print(options.names)
        else:
            changed = page.write_pages(options.check)
            for path in changed:
                print(f"{path}: {'differs' if options.check else 'written'}")
            return 1 if changed and options.check else 0
    except UserError as error:
        print(f"claims: error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m claims",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--runs", metavar="DIR", help="instead of results/")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--data", metavar="DIR", help="default: $SRCNN_DATA")
    parser.add_argument("--vgg", metavar="FILE", help="default: the one in the cache")
    parser.add_argument("--cache", metavar="DIR", help="for the sub-images")
    return parser


def _print(names: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(CLAIMS))
    if unknown:
        known = ", ".join(CLAIMS)
        raise UserError(f"no claim is called {unknown[0]!r}; there are {known}")
    for name in names:
        claim = CLAIMS[name]
        found = claim.finding()
        print(f"{name} ({claim.section}): {claim.text}")
        print(f"  {found.verdict}: {found.evidence}")


def _measure(options: argparse.Namespace) -> None:
    from claims.measured import measure
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.files import write_json
    from srcnn_theano.vgg16_weights import find_vgg16, load_vgg16

    data_dir, vgg = find_data_dir(options.data), load_vgg16(find_vgg16(options.vgg))
    cache_dir = Path(options.cache) if options.cache else None
    write_json(MEASURED, measure(data_dir, vgg, cache_dir))


if __name__ == "__main__":
    sys.exit(main())
