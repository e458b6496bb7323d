"""A loop of steps beside steps by themselves."""

import json

import pytest

from benchmarks import loops


@pytest.mark.slow
def test_both_ways_take_the_same_steps(monkeypatch):
    """What is timed is the same work: the costs agree."""
    pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    monkeypatch.setattr(loops, "BATCH_SIZE", 1)
    costs = [[], []]
    for which in (0, 1):
        call = loops.build()[which]
        costs[which] = call()
    one_by_one = [float(cost) for cost, _ in costs[0]]
    assert len(one_by_one) == loops.build()[2]
    assert one_by_one == pytest.approx(list(map(float, costs[1][0])), rel=1e-5)


def test_ratios_are_taken_turn_by_turn(monkeypatch, tmp_path):
    clock = iter([0, 1, 0, 10, 0, 2, 0, 24, 0, 1, 0, 11])
    monkeypatch.setattr(loops.time, "process_time", lambda: next(clock))
    monkeypatch.setattr(loops, "build", lambda: (lambda: None, lambda: None, 4))
    figures = loops.measure(3)
    assert figures["times"] == {"median": 11, "from": 10, "to": 12}
    assert figures["ms"]["alone"] == [250, 500, 250]


def test_the_record_says_where_it_was_measured(monkeypatch, tmp_path):
    out = tmp_path / "loops.json"
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")  # put back after the test
    monkeypatch.setattr(loops, "measure", lambda n_turns: {"turns": n_turns})
    monkeypatch.setattr("srcnn_theano.record.conditions", lambda: {"device": "xla"})
    monkeypatch.setattr("sys.argv", ["loops", "--turns", "2", "--out", str(out)])
    assert loops.main() == 0
    record = json.loads(out.read_text())
    assert record["turns"] == 2 and record["processor"] and record["device"] == "xla"
    monkeypatch.setattr("sys.argv", ["loops", "--out", str(tmp_path)])
    assert loops.main() == 2
