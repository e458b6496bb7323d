"""Less waiting for g++ at the first use of a function.

Theano turns every kind of node into a C++ module and compiles them one after another;
each spends half its time reading the same headers. Here these headers are compiled
once, and when a function turns out to need g++, the modules of all its nodes are
compiled at the same time, on as many cores as there are. Whatever Theano then asks for
is ready or on its way. The modules and their cache stay Theano's, and so do their keys
but for two mistakes of Theano-PyMC (`module_key`, `version_of_code`), which Aesara does
not make. And operations on a few constants are done in Python while a graph is
optimised, without a module.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from srcnn_theano import environment
from srcnn_theano.backend.internals import (
    IS_AESARA,
    CLinker,
    CLinkerObject,
    Constant,
    COp,
    DimShuffle,
    Elemwise,
    ExternalCOp,
    FunctionGraph,
    FunctionMaker,
    MakeVector,
    MethodNotDefined,
    Subtensor,
    VMLinker,
    cmodule,
    constant_folding,
    gcc_version_str,
    get_module_cache,
)
from srcnn_theano.backend.library import theano
from srcnn_theano.scratch import scratch_folder

# What every module includes, in the order of theano.link.c.
HEADERS = [
    "<Python.h>",
    "<iostream>",
    f'"{theano.__name__}_mod_helper.h"',
    "<math.h>",
    "<numpy/arrayobject.h>",
    "<numpy/arrayscalars.h>",
    "<vector>",
    "<algorithm>",
]

# Theano's own, before `install` puts other functions in their places.
_run_command = cmodule.output_subprocess_Popen
_make_all = VMLinker.make_all
_module_key = CLinker.cmodule_key_
_fold = constant_folding.fn
_make, _create = FunctionMaker.__init__, FunctionMaker.create


def install() -> None:
    """Put all this into Theano's way to the compiler."""
    if not IS_AESARA:
        CLinker.cmodule_key_ = module_key
        ExternalCOp.c_code_cache_version = version_of_code
    cmodule.output_subprocess_Popen = run_compiler
    VMLinker.make_all = make_all
    constant_folding.fn = fold_in_python
    FunctionMaker.__init__ = _one_at_a_time(_make)
    FunctionMaker.create = _one_at_a_time(_create)


# --- One function at a time ---

_one = threading.RLock()  # an inner function (of a scan) is made while another one is


def _one_at_a_time(make: Any) -> Any:
    """Theano's method, for one thread at a time.

    Theano changes its flags while it makes a function, and then gives them back the
    values from its beginning. If that lay within another thread's, they stayed as they
    are while making, and no node knew its line any more.
    """

    @functools.wraps(make)
    def made(*args: Any, **kwargs: Any) -> Any:
        with _one:
            return make(*args, **kwargs)

    return made


# --- Constants ---


def fold_in_python(fgraph: Any, node: Any) -> Any:
    """Theano's rewrite of a node of constants, without g++ where they are small.

    Theano does so for single numbers of a few kinds, and compiles a module for each
    other kind of node, one after another: eight of the forty modules of a training
    function.
    """
    if isinstance(node.op, (DimShuffle, Elemwise, MakeVector, Subtensor)) and all(
        isinstance(x, Constant) and np.size(x.data) <= 1000 for x in node.inputs
    ):
        with theano.config.change_flags(cxx=""):
            return _fold(fgraph, node)
    return _fold(fgraph, node)


# --- Keys of the cache ---


def module_key(self: Any, fgraph: Any, *args: Any, **kwargs: Any) -> Any:
    """CLinker.cmodule_key_, without its mistake: (versions, signature) or None.

    Theano-PyMC 1.1.2 counts an op without properties (``__props__ = ()``) as one
    without a version, and compiles it anew in each process: three modules in every
    function that trains.
    """
    key = _module_key(self, fgraph, *args, **kwargs)
    if key is None or key[0]:
        return key
    versions = []
    for node in fgraph.toposort():
        if hasattr(node.op, "c_code_cache_version_apply"):
            versions.append(node.op.c_code_cache_version_apply(node))
        for variable in node.inputs + node.outputs:
            if isinstance(variable.type, CLinkerObject):
                versions.append(variable.type.c_code_cache_version())
    return (tuple(versions) if all(versions) else ()), key[1]


def version_of_code(self: Any) -> tuple:
    """ExternalCOp.c_code_cache_version, the same in each process.

    Theano's is Python's hash of the C code, which is salted: every DimShuffle was
    compiled anew in each process.
    """
    version: tuple = (hashlib.sha256("".join(self.func_codes).encode()).hexdigest(),)
    if hasattr(self, "params_type"):
        version += (self.params_type.c_code_cache_version(),)
    return version


# --- All modules at the same time ---


class _Linking(threading.local):
    """The function that is being linked in this thread."""

    order: tuple = ()  # nodes not yet looked at
    ahead: dict | None = None  # {what to compile: future of the shared library's path}
    pool: concurrent.futures.ThreadPoolExecutor | None = None
    folders: contextlib.ExitStack | None = None  # those of the pool
    folder: Path | None = None


_linking = _Linking()


def make_all(self: Any, *args: Any, **kwargs: Any) -> Any:
    """VMLinker.make_all, remembering the nodes whose modules may be compiled ahead."""
    before = dict(_linking.__dict__)
    with contextlib.ExitStack() as stack:
        # An inner function (of a scan) is linked while another one is.
        stack.callback(_linking.__dict__.update, before)
        stack.callback(_linking.__dict__.clear)
        _linking.folders = stack.enter_context(contextlib.ExitStack())
        stack.callback(_stop_compiling)
        _linking.order = tuple(self.schedule(self.fgraph))
        _linking.ahead, _linking.pool, _linking.folder = {}, None, None
        return _make_all(self, *args, **kwargs)


