import signal
import subprocess
import sys

import numpy as np
import pytest

from srcnn_theano.backend import theano
from srcnn_theano.backend.internals import linked
from srcnn_theano.errors import UserError
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.training.checkpoint import load_checkpoint
from srcnn_theano.training.history import read_history
from srcnn_theano.training.step import Step
from srcnn_theano.training.trainer import Trainer, decibels, same_integer

N_EPOCHS = 4


def bits(variables):
    return {v.name: v.get_value().tobytes() for v in variables}


def without_times(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def result(tiny, run_dir):
    """All that a run leaves: variables and history, from its files alone."""
    tiny.reset()
    assert load_checkpoint(run_dir / "checkpoint.h5", tiny.variables, "tiny")[0] == 4
    return bits(tiny.variables), without_times(read_history(run_dir / "history.csv"))


@pytest.fixture(scope="module")
def unbroken(tiny_session, tmp_path_factory):
    """(variables, history) of an uninterrupted run."""
    run_dir = tmp_path_factory.mktemp("unbroken")
    tiny_session.trainer(run_dir).run(N_EPOCHS, progress=False)
    return result(tiny_session, run_dir)


def test_the_miniature_moves_every_kind_of_variable(unbroken, tiny):
    variables, _ = unbroken
    names = set(variables)
    assert {"conv1.W", "conv1.W.m", "conv1.W.v", "bn1.mean", "adam.t"} <= names
    assert "learning_rate" in names
    start = bits(tiny.variables)
    assert [name for name in names if variables[name] == start[name]] == []


def test_resumed_run_equals_an_uninterrupted_one(tiny, tmp_path, unbroken):
    tiny.trainer(tmp_path).run(2, progress=False)
    for variable in tiny.variables:
        variable.set_value(variable.get_value() + 1)
    trainer = tiny.trainer(tmp_path)
    trainer.resume()
    assert trainer.epoch == 2
    trainer.run(N_EPOCHS, progress=False)
    assert result(tiny, tmp_path) == unbroken


def test_nothing_to_resume_starts_anew(tiny, tmp_path, unbroken):
    trainer = tiny.trainer(tmp_path)
    trainer.resume()
    trainer.run(N_EPOCHS, progress=False)
    assert result(tiny, tmp_path) == unbroken


def test_finished_run_has_nothing_left_to_do(tiny, tmp_path, unbroken):
    tiny.trainer(tmp_path).run(N_EPOCHS, progress=False)
    trainer = tiny.trainer(tmp_path, step=None)
    trainer.resume()
    trainer.run(N_EPOCHS, progress=False)
    assert result(tiny, tmp_path) == unbroken


def test_another_seed_gives_another_run(tiny, tmp_path, unbroken):
    tiny.trainer(tmp_path, seed=6).run(N_EPOCHS, progress=False)
    assert result(tiny, tmp_path)[0] != unbroken[0]


@pytest.mark.parametrize(
    "moment, finished",
    [
        ("first epoch", 0),
        ("middle of the third epoch", 2),
        ("between history and checkpoint", 2),
        ("half-written checkpoint", 2),
    ],
)
def test_kill_loses_at_most_the_running_epoch(
    tiny, tmp_path, tiny_script, unbroken, moment, finished
):
    # A process of its own, not a fork: the threads of OpenMP do not survive a fork.
    command = [sys.executable, str(tiny_script), str(tmp_path), str(N_EPOCHS), moment]
    assert subprocess.run(command).returncode == -signal.SIGKILL

    trainer = tiny.trainer(tmp_path)
    trainer.resume()
    assert trainer.epoch == finished and len(trainer.history) == finished
    trainer.run(N_EPOCHS, progress=False)
    assert result(tiny, tmp_path) == unbroken


def test_killed_process_resumed_by_another_ends_with_the_same_bits(
    tiny, tmp_path, tiny_script, unbroken
):
    command = [sys.executable, str(tiny_script), str(tmp_path), str(N_EPOCHS)]
    with subprocess.Popen(
        command + ["pause"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "paused\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert len(read_history(tmp_path / "history.csv")) == 1

    subprocess.run(command, check=True)
    assert result(tiny, tmp_path) == unbroken


def test_what_is_kept_is_there_before_the_checkpoint(tiny, tmp_path, unbroken):
    kept = []

    def keep(epoch):
        saved = 0
        checkpoint = tmp_path / "checkpoint.h5"
        if checkpoint.exists():
            saved, _ = load_checkpoint(checkpoint, tiny.variables, "tiny")
        kept.append((epoch, saved))

    def values_back(epoch):
        # Reading the checkpoint has put the variables back by an epoch.
        values = [v.get_value() for v in tiny.variables]
        keep(epoch)
        for variable, value in zip(tiny.variables, values):
            variable.set_value(value)

    trainer = tiny.trainer(tmp_path)
    trainer.keep = values_back
    trainer.run(2, progress=False)
    trainer = tiny.trainer(tmp_path)
    trainer.keep = values_back
    trainer.resume()
    trainer.run(N_EPOCHS, progress=False)
    assert kept == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert result(tiny, tmp_path) == unbroken


def test_an_epoch_that_cannot_be_kept_is_not_finished(tiny, tmp_path, unbroken):
    def keep(epoch):
        if epoch == 3:
            raise UserError("the disk is full")

    trainer = tiny.trainer(tmp_path)
    trainer.keep = keep
    with pytest.raises(UserError):
        trainer.run(N_EPOCHS, progress=False)
    trainer = tiny.trainer(tmp_path)
    trainer.resume()
    assert trainer.epoch == 2
    trainer.run(N_EPOCHS, progress=False)
    assert result(tiny, tmp_path) == unbroken


def test_nan_cost_stops_the_run_and_keeps_the_checkpoint(tiny, tmp_path):
    def step(index):
        if (trainer.epoch, index) == (2, 1):
            W = tiny.model.layers[0].W
            W.set_value(W.get_value() * np.float32(np.nan))
        return tiny.step(index)

    trainer = tiny.trainer(tmp_path, step)
    trainer.run(2, progress=False)
    kept = bits(tiny.variables)
    with pytest.raises(UserError, match="cost became nan in epoch 3, minibatch 1"):
        trainer.run(N_EPOCHS, progress=False)
    assert len(read_history(tmp_path / "history.csv")) == 2
    tiny.reset()
    assert load_checkpoint(tmp_path / "checkpoint.h5", tiny.variables, "tiny")[0] == 2
    assert bits(tiny.variables) == kept


def test_nan_from_the_last_step_of_an_epoch_is_not_saved(tiny, tmp_path):
    def step(index):
        answer = tiny.step(index)
        if (trainer.epoch, index) == (1, 3):
            b = tiny.model.layers[0].b
            b.set_value(b.get_value() + np.float32(np.inf))
        return answer

    trainer = tiny.trainer(tmp_path, step)
    with pytest.raises(UserError, match="conv1.b.*epoch 2.*epoch 1 is kept"):
        trainer.run(N_EPOCHS, progress=False)
    tiny.reset()
    assert load_checkpoint(tmp_path / "checkpoint.h5", tiny.variables, "tiny")[0] == 1
    assert all(np.isfinite(v.get_value()).all() for v in tiny.variables)


def test_checkpoint_of_another_run_is_refused(tiny, tmp_path):
    tiny.trainer(tmp_path).run(1, progress=False)
    trainer = tiny.trainer(tmp_path, identity="other")
    with pytest.raises(UserError, match="checkpoint.h5.*other settings"):
        trainer.resume()


class CountingPairs:
    """Stands in for SharedPairs: three minibatches, and the orders asked for."""

    n_batches = 3

    def __init__(self):
        self.orders = []

    def shuffle(self, rng):
        self.orders.append(list(rng.permutation(10)))


def counting_trainer(run_dir, step, seed=1):
    learning_rate = theano.shared(np.float32(0.5), name="learning_rate")
    return Trainer(
        Step(step, None, CountingPairs(), learning_rate, []),
        seed,
        0.5,
        lambda: {"set5_psnr": 30.25},
        run_dir,
        "counting",
    )


def test_history_has_a_row_per_epoch(tmp_path):
    costs = iter([1.0, 2.0, 3.0, 0.5, 0.25, 0.75])
    trainer = counting_trainer(
        tmp_path, lambda index: (np.float32(next(costs)), np.float32(0.01))
    )
    trainer.run(2, progress=False)

    rows = read_history(tmp_path / "history.csv")
    assert all(float(row.pop("seconds")) >= 0 for row in rows)
    assert rows == [
        {
            "epoch": "1",
            "iteration": "3",
            "learning_rate": "0.5",
            "cost": "2",
            "train_psnr": "20",
            "set5_psnr": "30.25",
        },
        {
            "epoch": "2",
            "iteration": "6",
            "learning_rate": "0.25",
            "cost": "0.5",
            "train_psnr": "20",
            "set5_psnr": "30.25",
        },
    ]
    assert float(trainer.step.learning_rate.get_value()) == 0.125


def test_every_epoch_has_an_order_of_its_own_that_the_seed_decides(tmp_path):
    def orders(name, seed):
        trainer = counting_trainer(tmp_path / name, lambda index: (0.0, 0.0), seed)
        trainer.run(3, progress=False)
        return trainer.step.pairs.orders

    first = orders("a", 1)
    assert len({tuple(order) for order in first}) == 3
    assert orders("b", 1) == first
    assert orders("c", 2) != first


def test_progress_bar_shows_cost_and_psnr(tmp_path, capsys):
    counting_trainer(tmp_path, lambda index: (0.5, 0.001)).run(2)
    shown = capsys.readouterr().err
    assert "6/6" in shown
    assert "cost 0.50000, train 30.00 dB" in shown
    assert "set5 30.25 dB" in shown


def test_decibels():
    assert decibels(255.0**-2) == pytest.approx(48.1308, abs=1e-4)
    assert decibels(0.0) == 100


def test_steps_one_by_one_leave_the_learning_rate_to_the_caller():
    done = []
    trainer = counting_trainer(None, lambda index: (float(len(done)), 0.01))
    rate = trainer.step.learning_rate
    for _ in range(2):
        for costs, errors in trainer.steps(one_by_one=True):
            assert (list(costs), list(errors)) == ([len(done)], [0.01])
            done.append(float(rate.get_value()))
            rate.set_value(np.float32(0.25 * rate.get_value()))
    assert done == [0.5 * 0.25**n for n in range(6)]
    assert trainer.epoch == 2 and len(trainer.step.pairs.orders) == 2


def test_a_trainer_without_a_folder_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer = counting_trainer(None, lambda index: (0.5, 0.01))
    trainer.resume()
    trainer.run(2, progress=False)
    assert [row["set5_psnr"] for row in trainer.history] == ["30.25", "30.25"]
    assert list(tmp_path.iterdir()) == []


def test_steps_in_a_loop_on_the_device_train_the_same(
    tiny_session, tmp_path, monkeypatch
):
    pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    tiny = type(tiny_session)()
    tiny.trainer(tmp_path / "single").run(3, progress=False)
    single = {v.name: v.get_value() for v in tiny.variables}
    # As on a graphics card; on a CPU it is slower and not done.
    linked(tiny.step).loops_on_device = True
    tiny.trainer(tmp_path / "loop").run(3, progress=False)
    # Batch normalization takes these away again: their gradients are rounding errors.
    taken_away = "conv1.b", "conv2.b", "bn1.mean", "bn2.mean"
    for variable in tiny.variables:
        if not variable.name.startswith(taken_away):
            np.testing.assert_allclose(
                variable.get_value(), single[variable.name], rtol=1e-4, atol=1e-6
            )
    costs = [
        [float(row["cost"]) for row in read_history(tmp_path / run / "history.csv")]
        for run in ("single", "loop")
    ]
    assert len(costs[0]) == 3
    np.testing.assert_allclose(*costs, rtol=1e-5)


def test_a_rate_can_decay_where_the_validation_stands_still():
    costs = [812.4, 641.6, 642.4, 642.6, 643.4, 643.2]
    rows = [{"set5_cost": f"{cost}"} for cost in costs]
    decays = [same_integer(rows[: n + 1]) for n in range(len(rows))]
    assert decays == [False, False, True, False, True, True]


def test_a_trainer_asks_the_rule_for_its_rate(tiny, tmp_path):
    costs = iter([3.2, 2.9, 1.4, 1.1])
    trainer = Trainer(
        tiny.trainer(tmp_path).step,
        seed=0,
        decay=0.5,
        validate=lambda: {"set5_cost": next(costs)},
        decay_rule="same-integer",
    )
    trainer.run(4, progress=False)
    rates = [float(row["learning_rate"]) for row in trainer.history]
    first = rates[0]
    # The costs round to 3, 3, 1 and 1: the rate falls after the second and the fourth.
    assert rates == pytest.approx([first, first, first / 2, first / 2])
    assert float(tiny.learning_rate.get_value()) == pytest.approx(first / 4)


def test_a_rate_can_go_down_a_cosine(tiny, tmp_path):
    step = tiny.trainer(tmp_path).step
    trainer = Trainer(step, seed=0, decay_rule="cosine", decay_epochs=4)
    trainer.run(5, progress=False)
    rates = np.array([float(row["learning_rate"]) for row in trainer.history])
    expected = [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2, 0]
    np.testing.assert_allclose(rates / rates[0], expected, rtol=1e-5, atol=1e-12)


def test_the_history_is_written_again_from_the_checkpoint(tiny, tmp_path):
    tiny.trainer(tmp_path).run(2, progress=False)
    table = tmp_path / "history.csv"
    text = table.read_text()
    for damaged in (text[:-30], text * 2, "", None):
        table.unlink() if damaged is None else table.write_text(damaged)
        trainer = tiny.trainer(tmp_path)
        trainer.resume()
        assert trainer.epoch == 2 and table.read_text() == text


@pytest.mark.parametrize("rows", [1, 2])
def test_an_old_checkpoint_goes_on_with_a_whole_table_only(tiny, tmp_path, rows):
    tiny.trainer(tmp_path).run(2, progress=False)
    checkpoint, table = tmp_path / "checkpoint.h5", tmp_path / "history.csv"
    attributes, arrays = read_arrays(checkpoint, "", kinds="fu")
    del arrays["history.csv"]
    write_arrays(checkpoint, attributes, arrays)
    text = "".join(table.read_text().splitlines(keepends=True)[: rows + 1])
    table.write_text(text)
    trainer = tiny.trainer(tmp_path)
    if rows == 2:
        trainer.resume()
        assert trainer.epoch == 2 and table.read_text() == text
    else:
        with pytest.raises(UserError, match=r"history\.csv: the history of 1 epochs"):
            trainer.resume()
        assert trainer.epoch == 0 and table.read_text() == text
