import pytest

from benchmarks.many_machines import Job, makespan, table


@pytest.mark.parametrize(
    "n_workers, seconds",
    # 1: the sum. 2: a | b, c; then d, which is last in line. More: b and then d.
    [(1, 10), (2, 7), (3, 6), (4, 6)],
)
def test_a_schedule_worked_out_by_hand(n_workers, seconds):
    jobs = [Job("a", 3), Job("b", 2), Job("c", 1), Job("d", 4, after="b")]
    assert makespan(jobs, n_workers) == seconds


def test_dear_ones_first_end_earlier():
    jobs = [Job(str(n), 1) for n in range(4)] + [Job("long", 4)]
    assert makespan(jobs, 2) == 6 and makespan(jobs[::-1], 2) == 4


def test_a_network_that_is_not_there_yet_lets_others_go_first():
    jobs = [Job("measured", 1, after="trained"), Job("trained", 5), Job("other", 2)]
    assert makespan(jobs, 2) == 6
    assert makespan(jobs, 1) == 8


def test_table():
    lines = table([Job(str(n), 3600) for n in range(64)]).splitlines()
    assert lines[2] == "| 1 | 64.00 | 64.00 | 1.0 | 100% |"
    assert lines[5] == "| 64 | 1.00 | 1.00 | 64.0 | 100% |"
    assert lines[6] == "| 256 | 1.00 | 1.00 | 64.0 | 25% |"
