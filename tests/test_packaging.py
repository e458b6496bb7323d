"""What is installed: the right files, whatever it is built from, and honest pins."""

import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import srcnn_theano
from srcnn_theano import shipped

ROOT = Path(__file__).resolve().parent.parent
IGNORED = shutil.ignore_patterns(
    ".git", ".venv", "*.egg-info", "__pycache__", "build", "dist"
)


def ignored(folder, names):
    """Also the runs in the checkout, but not the package's folder of that name."""
    runs = {"runs"} if Path(folder) == ROOT else set()
    return IGNORED(folder, names) | runs


oldest = runpy.run_path(str(ROOT / "scripts" / "oldest.py"))["oldest"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, with one more experiment and network to be shipped."""
    pytest.importorskip("setuptools", "64")  # the oldest that reads pyproject.toml
    copy = tmp_path_factory.mktemp("packaging") / "checkout"
    shutil.copytree(str(ROOT), str(copy), ignore=ignored)
    record = copy / "results" / "an_experiment"
    record.mkdir(parents=True)
    for path in (
        copy / "weights" / "a_network.h5",
        copy / "weights" / "a_network.json",
        record / "experiment.json",
        record / "history.csv",
        record / "results.json",
        record / "checkpoint.h5",  # of an unfinished run
    ):
        path.write_text("{}")
    return copy


def setup_py(folder, *arguments):
    command = [sys.executable, "setup.py", "--quiet"] + [str(one) for one in arguments]
    subprocess.run(command, cwd=str(folder), check=True, stdout=subprocess.DEVNULL)


def built_files(folder):
    """Names of what `folder`'s wheel holds."""
    target = folder / "build" / "lib"
    setup_py(folder, "build_py", "--build-lib", target)
    return {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def wheel(checkout):
    return built_files(checkout)


def test_wheel_has_every_file_of_the_package(checkout, wheel):
    package = checkout / "srcnn_theano"
    files = {p for p in package.rglob("*") if p.is_file()}
    assert {str(path.relative_to(checkout)) for path in files} <= wheel
    assert all(name.startswith("srcnn_theano/") for name in wheel)


def test_wheel_has_weights_and_results(checkout, wheel):
    for name in ("README.md", "a_network.h5", "a_network.json"):
        assert "srcnn_theano/_weights/" + name in wheel
    for name in ("experiment.json", "history.csv", "results.json"):
        assert "srcnn_theano/_results/an_experiment/" + name in wheel
    networks = {path.name for path in (checkout / "weights").glob("*.h5")}
    shipped_networks = {Path(name).name for name in wheel if name.endswith(".h5")}
    assert shipped_networks == networks


def test_source_distribution_makes_the_same_wheel(checkout, wheel, tmp_path):
    setup_py(checkout, "sdist", "--dist-dir", tmp_path)
    archive = next(tmp_path.glob("*.tar.gz"))
    assert f"-{srcnn_theano.__version__}.tar.gz" in archive.name
    shutil.unpack_archive(str(archive), str(tmp_path))
    unpacked = next(path for path in tmp_path.iterdir() if path.is_dir())
    assert built_files(unpacked) == wheel
    for name in ("LICENSE", ".ci/run", "tests/test_packaging.py"):
        assert (unpacked / name).is_file()


def test_installed_copy_finds_its_own_files(checkout, wheel, tmp_path):
    code = (
        "from srcnn_theano import shipped, cli\n"
        "print(shipped.weights_dir(), shipped.results_dir())\n"
    )
    installed = checkout / "build" / "lib"
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=str(tmp_path),
        env={"PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        check=True,
    )
    package = installed / "srcnn_theano"
    expected = f"{package}/_weights {package}/_results\n"
    assert answer.stdout.decode() == expected


def test_the_wheel_is_as_small_as_is_said(checkout, wheel, tmp_path):
    release = runpy.run_path(str(ROOT / "scripts" / "release.py"))
    built = checkout / "build" / "lib"
    archive = tmp_path / "wheel.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in wheel:
            packed.write(built / name, name)
    assert archive.stat().st_size < release["MOST_BYTES"]
    said = f"less than {release['MOST_BYTES'] // 10**6} MB"
    for name in ("CHANGES.md", "CONTRIBUTING.md"):
        assert said in (ROOT / name).read_text(), name


def test_the_version_stands_in_one_place():
    version = srcnn_theano.__version__
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.findall(r"^version: (.+)$", citation, re.M) == [version]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGES.md").read_text(), re.M)
    assert newest and newest.group(1) == version
    for path in (ROOT / "pyproject.toml", ROOT / "setup.py", *ROOT.glob("*.yml")):
        assert version not in path.read_text(), path


def test_shipped_folders_exist_here():
    assert (shipped.weights_dir() / "README.md").is_file()
    assert shipped.results_dir().is_dir()


def test_style_tools_are_pinned_alike():
    (extra,) = re.findall(r'"ruff==(.+?)"', (ROOT / "pyproject.toml").read_text())
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"/ruff-pre-commit\n +rev: v(\S+)", hooks) == [extra]


def test_conda_pins_fit_the_requirements():
    text = (ROOT / "environment.yml").read_text()
    pins = dict(re.findall(r"- ([\w-]+)=+([\d.]+)$", text, re.M))
    required = (ROOT / "pyproject.toml").read_text()
    for name in ("Theano-PyMC", "numpy", "onednn-cpu-gomp", "onednn-devel-cpu-gomp"):
        assert f'"{name}=={pins[name]}' in required
    assert pins["python"].startswith("3.11.") and pins["scipy"].startswith("1.11.")
    floors = dict(
        re.split("==|;", pin)[:2]
        for pin in oldest(required)
        if re.fullmatch(
            r"|; python_version >= '3\.1[01]'", "".join(pin.partition(";")[1:])
        )
    )
    pins["matplotlib"] = pins.pop("matplotlib-base")
    common = sorted(set(pins) & set(floors))
    assert {"filelock", "h5py", "matplotlib", "pillow", "tqdm"} <= set(common)
    for name in common:
        assert numbers(pins[name]) >= numbers(floors[name]), name


def numbers(version):
    return [int(part) for part in version.split(".")]


def test_the_oldest_versions_are_read_from_the_requirements():
    text = """
[build-system]
requires = ["setuptools>=64,<77"]

[project]
requires-python = ">=3.8,<3.13"
dependencies = [
    "h5py>=3.11,<4",  # "not>=1"
    "filelock>=3.12,<4; python_version < '3.10'",
]
[project.optional-dependencies]
xla = ["jax[cuda12]==0.4.30", "h5py>=3.11,<4", "srcnn-theano[onnx]", "protobuf<8"]
"""
    expected = ["h5py==3.11", "filelock==3.12; python_version < '3.10'", "jax==0.4.30"]
    assert oldest(text) == expected


@pytest.mark.parametrize("version", [(3, 7, 16), (3, 13, 0), (3, 14, 2), (4, 0, 0)])
def test_other_pythons_are_refused_before_anything_is_resolved(version):
    """setup.py runs when pip asks what it needs, before it looks for requirements."""
    pytest.importorskip("setuptools", "64")
    code = (
        f"import runpy, setuptools, sys; sys.version_info = {version}\n"
        "sys.argv = ['setup.py', '--version']; runpy.run_path('setup.py')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=str(ROOT), capture_output=True, text=True
    )
    assert answer.returncode == 1 and answer.stderr.count("\n") == 1
    assert re.match(
        r"Python {}\.{}: .*3\.8 to 3\.12.*uv venv.*conda".format(*version),
        answer.stderr,
    )
