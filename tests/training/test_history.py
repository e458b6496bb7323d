import numpy as np
import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.training.history import as_numbers, read_history, write_history

ROWS = [
    {
        "epoch": str(epoch),
        "iteration": str(7 * epoch),
        "learning_rate": "0.001",
        "cost": str(1 / epoch),
        "set5_psnr": "28.5",
    }
    for epoch in (1, 2, 3)
]


@pytest.fixture
def path(tmp_path):
    write_history(tmp_path / "history.csv", ROWS)
    return tmp_path / "history.csv"


def test_history_round_trip(path):
    text = path.read_text()
    assert text.startswith(
        "epoch,iteration,learning_rate,cost,set5_psnr\n1,7,0.001,1.0,28.5\n"
    )
    assert read_history(path) == ROWS


DAMAGES = {
    "cut within a number": lambda lines: [*lines[:3], lines[3][:-3]],
    "doubled": lambda lines: lines * 2,
    "a line twice": lambda lines: [*lines[:2], *lines[1:]],
    "reordered": lambda lines: [lines[0], lines[2], lines[1], lines[3]],
    "without a line": lambda lines: [lines[0], *lines[2:]],
    "without a header": lambda lines: lines[1:],
    "other columns": lambda lines: ["a,b,c,d,e\n", *lines[1:]],
    "a column twice": lambda lines: [lines[0].replace("set5_psnr", "cost"), *lines[1:]],
    "a cell less": lambda lines: [*lines[:3], "3,21,0.001,0.5\n"],
    "a word": lambda lines: [*lines[:3], "3,21,0.001,low,inf\n"],
    "no number": lambda lines: [*lines[:3], "3,21,0.001,nan,inf\n"],
    "half an iteration": lambda lines: [*lines[:3], "3,21.5,0.001,1,inf\n"],
    "other iterations": lambda lines: [*lines[:3], "3,22,0.001,1,inf\n"],
    "nothing": lambda lines: [],
    "other bytes": lambda lines: [*lines[:3], "\udcff\n"],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_history_is_refused_by_name(path, damage):
    lines = damage(path.read_text().splitlines(keepends=True))
    path.write_bytes("".join(lines).encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=r"history\.csv: damaged \("):
        read_history(path)


def test_a_number_that_is_not_finite_is_refused(path):
    for number in ("inf", "-1e999", "nan"):
        path.write_text(path.read_text().replace("28.5", number, 1))
        with pytest.raises(UserError, match="line 2 is no row of 5 numbers"):
            read_history(path)
        path.write_text(path.read_text().replace(number, "28.5", 1))


def test_a_history_is_arrays_of_numbers():
    columns = as_numbers(ROWS)
    assert list(columns) == list(ROWS[0])
    for name, numbers in columns.items():
        assert numbers.tolist() == [float(row[name]) for row in ROWS]
    assert columns["epoch"].dtype == columns["iteration"].dtype == np.dtype(int)
    assert as_numbers([]) == {}
