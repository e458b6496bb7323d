import numpy as np
import pytest

from srcnn_theano import cli
from srcnn_theano.backend import T
from srcnn_theano.data.images import Picture, read_pixels, write_picture
from srcnn_theano.inference import build_model
from srcnn_theano.layers.activations import PReLULayer
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.looking import GAP, SIDE, filters_of, maps_of, sheet
from srcnn_theano.models.model import Model
from srcnn_theano.weights import save_weights


def test_a_sheet_has_each_array_from_its_black_to_its_white():
    maps = np.array([[[1, 2], [3, 5]], [[7, 7], [7, 7]], [[-1, 0], [0, 1]]])
    page = sheet(maps)
    assert page.shape == (2 * 64 + GAP, 2 * 64 + GAP)
    assert [page[0, 0], page[0, 32], page[32, 0], page[63, 63]] == [0, 64, 128, 255]
    assert (page[:64, 68:] == 0).all() and (page[68:, 68:] == 255).all()
    assert page[64, 0] == 255 and page[68, 68 - 1 - GAP] == 128


def test_filters_are_grey_where_they_are_nought():
    page = sheet(np.array([[[-2.0, 0], [1, 2]]]), symmetric=True)
    assert [page[0, 0], page[0, 32], page[32, 0], page[32, 32]] == [0, 128, 191, 255]


def test_maps_are_what_the_layers_give(passing_on):
    model = build_model(passing_on(1))
    image = np.random.RandomState(0).uniform(size=(1, 1, 7, 8)).astype("float32")
    maps = maps_of(model, image)
    assert list(maps) == [layer.name for layer in model.layers]
    last = list(maps.values())[-1]
    cut = model.margin
    np.testing.assert_allclose(last, image[:, :, cut : 7 - cut, cut : 8 - cut], 1e-5)


def test_filters_of_many_maps_are_their_root_mean_square(random_weights):
    model = build_model(
        random_weights(
            "srcnn", {"channels": 3, "n_filters": [5, 2], "filter_sizes": [3, 1, 3]}
        )
    )
    first, second = model.layers[:2]
    assert filters_of(first).shape == (15, 3, 3)
    W = second.W.get_value()
    np.testing.assert_allclose(
        filters_of(second)[:, 0, 0], np.sqrt((W[:, :, 0, 0] ** 2).sum(1) / 5), 1e-6
    )


def test_a_network_of_ones_own_needs_no_is_train():
    x = T.tensor4("x")
    W = T.constant(np.full((1, 1, 1, 1), 2, "float32"))
    conv = ConvLayer(None, x, (None, 1, None, None), (1, 1, 1, 1), W=W, name="twice")
    prelu = PReLULayer(conv.output, conv.output_shape, name="bent")
    model = Model()
    model.input, model.layers = x, [conv, prelu]
    maps = maps_of(model, np.full((1, 1, 2, 2), -1.0))
    assert maps["twice"][0, 0, 0, 0] == -2 and maps["bent"][0, 0, 0, 0] == -0.5
    assert filters_of(conv).tolist() == [[[2]]]
    with pytest.raises(ValueError, match="^bent: a PReLULayer has no filters$"):
        filters_of(prelu)


@pytest.fixture
def photograph(tmp_path):
    pixels = np.random.RandomState(1).randint(0, 256, (SIDE + 9, SIDE + 5, 3))
    path = tmp_path / "photo.png"
    write_picture(path, Picture(pixels.astype("uint8")))
    return path


def test_command_writes_pictures_of_all_layers_or_of_one(tmp_path, photograph, capsys):
    out = tmp_path / "inside"
    assert cli.main(["look", str(photograph), "--scale", "2", "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert {"input.png", "conv1-filters.png", "deconv-maps.png"} <= names
    assert "conv1-filters.png" in capsys.readouterr().out
    assert read_pixels(out / "input.png").shape == (SIDE, SIDE, 1)
    words = ["look", str(photograph), "--model", "srcnn", "--layer", "conv2"]
    assert cli.main([*words, "--out", str(tmp_path / "two")]) == 0
    names = {path.name for path in (tmp_path / "two").iterdir()}
    assert names == {"input.png", "conv2-filters.png", "conv2-maps.png"}
    assert read_pixels(tmp_path / "two" / "input.png").shape == (3 * SIDE, 3 * SIDE, 1)


def test_the_picture_is_never_replaced(tmp_path, photograph, capsys):
    before = photograph.read_bytes()
    for name in ("input.png", "conv1-maps.png"):
        photograph = photograph.rename(tmp_path / name)
        assert cli.main(["look", str(photograph), "--out", str(tmp_path)]) == 2
        assert f"{name}: is the file that is read" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == [photograph]
        assert photograph.read_bytes() == before


def test_what_is_not_there_is_one_message(tmp_path, photograph, passing_on, capsys):
    assert cli.main(["look", str(photograph), "--layer", "conv9"]) == 2
    assert "--layer conv9: " in capsys.readouterr().err
    assert cli.main(["look", str(tmp_path / "none.png")]) == 2
    assert "none.png" in capsys.readouterr().err
    save_weights(tmp_path / "mine.h5", passing_on(3))
    words = ["look", str(photograph), "--weights", str(tmp_path / "mine.h5")]
    assert cli.main([*words, "--out", str(tmp_path / "rgb")]) == 0


@pytest.mark.parametrize(
    ("model", "scale", "least", "message"),
    [
        # Convolutions of 9x9, 1x1 and 5x5, on a picture enlarged to twice its size;
        # FSRCNN's of 5x5, 1x1, four times 3x3 and 1x1, and the deconvolution's crop.
        ("srcnn", 2, 7, "12x12 pixels go into the network, and conv3 makes nothing"),
        ("fsrcnn", 3, 15, "14x14 pixels go into the network, and deconv makes nothing"),
    ],
)
def test_a_picture_too_small_for_the_network_is_refused(
    model, scale, least, message, tmp_path, capsys
):
    pixels = np.random.RandomState(1).randint(0, 256, (20, 20, 3)).astype("uint8")
    words = ["look", str(tmp_path / "a.png"), "--model", model, "--scale", str(scale)]
    for side, code in ((least - 1, 2), (least, 0)):
        write_picture(tmp_path / "a.png", Picture(pixels[:side, :side]))
        out = tmp_path / str(side)
        assert cli.main([*words, "--out", str(out)]) == code
        assert out.exists() == (code == 0)
    told = capsys.readouterr().err
    assert f"a.png: too small: {message}" in told
