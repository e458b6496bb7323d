"""Elements of HTML and SVG written as calls, and ticks of an axis."""

from __future__ import annotations

import html
import math

_VOID = {"img", "input", "line", "circle", "rect", "path"}


def tag(name: str, *inside: str, **attributes: object) -> str:
    """An element.

    Parameters
    ----------
    name : str
    *inside : str
        Markup, as it is.
    **attributes
        `_` stands for `-`, and one at the end for nothing, as in `class_`. None and
        False leave an attribute out, True is one without a value.
    """
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        shown = "" if value is True else f'="{html.escape(str(value))}"'
        written.append(f" {key}{shown}")
    opened = f"<{name}{''.join(written)}"
    if name in _VOID:
        return opened + "/>"
    return f"{opened}>{''.join(inside)}</{name}>"


def plain(words: str) -> str:
    """Words as markup that shows them."""
    return html.escape(words)


def figure(value: float, form: str = ".2f") -> str:
    """A measured figure as it is shown, which keeps the whole of it."""
    return tag("data", format(value, form), value=repr(float(value)))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, at most so many."""
    rough = (high - low) / max(1, most - 1)
    if rough <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]
