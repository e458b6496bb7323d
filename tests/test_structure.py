"""The house as CONTRIBUTING.md draws it: no arrow back up, nothing too long."""

import ast
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "srcnn_theano"
BUDGET = runpy.run_path(str(ROOT / "scripts" / "line_budget.py"))
MAP = list(BUDGET["budgets"]())
FOLDERS_WITH_CODE = (
    "srcnn_theano",
    "claims",
    "scripts",
    "benchmarks",
    "tests",
    "examples",
)
LONGEST_FUNCTION, LONGEST_FILE = 60, 450
# What opens a block in C++ and JavaScript and is no function.
NO_FUNCTION = {"if", "for", "while", "switch", "else", "do", "try", "catch", "return"}

# Each of these goes when it is mended; nothing is added.
STILL_TO_BE_MENDED = {
    "rooms": set(),
    "arrows": set(),
    "circles": set(),
    "functions": set(),
    "files": set(),
}


def name_of(path):
    """The module's name below the package: "layers.prelu"; a folder's is its own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(path): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.parent != PACKAGE or not path.name.startswith("__")
}


def imports_of(path):
    """Modules of the package that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports by dots"
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name for name in below if name[13:] in MODULES]
            names += [node.module] * (len(names) < len(below))
        else:
            continue
        for name in names:
            if name.startswith("srcnn_theano."):
                yield name[len("srcnn_theano.") :]


ARROWS = {name: set(imports_of(path)) for name, path in MODULES.items()}


def room_of(module):
    return module.split(".")[0]


def test_the_map_names_every_room():
    rooms = {room_of(module) for module in MODULES}
    rooms |= {name for name in FOLDERS_WITH_CODE[1:] if (ROOT / name).is_dir()}
    assert len(set(MAP)) == len(MAP)
    assert rooms ^ set(MAP) <= STILL_TO_BE_MENDED["rooms"]


def test_a_module_imports_only_from_rooms_above_it():
    place = {room: i for i, room in enumerate(MAP)}
    back = {
        f"{module} -> {other}"
        for module, others in ARROWS.items()
        for other in others
        if place[room_of(other)] > place[room_of(module)]
    }
    assert back <= STILL_TO_BE_MENDED["arrows"]


def test_no_modules_import_each_other_in_a_circle():
    left = dict(ARROWS)
    while left:
        free = {module for module, others in left.items() if not others & set(left)}
        if not free:
            break
        left = {module: left[module] for module in set(left) - free}
    assert set(left) <= STILL_TO_BE_MENDED["circles"]


def test_only_the_backend_imports_the_library_itself():
    for module, path in MODULES.items():
        if room_of(module) == "backend":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert not {"theano", "aesara"} & {name.split(".")[0] for name in names}


# --- Writing ---

WRITERS = {
    "write_bytes",
    "write_text",
    "savefig",
    "tofile",
    "savez",
    "copyfile",
    "save",
}
# Where what is written is in a temporary folder, is a log that grows, or goes through a
# writer of ours.
WRITE_THEMSELVES = {
    "backend.compilation": "headers in a scratch folder",
    "backend.compile_cache": "Theano's index, renamed",
    "cluster.pictures": "a scratch folder",
    "cluster.process": "a scratch folder",
    "data.getting": "a scratch folder",
    "data.images.writing": "a stream of atomic_path's file",
    "demo.demo": "save_weights by a method",
    "runs.side_by_side": "a log",
    "runs.worker": "a scratch folder",
    "upscale.resume": "a log",
}


def writes_of(tree):
    """Lines on which a file is written outside of `with atomic_path(...)`."""
    safe = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            dumps = [ast.dump(item.context_expr) for item in node.items]
            if any("id='atomic_path'" in dump for dump in dumps):
                safe |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in safe:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name == "open":
            modes = {str(getattr(word, "value", "r")) for word in node.args}
            if any(set(mode) <= set("rwaxbt+") - {"r"} for mode in modes):
                yield node.lineno
        elif name in WRITERS and isinstance(node.func, ast.Attribute):
            yield node.lineno


def test_files_are_written_through_atomic_path():
    write = {
        module: list(writes_of(ast.parse(path.read_text(encoding="utf-8"))))
        for module, path in MODULES.items()
    }
    assert {module for module, lines in write.items() if lines} == set(WRITE_THEMSELVES)


# --- Lengths ---


def files_with(*suffixes):
    for folder in FOLDERS_WITH_CODE:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and ".min." not in path.name:  # of others
                yield path


def functions_of(path):
    """(name, number of lines) of each function of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.end_lineno - node.lineno + 1
    else:
        yield from blocks_of(text)


def blocks_of(text):
    """(header, number of lines) of each function in C++ or JavaScript.

    A function is a block in braces whose header has parentheses and does not start with
    a word of `NO_FUNCTION`.
    """
    open_blocks, header, line = [], "", 1
    for token in tokens_of(text):
        if token == "{":
            open_blocks.append((header.strip(), line - header.lstrip().count("\n")))
        elif token == "}":
            start, first = open_blocks.pop()
            words = start.replace("(", " ").replace("}", " ").split()
            if "(" in start and words and words[0] not in NO_FUNCTION:
                yield start.split("(")[0], line - first + 1
        header = "" if token in "{};" else header + token
        line += token.count("\n")
    assert not open_blocks


def tokens_of(text):
    """Characters of C++ or JavaScript without comments and what stands in quotes."""
    i = 0
    while i < len(text):
        if text.startswith("//", i):
            i = text.find("\n", i)
            continue
        if text.startswith("/*", i):
            end = text.index("*/", i) + 2
            yield from "\n" * text.count("\n", i, end)
            i = end
            continue
        if text[i] in "'\"`":
            end = i + 1
            while text[end] != text[i]:
                end += 2 if text[end] == "\\" else 1
            yield from "\n" * text.count("\n", i, end)
            i = end
        else:
            yield text[i]
        i += 1


def test_no_function_is_longer_than_a_page():
    long = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files_with(".py", ".c", ".cpp", ".h", ".js")
        for name, lines in functions_of(path)
        if lines > LONGEST_FUNCTION
    }
    assert long <= STILL_TO_BE_MENDED["functions"]


def test_no_file_is_longer_than_it_can_be_read():
    long = {
        str(path.relative_to(ROOT))
        for path in files_with(*BUDGET["CODE"])
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE
    }
    assert long <= STILL_TO_BE_MENDED["files"]


@pytest.mark.parametrize(
    "text, functions",
    [
        ("int f(int a,\n  int b) {\n  if (a) {\n  }\n}\n", [("int f", 5)]),
        ("struct S {\n  int g() {\n  }\n};\n", [("int g", 2)]),
        ("// f() {\nfunction h() {\n  const s = '{';\n}", [("function h", 3)]),
    ],
)
def test_functions_are_found_by_their_braces(text, functions):
    assert list(blocks_of(text)) == functions


def test_the_budget_counts_lines_of_code_files():
    assert BUDGET["count_lines"]("errors") == len(
        (PACKAGE / "errors.py").read_text(encoding="utf-8").splitlines()
    )
    assert PACKAGE / "graph" / "page" / "view.js" in BUDGET["code_files"]("graph")
