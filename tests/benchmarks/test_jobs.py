"""Every side does the same job: the one that a few lines of NumPy do."""

import importlib

import numpy as np
import pytest

from benchmarks import work as common

MINIS = (
    "mini-srcnn-step",
    "mini-fsrcnn-step",
    "mini-srcnn-step-vgg",
    "mini-srcnn-image",
    "mini-fsrcnn-image",
)
STEPS = tuple(name for name in MINIS if "step" in name)
# What torch.compile makes of the same functions takes too long for a test.
SIDES = (("ours", ""), ("torch", "eager"), ("torch", "channels_last"), ("jax", "jit"))
MODULES = {
    "ours": "ours",
    "torch": "torch_side",
    "jax": "jax_side",
    "onnxruntime": "onnxruntime_side",
}


def correlate(x, W, padding):
    x = np.pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(x, W.shape[2:], (2, 3))
    return np.einsum("nchwij,kcij->nkhw", windows, W, optimize=True)


def stamp(x, W, cut):
    """A copy of the filters for each pixel, 4 apart; `cut` pixels off each side."""
    n, _, rows, cols = x.shape
    length = W.shape[2]
    y = np.zeros((n, W.shape[1], 4 * (rows - 1) + length, 4 * (cols - 1) + length))
    for i in range(rows):
        for j in range(cols):
            copies = np.einsum("nc,ckij->nkij", x[:, :, i, j], W)
            y[:, :, 4 * i : 4 * i + length, 4 * j : 4 * j + length] += copies
    return y[:, :, cut:-cut, cut:-cut]


def forward(layers, x):
    for layer in layers:
        p = {name: value.astype("float64") for name, value in layer.values.items()}
        if layer.kind in ("conv", "deconv"):
            operation = correlate if layer.kind == "conv" else stamp
            x = operation(x, p["W"], layer.padding) + p["b"][:, None, None]
        elif layer.kind == "relu":
            x = np.maximum(x, 0)
        elif layer.kind == "prelu":
            x = np.where(x > 0, x, p["a"][:, None, None] * x)
        else:
            n, maps, rows, cols = x.shape
            x = x[:, :, : rows // 2 * 2, : cols // 2 * 2]
            x = x.reshape(n, maps, rows // 2, 2, cols // 2, 2).max(axis=(3, 5))
    return x


def first_result(work):
    """Cost of the first minibatch, or the output for the image."""
    layers = common.layers(work)
    if work.kind == "image":
        x = np.asarray(common.image(work), "float64")
        if work.network == "srcnn":
            return forward(layers, x)
        # Seven pixels at each side are there for the others' sake only.
        return forward(layers, x)[:, :, 28:, 28:][:, :, : -28 - 1, : -28 - 1]
    x, y = (part[: work.batch_size] / 255.0 for part in common.sub_images(work))
    output = forward(layers, x)
    if work.perceptual:
        output, y = (forward(common.feature_layers(), z) for z in (output, y))
    return np.mean((output - y) ** 2)


def make_job(side, work, variant=""):
    if side != "ours":
        pytest.importorskip(side)
    module = importlib.import_module("benchmarks." + MODULES[side])
    return module.make_job(work, variant)


@pytest.mark.parametrize("side, variant", SIDES)
@pytest.mark.parametrize("name", MINIS)
def test_first_result_is_numpys(name, side, variant, minis):
    result = np.asarray(make_job(side, minis[name], variant)())
    expected = np.asarray(first_result(minis[name]))
    assert result.shape == expected.shape
    assert abs(expected).max() > 0.01
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in MINIS if "image" in name])
def test_images_by_onnxruntime_are_numpys(name, minis, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    result = make_job("onnxruntime", minis[name])()
    expected = first_result(minis[name])
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("side, variant", SIDES[1:])
@pytest.mark.parametrize("name", STEPS)
def test_five_steps_cost_the_same_on_every_side(name, side, variant, minis):
    theirs = make_job(side, minis[name], variant)
    ours = make_job("ours", minis[name], "")
    costs = [[job() for _ in range(5)] for job in (theirs, ours)]
    np.testing.assert_allclose(*costs, rtol=1e-4)


@pytest.mark.parametrize("device", ["cpu", "xla"])
@pytest.mark.parametrize("side, variant", SIDES)
def test_steps_in_a_row_are_those_one_by_one(side, variant, device, minis, monkeypatch):
    if device == "xla":
        pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", device)
    # Seven minibatches of two; one sub-image is left out.
    work = minis["mini-srcnn-step"]._replace(n_sub_images=15)
    step = make_job("ours", work, "")
    expected = [step() for _ in range(7 + 5)]
    steps = make_job(side, work._replace(kind="steps"), variant)
    np.testing.assert_allclose(steps(), expected[:5], rtol=1e-4)
    np.testing.assert_allclose(steps(), expected[7:], rtol=1e-4)


def test_products_of_large_matrices_are_right(monkeypatch):
    from benchmarks import sgemm

    monkeypatch.setattr(sgemm, "N", dict.fromkeys(sgemm.N, 50))
    rng = np.random.RandomState(0)
    a, b = (rng.uniform(size=(50, 50)) for _ in range(2))
    assert sgemm.multiply_adds("numpy") == 125000
    for variant in sgemm.VARIANTS["cpu"]:
        try:
            job = sgemm.make_job(None, variant)
        except FileNotFoundError:  # oneDNN is for x86-64 Linux only
            continue
        np.testing.assert_allclose(job(), a @ b, rtol=1e-5)


def test_of_the_product_on_a_card_one_row_comes_back(monkeypatch):
    pytest.importorskip("jax")
    from benchmarks import sgemm

    monkeypatch.setattr(sgemm, "N", dict.fromkeys(sgemm.N, 50))
    rng = np.random.RandomState(0)
    a, b = (rng.uniform(size=(50, 50)) for _ in range(2))
    product = sgemm.make_job(None, *sgemm.VARIANTS["gpu"])()
    np.testing.assert_allclose(product, (a @ b)[0], rtol=1e-5)
