"""What plain bicubic scores under `course` when one knob is turned.

    python scripts/turn_knobs.py --data DIR

Prints the table of docs/protocols.md: PSNR in dB over the centre that SRCNN 9-1-5
leaves of each sub-image, by every aggregation. Takes some minutes.
"""

import argparse
import sys

from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.patches import cut_window, make_recipe
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch
from srcnn_theano.evaluation.sub_images import AGGREGATIONS
from srcnn_theano.tables import markdown_row

WINDOW = 21
COURSE = make_recipe("course")
KNOBS = {
    "`course`": COURSE,
    "sharp target": COURSE._replace(target="sharp"),
    "no blur": COURSE._replace(blur_sigma=0.0),
    "blur across colours, too": COURSE._replace(blur_across_colours=True),
    "whole images degraded": COURSE._replace(unit="image"),
    "MATLAB's `imresize`": COURSE._replace(resizer="matlab"),
    "MATLAB's, without antialiasing": COURSE._replace(resizer="matlab-no-antialias"),
    "`bytescale` on floats": COURSE._replace(dtype="float", resizer="pillow-bytescale"),
    "both (`course-initial`)": make_recipe("course-initial"),
}


def row(title, recipe, data_dir, cache_dir):
    cells = [title]
    for name in ("Set5", "Set14"):
        pairs = prepare(data_dir, name, recipe, cache_dir)
        mse = mse_per_patch(
            *(to_float(cut_window(part, (WINDOW, WINDOW))) for part in pairs)
        )
        cells += [f"{aggregate(mse, how):.2f}" for how in AGGREGATIONS]
    return markdown_row(cells)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="default: $SRCNN_DATA")
    parser.add_argument("--cache", metavar="DIR", help="for the sub-images")
    options = parser.parse_args()
    try:
        data_dir = find_data_dir(options.data)
        for title, recipe in KNOBS.items():
            print(row(title, recipe, data_dir, options.cache), flush=True)
    except UserError as error:
        print(f"turn_knobs: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
