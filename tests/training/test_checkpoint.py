import h5py
import numpy as np
import pytest

from srcnn_theano.backend import theano
from srcnn_theano.errors import UserError
from srcnn_theano.training.checkpoint import load_checkpoint, save_checkpoint


def shared_values(seed):
    """Variables of several shapes, with bits that only an exact copy keeps."""
    rng = np.random.RandomState(seed)
    values = {
        "conv1.W": rng.normal(size=(4, 3, 3, 3)),
        "conv1.W.m": rng.normal(size=(4, 3, 3, 3)) * 1e-30,
        "bn1.mean": rng.normal(size=4),
        "adam.t": np.array(rng.randint(1, 1000)),
        "learning_rate": np.array(1e-4 * rng.uniform()),
    }
    return [
        theano.shared(value.astype("float32"), name=name)
        for name, value in sorted(values.items())
    ]


def bits(variables):
    return {v.name: v.get_value().tobytes() for v in variables}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.h5"
    save_checkpoint(path, shared_values(1), 7, "run a")
    return path


def refused(path, match, identity="run a", variables=None):
    """Loading is an error that names the file, and changes no variable."""
    variables = variables or shared_values(2)
    before = bits(variables)
    with pytest.raises(UserError, match=match) as error:
        load_checkpoint(path, variables, identity)
    assert str(path) in str(error.value)
    assert bits(variables) == before


def test_round_trip_is_exact(path):
    variables = shared_values(2)
    assert load_checkpoint(path, variables, "run a") == (7, "")
    assert bits(variables) == bits(shared_values(1))


def test_saving_again_replaces_the_file_and_leaves_no_other(path):
    save_checkpoint(path, shared_values(3), 8, "run a")
    variables = shared_values(2)
    assert load_checkpoint(path, variables, "run a") == (8, "")
    assert bits(variables) == bits(shared_values(3))
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.h5"]


def test_checkpoint_of_other_settings_is_refused(path):
    refused(path, "other settings", identity="run b")


def test_checkpoint_with_other_variables_is_refused(path):
    refused(path, "other settings", variables=shared_values(2)[1:])


def test_checkpoint_with_another_shape_is_refused(path):
    larger = theano.shared(np.zeros(5, "float32"), name="bn1.mean")
    variables = [larger if v.name == "bn1.mean" else v for v in shared_values(2)]
    refused(path, "other settings", variables=variables)


def test_checkpoint_of_another_version_is_refused(path, edited):
    with edited(path) as file:
        file.attrs["version"] = 99
    refused(path, "version 99")


@pytest.mark.parametrize("epoch", ["7", -1, 10**12, 7.0, None])
def test_epochs_that_are_none(path, epoch, edited):
    with edited(path) as file:
        del file.attrs["epoch"]
        if epoch is not None:
            file.attrs["epoch"] = epoch
    refused(path, "damaged, .* is no number of epochs")


def test_values_of_another_type_are_refused(path, edited):
    with edited(path) as file:
        values = file["conv1.W"][...].astype("float64")
        del file["conv1.W"], file.attrs["sha256"]
        file["conv1.W"] = values
    refused(path, "damaged, conv1.W is of the type float64, not float32")


def test_another_hdf5_file_is_refused(path):
    with h5py.File(str(path), "w") as file:
        file.attrs["version"] = 1
        file["conv1.W"] = np.zeros(3)
    refused(path, "not a checkpoint")


@pytest.mark.parametrize("kept", [0, 7, 100, 0.5, -1])
def test_truncated_file_is_refused(path, kept):
    content = path.read_bytes()
    kept = int(kept * len(content)) if isinstance(kept, float) else kept
    path.write_bytes(content[:kept])
    refused(path, "damaged, or not an HDF5 file")


@pytest.mark.parametrize("stretch", range(20))
def test_damaged_file_is_refused_or_read_as_it_was(path, stretch):
    content = path.read_bytes()
    size = len(content) // 20
    start = stretch * size
    path.write_bytes(content[:start] + b"\x00" * size + content[start + size :])
    variables = shared_values(2)
    try:
        load_checkpoint(path, variables, "run a")
    except UserError as error:
        assert str(path) in str(error)
        assert bits(variables) == bits(shared_values(2))
    else:
        assert bits(variables) == bits(shared_values(1))


def test_something_that_is_no_hdf5_file_is_refused(path):
    path.write_text("epoch,cost\n")
    refused(path, "damaged, or not an HDF5 file")
