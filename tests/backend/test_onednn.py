"""Convolutions through oneDNN against Theano's own CorrMM, and the rewrites."""

import os
import resource
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from srcnn_theano.backend import T, onednn, theano

abstract_conv, corr = theano.tensor.nnet.abstract_conv, theano.tensor.nnet.corr

pytestmark = pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")

RELUS = {
    "T.nnet.relu(z)": T.nnet.relu,
    "T.maximum(z, 0)": lambda z: T.maximum(z, 0),
    "T.maximum(0, z)": lambda z: T.maximum(0, z),
    "T.switch(z > 0, z, 0)": lambda z: T.switch(z > 0, z, 0),
    "z * (z > 0)": lambda z: z * (z > 0),
}


CORRS = {"CorrMM", "CorrMM_gradWeights", "CorrMM_gradInputs"}


def draw(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def ops_of(function):
    return [node.op for node in function.maker.fgraph.toposort()]


def names_of(function):
    return {type(op).__name__ for op in ops_of(function)}


def three_of(forward, to_filters, to_images, flip):
    """A function (x, w, g, filter shape, image shape) -> maps and both gradients."""
    x, w, g = T.tensor4("x"), T.tensor4("w"), T.tensor4("g")
    filter_shape, image_shape = T.lvector(), T.lvector()
    turned = w[:, :, ::-1, ::-1] if flip else w
    d_filters = to_filters(x, g, filter_shape)
    d_filters = d_filters[:, :, ::-1, ::-1] if flip else d_filters
    return theano.function(
        [x, w, g, filter_shape, image_shape],
        [forward(x, turned), d_filters, to_images(turned, g, image_shape)],
        on_unused_input="ignore",
    )


def abstract_of(border, stride, flip):
    """The same three through the abstract ops, which the rewrites lower."""
    settings = dict(border_mode=border, subsample=stride, filter_flip=flip)
    return three_of(
        abstract_conv.AbstractConv2d(**settings),
        abstract_conv.AbstractConv2d_gradWeights(**settings),
        abstract_conv.AbstractConv2d_gradInputs(**settings),
        flip=False,
    )


def corr_of(border, stride, flip):
    settings = dict(border_mode=border, subsample=stride)
    return three_of(
        corr.CorrMM(**settings),
        corr.CorrMM_gradWeights(**settings),
        corr.CorrMM_gradInputs(**settings),
        flip,
    )


def in_some_layout(rng, array):
    """The array with its axes in another order in memory, or not contiguous."""
    which = rng.integers(4)
    if which == 0:
        return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if which == 1:
        return np.repeat(array[:, :, ::-1], 2, axis=3)[:, :, ::-1, ::2]
    if which == 2:
        return np.asfortranarray(array)
    return array


def assert_close(ours, theirs):
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max() or 1
    np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=1e-5)


BORDERS = ["valid", "half", "full", (2, 0), (0, 3), ((1, 0), (2, 3))]


@pytest.mark.parametrize("seed", range(25))
def test_geometries_agree_with_corrmm(seed):
    rng = np.random.default_rng(seed)
    border = BORDERS[seed % len(BORDERS)]
    stride = tuple(int(step) for step in rng.integers(1, 5, 2))
    flip = bool(rng.integers(2))
    ours, theirs = abstract_of(border, stride, flip), corr_of(border, stride, flip)
    assert names_of(ours).isdisjoint(CORRS)
    assert sum(isinstance(op, onednn.Convolution) for op in ops_of(ours)) == 3
    for _ in range(8):
        n_in, n_out = rng.choice([1, 2, 3, 7, 12, 16, 31, 32, 56, 64, 130], 2)
        rows, cols = rng.integers(1, 12, 2)
        height, width = rows + rng.integers(0, 16), cols + rng.integers(0, 16)
        work = n_in * n_out * rows * cols * height * width
        batch = 1 if work > 2e7 else int(rng.integers(1, 34))
        x = in_some_layout(rng, draw(rng, batch, n_in, height, width))
        w = in_some_layout(rng, draw(rng, n_out, n_in, rows, cols))
        maps = abstract_conv.get_conv_output_shape(x.shape, w.shape, border, stride)
        g = in_some_layout(rng, draw(rng, *maps))
        arguments = x, w, g, (rows, cols), (height, width)
        for our, their in zip(ours(*arguments), theirs(*arguments)):
            assert_close(our, their)


