"""What a machine says of itself, from files as Linux has them."""

import pytest

from benchmarks import machine


@pytest.fixture
def linux(tmp_path, monkeypatch):
    for number, text in enumerate(["1 Data 48K", "1 Instruction 32K", "2 Unified 1M"]):
        folder = tmp_path / "cache" / f"index{number}"
        folder.mkdir(parents=True)
        for name, word in zip(("level", "type", "size"), text.split()):
            (folder / name).write_text(word + "\n")
    (tmp_path / "topology").mkdir()
    (tmp_path / "cpuinfo").write_text("model name : X\nflags\t\t: fpu avx2 avx512f\n")
    monkeypatch.setattr(machine, "_CPU", tmp_path)
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    return tmp_path


@pytest.mark.parametrize(
    "siblings, told",
    [("0", "whole cores"), ("0-1", "threads of shared cores"), ("0,32", "threads")],
)
def test_what_decides_the_speed_is_told(linux, siblings, told):
    (linux / "topology" / "thread_siblings_list").write_text(siblings + "\n")
    hardware = machine.hardware()
    assert hardware["caches"] == "L1 48K, L2 1M"
    assert hardware["instruction sets"] == "AVX2, AVX-512"
    assert hardware["cores are"].startswith(told)
    assert machine.machine()["caches"] == "L1 48K, L2 1M"


def test_what_cannot_be_told_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_CPU", tmp_path)
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "none")
    assert machine.hardware() == {}


def test_the_recorded_command_names_no_folder_of_the_machine(monkeypatch):
    words = ["bench", "--opencv", "/home/me/FSRCNN_x2.pb", "--out", "benchmarks/a.json"]
    monkeypatch.setattr("sys.argv", words)
    command = "python -m benchmarks --opencv FSRCNN_x2.pb --out benchmarks/a.json"
    assert machine.command() == command
