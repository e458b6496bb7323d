"""Metadata of image files: EXIF, the orientation that it asks for, resolution."""

from __future__ import annotations

import struct
import warnings
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

from srcnn_theano.data.images.picture import Chunks, Picture
from srcnn_theano.data.images.tiff_pages import (
    is_big,
    opened,
    picture_page,
    stream_at,
)

EXIF_PREFIX = b"Exif\0\0"
_Value = TypeVar("_Value")

_ORIENTATION = 0x0112
_PROFILE = 34675
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_INCH, _CENTIMETRE = 2, 3
_XMP, _IPTC, _IPTC_RESOURCE = 700, 33723, 0x0404  # the last in Photoshop's segment
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp", "Raw profile type xmp")
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/"
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825  # exposure and the like; position
_WIDTH, _HEIGHT = 0xA002, 0xA003  # of the picture, in the first of these
# The tags of a TIFF that describe the picture and not the layout of the file.
_DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33432)
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
    kept = parts.read("EXIF", partial(_kept_exif, image, exif, parts.notes), None)
    profile = image.info.get("icc_profile") or None
    segments = [data for _, data in getattr(image, "applist", ())]
    tags = exif if image.format == "TIFF" else ()
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
        kept = parts.read("EXIF", partial(_descriptive, tags, parts.notes), None)
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
    for tag in (_ORIENTATION, _PROFILE, _UNIT, _XMP, _IPTC, *_DESCRIPTIVE):
        if tag in given:
            tags[tag] = given[tag]
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        if tag in given:
            numerator, denominator = given[tag]
            tags[tag] = numerator / max(denominator, 1)
    if _EXIF_IFD in given or _GPS_IFD in given:
        notes.append("EXIF left out: not read from a BigTIFF")


def _profile_of(tags: Any) -> bytes | None:
    profile = tags.get(_PROFILE)
    if not isinstance(profile, (bytes, type(None))):
        raise ValueError("bytes that are none")
    return profile


# --- EXIF ---


def _orientation_of(tags: Any) -> int:
    orientation = int(tags.get(_ORIENTATION, 1))
    if not 0 <= orientation <= 8:
        raise ValueError("no orientation of the eight")
    return orientation or 1  # 0 says that it is not known


def _kept_exif(image: Any, exif: Any, notes: list[str]) -> bytes | None:
    """The EXIF data that go along; `notes` gets what is taken out of them."""
    if "exif" not in image.info:
        return _descriptive(exif, notes)
    if not len(exif):
        return None
    if _is_cut_off(image.info["exif"]):
        notes.append("EXIF in part left out: it cannot be read")
    was_upright = exif.get(_ORIENTATION, 1) == 1
    exif[_ORIENTATION] = 1
    n_notes = len(notes)
    content = _written(exif, notes)
    if was_upright and len(notes) == n_notes:
        return _with_prefix(image.info["exif"])
    return content


def _is_cut_off(content: bytes) -> bool:
    """Whether EXIF data point at what is not there, of which Pillow warns at most."""
    from PIL import Image

    tags = Image.Exif()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tags.load(content)
        for tag in (_EXIF_IFD, _GPS_IFD):
            tags.get_ifd(tag)
    words = " ".join(str(warning.message) for warning in told).lower()
    return "corrupt" in words or "truncated" in words


def _descriptive(tags: Any, notes: list[str]) -> bytes | None:
    """The tags of a TIFF that go along, as EXIF."""
    from PIL import Image

    kept = Image.Exif()
    for tag in _DESCRIPTIVE:
        if tag in tags:
            kept[tag] = tags[tag]
    for tag in (_EXIF_IFD, _GPS_IFD):
        if tags.get_ifd(tag):
            kept[tag] = dict(tags.get_ifd(tag))
    return _written(kept, notes) if len(kept) else None


