from srcnn_theano.training.history import read_history, write_history


def test_history_round_trip(tmp_path):
    rows = [{"epoch": "1", "cost": "0.5"}, {"epoch": "2", "cost": "0.25"}]
    write_history(tmp_path / "history.csv", rows)
    expected = "epoch,cost\n1,0.5\n2,0.25\n"
    assert (tmp_path / "history.csv").read_text() == expected
    assert read_history(tmp_path / "history.csv") == rows
