"""The picture with which the report's page begins, and its figures.

    python scripts/draw_report_picture.py

reduces the photograph that SciPy has (a raccoon, in the public domain) to a third,
enlarges it by bicubic and by the package's FSRCNN, and writes a detail of each version
and of the original to srcnn_theano/report/page/pictures/. `raccoon.json` beside them
has the PSNR of the whole picture, as `srcnn-theano demo` measures it, and the network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.data.photograph import photograph
from srcnn_theano.demo.trial import SCALE, Trial
from srcnn_theano.errors import UserError
from srcnn_theano.files import json_text, read_json, write_text
from srcnn_theano.shipped import weights_dir
from srcnn_theano.upscale.picture import load_upscaler

FOLDER = Path(__file__).resolve().parents[1] / "srcnn_theano/report/page/pictures"
NAME = "raccoon"
# Both eyes and the nose; multiples of the scale.
ROW, COL, SIDE = 246, 516, 240


def draw(folder: Path = FOLDER) -> None:
    """Write the pictures and their figures."""
    photo = photograph()
    if NAME not in photo.name:
        raise UserError(
            "draw_report_picture: the photograph comes with SciPy before 1.12; run it "
            "with Python 3.11 or older"
        )
    trial = Trial(photo.pixels)
    network = f"fsrcnn_x{SCALE}"
    restored = trial.restored(load_upscaler(SCALE))
    versions = {
        "low": trial.low_res,
        "bicubic": trial.bicubic,
        "network": restored,
        "original": trial.original,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for version, pixels in versions.items():
        step = SCALE if version == "low" else 1
        top, left, side = (n // step for n in (ROW, COL, SIDE))
        detail = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        write_picture(folder / f"{NAME}-{version}.png", Picture(detail))
    psnr = {name: trial.score(versions[name])[0] for name in ("bicubic", "network")}
    about = {
        "title": "A raccoon",
        "network": network,
        "scale": SCALE,
        "psnr": {name: round(value, 4) for name, value in psnr.items()},
        "weights_sha256": read_json(weights_dir() / f"{network}.json")["sha256"],
        "source": f"{photo.name}, in the public domain",
    }
    write_text(folder / f"{NAME}.json", json_text(about) + "\n")


if __name__ == "__main__":
    try:
        draw()
    except UserError as error:
        sys.exit(f"draw_report_picture: error: {error}")
