"""Metadata of image files: orientation, resolution, and what PNG says in chunks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import (
    Any,
    BinaryIO,
    Callable,
    Iterator,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

import numpy as np

from srcnn_theano.data.images.colour_meaning import are_usual
from srcnn_theano.data.images.exif import (
    DESCRIPTIVE,
    EXIF_IFD,
    GPS_IFD,
    ORIENTATION,
    UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    descriptive,
    kept_exif,
)
from srcnn_theano.data.images.picture import Chunks
from srcnn_theano.data.images.png_reading import chunk_heads
from srcnn_theano.data.images.tiff_pages import (
    is_big,
    opened,
    picture_page,
    stream_at,
)

_Value = TypeVar("_Value")

_PROFILE = 34675
_CENTIMETRE = 3  # of the units of a resolution
# How colours are meant, without a profile.
_CURVES, _PRIMARIES = 301, 319
_XMP, _IPTC, _IPTC_RESOURCE = 700, 33723, 0x0404  # the last in Photoshop's segment
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp", "Raw profile type xmp")
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/"
# With the names that the last two had in drafts.
HDR_CHUNKS = (b"cICP", b"mDCV", b"cLLI", b"mDCv", b"cLLi")
_COLOUR_CHUNKS = (*HDR_CHUNKS, b"cHRM", b"gAMA", b"sRGB")
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")
_MOST_TEXT = 1 << 24  # bytes; nobody writes more
# Texts that say again what EXIF says, or what describes the file as it was.
_OTHER_TEXTS = (
    b"XML:com.adobe.xmp",
    b"Raw profile type xmp",
    b"Raw profile type exif",
    b"Raw profile type APP1",
)


class Metadata(NamedTuple):
    """What an image file says of its picture beside the pixels."""

    orientation: int = 1  # that EXIF asks for, 1 to 8
    exif: bytes | None = None  # without the orientation
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None  # of the file as it lies
    aspect: float | None = None  # as in `Picture`, of the file as it lies
    notes: tuple[str, ...] = ()  # what could not be read

    def turned(self) -> Metadata:
        """With the sides of the pixels exchanged, as by a quarter turn."""
        aspect = self.aspect and 1 / self.aspect
        return self._replace(dpi=self.dpi and self.dpi[::-1], aspect=aspect)


class _Parts:
    """Reads metadata part by part: what is malformed takes nothing else along."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def read(self, name: str, how: Callable[[], _Value], otherwise: _Value) -> _Value:
        try:
            return how()
        except Exception:  # malformed metadata is no reason to refuse a picture
            self.notes.append(f"{name} left out: it cannot be read")
            return otherwise


def metadata_of(image: Any) -> Metadata:
    """The metadata of an image that Pillow has opened."""
    from PIL import Image

    parts = _Parts()
    exif = parts.read("EXIF", image.getexif, Image.Exif())
    orientation = parts.read("orientation", partial(_orientation_of, exif), 1)
    dpi, aspect = parts.read("resolution", partial(_resolution_of, image, exif), _NONE)
    kept = parts.read("EXIF", partial(kept_exif, image, exif, parts.notes), None)
    profile = image.info.get("icc_profile") or None
    segments = [data for _, data in getattr(image, "applist", ())]
    tags = exif if image.format == "TIFF" else ()
    if image.format == "TIFF" and not profile:
        parts.read("primaries", partial(_note_primaries, exif, parts.notes), None)
    _note_what_goes_nowhere(tags, parts.notes, image.info, segments)
    return Metadata(orientation, kept, profile, dpi, aspect, tuple(parts.notes))


def metadata_of_tiff(path: Path, directory: int | None) -> Metadata:
    """The metadata of a TIFF whose pixels Pillow cannot read.

    Of the directory at this place in the file; None for the first.
    """
    from PIL import Image

    parts, tags = _Parts(), Image.Exif()
    load = partial(_load, tags, path, parts.notes)
    with stream_at(path, directory) as stream:
        parts.read("metadata", partial(load, stream), None)
        orientation = parts.read("orientation", partial(_orientation_of, tags), 1)
        dpi, aspect = parts.read(
            "resolution", partial(_resolution_of_tags, tags), _NONE
        )
        profile = parts.read("colour profile", partial(_profile_of, tags), None)
        if not profile:
            parts.read("primaries", partial(_note_primaries, tags, parts.notes), None)
        kept = parts.read("EXIF", partial(descriptive, tags, parts.notes), None)
        _note_what_goes_nowhere(tags, parts.notes, {})
    return Metadata(orientation, kept, profile, dpi, aspect, tuple(parts.notes))


def _load(tags: Any, path: Path, notes: list[str], stream: BinaryIO) -> None:
    """Read the tags of a TIFF, or of a BigTIFF, whose EXIF Pillow does not find."""
    if not is_big(stream):
        tags.load_from_fp(stream)
        return
    with opened(path) as file:
        page, _ = picture_page(file)
        given = {tag.code: tag.value for tag in page.tags}
    for tag in (ORIENTATION, _PROFILE, _CURVES, UNIT, _XMP, _IPTC, *DESCRIPTIVE):
        if tag in given:
            tags[tag] = given[tag]
    for tag in (X_RESOLUTION, Y_RESOLUTION):
        if tag in given:
            numerator, denominator = given[tag]
            tags[tag] = numerator / max(denominator, 1)
    if _PRIMARIES in given:
        values = given[_PRIMARIES]
        tags[_PRIMARIES] = [n / max(d, 1) for n, d in zip(values[::2], values[1::2])]
    if EXIF_IFD in given or GPS_IFD in given:
        notes.append("EXIF left out: not read from a BigTIFF")


