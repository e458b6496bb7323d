"""The format of a file by its first bytes, where Pillow is not to try all it knows."""

from __future__ import annotations

import contextlib
from pathlib import Path

from srcnn_theano.data.images.picture import READ_ONLY

_STARTS = {
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"8BPS": "PSD",
    b"%PDF": "PDF",
    b"\x76\x2f\x31\x01": "OpenEXR",
}
_BRANDS = {"AVIF": (b"avif", b"avis"), "HEIF": (b"hei", b"hev", b"mif1", b"msf1")}


def format_of(path: Path) -> str:
    """Which of `READ_ONLY` a file is, or of those that are not read; "" if none.

    TGA has no mark of its own, and goes by its suffix.
    """
    with path.open("rb") as stream:
        start = stream.read(64)
    for mark, name in _STARTS.items():
        if start.startswith(mark):
            return name
    if start[4:8] == b"ftyp":
        # Its own brand, a version, and those that it is compatible with.
        box = start[8 : int.from_bytes(start[:4], "big")]
        brands = [box[i : i + 4] for i in range(0, len(box), 4) if i != 4]
        for name, known in _BRANDS.items():
            if any(brand.startswith(known) for brand in brands):
                return name
    is_tga = READ_ONLY.get(path.suffix.lower()) == "TGA"
    return "TGA" if is_tga else ""


def has_reader(name: str) -> bool:
    """Whether Pillow reads one of the formats of `READ_ONLY` here."""
    from PIL import Image, features

    if name == "HEIF":
        with contextlib.suppress(ImportError):
            import pillow_heif

            pillow_heif.register_heif_opener()
    Image.init()
    return name in Image.OPEN and (name != "AVIF" or bool(features.check("avif")))
