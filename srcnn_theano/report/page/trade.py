"""PSNR against the distance in VGG16's features, its names beside each other."""

from __future__ import annotations

from typing import Iterator, Mapping, NamedTuple, Sequence

from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.pages.markup import plain, tag, ticks
from srcnn_theano.report.features import in_features, scores_of
from srcnn_theano.report.rows import Row
from srcnn_theano.report.words import cost_in_words

_SCALE = 4  # of the drawing; few networks have another one
_FAR = 6  # dB below bicubic; what is farther off is not drawn
# Of a drawing for wide screens and of one for telephones, in pixels.
_SIZES = {"large": (520, 460), "small": (340, 400)}
# Of letters of 10.5 pixels, in fonts that are wide; and of a line.
_WIDTHS = {**dict.fromkeys("fijlrt", 4.6), **dict.fromkeys("mw", 10.6)}
_WIDTH, _LINE = 6.7, 13
_SHORT = 4 * _WIDTH  # a number, which may stand farther off
_LEFT, _RIGHT, _UPPER, _LOWER = 46, 10, 24, 40  # margins


class Point(NamedTuple):
    """A network: PSNR in dB, distance in thousands, name, and what it minimises."""

    psnr: float
    distance: float
    name: str
    kind: str


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def trade_section(rows: Mapping[str, Row]) -> str:
    """A drawing for each test set, in two sizes, as HTML."""
    measured = [
        row for row in in_features(rows) if row.experiment.training.scale == _SCALE
    ]
    if not measured:
        return tag("p", "No network for x4 has been measured in VGG16 yet.")
    points = {name: _points(measured, name) for name in TEST_SETS}
    # What is far off has no dot, and no place in the key.
    drawn_kinds = {point.kind for some in points.values() for point in some}
    kinds = [k for k in dict.fromkeys(map(_kind, measured)) if k in drawn_kinds]
    key = [
        tag("li", tag("span", class_=f"dot c{kinds.index(kind)}"), plain(kind))
        for kind in kinds
    ]
    key.append(tag("li", tag("span", class_="dot bicubic"), "bicubic, no network"))
    numbers = _numbers(points)
    drawn = [
        _drawing(points[name], kinds, name, size, numbers)
        for size in _SIZES
        for name in TEST_SETS
    ]
    caption = (
        f"Whole images, x{_SCALE}, RGB; better is to the right and below. Networks "
        f"more than {_FAR} dB below bicubic stand in the table of all records only. A "
        "dot whose name has no room has its number in the list below, or, in the thick "
        "of them, tells its name when you point at it."
    )
    return tag(
        "figure",
        tag("ul", *key, class_="key"),
        tag("div", *drawn, class_="trade"),
        tag("figcaption", caption),
        _listed(points, numbers),
    )


def _numbers(points: Mapping[str, Sequence[Point]]) -> dict[str, int]:
    """The number of each network that is drawn; bicubic has none."""
    names = dict.fromkeys(p.name for some in points.values() for p in some if p.kind)
    return {name: number for number, name in enumerate(names, start=1)}


def _listed(points: Mapping[str, Sequence[Point]], numbers: Mapping[str, int]) -> str:
    """The drawn networks as a list, by the numbers of their dots."""
    by_name = {k: {p.name: p for p in some} for k, some in points.items()}
    items = []
    for name in numbers:
        parts = [
            f"{test_set} {psnr} dB, {distance}"
            for test_set, some in by_name.items()
            for psnr, distance in [_in_words(some.get(name))]
            if psnr
        ]
        items.append(tag("li", tag("b", plain(name)), ": " + "; ".join(parts)))
    return tag(
        "details",
        tag("summary", f"The {len(numbers)} networks, by number"),
        tag("ol", *items),
        class_="listed",
    )


def _in_words(point: Point | None) -> tuple[str, str]:
    """PSNR and distance; empty of what is far off."""
    if point is None:
        return "", ""
    return f"{point.psnr:.2f}", f"{1000 * point.distance:,.0f}"


def _points(rows: Sequence[Row], test_set: str) -> list[Point]:
    """Bicubic first, then the networks, those of the report's tables before others."""
    plain_psnr, _, distance = scores_of(rows[0], test_set, "bicubic_")
    points = [Point(plain_psnr, distance / 1000, "bicubic", "")]
    order = ("models", "table1", "fsrcnn", "vgg", "fsrcnn-vgg")
    for row in sorted(rows, key=lambda r: r.experiment.row.table not in order):
        psnr, _, distance = scores_of(row, test_set)
        if psnr > plain_psnr - _FAR:
            name = row.experiment.name
            points.append(Point(psnr, distance / 1000, name, _kind(row)))
    return points


def _kind(row: Row) -> str:
    experiment = row.experiment
    if experiment.row.table == "models":
        return "MSE, for pictures"
    training = experiment.training
    network = "SRCNN" if training.model == "srcnn" else "FSRCNN"
    cost = cost_in_words(experiment.flat()) if training.vgg_weight else "MSE"
    return f"{cost}, {network}"


# --- The drawing ---


