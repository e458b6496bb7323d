"""Lessons print what is expected of them; exercises reject stubs and pass solutions."""

import re
import runpy
from pathlib import Path

import pytest

from srcnn_theano.backend import theano
from srcnn_theano.environment import onednn
from srcnn_theano.experiments import EXPERIMENTS

COURSE = Path(__file__).resolve().parents[1] / "docs" / "course"
LESSONS = range(1, 9)
PUBLISHED = {
    row.row.published for row in EXPERIMENTS.values() if row.row.published is not None
}
CHECK = runpy.run_path(str(COURSE / "check.py"))
_OUTPUT = re.compile(r"<!-- output of (\S+) -->\n```text\n(.*?)```", re.S)
_NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]\d+)?$")


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")


def words(text):
    """Words and numbers, without the brackets and commas around them."""
    return re.sub(r"[\[\](){},:']", " ", text).split()


def alike(word, wanted):
    """The same word, or a number that differs by rounding or by 1 percent."""
    if word == wanted:
        return True
    if not (_NUMBER.match(word) and _NUMBER.match(wanted)):
        return False
    mantissa = wanted.split("e")[0]
    digit = 10.0 ** -len(mantissa.partition(".")[2]) if "." in mantissa else 0
    return abs(float(word) - float(wanted)) <= 0.01 * abs(float(wanted)) + 1.5 * digit


def test_alike():
    assert alike("28.04", "28.05") and alike("5.36e+03", "5.40e+03")
    assert alike("True", "True") and not alike("True", "False")
    assert not alike("28.9", "28.04") and not alike("9", "8") and not alike("x", "8")


def has_what_it_needs(lesson):
    if lesson in (1, 8) and theano.__name__ != "theano":
        pytest.skip("Aesara prints graphs in other words")
    if lesson == 8:
        pytest.importorskip("jax")
        try:
            onednn.find()
        except FileNotFoundError as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_prints_what_is_expected(lesson, tmp_path, monkeypatch, capsys):
    has_what_it_needs(lesson)
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(COURSE / f"lesson{lesson}.py"))
    printed = capsys.readouterr().out
    expected = (COURSE / f"lesson{lesson}.txt").read_text(encoding="utf-8")
    lines, wanted = printed.splitlines(), expected.splitlines()
    for line, told in zip(lines, wanted):
        pairs = list(zip(words(line), words(told)))
        assert len(words(line)) == len(words(told)), f"{line}\n{told}"
        assert all(alike(*pair) for pair in pairs), f"{line}\n{told}"
    assert len(lines) == len(wanted)
    for name in re.findall(r"lesson\d\.png", printed):
        assert (tmp_path / name).stat().st_size > 10000


_DECIBELS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) dB")


@pytest.mark.parametrize("lesson", LESSONS)
def test_decibels_in_the_text_are_printed_or_differences_of_printed_ones(lesson):
    page = (COURSE / f"lesson{lesson}.md").read_text(encoding="utf-8")
    told = _DECIBELS.findall(re.sub(r"```.*?```", "", page, flags=re.S))
    expected = (COURSE / f"lesson{lesson}.txt").read_text(encoding="utf-8")
    printed = [float(figure) for figure in _DECIBELS.findall(expected)]
    known = printed + [abs(a - b) for a in printed for b in printed if a != b]
    for figure in told:
        digits = len(figure.partition(".")[2])
        near = any(f"{value:.{digits}f}" == figure for value in known)
        assert near or float(figure) in PUBLISHED, f"{figure} dB"


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_shows_what_its_lesson_prints(lesson):
    page = (COURSE / f"lesson{lesson}.md").read_text(encoding="utf-8")
    shown = _OUTPUT.findall(page)
    assert len(shown) >= 3
    for source, text in shown:
        expected = (COURSE.parents[1] / source).with_suffix(".txt")
        assert text in expected.read_text(encoding="utf-8"), text
    assert f"python docs/course/lesson{lesson}.py" in page


