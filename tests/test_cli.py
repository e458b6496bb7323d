"""The command line: exit codes, messages, and what must not be imported."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli
from srcnn_theano.cli.options import COMMANDS
from srcnn_theano.experiments import TABLES
from srcnn_theano.weights import PICTURE_MODELS, save_weights


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys; from srcnn_theano import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'theano', 'matplotlib', 'h5py', 'PIL'} & set(sys.modules)\n"
        "sys.exit(3 if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0
    for command in (
        "demo upscale data train evaluate experiments reproduce report compare-deconv "
        "convert doctor"
    ).split():
        assert command in done.stdout


@pytest.mark.parametrize(
    "version, message",
    [
        (sys.version_info[:3], "numpy: not installed for .* `pip install"),
        ((3, 13, 0), r"Python 3\.13: srcnn-theano runs on 3\.8 to 3\.12 only"),
    ],
)
@pytest.mark.parametrize("command", ["demo", "doctor"])
def test_without_what_it_needs_there_is_one_sentence(
    command, version, message, tmp_path
):
    code = (
        "import sys; sys.version_info = {}\n"
        "from srcnn_theano.cli import main; sys.exit(main([{!r}]))"
    )
    # Where it is installed there may be all the packages it needs.
    package = Path(cli.__file__).resolve().parents[1]
    (tmp_path / package.name).symlink_to(package)
    done = subprocess.run(
        # -S: Python without the packages that have been installed.
        [sys.executable, "-S", "-c", code.format(tuple(version), command)],
        capture_output=True,
        env=dict(os.environ, PYTHONPATH=str(tmp_path)),
        text=True,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert re.match("srcnn-theano: error: " + message, done.stderr)
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def colourful(tmp_path):
    path = tmp_path / "colourful.png"
    pixels = np.random.RandomState(0).randint(0, 256, (9, 12, 3)).astype("uint8")
    Image.fromarray(pixels).save(str(path))
    return path


def test_xla_needs_no_compiler(colourful, tmp_path, monkeypatch):
    pytest.importorskip("jax")
    for device, flags in (("cpu", ""), ("xla", "cxx=")):
        command = [sys.executable, "-m", "srcnn_theano", "upscale", str(colourful)]
        command += ["--scale", "2", "--device", device, "--out"]
        command += [str(tmp_path / (device + ".png"))]
        given = os.environ.get("THEANO_FLAGS", "")
        flags = ",".join(filter(None, [given, flags]))
        subprocess.run(command, check=True, env=dict(os.environ, THEANO_FLAGS=flags))
    ours, xla = (
        np.asarray(Image.open(str(tmp_path / name))).astype(int)
        for name in ("cpu.png", "xla.png")
    )
    assert ours.shape == (18, 24, 3)
    # A rounding apart, before the pixels are rounded.
    assert np.abs(ours - xla).max() <= 1


def test_a_device_that_is_not_there(colourful, tmp_path, monkeypatch, capsys):
    jax = pytest.importorskip("jax")
    if any(device.platform != "cpu" for device in jax.devices()):
        pytest.skip("it is there")
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")  # and puts it back
    out = tmp_path / "out.png"
    words = ["upscale", str(colourful), "--scale", "2", "--out", str(out)]
    assert cli.main(words + ["--device", "gpu"]) == 2
    assert "device gpu: " in capsys.readouterr().err and not out.exists()
    with pytest.raises(SystemExit) as refused:
        cli.main(words + ["--device", "tpu"])
    assert refused.value.code == 2


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "in" / "grey.png"
    path.parent.mkdir()
    Image.new("L", (40, 40), 90).save(str(path))
    return path


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("upscale {picture} --scale 5 --out {out}", "--scale 5"),
        ("upscale {missing} --scale 2 --out {out}", "nothing.png"),
        ("upscale {picture} --scale 2 --out {out} --weights {picture}", "grey.png"),
        ("upscale {picture} --scale 5 --model fsrcnn --out {out}", "--scale 5"),
        ("upscale {picture} --scale 2 --out {out} --model vdsr", "--model vdsr"),
        (
            "upscale {picture} --scale 2 --out {out} --model srcnn --weights {x3}",
            "--model srcnn --weights",
        ),
        ("upscale {picture} --scale 2 --out {out} --weights {x3}", "--scale 3"),
        ("evaluate {folder} --scale 2 --weights {x3}", "x3.h5"),
        ("evaluate {folder} --scale 2 --model vdsr", "--model vdsr"),
        (
            "evaluate {folder} --scale 3 --model srcnn --weights {x3}",
            "--model srcnn --weights",
        ),
        ("evaluate {folder} --scale 5 --weights {x3}", "scale"),
        ("evaluate {folder} --scale 3 --protocol course --weights {x3}", "channels"),
        (
            "train table2_set5_described --data {folder} --runs {out}",
            "table1_adam_described",
        ),
        ("train fsrcnn_x2 --data {folder} --runs {out}", "T91"),
        ("data check --data {missing}", "nothing.png"),
        (
            "train vgg_only_described --data {folder} --runs {out}",
            "no VGG16, which perceptual",
        ),
        (
            "train vgg_only_described --data {folder} --runs {out} --vgg {missing}",
            "--vgg",
        ),
        (
            "train vgg_only_described --data {folder} --runs {out} --vgg {picture}",
            "grey.png",
        ),
        (
            "train table1_adam_described --data {folder} --runs {out} --vgg {missing}",
            "--vgg",
        ),
        ("reproduce vgg --data {folder} --runs {out}", "T91"),
        ("train vgg_only_programmed --data {folder} --vgg {missing}", "nothing.png"),
        ("train table9 --data {folder}", "'table9'"),
        ("train table1_adam_described --data {folder} --runs {out}", "T91"),
        ("evaluate {missing} --scale 2 --weights {picture}", "grey.png"),
        ("convert {missing} {out}.h5", "nothing.png"),
        ("convert {picture} {out}.h5", "grey.png"),
        ("compare-deconv --quick --out {picture}", "grey.png"),
        ("compare-deconv --data {folder} --out {out}", "Set5"),
        ("compare-deconv --data {missing} --out {out}", "--quick"),
        ("data prepare --protocol other --data {folder}", "'other'"),
        ("data check --scale 3 --data {folder}", "takes no --protocol and no --scale"),
    ],
)
def test_bad_input_is_one_clear_message_and_exit_2(
    arguments, message, picture, tmp_path, capsys, repeating, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SRCNN_VGG16", raising=False)
    out = tmp_path / "out"
    save_weights(tmp_path / "x3.h5", repeating(1, 3))
    names = {
        "picture": picture,
        "folder": picture.parent,
        "missing": tmp_path / "nothing.png",
        "out": out,
        "x3": tmp_path / "x3.h5",
    }
    assert cli.main(arguments.format(**names).split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("srcnn-theano: error: ") and message in error
    assert "Traceback" not in error
    assert not out.exists()


def test_without_vgg16_one_sentence_says_what_is_missing_and_how_to_get_it(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("SRCNN_VGG16", raising=False)
    command = f"train vgg_only_described --data {tmp_path} --runs {tmp_path}/runs"
    assert cli.main(command.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    place = tmp_path / "srcnn_theano" / "vgg16.h5"
    for part in (
        "no VGG16",
        "--vgg FILE",
        "SRCNN_VGG16",
        f"srcnn-theano convert FILE {place} --model vgg16",
        "weights/README.md",
    ):
        assert part in line


def test_every_table_can_be_reproduced(capsys):
    with pytest.raises(SystemExit):
        cli.main(["reproduce", "--help"])
    shown = "".join(capsys.readouterr().out.split())
    assert "{" + ",".join(TABLES) + ",all}" in shown and "--vggFILE" in shown


def test_experiments_as_json(capsys):
    assert cli.main(["experiments", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert "table1_adam_described" in json.dumps(rows)


def test_upscale_says_what_became_of_each_picture(
    picture, tmp_path, capsys, passing_on
):
    weights = tmp_path / "small.h5"
    save_weights(weights, passing_on(1))
    (picture.parent / "broken.png").write_bytes(b"no picture")
    command = "upscale {} --scale 2 --out {} --weights {}".format(
        picture.parent, tmp_path / "out", weights
    )
    assert cli.main(command.split()) == 2
    shown = capsys.readouterr()
    assert "broken.png" in shown.err and "1 picture written, 1 failed" in shown.out
    with Image.open(str(tmp_path / "out" / "grey.png")) as result:
        assert result.size == (80, 80) and result.mode == "L"
    (picture.parent / "broken.png").unlink()
    assert cli.main(command.split() + ["--resume"]) == 0
    assert "1 skipped" in capsys.readouterr().out


def test_ctrl_c_exits_with_130(monkeypatch, tmp_path, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    for line, cure in {
        "train table1_adam_described": "; with --resume it goes on",
        f"upscale {tmp_path} --scale=2 --out=x": "; with --resume it goes on",
        "upscale a.png b.png --scale=2 --out=x": "; with --resume it goes on",
        "upscale a.png --scale=2 --out=b.png": "; nothing was written",
        "reproduce all --check": "; the same command goes on",
        "reproduce all --cost": "",
        "compare-deconv": "; the same command goes on",
        "evaluate x --scale=2": "",
    }.items():
        words = line.split()
        mock = COMMANDS[words[0]]._replace(run=interrupted)
        monkeypatch.setitem(COMMANDS, words[0], mock)
        assert cli.main(words) == 130
        assert capsys.readouterr().err == f"srcnn-theano: interrupted{cure}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_no_empty_default_and_all_networks(name, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")  # no name is broken
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert not re.search(r"\(default: ?(\[\]|None)?\)", text)
    if "--model MODEL" in text and name != "convert":
        told = text.split("--model MODEL ")[-1][:99]
        assert all(model in told for model in PICTURE_MODELS)


def test_python_m(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "srcnn_theano", "train", "no_such_row"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 2 and "no_such_row" in done.stderr


@pytest.mark.parametrize("command", ["experiments", "report"])
def test_records_are_read_without_theano_and_a_compiler(tmp_path, command):
    code = (
        "import sys; from srcnn_theano.cli import main; status = main(sys.argv[1:]); "
        "assert not {'theano', 'aesara', 'jax'} & set(sys.modules); sys.exit(status)"
    )
    options = ["--out", str(tmp_path)] if command == "report" else []
    variables = dict(os.environ, PATH=str(tmp_path), THEANO_FLAGS="cxx=")
    variables.pop("SRCNN_DATA", None)
    done = subprocess.run(
        [sys.executable, "-c", code, command, *options],
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").exists() == (command == "report")


def test_a_full_memory_is_one_sentence(monkeypatch, capsys):
    def full(options):
        raise MemoryError

    doctor = COMMANDS["doctor"]._replace(run=full)
    monkeypatch.setitem(COMMANDS, "doctor", doctor)
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == (
        "srcnn-theano: error: doctor: memory full; take less at once\n"
    )


@pytest.mark.parametrize(
    "words, message",
    [
        ("train table1_bn_l2_running --epochs 3", "leave out --epochs"),
        ("train table1_bn_l2_running --train-only", "and --train-only"),
        ("compare-deconv --quick --data DIR", "--quick --data DIR: "),
    ],
)
def test_options_without_a_use_are_refused(words, message, tmp_path, capsys):
    words = [str(tmp_path) if word == "DIR" else word for word in words.split()]
    if words[0] == "train":
        words += ["--data", str(tmp_path)]
    assert cli.main(words) == 2
    assert message.replace("DIR", str(tmp_path)) in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_work_in_order(number, tmp_path):
    code = (
        "import signal, sys, time; from srcnn_theano import cli\n"
        # Where the tests run under nohup, one of them is ignored.
        f"signal.signal({int(number)}, signal.SIG_DFL)\n"
        "from srcnn_theano.cli.options import COMMANDS\n"
        "def work(options):\n"
        "    try: print('begun', flush=True); time.sleep(60)\n"
        "    finally: print('ended', flush=True)\n"
        "COMMANDS['doctor'] = COMMANDS['doctor']._replace(run=work)\n"
        "sys.exit(cli.main(['doctor']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    assert process.communicate(timeout=30)[0] == "ended\n"
    assert process.returncode == 128 + number
