"""Print the oldest versions that pyproject.toml allows, as constraints for pip.

    python scripts/oldest.py > oldest.txt
    pip install -c oldest.txt '.[test]' && pytest -n 2 --dist worksteal

It installs nothing and needs no more than Python.
"""

from __future__ import annotations

import re
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"

# "name[extra]>=1.2,<3; marker"
_REQUIREMENT = re.compile(
    r'"(?P<name>[A-Za-z][\w.-]*)(?:\[[\w,]+\])?(?:>=|==)(?P<version>[\w.]+)'
    r'[^";]*(?P<marker>;[^"]*)?"'
)


def oldest(text: str) -> list[str]:
    """The constraints that follow from the text of a pyproject.toml, each of them once.

    What it needs for building (before ``[project]``) is not among them.
    """
    _, _, project = text.partition("\n[project]\n")
    lines = [line.partition("#")[0] for line in project.splitlines()]
    found = _REQUIREMENT.finditer("\n".join(lines))
    pins = (f"{m['name']}=={m['version']}{m['marker'] or ''}" for m in found)
    return list(dict.fromkeys(pins))


if __name__ == "__main__":
    print(*oldest(PYPROJECT.read_text(encoding="utf-8")), sep="\n")