def without_onednn():
    return theano.compile.get_default_mode().excluding("conv_onednn")


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("crop", [(0, 0), (3, 1), ((0, 2), (1, 0)), "full"])
def test_deconvolutions_agree_with_corrmm(stride, crop):
    x, w, size = T.tensor4("x"), T.tensor4("w"), T.lvector("size")
    deconvolve = abstract_conv.AbstractConv2d_gradInputs(
        border_mode=crop, subsample=(stride, stride), filter_flip=stride == 2
    )
    maps = deconvolve(w, x, size)
    results = [maps] + theano.grad(T.sum(T.sqr(maps)), [w, x])
    ours = theano.function([x, w, size], results)
    theirs = theano.function([x, w, size], results, mode=without_onednn())
    assert names_of(ours).isdisjoint(CORRS) and CORRS <= names_of(theirs)
    rng = np.random.default_rng(stride)
    for n_in, n_out in ((1, 1), (5, 3), (56, 3), (16, 12)):
        rows, cols = rng.integers(5, 11, 2)
        batch, height, width = rng.integers(1, 9, 3)
        images = in_some_layout(rng, draw(rng, batch, n_in, height + 3, width + 3))
        filters = draw(rng, n_in, n_out, rows, cols)
        if crop == "full":
            cut = 2 * (rows - 1), 2 * (cols - 1)
        else:
            cut = np.sum(np.broadcast_to(np.array(crop).reshape(2, -1), (2, 2)), axis=1)
        extra = rng.integers(0, stride, 2)  # rows and columns that no stamp need reach
        sizes = [
            stride * (length - 1) + kernel - lost + more
            for length, kernel, lost, more in zip(
                images.shape[2:], (rows, cols), cut, extra
            )
        ]
        if min(sizes) < 1:
            continue
        for our, their in zip(
            ours(images, filters, sizes), theirs(images, filters, sizes)
        ):
            assert_close(our, their)


def test_full_border_gives_the_filters_their_gradient_without_a_border():
    rng = np.random.default_rng(0)
    images = draw(rng, 4, 6, 5, 7)
    filters = draw(rng, 3, 6, 9, 8)
    for flip in (False, True):
        x, w = T.tensor4("x"), T.tensor4("w")
        maps = T.nnet.conv2d(x, w, border_mode="full", filter_flip=flip)
        gradient = theano.grad(T.sum(T.sqr(maps)), w)
        ours = theano.function([x, w], gradient)
        theirs = theano.function([x, w], gradient, mode=without_onednn())
        assert [
            op.border
            for op in ops_of(ours)
            if getattr(op, "direction_name", "") == "to_filters"
        ] == [((0, 0), (0, 0))]
        assert_close(ours(images, filters), theirs(images, filters))


def srcnn_step(relu, flip=False, channels=3, bias=True, n_maps=16, mode=None):
    """A training function of a small network, and its parameters."""
    rng = np.random.default_rng(0)
    shapes = [(n_maps, channels, 5, 5), (8, n_maps, 1, 1), (channels, 8, 3, 3)]
    filters = [theano.shared(0.1 * draw(rng, *shape)) for shape in shapes]
    biases = [theano.shared(0.1 * draw(rng, shape[0])) for shape in shapes]
    params = filters + biases if bias else filters
    x, y = T.tensor4("x"), T.tensor4("y")
    maps = x
    for i in range(3):
        maps = T.nnet.conv2d(maps, filters[i], filter_flip=flip)
        if bias:
            maps = maps + biases[i].dimshuffle("x", 0, "x", "x")
        if i < 2:
            maps = relu(maps)
    cost = T.mean((maps - y) ** 2)
    gradients = theano.grad(cost, params)
    return theano.function(
        [x, y],
        [cost] + gradients,
        updates=[(p, p - 0.1 * g) for p, g in zip(params, gradients)],
        mode=mode,
    )


def batch_of(channels=3, size=13):
    rng = np.random.default_rng(1)
    return draw(rng, 4, channels, size, size), draw(
        rng, 4, channels, size - 6, size - 6
    )


