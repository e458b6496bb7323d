"""The figures of the comparison as a table on the terminal and as one HTML page."""

from srcnn_theano.files import write_text
from srcnn_theano.pages.document import (
    Details,
    Heading,
    Items,
    Paragraph,
    Pictures,
    Table,
    to_html,
)
from srcnn_theano.pages.figures import (
    Curve,
    Panel,
    draw_curves,
    write_filters,
    write_strip,
)

_ABOUT = {
    "fsrcnn_gradinputs": "each input pixel stamps a scaled copy of a 9x9 filter into "
    "the output, the stamps 4 pixels apart (`AbstractConv2d_gradInputs`). The filters "
    "start as noise, N(0, 0.001), as in the FSRCNN paper.",
    "fsrcnn_bilinear": "the same layer, but its filters start as tents, which "
    "interpolate linearly.",
    "fsrcnn_full_border": "`conv2d(..., border_mode='full')`: the stamps are 1 pixel "
    "apart, so the output grows by the size of the filter and not by a factor. It "
    "takes 26x26 filters to get from 8x8 to 33x33, and the network fits inputs of 8x8 "
    "only: pictures go through it in overlapping windows.",
}
_GRAD_INPUTS, _BILINEAR, _FULL_BORDER = _ABOUT


def write_page(out_dir, results, trained, material, spectra, networks):
    """Write deconvolution.html, which needs no other file, and the pictures in it.

    Parameters
    ----------
    out_dir : Path
    results : dict, as `compare.measure` makes it
    trained : dict of str to Trained
    material : Material
    spectra : dict of str to (frequencies, decibels)
    networks : dict of str to Predictor
    """
    blocks = _opening(results)
    blocks += [Heading(2, "In figures"), _main_table(results), _table_notes(results)]
    blocks += _learning(results, out_dir)
    blocks += _filters(results, trained, out_dir)
    blocks += _checkerboards(results, spectra, out_dir)
    blocks += _details(results, material, networks, out_dir)
    blocks += [Heading(2, "What it means"), Items(_meaning(results))]
    blocks.append(_settings(trained))
    write_text(out_dir / "deconvolution.html", to_html(blocks, out_dir))


def _opening(results):
    return [
        Heading(1, "Deconvolution: gradInputs and the naive full border"),
        Paragraph(
            "Three FSRCNN networks that differ in their last layer only, the one that "
            "makes a picture of four times the size. Each was trained for {epochs}, "
            "{steps:,} steps of Adam on minibatches of {batch_size}, from the "
            "same seed, on {trained_on}: 8x8 pixels in, 33x33 out, in colour.".format(
                epochs=_epochs(results["n_epochs"]), **results
            )
        ),
        Items(
            [
                "**{}**: {}".format(one["title"], _ABOUT[name])
                for name, one in results["variants"].items()
            ]
        ),
    ]


def _main_table(results):
    header = [""] + [one["title"] for one in results["variants"].values()]
    header += ["bicubic", "original"]
    return Table("l" + "r" * (len(header) - 1), header, rows(results))


def _table_notes(results):
    return Items(
        [
            "**PSNR of sub-images** is measured as the networks were trained, under "
            "`course`: each 33x33 blurred, reduced to 8x8, restored and compared with "
            "its blurred self; the mean of the decibels. The other PSNR and SSIM are "
            "of whole pictures: {}.".format(results["protocol"]),
            "**Checkerboard energy** is the share of the output's spectrum at the "
            "frequencies of the stride; it would be 1000 if nothing but a pattern of "
            "4x4 pixels were repeated. Fine detail has its share there, too, see the "
            "original; flat grey has none. The **ripple** is what a network makes of "
            "flat grey: standard deviation in levels of 255.",
            "**Multiply-adds** are counted, not measured. The full border, as it is "
            "defined, lays its filters on padding for the greater part; a library that "
            "skips the zeros is left with the number in the line below.",
            "**Times** are medians on this machine, the three networks taking turns; "
            "what else runs lengthens the longer ones most. {0}x{0} pixels are the "
            "output, from {1}x{1}.".format(
                results["picture"], results["picture"] // results["scale"]
            ),
        ]
    )


def _learning(results, out_dir):
    variants = results["variants"].values()
    bicubic = results["bicubic"]
    epochs = "epochs of training"
    on_sub_images = [
        Curve(
            one["title"],
            list(range(1, len(one["sub_images_psnr"]) + 1)),
            one["sub_images_psnr"],
        )
        for one in variants
    ]
    panels = [
        Panel(
            "sub-images",
            on_sub_images,
            bicubic["sub_images_psnr"],
            axes=(epochs, "PSNR in dB"),
        )
    ]
    for key, label in (("psnr", "PSNR in dB"), ("ssim", "SSIM")):
        curves = [
            Curve(
                one["title"],
                [score["epoch"] for score in one["standard"]],
                [score[key] for score in one["standard"]],
            )
            for one in variants
        ]
        panels.append(
            Panel("pictures, standard", curves, bicubic[key], axes=(epochs, label))
        )
    draw_curves(out_dir / "learning.svg", panels)
    return [
        Heading(2, "While they learn"),
        Pictures(
            [("PSNR and SSIM against epochs", "learning.svg")],
            "What the table has in its first three lines, epoch by epoch; on pictures "
            "after the epochs that were measured. The dashed line is bicubic.",
        ),
    ]


