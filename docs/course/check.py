"""Check exercises of the course.

    python docs/course/check.py 1                 # exercises/lesson1.py
    python docs/course/check.py 1 --solutions     # solutions/lesson1.py

Prints a line for each exercise; exits with 1 where one is not solved.
"""

import argparse
import re
import runpy
import sys
import textwrap
import traceback
from pathlib import Path

import numpy as np

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.backend.examining import in_order

HERE = Path(__file__).resolve().parent
floatX = theano.config.floatX
rng = np.random.RandomState(0)

# What Theano writes below an error of a graph that runs.
APPLY, CREATED = "Apply node that caused the error", "Backtrace when "


class Wrong(Exception):
    """What is wrong with an answer, in a sentence for who wrote it."""


# --- What an answer must be ---


def need(is_right, sentence):
    if not is_right:
        raise Wrong(sentence)


def kind(value):
    """What an answer is, in words."""
    if hasattr(value, "maker"):
        return "a compiled function"
    if hasattr(value, "owner"):
        return f"an expression, {value}, that nobody has compiled"
    if callable(value):
        return "a function of Python's, or a class"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"{textwrap.shorten(repr(value), 60)}, of type {type(value).__name__}"


def shape(value):
    """The shape of an array or of nested lists; None where they are ragged."""
    try:
        return np.asarray(value, float).shape
    except (TypeError, ValueError):
        return None


def close(value, wanted, case=""):
    """Refuse numbers that are not those wanted."""
    wanted = np.asarray(wanted, float)
    try:
        value = np.asarray(value, float)
    except (TypeError, ValueError):
        raise Wrong(f"it must be numbers, and it is {kind(value)}") from None
    need(
        value.shape == wanted.shape,
        f"{case}your answer has shape {value.shape}, and {wanted.shape} is right",
    )
    wrong = ~np.isclose(value, wanted, rtol=1e-3, atol=1e-4)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = f" at {list(place)}" if place else ""
        raise Wrong(
            f"{case}your answer gives {value[place]:.6g}{at}, and "
            f"{wanted[place]:.6g} is right"
        )


def compiled(value):
    need(
        hasattr(value, "maker"),
        "it must return a compiled function, as theano.function makes it, and it "
        f"returns {kind(value)}",
    )
    return value


def expression(value):
    need(
        hasattr(value, "owner"),
        f"it must return an expression, and it returns {kind(value)}",
    )
    return value


def pairs(value):
    """Updates, which may be a dict."""
    value = list(value.items()) if hasattr(value, "items") else value
    need(
        isinstance(value, (list, tuple))
        and all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in value)
        and all(hasattr(shared, "get_value") for shared, _ in value),
        "it must return updates, a list of pairs (shared variable, its new value), and "
        f"it returns {kind(value)}",
    )
    return list(value)


# --- Exercises ---


def squared_distance(answer):
    a, b = rng.normal(size=(2, 5)).astype(floatX)
    close(compiled(answer())(a, b), np.sum((a - b) ** 2))


def running_mean(answer):
    mean = compiled(answer())
    for value, wanted in ((1.0, 1), (2.0, 1.5), (6.0, 3)):
        close(mean(value), wanted, f"called with 1, 2 and 6, for {value:g} ")
    close(compiled(answer())(4.0), 4, "a second function has its own memory: for 4 ")


def box_blur(answer):
    close(answer(3), np.full((3, 3), 1 / 9), "for size 3 ")
    close(answer(5), np.full((5, 5), 1 / 25), "for size 5 ")


def shift(answer):
    image = rng.normal(size=(8, 8)).astype(floatX)
    x, W = T.tensor4(), T.tensor4()
    output = T.nnet.conv2d(x, W, border_mode="half", filter_flip=False)
    move = compile_function([x, W], output)
    for rows, cols in ((0, 0), (1, 0), (-2, 1), (2, -2)):
        weights = answer(rows, cols)
        need(
            shape(weights) == (5, 5),
            f"a filter of shape (5, 5) is right, and yours has {shape(weights)}",
        )
        weights = np.asarray(weights, floatX)
        moved = move(image[None, None], weights[None, None])[0, 0]
        wanted = np.roll(image, (rows, cols), axis=(0, 1))
        case = f"for rows {rows} and cols {cols}, in the moved picture, "
        close(moved[2:-2, 2:-2], wanted[2:-2, 2:-2], case)


def numeric_gradient(answer):
    w = rng.normal(size=(2, 3))
    close(answer(lambda v: np.sum(v**3), w.copy()), 3 * w**2, "for sum of w^3 ")
    # Differences to both sides are right for squares at any step.
    slopes = answer(lambda v: np.sum(v**2), w.copy(), 0.5)
    close(slopes, 2 * w, "for sum of w^2 with a step of 0.5 ")


