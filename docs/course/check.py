"""Check exercises of the course.

    python docs/course/check.py 1                 # exercises/lesson1.py
    python docs/course/check.py 1 --solutions     # solutions/lesson1.py

Prints a line for each exercise; exits with 1 where one is not solved.
"""

import argparse
import runpy
import sys
import traceback
from pathlib import Path

import numpy as np

from srcnn_theano.backend import T, compile_function, theano

HERE = Path(__file__).resolve().parent
floatX = theano.config.floatX
rng = np.random.RandomState(0)


def close(value, wanted):
    message = "x is what your answer gives, y what it should"
    np.testing.assert_allclose(value, wanted, rtol=1e-3, atol=1e-4, err_msg=message)


def squared_distance(answer):
    a, b = rng.normal(size=(2, 5)).astype(floatX)
    close(answer()(a, b), np.sum((a - b) ** 2))


def running_mean(answer):
    mean = answer()
    close([float(mean(value)) for value in (1.0, 2.0, 6.0)], [1, 1.5, 3])
    close(answer()(4.0), 4)  # another function has a memory of its own


def box_blur(answer):
    close(answer(3), np.full((3, 3), 1 / 9))
    close(np.sum(answer(5)), 1)


def shift(answer):
    image = rng.normal(size=(8, 8)).astype(floatX)
    x, W = T.tensor4(), T.tensor4()
    output = T.nnet.conv2d(x, W, border_mode="half", filter_flip=False)
    move = compile_function([x, W], output)
    for rows, cols in ((0, 0), (1, 0), (-2, 1), (2, -2)):
        weights = np.asarray(answer(rows, cols), floatX)
        moved = move(image[None, None], weights[None, None])[0, 0]
        wanted = np.roll(image, (rows, cols), axis=(0, 1))
        close(moved[2:-2, 2:-2], wanted[2:-2, 2:-2])


def numeric_gradient(answer):
    w = rng.normal(size=(2, 3))
    close(answer(lambda v: np.sum(v**3), w.copy()), 3 * w**2)


def momentum(answer):
    W = theano.shared(np.asarray([1.0, -2.0], floatX), name="W")
    updates = answer(T.sum(T.square(W)), W, 0.1)
    step = compile_function([], updates=updates)
    w, velocity = np.array([1.0, -2.0]), 0
    for _ in range(3):
        step()
        velocity = 0.9 * velocity + 2 * w
        w = w - 0.1 * velocity
    close(W.get_value(), w)


def psnr(answer):
    close(answer(np.full((4, 4), 0.5), np.full((4, 4), 0.6)), 20)


def network(answer):
    x = T.tensor4("x")
    layers = answer(np.random.RandomState(0), x, (None, 1, 33, 33), (9, 5, 5), (4, 3))
    assert [layer.filter_shape for layer in layers] == [
        (4, 1, 9, 9),
        (3, 4, 5, 5),
        (1, 3, 5, 5),
    ]
    assert layers[-1].output_shape == (None, 1, 17, 17)
    maps = rng.rand(2, 1, 33, 33).astype(floatX)
    hidden, last = compile_function([x], [layers[1].output, layers[2].output])(maps)
    assert hidden.min() == 0 and last.min() < 0


def normalized(answer):
    x = T.tensor4("x")
    maps = rng.normal(3, 2, (4, 2, 5, 5)).astype(floatX)
    axes = dict(axis=(0, 2, 3), keepdims=True)
    wanted = (maps - maps.mean(**axes)) / np.sqrt(maps.var(**axes) + 1e-5)
    close(compile_function([x], answer(x))(maps), wanted)


def folded(answer):
    W, x = rng.normal(size=(3, 2, 1, 1)), rng.normal(size=2)
    b, gamma, beta, mean = rng.normal(size=(4, 3))
    var = rng.rand(3)
    new_W, new_b = answer(W, b, gamma, beta, mean, var)
    before = gamma * (W[:, :, 0, 0] @ x + b - mean) / np.sqrt(var + 1e-5) + beta
    close(new_W[:, :, 0, 0] @ x + new_b, before)


def tent(answer):
    close(answer(2), [0.5, 1, 0.5])
    close(answer(4), [0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25])


def stamps_per_pixel(answer):
    close(answer(3, 3, 2), [1, 1, 2, 1, 2, 1, 1])
    close(answer(2, 4, 1), [1, 2, 2, 2, 1])


def sgd(answer):
    a, b = (theano.shared(np.asarray(v, floatX)) for v in (1.0, 2.0))
    compile_function([], updates=answer(a**2 + b**2, [a, b], 0.25))()
    close([a.get_value(), b.get_value()], [0.5, 1])


def as_theano_has_it(answer):
    stored = rng.normal(size=(3, 2, 4, 5))
    new = answer(stored)
    assert new.shape == (5, 4, 3, 2)
    close(new[1, 2], stored[:, :, 2, 1])


def n_loops(answer):
    x = T.vector("x")
    assert answer(theano.function([x], T.exp(x) * x)) == 1
    assert answer(theano.function([x], T.exp(x / T.sum(x)))) == 1
    assert answer(theano.function([x], T.sum(x))) == 0


def polynomial(answer):
    x = T.vector("x")
    expression = answer(x, [1.0, -2.0, 0.5])
    written = theano.printing.pprint(expression)
    assert "**" not in written and "^" not in written, written
    points = np.linspace(-2, 2, 5).astype(floatX)
    close(theano.function([x], expression)(points), 1 - 2 * points + 0.5 * points**2)


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


def check(lesson, folder):
    """{name of the exercise: "" where it is solved, else what is wrong}"""
    answers = runpy.run_path(str(folder / f"lesson{lesson}.py"))
    results = {}
    for exercise in EXERCISES[lesson]:
        name = exercise.__name__
        try:
            exercise(answers[name])
            results[name] = ""
        except NotImplementedError:
            results[name] = "not written yet"
        except (Exception, SystemExit) as error:  # whatever a student's code raises
            results[name] = f"{where(error, folder)}{type(error).__name__}: {error}"
    return results


def where(error, folder):
    """The last line of the answers on an error's way, as 'lesson1.py, line 12: '."""
    lines = [
        f"{Path(frame.filename).name}, line {frame.lineno}: "
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == folder
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
