"""`python -m benchmarks`: its options and what it refuses."""

import pytest

from benchmarks import __main__ as command


def test_bad_input_is_one_clear_message_and_exit_2(capsys):
    assert command.main(["--against", "tensorflow"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("benchmarks: error: --against tensorflow")
    assert len(error.splitlines()) == 1


def test_options_are_handed_on(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(command, "run_bench", lambda *a, **k: calls.append((a, k)))
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")
    words = ["--against", "none", "--only", "srcnn-20,samples", "--threads", "2"]
    out = tmp_path / "figures.json"
    assert command.main([*words, "--out", str(out), "--json"]) == 0
    assert calls == [
        (
            ([], 2, ["srcnn-20", "samples"]),
            {"as_json": True, "out": out, "opencv": None},
        )
    ]


def test_an_unknown_device_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        command.main(["--device", "tpu"])
    assert refused.value.code == 2 and "--device" in capsys.readouterr().err
