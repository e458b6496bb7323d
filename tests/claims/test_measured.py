"""What claims/measured.json holds is measured again, and agrees with other records."""

import numpy as np
import pytest

from claims import knobs, measured, record

STORED = record.measured()


def test_what_is_measured_agrees_with_what_is_known_of_the_data():
    assert STORED["sub_images"]["T91"] == 22092  # printed
    programmed = STORED["bicubic"]["as programmed"]
    for how, set5, set14 in (
        ("batch20", 37.14, 35.54),
        ("batch50", 36.74, 34.92),
        ("batch100", 36.48, 34.79),
    ):
        assert programmed["Set5"][how] == pytest.approx(set5, abs=0.01)
        assert programmed["Set14"][how] == pytest.approx(set14, abs=0.01)


@pytest.mark.parametrize(
    "title, row",
    [
        ("as programmed", "table1_adam_later_programmed"),
        ("stretched on the way up", "vgg_mse_programmed"),
        ("blurred once (`course`)", "table1_adam_described"),
        ("mixed order", "grid_adam_later_mixed"),
    ],
)
def test_bicubic_is_that_beside_trainings_under_the_same_knobs(title, row):
    scores = record.results_of(row)[0]["sub_images"]
    for name, stored in STORED["bicubic"][title].items():
        for how, psnr in scores[name]["bicubic"].items():
            assert stored[how] == pytest.approx(psnr, abs=1e-6)


# --- Measured again ---


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("sub-images")


@pytest.fixture()
def thinned(monkeypatch):
    """Of the sub-images each tenth hundred is left, in minibatches as they were."""
    prepare = measured.prepare

    def some(*args):
        pairs = prepare(*args)
        tenth = np.arange(len(pairs.low_res)) // 100 % 10 == 0
        return type(pairs)(*(part[tenth] for part in pairs))

    monkeypatch.setattr(measured, "prepare", some)


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["Set5", pytest.param("Set14", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("title", knobs.KNOBS)
def test_each_knob(title, name, data_dir, cache_dir, monkeypatch):
    monkeypatch.setattr(knobs, "TEST_SETS", (name,))
    scores = knobs.bicubic_scores(knobs.KNOBS[title], data_dir, cache_dir)[name]
    assert scores == pytest.approx(STORED["bicubic"][title][name], abs=1e-6)


@pytest.mark.data
def test_sub_images_are_counted(data_dir):
    assert measured._sub_images(data_dir) == STORED["sub_images"]


@pytest.mark.data
def test_the_best_output_for_mirrored_inputs(data_dir, cache_dir):
    scores = measured._mirrored(data_dir, cache_dir)
    assert scores == pytest.approx(STORED["mirrored"], abs=1e-6)


@pytest.mark.data
@pytest.mark.parametrize("row", measured._PICTURES)
def test_pictures(row, data_dir, cache_dir, thinned):
    looks = measured._looks(row, data_dir, cache_dir)
    assert looks == pytest.approx(STORED["pictures"][row], rel=0.2)


@pytest.mark.data
def test_untrained_networks(data_dir, cache_dir, thinned, monkeypatch):
    monkeypatch.setattr(measured, "_N_SEEDS", 2)
    scores = measured._untrained(data_dir, cache_dir)
    assert scores == pytest.approx(STORED["untrained"][:2], abs=0.1)


@pytest.mark.data
def test_what_the_target_itself_scores_in_vgg_space(
    data_dir, cache_dir, thinned, tmp_path
):
    from srcnn_theano.convert.convert import convert
    from srcnn_theano.vgg16_weights import load_vgg16

    source = data_dir / "vgg16" / "vgg16_caffe_bgr_relu2_2.npz"
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    convert(source, tmp_path / "vgg16.h5", model="vgg16", last_layer="relu2_2")
    vgg = load_vgg16(tmp_path / "vgg16.h5")
    for row, of_sets in measured._perfect(data_dir, cache_dir, vgg).items():
        for name, scores in of_sets.items():
            known = STORED["perfect_in_vgg_space"][row][name]
            assert scores == pytest.approx(known, abs=0.7)
