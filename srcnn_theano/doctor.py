"""What this machine has, what it lacks, and whether training can run here.

Each look is one small function that returns a line of text and the facts behind it, or
raises `UserError` where something that training needs is missing or broken. They go
from what everything else stands on (Python) to what is only convenient (an
accelerator), and none of them needs Theano before Theano's own turn.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple

from srcnn_theano import __version__, environment, shipped
from srcnn_theano.data import datasets
from srcnn_theano.errors import UserError
from srcnn_theano.files import json_text
from srcnn_theano.streams import Tolerant
from srcnn_theano.tables import text_lines

_LIBRARIES = {
    "h5py": "h5py",
    "PIL": "Pillow",
    "matplotlib": "Matplotlib",
    "tqdm": "tqdm",
}
_MARKS = {True: "ok", False: "!!", None: "--"}


class Finding(NamedTuple):
    """One line of the report: `ok` is None for what training can do without."""

    name: str
    ok: bool | None
    text: str
    facts: dict[str, Any]


# It returns the fields of `Finding` after the name.
Look = Callable[[], tuple]


def run_doctor(
    data_dir: str | Path | None = None, as_json: bool = False
) -> tuple[str, bool]:
    """Look at everything that training and upscaling need.

    Parameters
    ----------
    data_dir : str, Path or None
        Folder with the image sets; None takes SRCNN_DATA, and without that the sets are
        not looked at.
    as_json : bool
        Report in JSON.

    Returns
    -------
    report : str
    ok : bool
        Whether training could run.
    """
    # Theano and its compiler talk on standard output; a JSON report must stay one.
    with contextlib.redirect_stdout(Tolerant(sys.stderr)):
        findings = [_look(name, look) for name, look in _BASIC_LOOKS.items()]
        if all(finding.ok is not False for finding in findings):
            findings += [_look(name, look) for name, look in _THEANO_LOOKS.items()]
        findings.append(_look("image sets", lambda: _image_sets(data_dir)))
        findings += [_look(name, look) for name, look in _OTHER_LOOKS.items()]
    ok = all(finding.ok is not False for finding in findings)
    return (_as_json if as_json else _as_text)(findings, ok), ok


def _look(name: str, look: Look) -> Finding:
    try:
        return Finding(name, *look())
    except UserError as error:
        return Finding(name, False, str(error), {})
    except Exception as error:  # the doctor reports whatever breaks, and goes on
        reason = str(error).strip().splitlines() or [""]
        text = f"{type(error).__name__}: {reason[0][:500]}"
        return Finding(name, False, text, {})


def _as_text(findings, ok):
    rows, told = [], set()
    for finding in findings:
        text = "for the reason above" if finding.text in told else finding.text
        rows.append(["  " + _MARKS[finding.ok], finding.name, text])
        told.add(finding.text)
    n_problems = sum(finding.ok is False for finding in findings)
    verdict = "Training can run here."
    if not ok:
        verdict = f"Training cannot run here: see what is marked !! ({n_problems})"
    lines = [f"srcnn-theano {__version__}", *text_lines("lll", rows), verdict]
    return "\n".join(lines)


def _as_json(findings, ok):
    report = {
        "version": __version__,
        "ok": ok,
        "findings": [finding._asdict() for finding in findings],
    }
    return json_text(report)


# --- Before Theano ---


def _python():
    environment.check_python()
    facts = {"version": platform.python_version(), "executable": sys.executable}
    return True, "{version}, {executable}".format(**facts), facts


def _system():
    facts = {"platform": platform.platform(), "processor": environment.processor()}
    return True, "{platform}, {processor}".format(**facts), facts


def _numpy():
    environment.check_numpy()
    return _version_of("numpy")


def _scipy():
    return _version_of("scipy")


def _version_of(module):
    version = importlib.import_module(module).__version__
    return True, version, {"version": version}


def _libraries():
    versions = {}
    for module, name in _LIBRARIES.items():
        try:
            versions[name] = importlib.import_module(module).__version__
        except ImportError as error:
            raise UserError(
                f"{name} cannot be imported ({error}); put it right with `pip install "
                f"{name.lower()}`"
            ) from error
    text = ", ".join("{} {}".format(*pair) for pair in versions.items())
    return True, text, {"versions": versions}


def _compiler():
    compiler = environment.find_compiler()
    if not compiler.path and environment.default_device() != "cpu":
        return None, "none; XLA needs none", {"path": ""}
    if not compiler.path:
        raise UserError(environment.c_code_is_off())
    environment.check_headers()
    return True, "{path}, {version}".format(**compiler._asdict()), compiler._asdict()


def _blas():
    blas = environment.find_blas()
    text, better = blas.description, environment.better_kernels(blas)
    if better:
        text += (
            ", which does not know this processor and does without its AVX; `export "
            f"OPENBLAS_CORETYPE={better}` makes products of matrices faster"
        )
    return True, text, blas._asdict()


def _cores():
    environment.limit_threads()  # as training does, and before a BLAS is loaded
    facts = {
        "cores": os.cpu_count(),
        "usable": environment.usable_cores(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
    }
    threads = "OMP_NUM_THREADS={OMP_NUM_THREADS}"
    if facts["OMP_NUM_THREADS"] is None:
        threads = "OMP_NUM_THREADS not set: one thread per core"
    return True, ("{usable} usable of {cores}; " + threads).format(**facts), facts


def _theano():
    from srcnn_theano.backend import settings, theano

    library = settings.library.distribution
    facts = {
        "library": library,
        "version": theano.__version__,
        "flags": settings.flags,
    }
    flags = ["{}={}".format(*pair) for pair in settings.flags.items()]
    text = "{} {}; flags set: {}".format(
        library, theano.__version__, ", ".join(flags) or "none"
    )
    return True, text, facts


# --- Through Theano ---


def _compile_cache():
    from srcnn_theano.backend import theano

    folder = Path(theano.config.compiledir)
    if not os.access(str(folder), os.W_OK | os.X_OK):
        raise UserError(
            f"{folder}: cannot be written; name another with "
            "THEANO_FLAGS=base_compiledir=FOLDER"
        )
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    facts = {"folder": str(folder), "bytes": sum(sizes), "free": _free(folder)}
    text = "{}, {:.0f} MiB used, {:.1f} GiB free".format(
        folder, facts["bytes"] / 2**20, facts["free"] / 2**30
    )
    return True, text, facts


def _free(folder):
    return shutil.disk_usage(str(folder)).free


def _onednn():
    from srcnn_theano.backend import onednn

    if onednn.available():
        has_bf16 = onednn.multiplies_bf16()
        text = "found" + (", and --precision bf16 is fast here" if has_bf16 else "")
        return True, text, {"found": True, "bf16": has_bf16}
    text = "missing or switched off: convolutions take twice as long or more"
    return None, text, {"found": False}


def _trial():
    """Compile a convolution and its gradient, and compare them with NumPy's."""
    import numpy as np

    from srcnn_theano.backend import T, compile_function, onednn

    start = time.perf_counter()
    x, w = T.ftensor4("x"), T.ftensor4("w")
    cost = T.sqr(T.nnet.conv2d(x, w, filter_flip=False)).sum() / 2
    function = compile_function([x, w], [cost, T.grad(cost, w)])
    image = np.arange(36, dtype="float32").reshape(1, 1, 6, 6) / 36
    kernel = np.array([[1, -2], [3, 0.5]], dtype="float32").reshape(1, 1, 2, 2)
    computed = function(image, kernel)
    seconds = time.perf_counter() - start

    # The same by hand: one shifted copy of the image per entry of the kernel.
    rows = [image[0, 0, i : i + 5] for i in range(2)]
    shifts = np.array([[row[:, j : j + 5] for j in range(2)] for row in rows])
    maps = np.tensordot(kernel[0, 0], shifts, 2)
    expected = (maps**2).sum() / 2, np.tensordot(shifts, maps, 2)
    if not all(np.allclose(*pair, rtol=1e-4) for pair in zip(computed, expected)):
        raise UserError(
            "a convolution compiled here gives wrong numbers; empty the compile "
            f"cache (`{environment.find_library().module}-cache purge`), and try "
            "SRCNN_ONEDNN=0"
        )
    nodes = function.maker.fgraph.apply_nodes
    fast = any(isinstance(node.op, onednn.Convolution) for node in nodes)
    way = "oneDNN" if fast else "the BLAS"
    device = environment.default_device()
    if device != "cpu":
        way = f"XLA ({device})"
    text = "a convolution and its gradient are right, by {} after {:.1f} s"
    text = text.format(way, seconds)
    return True, text, {"seconds": seconds, "onednn": fast}


