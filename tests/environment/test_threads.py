"""Cores under a container's quota, and the threads that follow."""

import os
import sys

import pytest

from srcnn_theano import environment
from srcnn_theano.environment import threads


@pytest.mark.parametrize(
    "files, cores",
    [
        ({}, sys.maxsize),
        ({"cpu.max": "max 100000"}, sys.maxsize),
        ({"cpu.max": "150000 100000"}, 2),
        (
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            sys.maxsize,
        ),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
    ],
)
def test_quota_of_a_container(files, cores, monkeypatch, tmp_path):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(threads, "_CGROUP", tmp_path)
    assert threads._core_quota() == cores


def test_threads_are_limited_by_a_quota_only(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_core_quota", lambda: sys.maxsize)
    environment.limit_threads()
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setattr(threads, "_core_quota", lambda: 1)
    # Set through monkeypatch first, so that the test's end takes it away again.
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment.limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    del os.environ["OMP_NUM_THREADS"]
    environment.limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    "limit, asked, threads_then",
    [("1", "2", "1"), ("8", "2", "2"), ("1", "4,2", "1"), ("none", "2", "2")],
)
def test_no_more_threads_than_openmp_grants(limit, asked, threads_then, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    monkeypatch.setenv("OMP_THREAD_LIMIT", limit)
    monkeypatch.setenv("OMP_DYNAMIC", "true")
    environment.limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == threads_then
    assert os.environ["OMP_DYNAMIC"] == "false"


@pytest.mark.parametrize(
    "given, spins",
    [
        ({}, "4000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, None),
    ],
)
def test_idle_threads_sleep_unless_the_user_says_otherwise(given, spins, monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    threads.let_idle_threads_sleep()
    assert os.environ.get("GOMP_SPINCOUNT") == spins