def _filters(results, trained, out_dir):
    from srcnn_theano.weights import load_weights

    blocks = [
        Heading(2, "What the last layer has learned"),
        Paragraph(
            "The filters, one for each of the 56 maps that reach the last layer, the "
            "strongest first. An output pixel is the sum of what the stamps around it "
            "leave there. Grey is nothing, light adds, dark takes away, a tint is a "
            "difference between the colours."
        ),
    ]
    for name, one in trained.items():
        W = load_weights(one.weights[one.experiment.measure.n_epochs]).values[
            "deconv.W"
        ]
        file_name = f"filters-{name}.png"
        write_filters(out_dir / file_name, W, columns=14)
        caption = "{}: {} filters of {}x{} pixels.".format(
            one.title, len(W), *W.shape[2:]
        )
        blocks.append(Pictures([(one.title, file_name)], caption))
    return blocks


def _checkerboards(results, spectra, out_dir):
    titles = {name: one["title"] for name, one in results["variants"].items()}
    curves = [Curve(titles.get(name, name), *xy) for name, xy in spectra.items()]
    axes = ("frequency in cycles per stride", "power in dB of a level of 255")
    draw_curves(out_dir / "spectrum.svg", [Panel("", curves, None, axes=axes)])
    return [
        Heading(2, "Checkerboards"),
        Paragraph(
            "Where the filter is no multiple of the stride, some output pixels get "
            "more stamps than others: 9 = 2 x 4 + 1, so one row and column of four "
            "gets three stamps, the others two. Unless the filters make up for it, a "
            "pattern of that period lies over the picture, and stands out in its "
            "spectrum at 1 and 2 cycles per stride. The full border has no stride and "
            "nothing to repeat within a window; what it does at the seams of its "
            "windows, 2 input pixels apart, shows at multiples of one half."
        ),
        Pictures(
            [("spectra", "spectrum.svg")],
            "Mean power along rows and columns of the restored pictures (luma).",
        ),
    ]


def _details(results, material, networks, out_dir):
    blocks = [Heading(2, "Side by side")]
    titles = [one["title"] for one in results["variants"].values()]
    for number, (path, crop) in enumerate(material.details):
        stem = f"detail-{number}"
        files = write_strip(out_dir, stem, path, crop, results["scale"], networks)
        labels = ["low resolution", "bicubic"] + titles + ["original"]
        caption = "{}, x{}: a detail of {} pixels.".format(
            " ".join(filter(None, (crop.test_set, crop.image))),
            results["scale"],
            crop.size,
        )
        blocks.append(Pictures(list(zip(labels, files)), caption))
    return blocks


def _meaning(results):
    """Sentences that follow from the figures."""
    naive, ours = (results["variants"][n] for n in (_FULL_BORDER, _GRAD_INPUTS))
    tents = results["variants"][_BILINEAR]
    bicubic = results["bicubic"]["sub_images_psnr"]
    psnr = ours["sub_images_psnr"]
    said = [
        "After {} gradInputs is {} the full border on sub-images ({:.2f} "
        "against {:.2f} dB) and {} it on pictures ({:.2f} against {:.2f} dB).".format(
            _epochs(results["n_epochs"]),
            _above(psnr[-1] - naive["sub_images_psnr"][-1]),
            psnr[-1],
            naive["sub_images_psnr"][-1],
            _above(ours["standard"][-1]["psnr"] - naive["standard"][-1]["psnr"]),
            ours["standard"][-1]["psnr"],
            naive["standard"][-1]["psnr"],
        ),
        "The full border has {:.1f} times the weights in its last layer; a training "
        "step takes {:.1f} times and a picture {:.0f} times as long.".format(
            naive["n_upsampling_weights"] / ours["n_upsampling_weights"],
            naive["seconds_per_step"] / ours["seconds_per_step"],
            naive["seconds_per_picture"] / ours["seconds_per_picture"],
        ),
        "Starting from filters that interpolate is worth {:+.2f} dB after the first "
        "epoch, and {:+.2f} dB after the last.".format(
            tents["sub_images_psnr"][0] - psnr[0],
            tents["sub_images_psnr"][-1] - psnr[-1],
        ),
        _when_decent(psnr, bicubic),
        "Of flat grey gradInputs makes a pattern of {:.2f} levels, the full border one "
        "of {:.2f}.".format(ours["grey_ripple"], naive["grey_ripple"]),
    ]
    return said