def _sgemm():
    import numpy as np

    from srcnn_theano.backend import T, theano

    n = 1024
    a, b = T.fmatrices("a", "b")
    product = theano.function([a, b], T.dot(a, b))
    values = np.random.RandomState(0).rand(2, n, n).astype("float32")
    product(*values)
    seconds = min(_time(product, values) for _ in range(5))
    speed = 2 * n**3 / seconds / 1e9
    text = f"{speed:.1f} GFLOP/s, {n} x {n} float32 through Theano's dot"
    return True, text, {"gflops": speed}


def _time(function, arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


# --- Files and devices ---


def _image_sets(data_dir):
    if not data_dir and not os.environ.get("SRCNN_DATA"):
        text = "not looked at: name their folder with --data DIR or SRCNN_DATA"
        return None, text, {}
    check = datasets.check(datasets.find_data_dir(data_dir))
    if not check.ok:
        raise UserError("; ".join(line.strip() for line in str(check).splitlines()))
    counts = {its.name: its.n_found for its in check.sets}
    text = "{}: {} files verified".format(
        check.data_dir, ", ".join("{} {}".format(*pair) for pair in counts.items())
    )
    return True, text, {"folder": check.data_dir, "verified": counts}


def _weights():
    from srcnn_theano.data.patches import SCALES
    from srcnn_theano.weights import PICTURE_MODELS, picture_row

    folder = shipped.weights_dir()
    names = sorted(path.stem for path in folder.glob("*.h5"))
    expected = [picture_row(name, scale) for name in PICTURE_MODELS for scale in SCALES]
    missing = [name for name in expected if name not in names]
    text = f"{folder}: {len(names)} networks, "
    text += f"without {', '.join(missing)}" if missing else "all that `upscale` offers"
    facts = {"folder": str(folder), "names": names, "missing": missing}
    return None if missing else True, text, facts


def _vgg16():
    """Perceptual losses need it; a file that is there must be right."""
    from srcnn_theano.vgg16_weights import find_vgg16, load_vgg16

    try:
        path = find_vgg16()
    except UserError as error:
        if os.environ.get("SRCNN_VGG16"):
            raise
        return None, str(error), {}
    weights = load_vgg16(path)
    facts = dict(weights._asdict(), file=str(path))
    del facts["values"]
    text = "{file}: right up to relu2_2, from {source}, preprocessing {preprocessing}"
    return True, text.format(**facts), facts


def _accelerator():
    names = environment.accelerators()
    return None, "; ".join(names) or "none; the CPU does it all", {"names": names}


def _xla():
    try:
        import jax
    except ImportError as error:
        text = "no JAX ({}), so no --device xla or gpu; `pip install '.[xla]'`"
        return None, text.format(error), {}
    devices = [str(device) for device in jax.devices()]
    facts = {"jax": jax.__version__, "devices": devices}
    return True, "JAX {}: {}".format(jax.__version__, ", ".join(devices)), facts


_BASIC_LOOKS: dict[str, Look] = {
    "Python": _python,
    "system": _system,
    "NumPy": _numpy,
    "SciPy": _scipy,
    "libraries": _libraries,
    "compiler": _compiler,
    "cores": _cores,
    "BLAS": _blas,
    "Theano": _theano,
}
_THEANO_LOOKS: dict[str, Look] = {
    "compile cache": _compile_cache,
    "oneDNN": _onednn,
    "trial": _trial,
    "sgemm": _sgemm,
}
_OTHER_LOOKS: dict[str, Look] = {
    "weights": _weights,
    "VGG16": _vgg16,
    "accelerator": _accelerator,
    "XLA": _xla,
}
