import itertools
import subprocess
import sys

import numpy as np
import pytest

from srcnn_theano.backend import T
from srcnn_theano.models import MODELS, model_class
from srcnn_theano.models.options import OPTIONS
from srcnn_theano.models.shapes import variable_shapes


def built_shapes(name, options):
    shape = (None, options.get("channels", 3), None, None)
    model = model_class(name)(
        np.random.RandomState(0), T.tensor4("x"), shape, **options
    )
    return {name: value.shape for name, value in model.get_values().items()}


def combinations(**values):
    return [
        dict(zip(values, combination))
        for combination in itertools.product(*values.values())
    ]


@pytest.mark.parametrize(
    "options",
    combinations(
        channels=[1, 3],
        filter_sizes=[[5], [9, 5], (9, 1, 5), [3, 1, 7, 5, 3]],
        batch_norm=["none", "hidden", "all"],
    ),
)
def test_shapes_of_srcnn_are_those_of_the_built_network(options):
    n_filters = [6, 5, 4, 3][: len(options["filter_sizes"]) - 1]
    options = dict(options, n_filters=n_filters, clip=True, initializer="narrow")
    assert variable_shapes("srcnn", options) == built_shapes("srcnn", options)


@pytest.mark.parametrize("options", [{}, {"channels": 1, "m": 2, "skip": "none"}])
def test_shapes_of_the_large_fsrcnn_are_those_of_the_built_network(options):
    shapes = variable_shapes("fsrcnn-large", options)
    assert shapes == built_shapes("fsrcnn-large", options)


@pytest.mark.parametrize("name", ["fsrcnn", "half-fsrcnn"])
@pytest.mark.parametrize(
    "options",
    combinations(
        channels=[1, 3],
        activation=["prelu", "relu"],
        slopes=["map", "layer"],
        upsampling=["deconv", "bilinear", "full-border"],
        numbers=[
            {"m": 0, "scale": 2},
            {"d": 7, "s": 5, "m": 3, "n_deconv": 4, "deconv_size": 6, "scale": 3},
            {"n_deconv": None, "deconv_size": 13, "crop": 4, "skip": "both"},
        ],
    ),
)
def test_shapes_of_fsrcnn_are_those_of_the_built_network(name, options):
    options = dict(options, **options["numbers"])
    del options["numbers"]
    assert variable_shapes(name, options) == built_shapes(name, options)


@pytest.mark.parametrize("name", MODELS)
def test_shapes_by_default(name):
    assert variable_shapes(name, {}) == built_shapes(name, {})
    assert OPTIONS[name].upscales == model_class(name).upscales


def test_shapes_of_the_papers():
    shapes = variable_shapes("fsrcnn", {"channels": 1})
    n_weights = sum(np.prod(shapes[key]) for key in shapes if key.endswith(".W"))
    assert n_weights == 12464  # Dong et al. (2016), table 1
    assert variable_shapes("srcnn", {"channels": 1})["conv3.W"] == (1, 32, 5, 5)


@pytest.mark.parametrize(
    "name, options, parts",
    [
        ("vdsr", {}, ["'vdsr'", "srcnn, fsrcnn, half-fsrcnn"]),
        ("srcnn", [], ["options", "[]"]),
        ("srcnn", {"depth": 20}, ["'depth'", "filter_sizes"]),
        ("srcnn", {"channels": 0}, ["channels 0"]),
        ("srcnn", {"clip": 1}, ["clip 1", "true or false"]),
        ("srcnn", {"initializer": ["he"]}, ["initializer ['he']", "xavier"]),
        (
            "srcnn",
            {"filter_sizes": (9, 5)},
            ["filter_sizes (9, 5)", "n_filters (64, 32)"],
        ),
        ("srcnn", {"filter_sizes": [9, 3, 3, 5]}, ["filter_sizes", "n_filters"]),
        ("srcnn", {"filter_sizes": [], "n_filters": []}, ["filter_sizes ()"]),
        ("srcnn", {"filter_sizes": [9, 2, 5]}, ["filter_sizes", "2 is even"]),
        ("srcnn", {"filter_sizes": 9}, ["filter_sizes 9", "list"]),
        ("srcnn", {"n_filters": [64, 0]}, ["n_filters [64, 0]"]),
        ("srcnn", {"n_filters": [64, 3.0]}, ["n_filters [64, 3.0]"]),
        ("fsrcnn", {"filter_sizes": [9, 1, 5]}, ["'filter_sizes'", "deconv_size"]),
        ("fsrcnn", {"output_size": [33, 33]}, ["'output_size'"]),
        ("fsrcnn", {"scale": True}, ["scale True"]),
        ("fsrcnn", {"scale": "4"}, ["scale '4'"]),
        ("fsrcnn", {"scale": 1}, ["scale 1", "from 2 to 16"]),
        ("fsrcnn", {"d": 4.0}, ["d 4.0"]),
        ("fsrcnn", {"m": -1}, ["m -1", "from 0 to 64"]),
        ("fsrcnn", {"n_deconv": 0}, ["n_deconv 0", "None"]),
        ("fsrcnn", {"crop": 2.5}, ["crop 2.5"]),
        ("fsrcnn", {"crop": 9}, ["deconv", "crop (9, -4)"]),
        ("fsrcnn", {"deconv_size": 3}, ["deconv", "(56, 3, 3, 3)", "stride 4"]),
        ("fsrcnn", {"upsampling": "full-border", "deconv_size": 3}, ["deconv"]),
        ("fsrcnn", {"skip": "all"}, ["skip 'all'", "none, mapping, features, both"]),
        ("half-fsrcnn", {"skip": "both", "n_deconv": 12}, ["skip 'both'", "28", "12"]),
    ],
)
def test_options_that_no_network_has(name, options, parts):
    with pytest.raises(ValueError) as error:
        variable_shapes(name, options)
    for part in parts:
        assert part in str(error.value)


def test_shapes_are_known_without_theano():
    code = (
        "import sys; from srcnn_theano.models.shapes import variable_shapes; "
        "variable_shapes('fsrcnn', {}); "
        "assert not {'theano', 'aesara'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