def _profile_of(tags: Any) -> bytes | None:
    profile = tags.get(_PROFILE)
    if not isinstance(profile, (bytes, type(None))):
        raise ValueError("bytes that are none")
    return profile


# --- EXIF ---


def _orientation_of(tags: Any) -> int:
    orientation = int(tags.get(ORIENTATION, 1))
    if not 0 <= orientation <= 8:
        raise ValueError("no orientation of the eight")
    return orientation or 1  # 0 says that it is not known


# --- What no result holds ---


def _note_what_goes_nowhere(
    tags: Any, notes: list[str], info: Any, segments: Sequence[bytes] = ()
) -> None:
    has_xmp = any(info.get(key) for key in _XMP_KEYS) or _XMP in tags
    photoshop = info.get("photoshop")
    has_iptc = isinstance(photoshop, dict) and _IPTC_RESOURCE in photoshop
    names = []
    if has_xmp or any(data.startswith(_XMP_SEGMENT) for data in segments):
        names.append("XMP")
    if has_iptc or _IPTC in tags:
        names.append("IPTC")
    if names:
        notes.append(f"{', '.join(names)} left out: of the file as it was")


def _note_primaries(tags: Any, notes: list[str]) -> None:
    """Tell of colours that a TIFF without a profile means otherwise than sRGB."""
    if _CURVES in tags:
        notes.append("transfer function left out: taken for sRGB's")
    if _PRIMARIES in tags and not are_usual(tags[_PRIMARIES]):
        notes.append("primaries of its colours left out: taken for sRGB's")


# --- Resolution ---

_Resolution = Tuple[Optional[Tuple[float, float]], Optional[float]]
_NONE: _Resolution = (None, None)


def _resolution_of(image: Any, exif: Any) -> _Resolution:
    """Dots per inch, or else how many dots across there are for one down."""
    info, jfif = image.info, image.format in ("JPEG", "MPO")
    if "dpi" in info and not (jfif and info.get("jfif_unit") not in (1, 2)):
        return _checked_dpi(*info["dpi"]), None
    dpi, aspect = _resolution_of_tags(exif)
    sides = info.get("jfif_density") if jfif else info.get("aspect")
    if sides and not dpi:
        aspect = _checked_aspect(*sides)
    return dpi, aspect


def _resolution_of_tags(tags: Any) -> _Resolution:
    if X_RESOLUTION not in tags or Y_RESOLUTION not in tags:
        return None, None
    across, down = float(tags[X_RESOLUTION]), float(tags[Y_RESOLUTION])
    unit = int(tags.get(UNIT, 2))
    if unit == 1:
        return None, _checked_aspect(across, down)
    factor = 2.54 if unit == _CENTIMETRE else 1.0
    return _checked_dpi(factor * across, factor * down), None


def _checked_dpi(across: Any, down: Any) -> tuple[float, float] | None:
    dpi = float(across), float(down)
    return dpi if all(0.1 < value < 1e6 for value in dpi) else None


def _checked_aspect(across: Any, down: Any) -> float | None:
    """None for square pixels, and for what nobody means."""
    aspect = float(across) / float(down) if down else 0.0
    return aspect if 1e-3 < aspect < 1e3 and aspect != 1 else None


# --- Chunks of PNG files ---


def png_chunks(path: Path) -> tuple[Chunks, Chunks]:
    """Chunks of a PNG file that go along as they are.

    Returns
    -------
    (Chunks, Chunks)
        Those before the pixels that say how its colours are meant; and its texts.
    """
    colours, texts = [], []
    is_before = True
    for name, data in _chunks(path, (*_COLOUR_CHUNKS, *_TEXT_CHUNKS)):
        is_before = is_before and name != b"IDAT"
        if name in _COLOUR_CHUNKS:
            if is_before and len(data) <= 32:
                colours.append((name, data))
        elif data and data.partition(b"\0")[0] not in _OTHER_TEXTS:
            texts.append((name, data))
    return tuple(colours), tuple(texts)


def _chunks(path: Path, wanted: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG file; of those not wanted, or too long, the names alone."""
    with path.open("rb") as stream:
        for name, length in chunk_heads(stream):
            is_read = name in wanted and length <= _MOST_TEXT
            yield name, stream.read(length) if is_read else b""


# --- Depth ---


def stored_bits(path: Path, format_name: str) -> int:
    """Bits per channel in an AVIF or JPEG 2000 file, which Pillow cuts to 8.

    8 where the beginning of the file does not tell.
    """
    with path.open("rb") as stream:
        start = stream.read(1 << 16)
    if format_name == "AVIF":
        _, box, rest = start.partition(b"av1C")
        # Version; profile and level; tier, high_bitdepth, twelve_bit, ...
        flags = rest[2] if box and len(rest) > 2 else 0
        return (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    if format_name == "JPEG2000":
        # The marker SIZ, its length, and 36 bytes of sizes before the first depth.
        _, marker, rest = start.partition(b"\xff\x4f\xff\x51")
        return (rest[38] & 0x7F) + 1 if marker and len(rest) > 38 else 8
    return 8


# --- Orientation ---


def turn(array: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the turning and mirroring of an EXIF orientation, 1 to 8."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
