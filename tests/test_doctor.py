"""The doctor tells the truth about this machine, and about broken ones."""

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from srcnn_theano import doctor, environment, shipped
from srcnn_theano.errors import UserError
from srcnn_theano.vgg16_weights import VGG16Weights, save_vgg16


@pytest.fixture
def quick(monkeypatch):
    """Leave out what compiles; one test below does that."""
    monkeypatch.setattr(doctor, "_THEANO_LOOKS", {})
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    monkeypatch.delenv("SRCNN_VGG16", raising=False)


def findings(report):
    return {finding["name"]: finding for finding in json.loads(report)["findings"]}


def test_whole_picture_of_a_healthy_machine(monkeypatch):
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    report, ok = doctor.run_doctor(as_json=True)
    found = findings(report)
    assert ok and json.loads(report)["ok"]
    assert found["Python"]["facts"]["version"] == platform.python_version()
    assert found["NumPy"]["facts"]["version"] == np.__version__
    library, facts = environment.find_library(), found["Theano"]["facts"]
    assert facts["library"] == library.distribution
    assert facts["version"] == library.version
    assert found["compiler"]["facts"]["path"] == environment.find_compiler().path
    assert found["BLAS"]["facts"]["ldflags"] == environment.find_blas().ldflags
    assert 1 <= found["cores"]["facts"]["usable"] <= os.cpu_count()
    assert found["compile cache"]["facts"]["bytes"] > 0
    assert found["sgemm"]["facts"]["gflops"] > 0.1
    assert found["trial"]["ok"]
    assert found["weights"]["facts"]["folder"] == str(shipped.weights_dir())
    assert found["image sets"]["ok"] is None


def test_networks_are_counted_and_those_that_lack_are_named(
    quick, monkeypatch, tmp_path
):
    text = findings(doctor.run_doctor(as_json=True)[0])["weights"]["text"]
    n = len(list(shipped.weights_dir().glob("*.h5")))
    assert text.endswith(f"weights: {n} networks, all that `upscale` offers")
    for path in shipped.weights_dir().glob("*srcnn*_x?.h5"):
        if path.stem not in ("srcnn_x3", "fsrcnn_large_x4"):
            (tmp_path / path.name).write_bytes(b"")
    monkeypatch.setattr(shipped, "weights_dir", lambda: tmp_path)
    report, ok = doctor.run_doctor()
    assert ok and "networks, without srcnn_x3, fsrcnn_large_x4\n" in report


def test_a_note_is_no_problem_and_a_problem_is_marked(quick, monkeypatch):
    report, ok = doctor.run_doctor()
    assert ok and report.endswith("Training can run here.")
    assert "  --  accelerator" in report or "  ok  accelerator" in report

    def broken():
        raise UserError("no BLAS; install one")

    monkeypatch.setitem(doctor._BASIC_LOOKS, "BLAS", broken)
    report, ok = doctor.run_doctor()
    assert not ok
    assert "  !!  BLAS         no BLAS; install one\n" in report
    assert report.endswith("Training cannot run here: see what is marked !! (1)")


def test_whatever_breaks_is_one_line(quick, monkeypatch):
    def broken():
        raise ZeroDivisionError("division by zero\nand more")

    monkeypatch.setitem(doctor._BASIC_LOOKS, "cores", broken)
    report, ok = doctor.run_doctor(as_json=True)
    assert not ok
    assert findings(report)["cores"]["text"] == "ZeroDivisionError: division by zero"


def test_image_sets_that_are_named_must_be_right(quick, monkeypatch, tmp_path):
    report, ok = doctor.run_doctor(tmp_path, as_json=True)
    text = findings(report)["image sets"]["text"]
    assert not ok and str(tmp_path) in text and "0 of 91" in text
    monkeypatch.setenv("SRCNN_DATA", str(tmp_path / "none"))
    report, ok = doctor.run_doctor(as_json=True)
    assert not ok and "no such folder" in findings(report)["image sets"]["text"]


@pytest.mark.data
def test_image_sets_are_verified(quick, data_dir):
    report, ok = doctor.run_doctor(data_dir, as_json=True)
    expected = {"T91": 91, "Set5": 5, "Set14": 14}
    assert ok and findings(report)["image sets"]["facts"]["verified"] == expected


def test_vgg16_is_no_need_until_it_is_there(quick, monkeypatch, tmp_path, small_vgg16):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    report, ok = doctor.run_doctor(as_json=True)
    found = findings(report)["VGG16"]
    assert ok and found["ok"] is None and "srcnn-theano convert" in found["text"]

    path = tmp_path / "srcnn_theano" / "vgg16.h5"
    weights = VGG16Weights(small_vgg16, "caffe", "a.caffemodel", "0" * 64)
    save_vgg16(path, weights)
    report, ok = doctor.run_doctor(as_json=True)
    found = findings(report)["VGG16"]
    assert ok and found["ok"] and "a.caffemodel" in found["text"]
    assert found["facts"] == {
        "file": str(path),
        "preprocessing": "caffe",
        "source": "a.caffemodel",
        "source_sha256": "0" * 64,
    }
    path.write_bytes(path.read_bytes()[:5000])
    report, ok = doctor.run_doctor(as_json=True)
    assert not ok and "vgg16.h5: damaged" in findings(report)["VGG16"]["text"]


def test_vgg16_that_is_named_must_be_there(quick, monkeypatch, tmp_path):
    monkeypatch.setenv("SRCNN_VGG16", str(tmp_path / "none.h5"))
    report, ok = doctor.run_doctor(as_json=True)
    text = findings(report)["VGG16"]["text"]
    assert not ok and "SRCNN_VGG16" in text and "none.h5: no such file" in text


def test_accelerators_are_named(quick, monkeypatch, tmp_path):
    fake = tmp_path / "nvidia-smi"
    fake.write_text("#!/bin/sh\necho 'Some GPU, 1234 MiB'\n")
    fake.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    monkeypatch.setenv("PATH", path)
    report, _ = doctor.run_doctor(as_json=True)
    assert findings(report)["accelerator"]["facts"]["names"] == ["Some GPU, 1234 MiB"]
    fake.write_text("#!/bin/sh\necho no driver; exit 9\n")
    report, _ = doctor.run_doctor(as_json=True)
    assert findings(report)["accelerator"]["facts"]["names"] == []


def test_a_machine_without_a_compiler_is_diagnosed(tmp_path):
    code = (
        f"import sys; sys.prefix = {str(tmp_path)!r}\n"
        "from srcnn_theano.cli import main\n"
        "sys.exit(main(['doctor', '--json']))"
    )
    variables = dict(os.environ, PATH=str(tmp_path), SRCNN_DATA="", THEANO_FLAGS="")
    variables["SRCNN_DEVICE"] = "cpu"
    answer = subprocess.run(
        [sys.executable, "-c", code], env=variables, stdout=subprocess.PIPE
    )
    found = findings(answer.stdout.decode())
    assert answer.returncode == 2
    assert found["compiler"]["ok"] is False and "apt-get" in found["compiler"]["text"]
    assert found["Theano"]["ok"] is False
    assert found["NumPy"]["ok"] and found["BLAS"]["ok"]
    assert "sgemm" not in found