def momentum(answer):
    matrix = [[1.0, -2.0, 0.5], [3.0, 1.5, -1.0]]
    check_momentum(answer, [1.0, -2.0], 0.9, "for W")
    check_momentum(answer, matrix, 0.9, "for W of shape (2, 3),")
    check_momentum(answer, [1.0, -2.0], 0.5, "with share 0.5 for W", 0.5)


def check_momentum(answer, start, share, case, *given):
    """Hold three steps of an answer against velocity and gradient by hand."""
    w, velocity = np.asarray(start), 0
    W = theano.shared(w.astype(floatX), name="W")
    updates = pairs(answer(T.sum(T.square(W)), W, 0.1, *given))
    step = compile_function([], updates=updates)
    for number in (1, 2, 3):
        step()
        velocity = share * velocity + 2 * w
        w = w - 0.1 * velocity
        close(W.get_value(), w, f"{case} after step {number} ")


def psnr(answer):
    close(answer(np.full((4, 4), 0.5), np.full((4, 4), 0.6)), 20)
    for size in ((4, 4), (5, 3)):
        a, b = rng.rand(2, *size)
        wanted = -10 * np.log10(np.square(a - b).sum() / a.size)
        close(answer(a, b), wanted, f"for random arrays of shape {size} ")


def network(answer):
    x = T.tensor4("x")
    layers = answer(np.random.RandomState(0), x, (None, 1, 33, 33), (9, 5, 5), (4, 3))
    need(
        isinstance(layers, (list, tuple))
        and all(hasattr(layer, "filter_shape") for layer in layers),
        f"it must return a list of ConvLayers, and it returns {kind(layers)}",
    )
    shapes = [layer.filter_shape for layer in layers]
    wanted = [(4, 1, 9, 9), (3, 4, 5, 5), (1, 3, 5, 5)]
    need(
        shapes == wanted,
        "for filter_sizes (9, 5, 5) and n_filters (4, 3) your filters have shapes "
        f"{shapes}, and {wanted} is right",
    )
    last_shape = layers[-1].output_shape
    need(
        last_shape == (None, 1, 17, 17),
        "of 33 pixels valid convolutions leave 17, and your last layer gives "
        f"{last_shape}",
    )
    maps = rng.rand(2, 1, 33, 33).astype(floatX)
    *hidden, last = compile_function([x], [layer.output for layer in layers])(maps)
    for number, output in enumerate(hidden, start=1):
        need(output.min() == 0, f"there is no ReLU after layer {number}")
    need(last.min() < 0, "there is something like a ReLU after the last layer")


def normalized(answer):
    x = T.tensor4("x")
    normalize = compile_function([x], expression(answer(x)))
    axes = dict(axis=(0, 2, 3), keepdims=True)
    for mean, deviation in ((3, 2), (0.1, 0.003)):
        maps = rng.normal(mean, deviation, (4, 2, 5, 5)).astype(floatX)
        exact = maps.astype(float)
        wanted = (exact - exact.mean(**axes)) / np.sqrt(exact.var(**axes) + 1e-5)
        close(normalize(maps), wanted, f"for maps of deviation {deviation} ")


def folded(answer):
    W, x = rng.normal(size=(3, 2, 1, 1)), rng.normal(size=2)
    b, gamma, beta, mean = rng.normal(size=(4, 3))
    var = rng.rand(3)
    new = answer(W, b, gamma, beta, mean, var)
    need(
        isinstance(new, (list, tuple)) and len(new) == 2,
        f"it must return a pair (new W, new b), and it returns {kind(new)}",
    )
    shapes = tuple(shape(array) for array in new)
    need(
        shapes == (W.shape, b.shape),
        f"new W and new b have shapes {shapes}, and {(W.shape, b.shape)} is right",
    )
    before = gamma * (W[:, :, 0, 0] @ x + b - mean) / np.sqrt(var + 1e-5) + beta
    close(new[0][:, :, 0, 0] @ x + new[1], before, "of three maps, folded, ")


def tent(answer):
    close(answer(2), [0.5, 1, 0.5], "for stride 2 ")
    close(answer(4), [0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25], "for stride 4 ")


def stamps_per_pixel(answer):
    close(answer(3, 3, 2), [1, 1, 2, 1, 2, 1, 1], "for (3, 3, 2) ")
    close(answer(2, 4, 1), [1, 2, 2, 2, 1], "for (2, 4, 1) ")


def sgd(answer):
    a, b = (theano.shared(np.asarray(v, floatX)) for v in (1.0, 2.0))
    updates = pairs(answer(a**2 + b**2, [a, b], 0.25))
    compile_function([], updates=updates)()
    close([a.get_value(), b.get_value()], [0.5, 1])