@pytest.mark.parametrize("lesson", LESSONS)
def test_solutions_pass_and_stubs_do_not(lesson):
    solved = CHECK["check"](lesson, COURSE / "solutions")
    assert len(solved) == 2 and not any(solved.values()), solved
    stubs = CHECK["check"](lesson, COURSE / "exercises")
    assert set(stubs.values()) == {"not written yet"}


def test_wrong_answers_are_rejected(tmp_path):
    text = (COURSE / "solutions" / "lesson2.py").read_text(encoding="utf-8")
    wrong = text.replace("2 - rows, 2 - cols", "2 + rows, 2 + cols")
    (tmp_path / "lesson2.py").write_text(wrong, encoding="utf-8")
    results = CHECK["check"](2, tmp_path)
    assert results["box_blur"] == ""
    assert re.fullmatch(
        r"for rows 1 and cols 0, in the moved picture, your answer gives \S+ at "
        r"\[0, 0\], and \S+ is right",
        results["shift"],
    )


def test_an_error_in_an_answer_comes_with_its_line(tmp_path):
    text = (COURSE / "solutions" / "lesson1.py").read_text(encoding="utf-8")
    wrong = text.replace('theano.shared(0.0, name="count")', "theano.shared(0)")
    assert wrong != text
    (tmp_path / "lesson1.py").write_text(wrong, encoding="utf-8")
    number = 1 + wrong[: wrong.index("    return theano.function([value]")].count("\n")
    results = CHECK["check"](1, tmp_path)
    assert results["squared_distance"] == ""
    assert results["running_mean"].startswith(f"lesson1.py, line {number}: TypeError")


def test_an_error_in_a_graph_that_runs_comes_with_the_line_that_wrote_it(tmp_path):
    text = (COURSE / "solutions" / "lesson5.py").read_text(encoding="utf-8")
    text = text.replace(", keepdims=True", "")
    (tmp_path / "lesson5.py").write_text(text, encoding="utf-8")
    number = 1 + text[: text.index("return (x - mean)")].count("\n")
    results = CHECK["check"](5, tmp_path)
    assert results["folded"] == ""
    assert re.fullmatch(
        rf"lesson5.py, line {number}: ValueError: .+", results["normalized"]
    )


def test_an_argument_that_does_not_fit_comes_with_the_line_that_wrote_it(tmp_path):
    text = (COURSE / "solutions" / "lesson1.py").read_text(encoding="utf-8")
    wrong = text.replace('T.vector("b")', 'T.matrix("b")')
    (tmp_path / "lesson1.py").write_text(wrong, encoding="utf-8")
    number = 1 + wrong[: wrong.index("T.matrix")].count("\n")
    told = CHECK["check"](1, tmp_path)["squared_distance"]
    assert re.fullmatch(rf"lesson1.py, line {number}: TypeError: Bad input .+", told)


def test_an_answer_that_ends_the_program_is_wrong(tmp_path):
    text = (COURSE / "solutions" / "lesson2.py").read_text(encoding="utf-8")
    body = text.index("    ", text.index("def shift"))
    wrong = text[:body] + "    raise SystemExit(0)\n" + text[body:]
    (tmp_path / "lesson2.py").write_text(wrong, encoding="utf-8")
    assert "SystemExit" in CHECK["check"](2, tmp_path)["shift"]


