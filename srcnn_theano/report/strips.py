"""Details of images side by side: low resolution, bicubic, networks, original."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence, Tuple

from srcnn_theano.environment import default_device, find_compiler
from srcnn_theano.errors import UserError
from srcnn_theano.inference import build_predictor
from srcnn_theano.pages.document import Block, Paragraph, Pictures
from srcnn_theano.pages.pixels import Crop, write_strip
from srcnn_theano.report.page.hero import VERSIONS, Shown
from srcnn_theano.report.rows import Row
from srcnn_theano.report.sections import section
from srcnn_theano.report.trained import weights_of
from srcnn_theano.report.words import cost_in_words

# The networks of a strip, all of one scale, and a detail that bicubic blurs.
_Strip = Tuple[Sequence[str], Crop]
_STRIPS: Sequence[_Strip] = (
    (("srcnn_x3",), Crop("Set5", "butterfly_GT.bmp", 72, 72, 96)),
    (("fsrcnn_x3",), Crop("Set5", "butterfly_GT.bmp", 72, 72, 96)),
    (("fsrcnn_x3",), Crop("Set14", "zebra.bmp", 120, 240, 96)),
    (("fsrcnn_x2",), Crop("Set14", "comic.bmp", 36, 84, 96)),
    (("fsrcnn_x4",), Crop("Set14", "ppt3.bmp", 72, 84, 96)),
    (("table1_adam_described",), Crop("Set14", "ppt3.bmp", 72, 84, 96)),
    (("fsrcnn_gradinputs",), Crop("Set14", "ppt3.bmp", 72, 84, 96)),
    (("fsrcnn_full_border",), Crop("Set14", "ppt3.bmp", 72, 84, 96)),
)
_SLIDING = 5
# By MSE, VGG loss, and both, as described.
_COST_STRIPS: Sequence[_Strip] = tuple(
    (names, crop)
    for names in (
        (
            "table1_adam_described",
            "vgg_only_described",
            "vgg_mse_described",
            "vgg_improved_described",
        ),
        ("fsrcnn_relu_described", "fsrcnn_vgg_described", "fsrcnn_vgg_mse_described"),
    )
    for crop in (
        Crop("Set5", "butterfly_GT.bmp", 84, 84, 60),
        Crop("Set14", "zebra.bmp", 144, 252, 60),
    )
)


def strips_section(
    rows: dict[str, Row], out_dir: Path, data_dir: Path | None
) -> list[Block]:
    """The strips, or a sentence that says why there are none.

    Parameters
    ----------
    rows : dict of str to Row
    out_dir : Path
        Gets the pictures.
    data_dir : Path or None
        Folder with the image sets.
    """
    return section("strips", figures=_strips(rows, out_dir, data_dir))


def _strips(rows, out_dir, data_dir):
    if data_dir is None:
        return [
            Paragraph(
                "The pictures need the image sets, which do not come with the package: "
                "`srcnn-theano report --data DIR`."
            )
        ]
    hindrance = _hindrance()
    if hindrance:
        return [
            Paragraph(
                "There are no pictures here, because no network can be compiled on "
                f"the machine that wrote this page: {hindrance}."
            )
        ]
    networks = _networks(rows)
    if not networks:
        return [Paragraph("No network has been trained yet.")]

    def drawn(strips):
        return [
            _strip([rows[name] for name in names], networks, crop, out_dir, data_dir)
            for names, crop in strips
            if networks.keys() >= set(names)
        ]

    by_cost = drawn(_COST_STRIPS)
    if by_cost:
        by_cost = section("by_cost", figures=by_cost)
    return drawn(_STRIPS) + by_cost


def slider_pictures(rows: Mapping[str, Row], out_dir: Path) -> list[Shown]:
    """The first details of `strips_section` that it has written, to slide over."""
    pictures = []
    for names, crop in _STRIPS[:_SLIDING]:
        row, stem = rows[names[0]], Path(crop.image).stem
        scale = row.experiment.training.scale
        files = {
            version: out_dir / f"strip-{names[0]}-{stem}-{file_name}.png"
            for version, file_name in zip(
                VERSIONS, ("low", "bicubic", names[0], "original")
            )
        }
        if row.results is None or not all(path.is_file() for path in files.values()):
            continue
        score = _of_image(row.results["images"]["standard"], crop)
        psnr = {"bicubic": score["bicubic_psnr"], "network": score["psnr"]}
        title = f"{crop.test_set}, {stem}, x{scale} by {names[0]}"
        pictures.append(Shown(title, names[0], scale, files, psnr))
    return pictures


def _hindrance() -> str | None:
    """What keeps networks from being compiled on this machine, if anything does."""
    if default_device() != "cpu":  # XLA compiles them
        return None
    try:
        compiler = find_compiler()
    except UserError as error:
        return str(error)
    return None if compiler.path else "`cxx=` among Theano's flags turns C code off"


def _networks(rows):
    """The networks that have been trained and measured, compiled, by their names."""
    names = {name for names, _ in [*_STRIPS, *_COST_STRIPS] for name in names}
    networks = {}
    for name in sorted(names):
        weights = weights_of(rows[name])
        if weights is not None and rows[name].results is not None:
            networks[name] = build_predictor(weights)
    return networks


def _strip(
    rows: list[Row],
    networks: dict[str, Any],
    crop: Crop,
    out_dir: Path,
    data_dir: Path,
) -> Pictures:
    names = [row.experiment.name for row in rows]
    scale = rows[0].experiment.training.scale
    files = write_strip(
        out_dir,
        f"strip-{names[-1]}-{Path(crop.image).stem}",
        data_dir / crop.test_set / crop.image,
        crop,
        scale,
        {name: networks[name] for name in names},
    )
    return Pictures(
        list(zip([*_labels(rows, crop), "original"], files)),
        f"{crop.test_set}, {crop.image}, x{scale}: a detail of {crop.size} pixels. "
        "PSNR of the whole image, `standard`.",
    )


def _labels(rows, crop):
    """What stands under each picture of a strip but the last."""
    scores = [_of_image(row.results["images"]["standard"], crop) for row in rows]
    labels = ["low resolution", f"bicubic, {scores[0]['bicubic_psnr']:.2f} dB"]
    for row, score in zip(rows, scores):
        label = f"`{row.experiment.name}`, {score['psnr']:.2f} dB"
        if len(rows) > 1:
            label = f"{cost_in_words(row.experiment.flat())}: {label}"
            if "relu2_2" in row.results:
                distance = _of_image(row.results["relu2_2"], crop)["relu2_2"]
                label += f", relu2_2 {distance:,.0f}"
        labels.append(label)
    return labels


def _of_image(results, crop):
    scores = results["scores"][crop.test_set]
    return next(score for score in scores if score["image"] == crop.image)