@pytest.mark.parametrize("spelling", RELUS)
def test_whole_step_is_fused_and_right(spelling):
    fused = srcnn_step(RELUS[spelling])
    convolutions = [op for op in ops_of(fused) if isinstance(op, onednn.Convolution)]
    assert len(convolutions) == 8
    assert sum(op.relu for op in convolutions) == 2
    assert sum(op.with_bias for op in convolutions) == 3
    assert "CorrMM" not in names_of(fused)
    plain = srcnn_step(RELUS[spelling], mode=without_onednn())
    assert "CorrMM" in names_of(plain)
    for _ in range(3):
        for ours, theirs in zip(fused(*batch_of()), plain(*batch_of())):
            assert_close(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize(
    "options",
    [
        dict(bias=False),
        dict(flip=True, channels=1),
        dict(n_maps=56),
        dict(n_maps=56, channels=1),
        dict(n_maps=120, channels=1, bias=False),
    ],
)
def test_step_of_other_kinds(options):
    fused = srcnn_step(T.nnet.relu, **options)
    plain = srcnn_step(T.nnet.relu, mode=without_onednn(), **options)
    batch = batch_of(options.get("channels", 3))
    for ours, theirs in zip(fused(*batch), plain(*batch)):
        assert_close(np.asarray(ours), np.asarray(theirs))


def test_same_seed_same_bits():
    steps = srcnn_step(T.nnet.relu), srcnn_step(T.nnet.relu)
    for _ in range(3):
        first, second = (step(*batch_of()) for step in steps)
        for one, other in zip(first, second):
            assert np.array_equal(one, other)


def test_maps_that_are_needed_twice_stay_right():
    x, w = T.tensor4("x"), theano.shared(draw(np.random.default_rng(0), 4, 3, 3, 3))
    z = T.nnet.conv2d(x, w, filter_flip=False)
    images = draw(np.random.default_rng(1), 2, 3, 7, 7)
    z_value, r_value, d_value = theano.function(
        [x], [z, T.nnet.relu(z), theano.grad(T.sum(T.nnet.relu(z) * z), w)]
    )(images)
    assert_close(r_value, np.maximum(z_value, 0))
    gradient = theano.grad(T.sum(T.nnet.relu(z) * z), w)
    plain = theano.function([x], gradient, mode=without_onednn())
    assert_close(d_value, plain(images))


def test_other_functions_are_not_taken_for_relu():
    x, w = T.tensor4("x"), theano.shared(draw(np.random.default_rng(0), 4, 3, 3, 3))
    z = T.nnet.conv2d(x, w, filter_flip=False)
    for function in (T.tanh, T.abs_, lambda z: T.nnet.relu(z, 0.1), lambda z: z**2):
        compiled = theano.function([x], function(z))
        assert not any(getattr(op, "relu", False) for op in ops_of(compiled))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_float64_is_left_to_theano(dtype):
    x, w = T.TensorType(dtype, (False,) * 4)(), T.TensorType(dtype, (False,) * 4)()
    function = theano.function([x, w], T.nnet.conv2d(x, w, filter_flip=False))
    assert ("CorrMM" in names_of(function)) == (dtype == "float64")


def test_shape_is_known_without_convolving():
    x = T.tensor4("x")
    w = theano.shared(np.zeros((4, 3, 3, 5), "float32"))
    z = T.nnet.conv2d(x, w, border_mode=((1, 0), (2, 3)), subsample=(2, 1))
    function = theano.function([x], z.shape)
    assert "Convolution" not in names_of(function)
    images = np.zeros((2, 3, 9, 8), "float32")
    assert tuple(function(images)) == theano.function([x], z)(images).shape


def test_shapes_that_do_not_fit_are_told():
    x, w = T.tensor4("x"), T.tensor4("w")
    function = theano.function([x, w], T.nnet.conv2d(x, w, filter_flip=False))
    with pytest.raises(
        ValueError, match=r"images \(1, 3, 9, 9\), filters \(4, 2, 3, 3"
    ):
        function(np.zeros((1, 3, 9, 9), "f"), np.zeros((4, 2, 3, 3), "f"))
    with pytest.raises(ValueError, match="do not fit"):
        function(np.zeros((1, 3, 2, 9), "f"), np.zeros((4, 3, 3, 3), "f"))


def test_empty_batch():
    x, w = T.tensor4("x"), T.tensor4("w")
    function = theano.function([x, w], T.nnet.conv2d(x, w, filter_flip=False))
    result = function(np.zeros((0, 3, 9, 9), "f"), np.zeros((4, 3, 3, 3), "f"))
    assert result.shape == (0, 4, 7, 7)


def test_memory_does_not_grow_with_the_shapes_seen():
    x, w = T.tensor4("x"), draw(np.random.default_rng(0), 8, 3, 3, 3)
    function = theano.function([x], T.nnet.conv2d(x, w, filter_flip=False))

    def peak_after(start, stop):
        for index in range(start, stop):
            function(np.zeros((1, 3, 8 + index % 40, 8 + index // 40), "float32"))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB

    before = peak_after(0, 200)
    assert peak_after(200, 1200) - before < 16 * 1024


@pytest.mark.parametrize("broken", ["missing", "not a library"])
def test_without_the_library_theano_serves_after_one_warning(
    broken, tmp_path, monkeypatch
):
    if broken != "missing":
        for name in ("lib/libdnnl.so.3", "include/oneapi/dnnl/dnnl.h"):
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text("no library")
    monkeypatch.setattr(
        "srcnn_theano.environment.onednn.sys", SimpleNamespace(prefix=str(tmp_path))
    )
    onednn.available.cache_clear()
    try:
        x, w = T.tensor4("x"), T.tensor4("w")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            z = T.nnet.conv2d(x, w, filter_flip=False)
            functions = [theano.function([x, w], z) for _ in range(2)]
        said = [str(one.message) for one in caught if "oneDNN" in str(one.message)]
        assert len(said) == 1 and "pip install" in said[0]
        assert all("CorrMM" in names_of(function) for function in functions)
    finally:
        onednn.available.cache_clear()


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("SRCNN_ONEDNN", "0")
    onednn.available.cache_clear()
    try:
        assert not onednn.available()
    finally:
        onednn.available.cache_clear()


def test_nan_is_not_hidden_by_the_rectifier():
    w = draw(np.random.default_rng(0), 8, 3, 3, 3)
    w[2] = np.nan
    x = T.tensor4("x")
    z = T.nnet.conv2d(x, w, filter_flip=False)
    function = theano.function([x], T.maximum(z, 0))
    assert any(getattr(op, "relu", False) for op in ops_of(function))
    result = function(np.ones((2, 3, 9, 9), "float32"))
    assert np.isnan(result[:, 2]).all()
    assert not np.isnan(np.delete(result, 2, axis=1)).any()


def test_openmp_hears_of_it_in_time():
    code = "from srcnn_theano.backend import onednn; assert onednn.available()"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **{name: os.environ[name] for name in os.environ if "SPIN" not in name},
            "OMP_DISPLAY_ENV": "verbose",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert "GOMP_SPINCOUNT = '4000'" in answer.stderr


FORKED = """
import os

import numpy as np

from srcnn_theano.backend import T, theano
from srcnn_theano.models.srcnn import SRCNN

x = T.tensor4()
network = SRCNN(np.random.RandomState(0), x, (20, 3, 33, 33))
cost = (network.output**2).sum()
step = theano.function([x], [cost, *T.grad(cost, network.params)])
images = np.random.RandomState(1).rand(20, 3, 33, 33).astype("float32")
before = step(images)
child = os.fork()
if not child:
    same = all(np.allclose(*pair, 1e-4, 1e-3) for pair in zip(before, step(images)))
    os._exit(0 if same else 3)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_computes_on():
    # Its parent's threads are not there; one that waits for them is not heard of again.
    env = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", FORKED], env=env, check=True, timeout=120)


@pytest.mark.parametrize(
    ("maps", "channels", "hint"), [(3, 1, "luma"), (1, 3, "channels=1"), (2, 1, None)]
)
def test_a_picture_of_other_channels_gets_a_hint(maps, channels, hint):
    x = T.ftensor4("x")
    W = np.zeros((2, channels, 3, 3), "float32")
    function = theano.function([x], T.nnet.conv2d(x, W))
    with pytest.raises(ValueError, match="do not fit each other") as refused:
        function(np.zeros((1, maps, 5, 5), "float32"))
    first = str(refused.value).splitlines()[0]
    assert hint in first if hint else first.endswith("each other")