FILES = {
    "missing": (None, "there is no such file in "),
    "syntax": ("def a(:\n", "line 1: Python cannot read it: "),
    "tabs": ("if 1:\nx = 1\n", "line 2: Python cannot read it: "),
    "nul": ("a = 1\0", "ValueError: |Python cannot read it: "),
    "name": ("a = 1\nb = c\n", "lesson1.py, line 2: NameError: "),
    "no data": ("\nopen('nowhere')\n", "lesson1.py, line 2: FileNotFoundError: "),
    "exit": ("import sys\nsys.exit()\n", "lesson1.py, line 2: SystemExit: "),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_answers_that_cannot_be_run_is_told_in_a_line(case, tmp_path):
    text, message = FILES[case]
    if text is not None:
        (tmp_path / "lesson1.py").write_text(text, encoding="utf-8")
    results = CHECK["check"](1, tmp_path)
    assert list(results) == ["lesson1.py"]
    assert re.search(message, results["lesson1.py"])


ANSWERS = {
    "none": (1, "", "squared_distance", "lesson1.py has no function squared_dist"),
    "number": (1, "squared_distance = 1", "squared_distance", "has no function"),
    "return": (
        1,
        "def squared_distance(): pass",
        "squared_distance",
        "it returns nothing (None): is a `return` missing?",
    ),
    "uncompiled": (
        1,
        "from srcnn_theano.backend import T\n"
        "def squared_distance(): return T.sum(T.vector('a'))",
        "squared_distance",
        "it must return a compiled function, as theano.function makes it, and it "
        "returns an expression, Sum",
    ),
    "numpy": (
        1,
        "def running_mean(): return lambda value: value",
        "running_mean",
        "and it returns a function of Python's",
    ),
    "memory": (
        1,
        "from srcnn_theano.backend import T, theano\n"
        "def running_mean():\n"
        "    x, total = T.dscalar('x'), theano.shared(0.0)\n"
        "    return theano.function([x], total, updates=[(total, total + x)])",
        "running_mean",
        "called with 1, 2 and 6, for 1 your answer gives 0, and 1 is right",
    ),
    "scalar": (2, "def box_blur(n): return 1 / n**2", "box_blur", "has shape ()"),
    "filter": (2, "def shift(r, c): return [1]", "shift", "and yours has (1,)"),
    "ragged": (2, "def shift(r, c): return [[1], [2, 3]]", "shift", "yours has None"),
    "text": (6, "def tent(n): return [[1], [2, 3]]", "tent", "numbers, and it is [[1]"),
    "symbol": (
        3,
        "from srcnn_theano.backend import T\n"
        "def numeric_gradient(f, w): return T.vector('v')",
        "numeric_gradient",
        "it must be numbers, and it is an expression, v, ",
    ),
    "updates": (
        3,
        "from srcnn_theano.backend import T\n"
        "def momentum(c, W, rate): return W - rate * T.grad(c, W)",
        "momentum",
        "it must return updates, a list of pairs",
    ),
    "plain": (
        3,
        "from srcnn_theano.backend import T\n"
        "def momentum(c, W, rate): return [(W, W - rate * T.grad(c, W))]",
        "momentum",
        "for W after step 2 your answer gives 0.64 at [0], and 0.46 is right",
    ),
    "word": (4, "def psnr(a, b): return 'high'", "psnr", "numbers, and it is 'high', "),
    "layers": (
        4,
        "def network(*a): return 3",
        "network",
        "a list of ConvLayers, and it returns 3, of type int",
    ),
    "filters": (4, "def network(*a): return []", "network", "have shapes [], and"),
    "array": (5, "def normalized(x): return 0.0", "normalized", "must return an expr"),
    "pair": (5, "def folded(W, *a): return W", "folded", "a pair (new W, new b), and"),
    "wider": (5, "def folded(W, b, *a): return b, b", "folded", "shapes ((3,), (3,))"),
    "stamps": (6, "def tent(n): return [1]", "tent", "for stride 2 your answer has"),
    "axes": (7, "def as_theano_has_it(W): return W", "as_theano_has_it", "(3, 2, 4,"),
    "loops": (8, "def n_loops(f): return 7", "n_loops", "for exp(x) x your answer g"),
    "power": (
        8,
        "def polynomial(x, c): return c[0] + c[1] * x + c[2] * x**2",
        "polynomial",
        "a power is computed: ",
    ),
}


NEARLY = {
    "one-sided": (
        3,
        "(f(w + nudge) - f(w - nudge)) / (2 * step)",
        "(f(w + nudge) - f(w)) / step",
        "numeric_gradient",
    ),
    "share": (3, "share *", "0.9 *", "momentum"),
    "vectors": (3, "0 * W.get_value()", "np.zeros(2, W.dtype)", "momentum"),
    "mean first": (4, "np.mean((a - b) ** 2)", "np.mean(a - b) ** 2", "psnr"),
    "absolute": (4, "np.mean((a - b) ** 2)", "np.mean(abs(a - b)) ** 2", "psnr"),
    "maximum": (4, "np.mean(", "np.max(", "psnr"),
    "constant": (4, "10 * np.log10(1 / np.mean((a - b) ** 2))", "20", "psnr"),
    "no 1e-5": (5, " + 1e-5", "", "normalized"),
    "added outside": (5, "T.sqrt(var + 1e-5)", "(T.sqrt(var) + 1e-5)", "normalized"),
    "any": (8, "sum(isinstance", "any(isinstance", "n_loops"),
    "three": (8, "reversed(coefficients)", "coefficients[2::-1]", "polynomial"),
    "square": (8, "return total", "return total + 0 * T.sqr(x)", "polynomial"),
    "power": (8, "return total", "return total + 0 * T.pow(x, 3)", "polynomial"),
}


@pytest.mark.parametrize("case", NEARLY)
def test_answers_that_are_nearly_right_are_wrong(case, tmp_path):
    lesson, right, wrong, name = NEARLY[case]
    text = (COURSE / "solutions" / f"lesson{lesson}.py").read_text(encoding="utf-8")
    assert text.count(right) == 1
    path = tmp_path / f"lesson{lesson}.py"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    results = CHECK["check"](lesson, tmp_path)
    assert [key for key, wrong in results.items() if wrong] == [name]


@pytest.mark.parametrize("case", ANSWERS)
def test_what_an_answer_lacks_is_told_in_a_sentence(case, tmp_path):
    lesson, text, name, message = ANSWERS[case]
    (tmp_path / f"lesson{lesson}.py").write_text(text, encoding="utf-8")
    told = CHECK["check"](lesson, tmp_path)[name]
    assert message in told and "\n" not in told and "Error" not in told


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("None if 1 else ", "there is no ReLU after layer 1"),
        ("relu if 1 else ", "there is something like a ReLU after the last layer"),
    ],
)
def test_a_relu_that_stands_wrong_is_told(new, message, tmp_path):
    text = (COURSE / "solutions" / "lesson4.py").read_text(encoding="utf-8")
    wrong = text.replace("activation=", f"activation={new}")
    assert wrong != text
    (tmp_path / "lesson4.py").write_text(wrong, encoding="utf-8")
    assert CHECK["check"](4, tmp_path)["network"] == message


# --- Notebooks ---


@pytest.mark.parametrize(
    "lesson",
    [
        lesson if lesson == 1 else pytest.param(lesson, marks=pytest.mark.slow)
        for lesson in LESSONS
    ],
)
def test_lessons_are_notebooks(lesson, tmp_path, monkeypatch):
    jupytext = pytest.importorskip("jupytext", reason="pip install '.[course]'")
    nbclient = pytest.importorskip("nbclient", reason="pip install '.[course]'")
    pytest.importorskip("ipykernel", reason="pip install '.[course]'")
    if lesson == 8:
        has_what_it_needs(8)
    notebook = jupytext.read(COURSE / f"lesson{lesson}.py")
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[:2] == ["markdown", "code"] and kinds.count("code") >= 5
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "language": "python",
        "display_name": "Python 3",
    }
    monkeypatch.chdir(tmp_path)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("name") == "stdout"
    )
    expected = (COURSE / f"lesson{lesson}.txt").read_text(encoding="utf-8")
    assert words(printed)[:3] == words(expected)[:3]
    assert len(printed.splitlines()) == len(expected.splitlines())
