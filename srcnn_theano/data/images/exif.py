"""EXIF data: what of them goes along into results, and what follows the size."""

from __future__ import annotations

import math
import re
import warnings
from numbers import Real
from typing import Any, Sequence

from srcnn_theano.data.images.picture import Picture

EXIF_PREFIX = b"Exif\0\0"

ORIENTATION = 0x0112
X_RESOLUTION, Y_RESOLUTION, UNIT = 282, 283, 296
INCH = 2
EXIF_IFD, GPS_IFD = 0x8769, 0x8825  # exposure and the like; position
# In the first of these: a directory more; the size of the picture; pixels for an inch
# of the sensor; and where in the picture its subject is, and of what size.
_INTEROP = 0xA005
_WIDTH, _HEIGHT = 0xA002, 0xA003
_ON_SENSOR = (0xA20E, 0xA20F)
_SUBJECT = (0x9214, 0xA214)
_IFD0_WIDTH, _IFD0_HEIGHT = 256, 257
_THUMBNAIL_IFD = -1  # Pillow's number
# Programs for microscopes, and tifffile, read a file's pages by what this says of them.
_DESCRIPTION = 270
_ONLY_SHAPE = re.compile(r'\{("truncated": true, )?"shape": \[[0-9, ]*\]\}')
# The tags of a TIFF that describe the picture and not the layout of the file; the last
# are those of Windows, of title, comment, author, keywords and subject.
DESCRIPTIVE = (
    *(269, 270, 271, 272, 305, 306, 315, 316, 18246, 33432),
    *range(40091, 40096),
)

# --- What goes along ---


def kept_exif(image: Any, exif: Any, notes: list[str]) -> bytes | None:
    """The EXIF data that go along; `notes` gets what is taken out of them."""
    if "exif" not in image.info:
        return descriptive(exif, notes)
    if not len(exif):
        return None
    if _is_cut_off(image.info["exif"]):
        notes.append("EXIF in part left out: it cannot be read")
    orientation = exif.get(ORIENTATION, 1)
    was_upright = orientation == 1
    if not was_upright:
        _turn_sizes(exif, orientation)
    exif[ORIENTATION] = 1
    n_notes = len(notes)
    content = _written(exif, notes)
    if was_upright and len(notes) == n_notes:
        return _with_prefix(image.info["exif"])
    return content


def _inner(tags: Any) -> dict[int, Any]:
    """EXIF's own directory; Pillow would write an empty one that is asked for."""
    return tags.get_ifd(EXIF_IFD) if EXIF_IFD in tags else {}


def _turn_sizes(tags: Any, orientation: Any) -> None:
    """Let EXIF speak of the picture upright, and no longer of places in it."""
    inner = _inner(tags)
    for tag in _SUBJECT:
        inner.pop(tag, None)
    if orientation in (5, 6, 7, 8):
        pairs = (inner, _WIDTH, _HEIGHT), (tags, _IFD0_WIDTH, _IFD0_HEIGHT)
        for part, width, height in pairs:
            if width in part and height in part:
                part[width], part[height] = part[height], part[width]


def _is_cut_off(content: bytes) -> bool:
    """Whether EXIF data point at what is not there, of which Pillow warns at most."""
    from PIL import Image

    tags = Image.Exif()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tags.load(content)
        for tag in (EXIF_IFD, GPS_IFD):
            tags.get_ifd(tag)
    words = " ".join(str(warning.message) for warning in told).lower()
    return "corrupt" in words or "truncated" in words


def descriptive(tags: Any, notes: list[str]) -> bytes | None:
    """The tags of a TIFF that go along, as EXIF."""
    from PIL import Image

    kept = Image.Exif()
    for tag in DESCRIPTIVE:
        if tag in tags:
            kept[tag] = tags[tag]
    description = tags.get(_DESCRIPTION)
    if _is_of_layout(description):
        del kept[_DESCRIPTION]
        if not _ONLY_SHAPE.fullmatch(description):
            notes.append("description left out: of the file as it was")
    _resolve_interop(tags)
    for tag in _SUBJECT:  # the picture may be turned
        _inner(tags).pop(tag, None)
    for tag in (EXIF_IFD, GPS_IFD):
        if tags.get_ifd(tag):
            kept[tag] = dict(tags.get_ifd(tag))
    return _written(kept, notes) if len(kept) else None


