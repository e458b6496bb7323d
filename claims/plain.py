"""Claims whose evidence is a text: the report's own, a paper's, the program's."""

from __future__ import annotations

from claims.record import Finding, by_rule, claim, measured, results_of, spread

_TEXTS = (
    (
        "protocol_of_tables",
        "3.1",
        "Details of reconstruction and subsampling are missing in the literature.",
        "true",
        "The paper of SRCNN does not say how much it blurs, and its released code does "
        "not blur. The report leaves out more: order, averages, epochs, target.",
    ),
    (
        "data_sets",
        "2.1",
        "Dong et al. train on 91 images, validate on Set5 and test on Set14.",
        "true",
        "The paper publishes figures on both sets, and the program does the same.",
    ),
    (
        "luminance",
        "2.2",
        "The original paper reports its best results with the luminance channel.",
        "true",
        "Its tables are of luma, whole images and sharp originals.",
    ),
    (
        "fast_systems",
        "1",
        "SRCNN is much faster than other state of the art systems.",
        "cannot be said",
        "Dong et al. measured that in 2014; the other systems are not part of this.",
    ),
    (
        "marginally_better",
        "2.1",
        "FSRCNN improves marginally over SRCNN's performance.",
        "true",
        "Of the papers: Set5 at x3 has 32.75 dB by SRCNN 9-5-5 and 33.16 by FSRCNN.",
    ),
    (
        "realtime",
        "2.1",
        "FSRCNN is to make the network 'realtime'.",
        "true",
        "It is the aim of its paper, 24 pictures a second, which a smaller setting of "
        "it reaches there on a CPU. The report times nothing.",
    ),
    (
        "l2_search",
        "5.1.1",
        "The L2 norm of 1e-4 came 'after some hyperparameter searching'.",
        "true",
        "The program tries 0, 0.1, 1e-2, 1e-3 and 1e-4, 10 epochs each. What they gave "
        "is not printed; 1e-4 is the weakest but 0.",
    ),
    (
        "captions",
        "5.1.3",
        "Figure 3 and the table of VGG16, 'Table 2', are of section 5.1.1 (captions).",
        "false",
        "They are of this section, and another Table 2 stands in 5.1.1.",
    ),
    (
        "no_colour_at_4",
        "Table 2",
        "Dong et al. 'did not test RGB at 4x upscaling'.",
        "true",
        "Their paper of 2016 has a table of RGB, at x3.",
    ),
    (
        "ten_thousand_epochs",
        "5.1.2",
        "The figures of the FSRCNN paper are of 10,000 epochs and more.",
        "cannot be said",
        "The paper counts no epochs.",
    ),
    (
        "relu2_2",
        "4.1",
        "The features are those of relu2_2, the fourth convolution.",
        "true",
        "The program's VGG16 ends there.",
    ),
    (
        "sgd_rates",
        "4.1",
        "Dong et al. use SGD with one rate for two layers and another for the last.",
        "true",
        "1e-4 and 1e-5; the program had them, for parameters that it did not train.",
    ),
    (
        "repository",
        "5.1.2",
        "The other experiments 'can be found in our project source repository'.",
        "cannot be said",
        "It is gone; public copies hold parts of the program and no printed output.",
    ),
    (
        "vgg_by_adam",
        "5.1.3",
        "All experiments with VGG16 used Adam, 1e-4 and minibatches of 100.",
        "cannot be said",
        "In the copy that is left RMSProp is switched on, with Adam beside it. The "
        "rows here use Adam.",
    ),
    (
        "trend",
        "5.1.3",
        "The trend of the rows before the mend will hold for later ones.",
        "cannot be said",
        "The later rows were not run without the sum or the lower rate.",
    ),
    (
        "in_the_original_space",
        "5.1.3",
        "By VGG loss the PSNR of pixels 'turned out to be lower'.",
        "cannot be said",
        "Lower than what it does not say: the two PSNR are of different things, and "
        "of SRCNN without VGG16 on these data no figure is printed.",
    ),
    (
        "a_hundred_million",
        "5.1.1",
        "100M iterations were required for 3x upsampling.",
        "cannot be said",
        "Dong et al. count back-propagations, 8e8 of them, with SGD and other data.",
    ),
    (
        "weakly_correlated",
        "2.1",
        "PSNR is only weakly correlated with how good a picture looks.",
        "cannot be said",
        "The papers named say so; nothing in the report or here tests it on people.",
    ),
)


def _register(name: str, section: str, text: str, verdict: str, evidence: str) -> None:
    def find() -> Finding:
        return verdict, evidence

    find.__name__ = name
    claim(section, text)(find)


for _text in _TEXTS:
    _register(*_text)


@claim(
    "5.1.1",
    "It would have taken the original 'as long to achieve 30 PSNR': 100M iterations.",
)
def as_long() -> Finding:
    plain = measured()["bicubic"]["as programmed"]["Set5"]["batch20"]
    return "cannot be said", (
        "Nobody has run it, and 30 dB of one measure are not 30 of another: under the "
        f"report's own, bicubic has {plain:.2f} dB on Set5 without any iteration."
    )


@claim(
    "3.1",
    "A 'small bug in our subsampling code' ruined the quality of results.",
)
def small_bug() -> Finding:
    scores = measured()["bicubic"]
    whole, stretched = (
        scores[title]["Set14"]["batch100"]
        for title in ("as programmed", "stretched on the way up")
    )
    return "true", (
        "Low resolution came to `imresize` as floating point, which stretched each 8x8 "
        f"to its own minimum and maximum: bicubic has {stretched:.2f} dB on Set14 with "
        f"it and {whole:.2f} without."
    )


@claim(
    "Abstract",
    "'We successfully outperform the SRCNN, achieve state of the art results with "
    "FSRCNN.'",
)
def outperforms() -> Finding:
    figures = by_rule("fsrcnn_relu_programmed")
    plain = measured()["bicubic"]["as programmed"]["Set14"]["batch20"]
    return "false", (
        "The comparisons are between protocols. Under the report's own, bicubic has "
        f"{plain:.2f} dB on Set14 (35.08 printed for SRCNN), FSRCNN as programmed "
        f"{spread(figures)}."
    )


@claim(
    "6",
    "FSRCNN is 'nearly state of the art' after 100 epochs.",
)
def state_of_the_art() -> Finding:
    described, programmed = (
        results_of(name)[0]["images"]["standard"]["scores"]["Set14"][-1]
        for name in ("fsrcnn_gradinputs_100", "fsrcnn_relu_programmed")
    )
    return "false", (
        "As the literature measures, whole images of Set14 at x4, luma: with a stride "
        f"{described['psnr']:.2f} dB after 100 epochs, as programmed "
        f"{programmed['psnr']:.2f}, bicubic {programmed['bicubic_psnr']:.2f}, the "
        "FSRCNN of its authors 27.59. Both were trained on blurred targets."
    )


@claim(
    "Abstract",
    "VGG or perceptual loss 'serves as a very good cost function'.",
)
def good_cost() -> Finding:
    figures = by_rule("vgg_improved_programmed")
    plain = measured()["bicubic"]["as programmed"]["Set14"]["batch100"]
    return "cannot be said", (
        "The features were scrambled, so no perceptual loss was tried: VGG + SRCNN "
        f"loss has {spread(figures)} on Set14, bicubic {plain:.2f}."
    )
