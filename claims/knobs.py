"""The knobs of the report's protocol, turned one at a time under plain bicubic.

Bicubic needs no training, so it shows what a protocol does on its own.
"""

from __future__ import annotations

from pathlib import Path

from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.patches import Recipe, cut_window, make_recipe
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch

WINDOW = 21  # the side that SRCNN 9-1-5 leaves of 33
AVERAGES = ("patch", "batch20", "batch50", "batch100", "global")
_PROGRAMMED, _COURSE = make_recipe("programmed"), make_recipe("course")
KNOBS = {
    "as programmed": _PROGRAMMED,
    "mixed order": _PROGRAMMED._replace(order="mixed"),
    "stretched on the way up": make_recipe("programmed-initial"),
    "enlarged by MATLAB's `imresize`": _PROGRAMMED._replace(resizer_up="matlab"),
    "blurred once (`course`)": _COURSE,
    "once, sharp target": _COURSE._replace(target="sharp"),
    "once, blur across colours, too": _COURSE._replace(blur_across_colours=True),
    "once, whole images degraded": _COURSE._replace(unit="image"),
    "once, MATLAB's `imresize`": _COURSE._replace(resizer="matlab"),
    "no blur": _COURSE._replace(blur_sigma=0.0),
}


def bicubic_scores(
    recipe: Recipe, data_dir: Path, cache_dir: Path | None = None
) -> dict[str, dict[str, float]]:
    """PSNR in dB of plain bicubic over the inner 21x21 pixels: {set: {average: dB}}."""
    scores = {}
    for name in TEST_SETS:
        pairs = prepare(data_dir, name, recipe, cache_dir)
        mse = mse_per_patch(
            *(to_float(cut_window(part, (WINDOW, WINDOW))) for part in pairs)
        )
        scores[name] = {how: aggregate(mse, how) for how in AVERAGES}
    return scores
