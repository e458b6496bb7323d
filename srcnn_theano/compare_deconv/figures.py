"""The figures of the comparison as cells, and as a table on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from srcnn_theano.tables import text_lines


def header(results: dict[str, Any]) -> list[str]:
    """The titles of the columns of `rows`."""
    titles = [variant["title"] for variant in results["variants"].values()]
    return ["", *titles, "bicubic", "original"]


def rows(results: dict[str, Any]) -> list[list[str]]:
    """The table: a title, and a text for each variant, bicubic and the original.

    Parameters
    ----------
    results : dict
        As `measuring.measure` makes it.
    """
    return _quality(results) + _work(results) + _times(results)


def epochs(n: int) -> str:
    """A number of epochs in words."""
    return "1 epoch" if n == 1 else f"{n} epochs"


def _line(
    results: dict[str, Any],
    title: str,
    form: str,
    of_variant: Callable[[dict[str, Any]], float],
    bicubic: float | None = None,
    original: float | None = None,
) -> list[str]:
    values = [of_variant(variant) for variant in results["variants"].values()]
    cells = [format(value, form) for value in values]
    for value in (bicubic, original):
        cells.append("" if value is None else format(value, form))
    return [title, *cells]


def _quality(results):
    bicubic = results["bicubic"]
    return [
        _line(
            results,
            "PSNR of sub-images, dB",
            ".2f",
            lambda variant: variant["sub_images_psnr"][-1],
            bicubic["sub_images_psnr"],
        ),
        _line(
            results,
            "PSNR, `standard`, dB",
            ".2f",
            lambda variant: variant["standard"][-1]["psnr"],
            bicubic["psnr"],
        ),
        _line(
            results,
            "SSIM, `standard`",
            ".4f",
            lambda variant: variant["standard"][-1]["ssim"],
            bicubic["ssim"],
        ),
        _line(
            results,
            "checkerboard energy, per mille",
            ".3f",
            lambda variant: 1000 * variant["checkerboard_energy"],
            1000 * bicubic["checkerboard_energy"],
            1000 * results["original"]["checkerboard_energy"],
        ),
        _line(
            results,
            "ripple on flat grey, levels",
            ".2f",
            lambda variant: variant["grey_ripple"],
            0.0,
        ),
    ]


def _work(results):
    def counted(title, name):
        return _line(results, title, ",", lambda variant: variant[name])

    def multiply_adds(title, name):
        return _line(
            results, title, ",", lambda variant: variant["multiply_adds"][name]
        )

    side = results["picture"]
    return [
        counted("parameters", "n_parameters"),
        counted("weights of the last layer", "n_upsampling_weights"),
        multiply_adds("multiply-adds for 8x8 to 33x33", "sub_image"),
        multiply_adds("in the last layer", "upsampling"),
        multiply_adds("in the last layer, zeros skipped", "upsampling_without_zeros"),
        _line(
            results,
            f"multiply-adds for {side}x{side}, millions",
            ",.0f",
            lambda variant: variant["multiply_adds"]["picture"] / 1e6,
        ),
    ]


def _times(results):
    side = results["picture"]
    titles = {
        "seconds_per_step": f"time of a step of {results['batch_size']}, ms",
        "seconds_per_picture": f"time of {side}x{side} pixels, ms",
    }
    return [
        _line(results, title, ".1f", lambda variant: 1000 * variant[name])
        for name, title in titles.items()
    ]


def text_table(results: dict[str, Any], out_dir: Path) -> str:
    """The figures as text; `out_dir` is where the page is."""
    cells = [[cell.replace("`", "") for cell in row] for row in rows(results)]
    titles = header(results)
    return "\n".join(
        [
            "",
            f"FSRCNN after {epochs(results['n_epochs'])}, {results['steps']:,} steps "
            f"of {results['batch_size']}, trained on {results['trained_on']}",
            "",
            *text_lines("l" + "r" * (len(titles) - 1), [titles, *cells]),
            "",
            f"curves, filters, spectra: {out_dir / 'deconvolution.html'}",
        ]
    )