def _is_of_layout(text: Any) -> bool:
    return isinstance(text, str) and (
        text.startswith("ImageJ=")
        or "<OME" in text
        or (text.startswith("{") and '"shape"' in text)
    )


def tags_for_tiff(exif: bytes) -> Any:
    """Tags for a TIFF whose structure stays its own.

    The first directory of EXIF is written as that of the file itself, and what it says
    of a size, of colours or of strips would be believed.
    """
    from PIL import Image

    tags = Image.Exif()
    tags.load(exif)
    for tag in list(tags):
        if tag not in (*DESCRIPTIVE, EXIF_IFD, GPS_IFD):
            del tags[tag]
    if _is_of_layout(tags.get(_DESCRIPTION)):
        del tags[_DESCRIPTION]
    _resolve_interop(tags)
    return tags


def _resolve_interop(tags: Any) -> None:
    """Put a directory in the place of the offset that it had in another file."""
    inner = _inner(tags)
    if _INTEROP in inner:
        directory = dict(tags.get_ifd(_INTEROP))
        if directory:
            inner[_INTEROP] = directory
        else:
            del inner[_INTEROP]


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
    for place in (None, EXIF_IFD, GPS_IFD):
        part = tags if place is None else tags.get_ifd(place)
        for tag in list(part):
            if tag not in (EXIF_IFD, GPS_IFD) and not _can_be_written(
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


def _with_prefix(exif: bytes) -> bytes:
    """The prefix belongs to EXIF in JPEG; WebP leaves it out."""
    return exif if exif.startswith(EXIF_PREFIX) else EXIF_PREFIX + exif


# --- What follows the size ---


def with_resolution(exif: bytes | None, dpi: tuple[float, float]) -> bytes | None:
    """EXIF data that say the resolution, for formats that say it nowhere else."""
    from PIL import Image

    tags = Image.Exif()
    try:
        if exif:
            tags.load(exif)
        tags[X_RESOLUTION], tags[Y_RESOLUTION], tags[UNIT] = *dpi, INCH
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

    Resolution, size and places follow, and a thumbnail goes; what cannot be read stays
    as it is.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it passes over
            tags = Image.Exif()
            tags.load(exif)
            inner = _inner(tags)
            sizes = {_WIDTH: cols, _HEIGHT: rows}
            sizes_of_ifd0 = {_IFD0_WIDTH: cols, _IFD0_HEIGHT: rows}
            resolutions = (X_RESOLUTION, Y_RESOLUTION)
            changed = [
                *_set(tags, sizes_of_ifd0),
                *_set(inner, sizes),
                *_multiply(tags, resolutions, scale),
                *_multiply(inner, _ON_SENSOR, scale),
                *_move_subject(inner, scale),
            ]
            has_thumbnail = bool(tags.get_ifd(_THUMBNAIL_IFD))
            return tags.tobytes() if changed or has_thumbnail else exif
    except Exception:
        return exif


def _set(tags: Any, values: dict[int, int]) -> list[int]:
    """Change those that are there; returns which these are."""
    found = [tag for tag in values if tag in tags]
    for tag in found:
        tags[tag] = values[tag]
    return found


def _multiply(tags: Any, names: Sequence[int], factor: int) -> list[int]:
    """The same with products of what they are; what is no number stays."""
    found = [tag for tag in names if isinstance(tags.get(tag), Real)]
    found = [tag for tag in found if math.isfinite(tags[tag])]
    for tag in found:
        tags[tag] = float(tags[tag]) * factor
    return found


def _move_subject(inner: Any, factor: int) -> list[int]:
    """The same with places and sizes in a picture; beyond 16 bits, they go."""
    found = [tag for tag in _SUBJECT if isinstance(inner.get(tag), tuple)]
    for tag in found:
        inner[tag] = tuple(factor * n for n in inner[tag])
        if max(inner[tag]) > 65535:
            del inner[tag]
    return found
