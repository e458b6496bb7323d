"""What files say of their colours that Pillow does not read."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any, BinaryIO, Iterator, NamedTuple, Sequence, Tuple

from srcnn_theano.data.images.picture import Chunks

_MOST_PROFILE = 1 << 24  # bytes; nobody writes more
_MOST_BOXES = 1000
_Box = Tuple[bytes, int, int]  # its name, and from where to where its content lies
# Numbers of ITU-T H.273 that are sRGB's, those of BT.709 (whose curve is read as
# sRGB's), or say that nothing is known.
_USUAL_PRIMARIES, _USUAL_CURVES = (1, 2), (1, 2, 6, 13, 14, 15)
# And those of JPEG 2000: black and white, CMYK, sRGB, grey, and what becomes sRGB.
_USUAL_SPACES = (0, 12, 15, 16, 17, 18)
# x and y of red, green and blue.
_SRGB = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

# Of a second picture that says how much brighter a screen for HDR may show the first:
# by Adobe and Google, by ISO 21496-1, and by Apple.
_GAIN_MAPS = (
    b"http://ns.adobe.com/hdr-gain-map/",
    b"urn:iso:std:iso:ts:21496",
    b"aux:hdrgainmap",
)


class Meaning(NamedTuple):
    """How the colours of a file are meant."""

    profile: bytes | None = None  # ICC
    chunks: Chunks = ()  # as a PNG says it
    notes: tuple[str, ...] = ()  # what is left out


def meaning_of(path: Path, format_name: str) -> Meaning:
    """What a file of Pillow's format says of its colours and Pillow passes over."""
    readers = {
        "AVIF": _of_heif,
        "BMP": _of_bmp,
        "HEIF": _of_heif,
        "JPEG2000": _of_jpeg_2000,
    }
    if format_name not in readers:
        return Meaning()
    with path.open("rb") as stream:
        try:
            return readers[format_name](stream)
        except (struct.error, IndexError):  # cut off
            return _left_out("what it says of colour", "it cannot be read")


def has_gain_map(path: Path, image: Any) -> bool:
    """Whether a file that Pillow has opened holds more of HDR than Pillow reads."""
    if image.format in ("AVIF", "HEIF"):
        with path.open("rb") as stream:
            start = stream.read(1 << 16)
        # Among the brands at the very start, where the map is by ISO.
        return b"tmap" in start[: start[3]] or _GAIN_MAPS[-1] in start
    segments = [data for _, data in getattr(image, "applist", ())]
    return any(mark in data for data in segments for mark in _GAIN_MAPS)


def are_usual(primaries: Sequence[Any]) -> bool:
    """Whether these are sRGB's: x and y of red, green and blue."""
    return len(primaries) == 6 and all(
        abs(float(value) - known) < 0.005 for value, known in zip(primaries, _SRGB)
    )


def _left_out(what: str, why: str) -> Meaning:
    return Meaning(notes=(f"{what} left out: {why}",))


# --- Boxes ---


def _boxes(stream: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """The boxes of a file of the family of MP4, or of one of its boxes."""
    while start + 8 <= end:
        stream.seek(start)
        length, name = struct.unpack(">I4s", stream.read(8))
        head = 8
        if length == 1:
            head = 16
            (length,) = struct.unpack(">Q", stream.read(8))
        elif length == 0:
            length = end - start
        if not head <= length <= end - start:
            return
        yield name, start + head, start + length
        start += length


def _colour_boxes(stream: BinaryIO, path: Sequence[bytes]) -> Iterator[bytes]:
    """The contents of the boxes `colr` of the last of boxes within boxes."""
    start, end = 0, stream.seek(0, 2)
    for wanted in path:
        boxes = itertools.islice(_boxes(stream, start, end), _MOST_BOXES)
        found = next((box for box in boxes if box[0] == wanted), None)
        if found is None:
            return
        _, start, end = found
        start += 4 if wanted == b"meta" else 0  # a version and flags
    for name, at, stop in itertools.islice(_boxes(stream, start, end), _MOST_BOXES):
        if name == b"colr" and stop - at <= _MOST_PROFILE:
            stream.seek(at)
            yield stream.read(stop - at)


def _of_heif(stream: BinaryIO) -> Meaning:
    """By numbers; a profile is what Pillow reads."""
    for content in _colour_boxes(stream, [b"meta", b"iprp", b"ipco"]):
        if content[:4] == b"nclx":
            primaries, curve = struct.unpack_from(">HH", content, 4)
            if primaries in _USUAL_PRIMARIES and curve in _USUAL_CURVES:
                return Meaning()
            # Of RGB, as decoders make it, and with the full range of values.
            cicp = bytes([primaries & 255, curve & 255, 0, 1])
            return Meaning(chunks=((b"cICP", cicp),))
    return Meaning()


def _of_jpeg_2000(stream: BinaryIO) -> Meaning:
    for content in _colour_boxes(stream, [b"jp2h"]):
        method = content[0]  # precedence and approximation come next
        if method in (2, 3):
            return Meaning(content[3:])
        if method == 1:
            (space,) = struct.unpack_from(">I", content, 3)
            if space in _USUAL_SPACES:
                return Meaning()
        return _left_out("what it says of colour", "taken for sRGB")
    return Meaning()


# --- BMP ---


def _of_bmp(stream: BinaryIO) -> Meaning:
    header = stream.read(14 + 124)[14:]
    (length,) = struct.unpack_from("<I", header)
    if length < 108:  # of the older kinds
        return Meaning()
    space = header[56:60][::-1]
    if space == b"MBED" and length >= 124:
        start, size = struct.unpack_from("<II", header, 112)
        stream.seek(14 + start)
        profile = stream.read(size) if size <= _MOST_PROFILE else b""
        if size and len(profile) == size:
            return Meaning(profile)
        return _left_out("colour profile", "it cannot be read")
    if space == b"LINK":
        return _left_out("colour profile", "it is in another file")
    if space == bytes(4):
        values = struct.unpack_from("<9i", header, 60)  # X, Y and Z of each
        colours = [values[i : i + 3] for i in (0, 3, 6)]
        if all(map(sum, colours)):
            xy = [value / sum(xyz) for xyz in colours for value in xyz[:2]]
            if not are_usual(xy):
                return _left_out("primaries of its colours", "taken for sRGB's")
    return Meaning()