def _stop_compiling():
    for future in (_linking.ahead or {}).values():
        future.cancel()
    if _linking.pool is not None:
        _linking.pool.shutdown()


def run_compiler(command: list[str], **params: Any) -> tuple[bytes, bytes, int]:
    """Run a command for Theano: (output, errors, return code)."""
    if not _compiles_a_module(command):
        return _run_command(command, **params)
    if _linking.order and _linking.ahead is not None:
        order, _linking.order = _linking.order, ()
        with contextlib.suppress(Exception):
            # No loss: Theano compiles every module again, and reports what is wrong.
            _compile_ahead(order)
    future = (_linking.ahead or {}).pop(_identity(command), None)
    if future is not None:
        with contextlib.suppress(Exception):
            # If it has failed, it fails again below, where Theano reports it.
            shutil.move(future.result(), _output(command))
            return b"", b"", 0
    params.setdefault("env", _surroundings(_output(command)))
    return _run_command(_with_header(command), **params)


def _compiles_a_module(command):
    """Whether it does; Theano also tries out flags and libraries."""
    has_source = any(word.endswith("mod.cpp") for word in command)
    return bool(command[0]) and "-shared" in command and has_source


def _output(command):
    return command[command.index("-o") + 1]


def _surroundings(output):
    """The environment for a g++ that keeps its temporary files beside its output.

    Killed, it leaves them there, where they are removed with the folder.
    """
    return dict(os.environ, TMPDIR=str(Path(output).parent))


def _source(command):
    return next(word for word in command if word.endswith("mod.cpp"))


def _identity(command):
    """The source that a command compiles and the options, whatever the folder."""
    places = {_output(command), _source(command)}
    options = tuple(word for word in command if word not in places)
    return Path(_source(command)).read_text(), options


def _compile_ahead(order):
    """Start g++ for each module that these nodes need and the cache does not have."""
    n_cores = environment.usable_cores()
    if n_cores < 2:
        return
    _linking.pool = concurrent.futures.ThreadPoolExecutor(n_cores)
    _linking.folder = _linking.folders.enter_context(scratch_folder())
    cache, keys = get_module_cache(), set()
    for number, node in enumerate(order):
        if not isinstance(node.op, COp):
            continue
        graph = FunctionGraph(node.inputs, node.outputs)
        linker = CLinker().accept(graph, no_recycling=[])
        key = linker.cmodule_key()
        if key is None or key in keys or key in cache.entry_from_key:
            continue
        keys.add(key)
        try:
            module = linker.get_dynamic_module()
        except (NotImplementedError, MethodNotDefined):
            continue  # this one runs in Python
        module_hash = cmodule.get_module_hash(module.code(), key)
        if module_hash not in cache.module_hash_to_key_data:
            location = _linking.folder / str(number)
            location.mkdir()
            _prepare(linker, module, str(location))


def _prepare(linker, module, location):
    """Have compile_str write its command down, and run that in the pool."""
    written = []
    with _commands_into(written):
        linker.c_compiler().compile_str(
            module_name=module.code_hash,
            src_code=module.code(),
            location=location,
            include_dirs=linker.header_dirs(),
            lib_dirs=linker.lib_dirs(),
            libs=linker.libraries(),
            preargs=linker.compile_args(),
            py_module=False,
        )
    for command in written:
        identity = _identity(command)
        if identity not in _linking.ahead:
            _linking.ahead[identity] = _linking.pool.submit(_compile, command)


@contextlib.contextmanager
def _commands_into(written):
    def write_down(command, **params):
        written.append(command)
        return b"", b"", 0

    cmodule.output_subprocess_Popen = write_down
    try:
        yield
    finally:
        cmodule.output_subprocess_Popen = run_compiler


def _compile(command):
    subprocess.run(
        _with_header(command),
        env=_surroundings(_output(command)),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return _output(command)


# --- The precompiled header ---

_header_lock = threading.Lock()


def _with_header(command):
    """The command with the precompiled header in front, and no debugging symbols."""
    flags = tuple(
        word
        for word in command[1 : command.index("-o")]
        if word != "-shared" and not word.startswith(("-L", "-Wl,"))
    )
    # A header is of use only with the flags it was compiled with: those of all nodes,
    # not those of OpenMP or of the two or three modules that are Theano's own.
    if "-fno-math-errno" not in flags or "-fopenmp" in flags:
        return command
    with _header_lock:
        header = _precompiled(command[0], flags + ("-g0",))
    if header is None:
        return command
    at = command.index("-o")
    return command[:at] + ["-g0", "-include", header] + command[at:]


@functools.lru_cache(maxsize=None)
def _precompiled(compiler, flags):
    """The header's path, or None if it cannot be compiled.

    g++ itself takes the compiled header, FILE.gch, that lies beside FILE. It does not
    look whether the headers inside have changed since; so the name depends on them.
    """
    versions = gcc_version_str, np.__version__, theano.__version__, sys.version
    name = hashlib.sha256(repr((compiler, flags, versions, HEADERS)).encode())
    cache = Path(theano.config.base_compiledir)
    path = cache / f"headers-{name.hexdigest()[:16]}.h"
    if path.with_suffix(".h.gch").exists():
        return str(path)
    try:
        with scratch_folder(cache) as folder:
            text = Path(folder, "headers.h")
            text.write_text("".join(f"#include {header}\n" for header in HEADERS))
            compiled = text.with_suffix(".h.gch")
            subprocess.run(
                [compiler, *flags, "-x", "c++-header", str(text), "-o", str(compiled)],
                env=_surroundings(compiled),
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            text.replace(path)
            compiled.replace(path.with_suffix(".h.gch"))
    except (OSError, subprocess.CalledProcessError):
        return None
    return str(path)