def as_theano_has_it(answer):
    stored = rng.normal(size=(3, 2, 4, 5))
    new = answer(stored)
    need(
        shape(new) == (5, 4, 3, 2),
        f"of filters (3, 2, 4, 5) shape (5, 4, 3, 2) is right, not {shape(new)}",
    )
    close(new[1, 2], stored[:, :, 2, 1], "for new[1, 2] ")


def n_loops(answer):
    x = T.vector("x")
    close(answer(theano.function([x], T.exp(x) * x)), 1, "for exp(x) x ")
    close(answer(theano.function([x], T.exp(x / T.sum(x)))), 1, "for exp(x / sum x) ")
    close(answer(theano.function([x], T.sum(x))), 0, "for sum x ")
    # The sum between them keeps two loops from becoming a single pass.
    y = T.exp(x / T.sum(T.exp(x)))
    close(answer(theano.function([x], y)), 2, "for exp(x / sum exp x) ")


def polynomial(answer):
    x = T.vector("x")
    points = np.linspace(-2, 2, 5).astype(floatX)
    for coefficients in ([1.0, -2.0, 0.5], [3.0, -1.0], [0.5, 1.0, -2.0, 1.5]):
        y = expression(answer(x, coefficients))
        need(
            not any(is_power(node.op) for node in in_order([y])),
            f"a power is computed: {theano.printing.pprint(y)}; Horner's rule has "
            "products and sums alone",
        )
        wanted = np.polyval(coefficients[::-1], points)
        value = theano.function([x], y)(points)
        close(value, wanted, f"for coefficients {coefficients} ")


def is_power(op):
    return type(getattr(op, "scalar_op", None)).__name__ in ("Pow", "Sqr")


EXERCISES = {
    1: (squared_distance, running_mean),
    2: (box_blur, shift),
    3: (numeric_gradient, momentum),
    4: (psnr, network),
    5: (normalized, folded),
    6: (tent, stamps_per_pixel),
    7: (sgd, as_theano_has_it),
    8: (n_loops, polynomial),
}


# --- Checking ---


def check(lesson, folder):
    """{name of the exercise: "" where it is solved, else what is wrong}

    Where the file of the answers cannot be run, it has the name of the file.
    """
    path = folder / f"lesson{lesson}.py"
    try:
        answers = runpy.run_path(str(path))
    except FileNotFoundError as error:
        if error.filename != str(path):
            return {path.name: told(error, folder)}
        return {path.name: f"there is no such file in {folder}"}
    except SyntaxError as error:
        return {path.name: f"line {error.lineno}: Python cannot read it: {error.msg}"}
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        return {path.name: told(error, folder)}
    results = {}
    for exercise in EXERCISES[lesson]:
        name = exercise.__name__
        try:
            need(callable(answers.get(name)), f"{path.name} has no function {name}")
            run(exercise, returning(answers[name]))
            results[name] = ""
        except NotImplementedError:
            results[name] = "not written yet"
        except Wrong as wrong:
            results[name] = str(wrong)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            results[name] = told(error, folder)
    return results


def run(exercise, answer):
    """Check an answer; an error of a graph that runs tells who wrote the node."""
    try:
        exercise(answer)
    except Exception as error:
        if APPLY not in str(error) or CREATED in str(error):
            raise
        # Fusion loses the lines of what it fuses: once more without it.
        modes = theano.compile.mode
        usual = modes.instantiated_default_mode
        modes.instantiated_default_mode = modes.predefined_modes["FAST_COMPILE"]
        try:
            exercise(answer)
        finally:
            modes.instantiated_default_mode = usual
        raise


def returning(function):
    """The same function, which must return something."""

    def call(*arguments):
        value = function(*arguments)
        need(value is not None, "it returns nothing (None): is a `return` missing?")
        return value

    return call


def told(error, folder):
    """An error that the answers ended in, with its line."""
    text = str(error).split(APPLY)[0]
    lines = [s.strip() for s in text.splitlines() if not s.startswith((" ", CREATED))]
    message = " ".join(filter(None, lines))
    return f"{where(error, folder)}{type(error).__name__}: {message}"


def where(error, folder):
    """The last line of the answers on an error's way, as 'lesson1.py, line 12: '.

    Of a graph that runs it is the line that wrote the node, or the argument.
    """
    frames = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    frames += re.findall(r'File "(.+)", line (\d+)', str(error).partition(CREATED)[2])
    lines = [
        f"{Path(file).name}, line {number}: "
        for file, number in frames
        if Path(file).parent == folder
    ]
    return lines[-1] if lines else ""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lesson", type=int, choices=sorted(EXERCISES))
    parser.add_argument("--solutions", action="store_true", help="check the solutions")
    options = parser.parse_args()
    folder = HERE / ("solutions" if options.solutions else "exercises")
    results = check(options.lesson, folder)
    for name, wrong in results.items():
        print(f"{name}: {wrong or 'solved'}")
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