def _epochs(n):
    return "1 epoch" if n == 1 else f"{n} epochs"


def _above(decibels):
    side = "above" if decibels >= 0 else "below"
    return f"{abs(decibels):.2f} dB {side}"


def _when_decent(psnr, bicubic):
    near = [i for i, value in enumerate(psnr, 1) if value > bicubic - 1]
    text = "The report saw no decent reconstruction from gradInputs before 200 epochs. "
    if near:
        return (
            text + f"Here it comes within 1 dB of bicubic after {near[0]} of "
            f"{_epochs(len(psnr))}."
        )
    return text + (
        f"Here its best is {max(psnr):.2f} dB, {bicubic - max(psnr):.2f} below "
        f"bicubic, after {1 + psnr.index(max(psnr))} of {_epochs(len(psnr))}."
    )


def _settings(trained):
    lines = [
        [
            f"`{one.experiment.name}`",
            str(one.experiment.training.seed),
            one.experiment.training.update,
            f"{one.experiment.training.learning_rate:g}",
            ", ".join("{}: {}".format(*o) for o in one.experiment.options.items()),
            one.source,
        ]
        for one in trained.values()
    ]
    header = ["", "seed", "update", "rate", "options", "network"]
    return Details("Settings", [Table("lrlrll", header, lines)])


def rows(results):
    """The table: a title, and a text for each variant, bicubic and the original."""
    variants = list(results["variants"].values())
    bicubic, original = results["bicubic"], results["original"]
    side = results["picture"]

    def line(title, form, values, of_bicubic="", of_original=""):
        cells = [form.format(value) for value in values]
        cells += [form.format(v) if v != "" else "" for v in (of_bicubic, of_original)]
        return [title] + cells

    def each(*path):
        found = []
        for one in variants:
            for key in path:
                one = one[key]
            found.append(one)
        return found

    return [
        line(
            "PSNR of sub-images, dB",
            "{:.2f}",
            [psnr[-1] for psnr in each("sub_images_psnr")],
            bicubic["sub_images_psnr"],
        ),
        line(
            "PSNR, `standard`, dB",
            "{:.2f}",
            [scores[-1]["psnr"] for scores in each("standard")],
            bicubic["psnr"],
        ),
        line(
            "SSIM, `standard`",
            "{:.4f}",
            [scores[-1]["ssim"] for scores in each("standard")],
            bicubic["ssim"],
        ),
        line(
            "checkerboard energy, per mille",
            "{:.3f}",
            [1000 * energy for energy in each("checkerboard_energy")],
            1000 * bicubic["checkerboard_energy"],
            1000 * original["checkerboard_energy"],
        ),
        line("ripple on flat grey, levels", "{:.2f}", each("grey_ripple"), 0.0),
        line("parameters", "{:,}", each("n_parameters")),
        line("weights of the last layer", "{:,}", each("n_upsampling_weights")),
        line(
            "multiply-adds for 8x8 to 33x33",
            "{:,}",
            each("multiply_adds", "sub_image"),
        ),
        line("in the last layer", "{:,}", each("multiply_adds", "upsampling")),
        line(
            "in the last layer, zeros skipped",
            "{:,}",
            each("multiply_adds", "upsampling_without_zeros"),
        ),
        line(
            f"multiply-adds for {side}x{side}, millions",
            "{:,.0f}",
            [n / 1e6 for n in each("multiply_adds", "picture")],
        ),
        line(
            "time of a step of {}, ms".format(results["batch_size"]),
            "{:.1f}",
            [1000 * s for s in each("seconds_per_step")],
        ),
        line(
            f"time of {side}x{side} pixels, ms",
            "{:.1f}",
            [1000 * s for s in each("seconds_per_picture")],
        ),
    ]


def table(results, out_dir):
    """The figures as text."""
    titles = [one["title"] for one in results["variants"].values()]
    header = [""] + titles + ["bicubic", "original"]
    lines = [header] + [[c.replace("`", "") for c in row] for row in rows(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    text = [
        "",
        "FSRCNN after {epochs}, {steps:,} steps of {batch_size}, trained on "
        "{trained_on}".format(epochs=_epochs(results["n_epochs"]), **results),
        "",
    ]
    for first, *cells in lines:
        padded = ["{:>{}}".format(c, w) for c, w in zip(cells, widths[1:])]
        text.append("  ".join(["{:<{}}".format(first, widths[0])] + padded).rstrip())
    text += ["", "curves, filters, spectra: {}".format(out_dir / "deconvolution.html")]
    return "\n".join(text)