def _written(tags: Any, notes: list[str]) -> bytes:
    """EXIF data of tags, without those that are of no type that they may have."""
    try:
        return tags.tobytes()
    except Exception:
        lost = _take_out_malformed(tags)
        content = tags.tobytes()
        notes.append(f"EXIF: {', '.join(lost)} left out: malformed")
        return content


def _take_out_malformed(tags: Any) -> list[str]:
    """Take out what cannot be written; returns the names of the tags."""
    from PIL import ExifTags

    lost = []
    for place in (None, _EXIF_IFD, _GPS_IFD):
        part = tags if place is None else tags.get_ifd(place)
        for tag in list(part):
            if tag not in (_EXIF_IFD, _GPS_IFD) and not _can_be_written(
                tag, part[tag], place
            ):
                del part[tag]
                lost.append(str(ExifTags.TAGS.get(tag, tag)))
    return lost


def _can_be_written(tag: int, value: Any, place: int | None) -> bool:
    from PIL import Image

    alone = Image.Exif()
    alone[place or tag] = {tag: value} if place else value
    try:
        alone.tobytes()
    except Exception:
        return False
    return True


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
    if _X_RESOLUTION not in tags or _Y_RESOLUTION not in tags:
        return None, None
    across, down = float(tags[_X_RESOLUTION]), float(tags[_Y_RESOLUTION])
    unit = int(tags.get(_UNIT, 2))
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


def with_resolution(exif: bytes | None, dpi: tuple[float, float]) -> bytes | None:
    """EXIF data that say the resolution, for formats that say it nowhere else."""
    from PIL import Image

    tags = Image.Exif()
    try:
        if exif:
            tags.load(exif)
        tags[_X_RESOLUTION], tags[_Y_RESOLUTION], tags[_UNIT] = *dpi, _INCH
        return tags.tobytes()
    except Exception:  # data that a caller made
        return exif


def enlarged(picture: Picture, scale: int) -> Picture:
    """A picture's size and resolution for one `scale` times as large."""
    if scale == 1:
        return picture
    dpi, exif = picture.dpi, picture.exif
    if dpi:
        dpi = dpi[0] * scale, dpi[1] * scale
    if exif:
        rows, cols = (scale * n for n in picture.pixels.shape[:2])
        exif = _enlarged_exif(exif, scale, rows, cols)
    return picture._replace(dpi=dpi, exif=exif)


def _enlarged_exif(exif: bytes, scale: int, rows: int, cols: int) -> bytes:
    """EXIF for a picture `scale` times as large, now of `rows` and `cols`.

    Resolution and size follow; what cannot be read stays as it is.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it passes over
            tags = Image.Exif()
            tags.load(exif)
            inner = tags.get_ifd(_EXIF_IFD)
            resolutions = [tag for tag in (_X_RESOLUTION, _Y_RESOLUTION) if tag in tags]
            sizes = [tag for tag in (_WIDTH, _HEIGHT) if tag in inner]
            if not resolutions and not sizes:
                return exif
            for tag in resolutions:
                tags[tag] = float(tags[tag]) * scale
            inner.update({tag: {_WIDTH: cols, _HEIGHT: rows}[tag] for tag in sizes})
            return tags.tobytes()
    except Exception:
        return exif


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
        stream.seek(8)
        while True:
            head = stream.read(8)
            if len(head) < 8 or head[4:] == b"IEND":
                return
            (length,) = struct.unpack(">I", head[:4])
            if head[4:] in wanted and length <= _MOST_TEXT:
                yield head[4:], stream.read(length)
                stream.seek(4, 1)
            else:
                yield head[4:], b""
                stream.seek(length + 4, 1)


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


def _with_prefix(exif: bytes) -> bytes:
    """The prefix belongs to EXIF in JPEG; WebP leaves it out."""
    return exif if exif.startswith(EXIF_PREFIX) else EXIF_PREFIX + exif


def turn(array: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the turning and mirroring of an EXIF orientation, 1 to 8."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