def _drawing(
    points: Sequence[Point],
    kinds: Sequence[str],
    test_set: str,
    size: str,
    numbers: Mapping[str, int],
) -> str:
    width, height = _SIZES[size]
    x = _Axis([p.psnr for p in points], _LEFT, width - _RIGHT)
    y = _Axis([p.distance for p in points], height - _LOWER, _UPPER)
    places = [(x.at(p.psnr), y.at(p.distance)) for p in points]
    inside = Box(_LEFT, _UPPER, width, height - _LOWER)
    labels = _labels([p.name for p in points], places, inside, numbers)
    marks = list(_axes(x, y, width, height))
    marks += [
        _dot(point, kinds, *place) + ("" if box is None else _name(words, place, box))
        for point, place, (words, box) in zip(points, places, labels)
    ]
    words = f"{test_set}: PSNR against distance at relu2_2 of {len(points)} networks"
    return tag(
        "svg",
        tag("text", f"{test_set}, x{_SCALE}", x=_LEFT, y=14, class_="title"),
        *marks,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=words,
        class_=size,
    )


class _Axis:
    """Values on pixels, with a little room at both ends."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        room = 0.06 * (max(values) - min(values)) or 1.0
        self.low, self.high = min(values) - room, max(values) + room
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def _axes(x: _Axis, y: _Axis, width: int, height: int) -> Iterator[str]:
    bottom, right = height - _LOWER, width - _RIGHT
    for tick in ticks(x.low, x.high):
        at = x.at(tick)
        yield tag("line", x1=at, x2=at, y1=_UPPER, y2=bottom, class_="grid")
        yield tag("text", f"{tick:g}", x=at, y=bottom + 15, text_anchor="middle")
    for tick in ticks(y.low, y.high):
        at = y.at(tick)
        yield tag("line", x1=_LEFT, x2=right, y1=at, y2=at, class_="grid")
        yield tag("text", f"{tick:g}", x=_LEFT - 6, y=at + 4, text_anchor="end")
    middle = (_LEFT + right) / 2
    yield tag("text", "PSNR in dB", x=middle, y=height - 6, text_anchor="middle")
    yield tag(
        "text",
        "difference at relu2_2, thousands",
        transform=f"translate(11 {(_UPPER + bottom) / 2}) rotate(-90)",
        text_anchor="middle",
    )


def _dot(point: Point, kinds: Sequence[str], x: float, y: float) -> str:
    kind = f"c{kinds.index(point.kind)}" if point.kind else "bicubic"
    psnr, distance = _in_words(point)
    title = f"{point.name}: {psnr} dB, {distance}"
    return (
        f'<circle cx="{x}" cy="{y}" r="4.5" class="{kind}">'
        + tag("title", plain(title))
        + "</circle>"
    )


def _name(name: str, place: tuple[float, float], box: Box) -> str:
    x, y = place
    near = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
    line = ""
    if abs(near[0] - x) + abs(near[1] - y) > 9:
        line = tag("line", x1=x, y1=y, x2=near[0], y2=near[1], class_="leader")
    words = tag("text", plain(name), x=box.left + 1, y=box.bottom - 3, class_="name")
    return line + words


# --- Places for names ---


def _labels(
    names: Sequence[str],
    places: Sequence[tuple[float, float]],
    inside: Box,
    numbers: Mapping[str, int],
) -> list[tuple[str, Box | None]]:
    """What stands beside each point, and where: its name, else its number."""
    boxes = placed(names, places, inside)
    labels = list(zip(names, boxes))
    taken = [box for box in boxes if box is not None] + list(map(_around_dot, places))
    left = [i for i, name in enumerate(names) if boxes[i] is None and name in numbers]
    short = [str(numbers[names[i]]) for i in left]
    found = placed(short, [places[i] for i in left], inside, taken)
    for i, words, box in zip(left, short, found):
        labels[i] = words, box
    return labels


def _around_dot(place: tuple[float, float]) -> Box:
    x, y = place
    return Box(x - 5, y - 5, x + 5, y + 5)


def placed(
    names: Sequence[str],
    places: Sequence[tuple[float, float]],
    inside: Box,
    occupied: Sequence[Box] = (),
) -> list[Box | None]:
    """A place for each name near its point, which meets no other name and no point.

    Names are placed in order, each as near as there is room; None where there is none.
    `occupied` are boxes of others.
    """
    taken = [*occupied, *map(_around_dot, places)]
    boxes: list[Box | None] = []
    for name, (x, y) in zip(names, places):
        width = sum(_WIDTHS.get(letter, _WIDTH) for letter in name) + 2
        free = (
            box
            for box in _around(x, y, width)
            if box.left >= inside.left
            and box.right <= inside.right
            and box.top >= inside.top
            and box.bottom <= inside.bottom
            and not any(box.meets(other) for other in taken)
        )
        box = next(free, None)
        boxes.append(box)
        if box is not None:
            taken.append(box)
    return boxes


def _around(x: float, y: float, width: float) -> Iterator[Box]:
    """Places at growing distances from a point: right, left, above, below."""
    for far in (0, 12, 22) if width > _SHORT else range(0, 70, 10):
        gap = 6 + far
        for rise in (0, -far, far) if far else (0,):
            middle = y + rise
            upper, lower = middle - _LINE / 2, middle + _LINE / 2
            yield Box(x + gap, upper, x + gap + width, lower)
            yield Box(x - gap - width, upper, x - gap, lower)
        for left in (x - width / 2, x - 4, x + 4 - width):
            yield Box(left, y - gap - _LINE, left + width, y - gap)
            yield Box(left, y + gap, left + width, y + gap + _LINE)
