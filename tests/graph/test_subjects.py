from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.backend import onednn, theano
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.graph.parts import find_parts
from srcnn_theano.graph.subjects import find_subject
from srcnn_theano.models import MODELS
from srcnn_theano.weights import save_weights


@pytest.fixture(scope="module")
def srcnn():
    return find_subject("srcnn")


@pytest.fixture(scope="module")
def adam():
    return find_subject("table1_adam_described")


def shape_returned(graph):
    return graph.variables[graph.outputs[0]].shape


def test_srcnn_is_three_convolutions(srcnn):
    before, after = srcnn.rewriting.before, srcnn.rewriting.after
    assert before.counts()["AbstractConv2d"] == 3
    assert not any(name.startswith("Abstract") for name in after.counts())
    assert sum(node.kind == "convolution" for node in after.nodes) == 3
    # 9-1-5 takes 6 pixels off each side of 33.
    for graph in (before, after):
        assert shape_returned(graph) == (1, 3, 21, 21)


@pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")
def test_with_onednn_nothing_but_convolutions_is_left_of_srcnn(srcnn):
    assert srcnn.rewriting.after.counts() == {"Convolution{forward}": 3}


def test_a_step_of_training_has_the_gradients_and_the_optimiser(adam):
    assert adam.what == "train"
    counts = adam.rewriting.before.counts()
    assert counts["AbstractConv2d"] == 3
    assert counts["AbstractConv2d_gradWeights"] == 3
    # The images themselves are not learned.
    assert counts["AbstractConv2d_gradInputs"] == 2
    for graph in (adam.rewriting.before, adam.rewriting.after):
        updated = {graph.variables[shared].name for shared, _ in graph.updates}
        params = {f"conv{i}.{what}" for i in (1, 2, 3) for what in ("W", "b")}
        accumulators = {name + what for name in params for what in (".m", ".v")}
        assert updated == params | accumulators | {"adam.t"}
        shapes = {
            graph.variables[shared].name: graph.variables[new].shape
            for shared, new in graph.updates
        }
        assert shapes["conv1.W"] == shapes["conv1.W.m"] == (64, 3, 9, 9)


@pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")
@pytest.mark.skipif(theano.__name__ != "theano", reason="Aesara's graphs are others")
def test_pages_tell_how_many_nodes_there_are(srcnn, adam):
    docs = Path(__file__).resolve().parents[2] / "docs"
    graph, gpu = (
        " ".join((docs / name).read_text(encoding="utf-8").split())
        for name in ("graph.md", "gpu.md")
    )
    assert f"SRCNN has {len(srcnn.rewriting.before.nodes)} nodes" in graph
    written, run = (
        len(side.nodes) for side in (adam.rewriting.before, adam.rewriting.after)
    )
    some = round(written, -1)
    assert f"There are some {some} nodes." in gpu
    assert f"some {some} nodes are written, a quarter of them run" in graph
    assert 0.2 < run / written < 0.3


def test_an_experiment_has_its_own_batch_and_optimiser():
    rmsprop = find_subject("table1_rmsprop_described")
    graph = rmsprop.rewriting.before
    updated = {graph.variables[shared].name for shared, _ in graph.updates}
    assert "conv1.W.square" in updated and "adam.t" not in updated
    half = find_subject("half-fsrcnn", "train")
    assert half.shape == (20, 3, 8, 8)


@pytest.mark.parametrize(
    "name, before, convolutions",
    [
        ("srcnn", {"AbstractConv2d": 3}, 3),
        # Eight in the network; the last layer is the gradient of one.
        ("fsrcnn", {"AbstractConv2d": 7, "AbstractConv2d_gradInputs": 1}, 8),
        # The images themselves are not learned.
        (
            "table1_adam_described",
            {"AbstractConv2d": 3, "AbstractConv2d_gradInputs": 2},
            8,
        ),
        # Through SRCNN and back as above, and through four layers of VGG16 for the
        # output, for the target, and back.
        ("vgg_only_programmed", {"AbstractConv2d": 3 + 2 * 4}, 8 + 3 * 4),
    ],
)
def test_what_xla_is_given_has_the_convolutions_of_the_network(
    name, before, convolutions, monkeypatch
):
    pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    subject = find_subject(name)
    counts = subject.rewriting.before.counts()
    assert {op: counts[op] for op in before} == before
    # It is XLA that decides how to convolve.
    counts = subject.rewriting.after.counts()
    assert sum(n for op, n in counts.items() if "Conv" in op) == convolutions
    assert not any(op.startswith(("Convolution", "Corr")) for op in counts)
    if name == "table1_adam_described" and theano.__name__ == "theano":
        page = Path(__file__).resolve().parents[2] / "docs" / "gpu.md"
        some = round(len(subject.rewriting.after.nodes), -1)
        assert f"Some {some} nodes are left" in page.read_text(encoding="utf-8")
    given, made = subject.xla
    assert given.count("stablehlo.convolution") == convolutions
    assert made.startswith("HloModule")
    assert len(given) < 200000


def test_xla_is_not_asked_where_it_does_not_compile(srcnn):
    assert srcnn.xla is None


def test_perceptual_losses_need_no_file_for_their_graph(monkeypatch):
    monkeypatch.setenv("SRCNN_VGG16", "/nowhere")
    subject = find_subject("vgg_only_programmed")
    # Three of SRCNN, and four of VGG16 for the output and for the target.
    assert subject.rewriting.before.counts()["AbstractConv2d"] == 3 + 2 * 4
    # Its layers have boxes of their own: for the output, for the target, and back.
    for graph in (subject.rewriting.before, subject.rewriting.after):
        titles = [group.title for group in find_parts(graph, subject.layers).groups]
        assert titles.index("conv3") < titles.index("conv1_1") < titles.index("target")
        assert {"conv2_2 of the target", "gradient of conv2_1"} <= set(titles)
        assert not any(title.startswith("update of conv1_") for title in titles)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_graph(name):
    subject = find_subject(name)
    assert subject.what == "predict" and subject.layers
    for graph in (subject.rewriting.before, subject.rewriting.after):
        assert None not in {variable.shape for variable in graph.variables}


def test_networks_of_one_window_have_a_graph():
    subject = find_subject("fsrcnn_full_border", "predict")
    assert subject.shape == (1, 3, 8, 8)


def test_weight_files_have_the_graph_of_what_they_hold(passing_on, tmp_path):
    path = tmp_path / "mine.h5"
    save_weights(path, passing_on(1))
    subject = find_subject(str(path))
    W = next(v for v in subject.rewriting.before.variables if v.name == "conv1.W")
    assert W.shape == (1, 1, 3, 3)
    step = find_subject(str(path), "train")
    assert step.shape[1:] == (1, 33, 33)


def test_what_weights_are_used_of_is_what_trained_them():
    row = EXPERIMENTS["table2_set5_described"]
    assert find_subject("table2_set5_described").what == "predict"
    step = find_subject("table2_set5_described", "train")
    assert step.training == EXPERIMENTS[row.trained_by].compiled


def test_unknown_names_are_told_with_the_models(tmp_path):
    with pytest.raises(UserError, match="'vdsr'.* srcnn, fsrcnn"):
        find_subject("vdsr")
    picture = tmp_path / "noise.h5"
    picture.write_bytes(np.arange(100, dtype="uint8").tobytes())
    with pytest.raises(UserError, match="noise.h5"):
        find_subject(str(picture))
