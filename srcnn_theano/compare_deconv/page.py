"""The comparison as one HTML page; its text is page.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

from srcnn_theano.compare_deconv.figures import epochs, header, rows
from srcnn_theano.compare_deconv.trained import Material, Trained
from srcnn_theano.files import write_text
from srcnn_theano.inference import Predictor
from srcnn_theano.pages.charts import Curve, Panel, draw_curves
from srcnn_theano.pages.document import Details, Pictures, Table, to_html
from srcnn_theano.pages.pixels import write_filters, write_strip
from srcnn_theano.pages.prose import read_prose
from srcnn_theano.pages.stamps import stamps_figure
from srcnn_theano.weights import load_weights

_PROSE = Path(__file__).with_name("page.md")


def write_page(
    out_dir: Path,
    results: dict[str, Any],
    trained: Mapping[str, Trained],
    material: Material,
    spectra: Mapping[str, tuple[list[float], list[float]]],
    networks: Mapping[str, Predictor],
) -> None:
    """Write deconvolution.html, which needs no other file, and the pictures in it.

    Parameters
    ----------
    out_dir : Path
    results : dict
        As `measuring.measure` makes it.
    trained : dict of str to Trained
    material : Material
    spectra : dict of str to (frequencies, decibels)
    networks : dict of str to Predictor
    """
    titles = {name: variant["title"] for name, variant in results["variants"].items()}
    blocks = read_prose(
        _PROSE,
        epochs=epochs(results["n_epochs"]),
        steps=f"{results['steps']:,}",
        batch_size=str(results["batch_size"]),
        trained_on=results["trained_on"],
        protocol=results["protocol"],
        picture=str(results["picture"]),
        low_res=str(results["picture"] // results["scale"]),
        figures=[_main_table(results)],
        stamps=[stamps_figure()],
        curves=[_curves(results, out_dir)],
        filters=_filters(trained, out_dir),
        spectra=[_spectra(titles, spectra, out_dir)],
        details=_details(results, material, networks, out_dir),
        settings=[_settings(trained)],
        **titles,
        **_meaning(results),
    )
    write_text(out_dir / "deconvolution.html", to_html(blocks, out_dir))


def _main_table(results):
    titles = header(results)
    return Table("l" + "r" * (len(titles) - 1), titles, rows(results))


# --- Pictures ---


def _curves(results, out_dir):
    variants, bicubic = results["variants"].values(), results["bicubic"]
    on_sub_images = [
        Curve(
            variant["title"],
            list(range(1, len(variant["sub_images_psnr"]) + 1)),
            variant["sub_images_psnr"],
        )
        for variant in variants
    ]
    axes = ("epochs of training", "PSNR in dB")
    panels = [Panel("sub-images", on_sub_images, bicubic["sub_images_psnr"], axes=axes)]
    for key, label in (("psnr", "PSNR in dB"), ("ssim", "SSIM")):
        on_pictures = [
            Curve(
                variant["title"],
                [score["epoch"] for score in variant["standard"]],
                [score[key] for score in variant["standard"]],
            )
            for variant in variants
        ]
        axes = ("epochs of training", label)
        panels.append(Panel("pictures, standard", on_pictures, bicubic[key], axes=axes))
    draw_curves(out_dir / "learning.svg", panels)
    return Pictures(
        [("PSNR and SSIM against epochs", "learning.svg")],
        "The first three lines of the table, epoch by epoch; on pictures after the "
        "epochs that were measured. The dashed line is bicubic.",
    )


def _filters(trained, out_dir):
    blocks = []
    for name, variant in trained.items():
        weights = load_weights(variant.weights[variant.experiment.measure.n_epochs])
        W = weights.values["deconv.W"]
        file_name = f"filters-{name}.png"
        write_filters(out_dir / file_name, W, columns=14)
        n, _, n_rows, n_cols = W.shape
        caption = f"{variant.title}: {n} filters of {n_rows}x{n_cols} pixels."
        blocks.append(Pictures([(variant.title, file_name)], caption))
    return blocks


def _spectra(titles, spectra, out_dir):
    curves = [
        Curve(titles.get(name, name), frequencies, power)
        for name, (frequencies, power) in spectra.items()
    ]
    axes = ("frequency in cycles per stride", "power in dB of a level of 255")
    draw_curves(out_dir / "spectrum.svg", [Panel("", curves, None, axes=axes)])
    return Pictures(
        [("spectra", "spectrum.svg")],
        "Mean power along rows and columns of the restored pictures (luma).",
    )


def _details(results, material, networks, out_dir):
    titles = [variant["title"] for variant in results["variants"].values()]
    labels = ["low resolution", "bicubic", *titles, "original"]
    scale, blocks = results["scale"], []
    for number, (path, crop) in enumerate(material.details):
        files = write_strip(out_dir, f"detail-{number}", path, crop, scale, networks)
        image = f"{crop.test_set} {crop.image}".strip()
        caption = f"{image}, x{scale}: a detail of {crop.size} pixels."
        blocks.append(Pictures(list(zip(labels, files)), caption))
    return blocks


# --- What the figures say ---


def _meaning(results):
    """The words of the page that follow from the figures."""
    naive, ours, tents, resized = (
        results["variants"]["fsrcnn_" + name]
        for name in ("full_border", "gradinputs", "bilinear", "resize")
    )
    psnr = ours["sub_images_psnr"]
    on_sub_images = psnr[-1], naive["sub_images_psnr"][-1]
    on_pictures = ours["standard"][-1]["psnr"], naive["standard"][-1]["psnr"]

    def times(name):
        return naive[name] / ours[name]

    return {
        "above_on_sub_images": _above(*on_sub_images),
        "psnr_on_sub_images": "{:.2f} against {:.2f} dB".format(*on_sub_images),
        "above_on_pictures": _above(*on_pictures),
        "psnr_on_pictures": "{:.2f} against {:.2f} dB".format(*on_pictures),
        "times_the_weights": f"{times('n_upsampling_weights'):.1f}",
        "times_a_step": f"{times('seconds_per_step'):.1f}",
        "times_a_picture": f"{times('seconds_per_picture'):.0f}",
        "tents_at_first": f"{tents['sub_images_psnr'][0] - psnr[0]:+.2f}",
        "tents_at_last": f"{tents['sub_images_psnr'][-1] - psnr[-1]:+.2f}",
        "decent": _when_decent(psnr, results["bicubic"]["sub_images_psnr"]),
        "ripple": f"{ours['grey_ripple']:.2f}",
        "ripple_of_full_border": f"{naive['grey_ripple']:.2f}",
        "ripple_of_resize": f"{resized['grey_ripple']:.2f}",
        "above_resize": _above(resized["sub_images_psnr"][-1], psnr[-1]),
        "psnr_of_resize": f"{resized['sub_images_psnr'][-1]:.2f} dB",
    }


def _above(ours, theirs):
    side = "above" if ours >= theirs else "below"
    return f"{abs(ours - theirs):.2f} dB {side}"


def _when_decent(psnr, bicubic):
    near = [epoch for epoch, value in enumerate(psnr, 1) if value > bicubic - 1]
    if near:
        return (
            f"Here it comes within 1 dB of bicubic after {near[0]} of "
            f"{epochs(len(psnr))}."
        )
    best = max(psnr)
    return (
        f"Here its best is {best:.2f} dB, {bicubic - best:.2f} below bicubic, after "
        f"{1 + psnr.index(best)} of {epochs(len(psnr))}."
    )


def _settings(trained):
    lines = []
    for variant in trained.values():
        experiment = variant.experiment
        options = (f"{name}: {value}" for name, value in experiment.options.items())
        lines.append(
            [
                f"`{experiment.name}`",
                str(experiment.training.seed),
                experiment.training.update,
                f"{experiment.training.learning_rate:g}",
                ", ".join(options),
                variant.source,
            ]
        )
    titles = ["", "seed", "update", "rate", "options", "network"]
    return Details("Settings", [Table("lrlrll", titles, lines)])
