"""Build the documentation as a site, with pages for the code's docstrings.

    python scripts/build_site.py [FOLDER]

README, CHANGES, docs/ and all files of the checkout that they link to are copied into a
folder beside pages of the API, a page for each room, and MkDocs makes the site of them
(by default in site/). A link that leads nowhere, or a page that is not in the contents
of mkdocs.yml, is an error. `pip install '.[docs]'` installs MkDocs.
"""

import argparse
import logging
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
# Rooms whose docstrings are pages; the order is that of imports.
API = (
    "layers",
    "models",
    "training",
    "backend",
    "data",
    "evaluation",
    "experiments",
    "runs",
    "upscale",
    "graph",
    "convert",
    "inference",
    "looking",
    "weights",
)


def linked(start: Path) -> Iterator[Path]:
    """Files that a page of the checkout links to."""
    for target in _LINK.findall(start.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            path = Path(os.path.normpath(str(start.parent / target)))
            if path.is_file() and ROOT in path.parents:
                yield path


def files() -> "set[Path]":
    """The pages of the site and what they link to, over any number of pages."""
    waiting = [ROOT / "README.md", ROOT / "CHANGES.md", ROOT / "CONTRIBUTING.md"]
    waiting += sorted((ROOT / "docs").rglob("*.md"))
    held = {ROOT / "docs" / "site.css"}
    while waiting:
        path = waiting.pop()
        if path not in held:
            held.add(path)
            waiting += linked(path) if path.suffix == ".md" else []
    return held


def mirrored(text: str) -> str:
    """A page as Markdown's older rules want it: comments stand alone."""
    return re.sub(r"^(<!-- .* -->)\n", r"\n\1\n\n", text, flags=re.M)


def mirror(folder: Path) -> None:
    """Copy the files of the site into a folder, and write the pages of the API."""
    for path in files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = mirrored(path.read_text(encoding="utf-8"))
            target.write_text(text, encoding="utf-8")
        else:
            shutil.copy(str(path), str(target))
    (folder / "api").mkdir()
    for room in API:
        page = folder / "api" / f"{room}.md"
        page.write_text(api_page(room), encoding="utf-8")


def modules(room: str) -> List[str]:
    """The public modules of a room, by their full names."""
    package = ROOT / "srcnn_theano"
    paths = sorted((package / room).glob("*.py")) or [package / f"{room}.py"]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [
        name[: -len(".__init__")] if name.endswith("__init__") else name
        for name in names
        if not name.rsplit(".", 1)[-1].startswith("_") or name.endswith("__init__")
    ]


def api_page(room: str) -> str:
    """The Markdown of a room's page: mkdocstrings fills in the docstrings."""
    parts = [f"# srcnn_theano.{room}"]
    parts += [f"::: {name}" for name in modules(room)]
    return "\n\n".join(parts) + "\n"


def refuse_other_content(out: Path) -> None:
    """End where the folder has anything but an earlier site: MkDocs empties it."""
    out = out.resolve()
    if out == ROOT or out in ROOT.parents:
        sys.exit(f"{out}: the site would take the place of the sources; choose another")
    if out.exists() and not out.is_dir():
        sys.exit(f"{out}: is a file; choose a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "sitemap.xml").is_file():
        sys.exit(
            f"{out}: holds other files, which would be lost; choose another folder"
        )


def build(out: Path) -> None:
    """Build the site into a folder, which is emptied first.

    Raises
    ------
    SystemExit
        The folder has other content; or MkDocs warned of something, such as a link that
        leads nowhere.
    """
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    refuse_other_content(out)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pages"
        mirror(source)
        config = load_config(str(ROOT / "mkdocs.yml"), strict=True)
        config.docs_dir, config.site_dir = str(source), str(out.resolve())
        for part in config.nav or ():
            if part.get("API"):
                part["API"] = [f"api/{room}.md" for room in API]
        try:
            build_site(config)
        except Abort as error:
            sys.exit(f"{error}")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "site")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    build(options.out)
    print(f"{options.out}/index.html is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
