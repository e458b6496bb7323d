import numpy as np
import pytest

from srcnn_theano.backend import compile_function
from srcnn_theano.training.pairs import SharedPairs
from srcnn_theano.training.settings import AUGMENTATIONS

N, BATCH_SIZE = 18, 4


@pytest.fixture
def pairs():
    numbers = np.arange(N, dtype="uint8")
    low_res = np.broadcast_to(numbers[:, None, None, None], (N, 3, 5, 5)).copy()
    return SharedPairs(low_res, 255 - low_res[:, :, 1:-1, 1:-1], BATCH_SIZE)


def visited(pairs):
    """Numbers of the sub-images in each minibatch, read back from the pixels."""
    batches = []
    for index in range(pairs.n_batches):
        x = pairs.x.eval({pairs.index: index})
        batches.append(list(np.rint(x[:, 0, 0, 0] * 255).astype(int)))
    return batches


def test_minibatches_follow_the_order_and_the_rest_is_left_out(pairs):
    assert pairs.n_batches == 4
    assert visited(pairs) == [list(range(4 * i, 4 * i + 4)) for i in range(4)]
    pairs.order.set_value(np.arange(N, dtype="int32")[::-1].copy())
    assert visited(pairs)[0] == [17, 16, 15, 14]


def test_shuffle_draws_the_order_from_the_generator(pairs):
    pairs.shuffle(np.random.RandomState([5, 2]))
    order = np.random.RandomState([5, 2]).permutation(N)
    assert sum(visited(pairs), []) == list(order[:16])


def test_unshuffled_minibatches_are_the_same_in_every_epoch(pairs):
    fixed = SharedPairs(
        pairs.low_res.get_value(), pairs.high_res.get_value(), BATCH_SIZE, "none", False
    )
    fixed.shuffle(np.random.RandomState([5, 2]))
    assert sum(visited(fixed), []) == list(range(16))


def test_pixels_become_floats_between_0_and_1(pairs):
    x, y = (symbol.eval({pairs.index: 1}) for symbol in (pairs.x, pairs.y))
    assert x.dtype == y.dtype == np.float32
    numbers = np.arange(4, 8, dtype="float32")[:, None, None, None]
    # Theano multiplies by 1/255, which may differ in the last bit.
    expected = np.broadcast_to(numbers / 255, (4, 3, 5, 5))
    np.testing.assert_allclose(x, expected, rtol=2e-7)
    expected = np.broadcast_to((255 - numbers) / 255, (4, 3, 3, 3))
    np.testing.assert_allclose(y, expected, rtol=2e-7)


# Augmentation. The pixels of these pairs say where they come from: input pixel (i, j)
# is 1 + 10 i + j, and target pixel (i, j) lies in row and column i and j of channel 0
# and 1.

LOW, HIGH = 8, 33


def coordinates(augmentation, n=300, batch_size=3, low=(LOW, LOW), high=(HIGH, HIGH)):
    rows, cols = np.indices(low)
    low_res = np.broadcast_to(1 + 10 * rows + cols, (n, 2) + low)
    high_res = np.broadcast_to(np.indices(high), (n, 2) + high)
    return SharedPairs(np.uint8(low_res), np.uint8(high_res), batch_size, augmentation)


@pytest.fixture(scope="module")
def compiled():
    """Pairs and their compiled minibatches, for each augmentation."""
    functions = {}
    for name in AUGMENTATIONS:
        pairs = coordinates(name)
        functions[name] = pairs, compile_function([pairs.index], [pairs.x, pairs.y])
    return functions


def drawn(compiled, augmentation, seed):
    """An epoch of minibatches, integers: (n_batches, batch, ...) of x and y."""
    pairs, function = compiled[augmentation]
    pairs.shuffle(np.random.RandomState(seed))
    batches = [function(index) for index in range(pairs.n_batches)]
    return [np.rint(255 * np.stack(part)).astype(int) for part in zip(*batches)]


def source(length, shift, flipped):
    """From where each pixel comes: moved by `shift`, edges repeated, then mirrored."""
    places = np.clip(np.arange(length) - shift, 0, length - 1)
    return places[::-1] if flipped else places


def moves_of(x, y, turned=False):
    """The shifts and flips, of 36 kinds, that explain a minibatch."""
    if turned:
        x, y = x.swapaxes(-1, -2), y.swapaxes(-1, -2)
    found = []
    rows, cols = np.indices((LOW, LOW))
    for move in np.ndindex(3, 3, 2, 2):
        down, right = move[0] - 1, move[1] - 1
        i, j = source(LOW, down, move[2]), source(LOW, right, move[3])
        if (x == 1 + 10 * i[:, None] + j).all():
            # 33 / 8 = 4.125 pixels of the target for one of the input: 4.
            i, j = source(HIGH, 4 * down, move[2]), source(HIGH, 4 * right, move[3])
            assert (y[:, 0] == i[:, None]).all() and (y[:, 1] == j).all()
            found.append(move)
    return found


def test_flips_and_shifts_move_inputs_and_targets_alike(compiled):
    x, y = drawn(compiled, "flip-translate", 0)
    assert x.shape == (100, 3, 2, LOW, LOW) and y.shape == (100, 3, 2, HIGH, HIGH)
    moves = [moves_of(*minibatch) for minibatch in zip(x, y)]
    assert all(len(found) == 1 for found in moves)
    moves = np.array([found[0] for found in moves])
    for axis, n in enumerate((3, 3, 2, 2)):  # each shift and flip, none too often
        counts = np.bincount(moves[:, axis], minlength=n)
        assert counts.min() > 0.6 * 100 / n
    assert len({tuple(move) for move in moves}) > 25


def test_flips_and_quarter_turns_move_inputs_and_targets_alike(compiled):
    x, y = drawn(compiled, "dihedral", 0)
    seen = []
    for minibatch in zip(x, y):
        explanations = [
            (turned,) + move
            for turned in (False, True)
            for move in moves_of(*minibatch, turned=turned)
        ]
        assert len(explanations) == 1
        seen.append(explanations[0])
    assert {move[1:3] for move in seen} == {(1, 1)}  # no shifts
    counts = [seen.count(move) for move in sorted(set(seen))]
    assert len(counts) == 8 and min(counts) >= 4


def test_eight_flips_and_turns_are_those_of_the_square(compiled):
    x, _ = drawn(compiled, "dihedral", 1)
    image = 1 + 10 * np.arange(LOW)[:, None] + np.arange(LOW)
    eight = [np.rot90(part, k) for part in (image, image[:, ::-1]) for k in range(4)]
    kinds = {part.tobytes() for part in eight}
    assert {part.tobytes() for part in x[:, 0, 0]} == kinds and len(kinds) == 8


def test_without_augmentation_nothing_moves_and_nothing_more_is_drawn(compiled):
    x, y = drawn(compiled, "none", 7)
    assert all(moves_of(*minibatch) == [(1, 1, 0, 0)] for minibatch in zip(x, y))
    pairs, _ = compiled["none"]
    rng, alone = (np.random.RandomState([5, 2]) for _ in range(2))
    pairs.shuffle(rng)
    np.testing.assert_array_equal(pairs.order.get_value(), alone.permutation(300))
    assert rng.randint(1 << 30) == alone.randint(1 << 30)


@pytest.mark.parametrize("augmentation", ["flip-translate", "dihedral"])
def test_the_order_of_a_seed_is_that_without_augmentation(compiled, augmentation):
    orders = []
    for name in ("none", augmentation):
        pairs, _ = compiled[name]
        pairs.shuffle(np.random.RandomState([5, 2]))
        orders.append(pairs.order.get_value())
    np.testing.assert_array_equal(*orders)


@pytest.mark.parametrize("augmentation", ["flip-translate", "dihedral"])
def test_moves_are_drawn_anew_for_each_epoch_and_alike_for_a_seed(
    compiled, augmentation
):
    first, other, again = (drawn(compiled, augmentation, [3, e]) for e in (0, 1, 0))
    for a, b, c in zip(first, other, again):
        np.testing.assert_array_equal(a, c)
        assert (a != b).any()


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_before_the_first_shuffle_nothing_has_moved(augmentation):
    pairs = coordinates(augmentation, n=6)
    x, y = compile_function([pairs.index], [pairs.x, pairs.y])(1)
    assert moves_of(*(np.rint(255 * part).astype(int) for part in (x, y))) == [
        (1, 1, 0, 0)
    ]


def test_targets_of_the_same_size_move_as_far_as_the_inputs():
    pairs = coordinates("flip-translate", n=20, batch_size=1, low=(9, 7), high=(9, 7))
    pairs.shuffle(np.random.RandomState(0))
    function = compile_function([pairs.index], [pairs.x, pairs.y])
    for index in range(20):
        x, y = (np.rint(255 * part).astype(int) for part in function(index))
        np.testing.assert_array_equal(x[:, 0], 1 + 10 * y[:, 0] + y[:, 1])


@pytest.mark.parametrize("low, high", [((8, 9), (8, 9)), ((8, 8), (32, 33))])
def test_quarter_turns_need_squares(low, high):
    with pytest.raises(ValueError, match=f"square.*{high[1]}"):
        coordinates("dihedral", low=low, high=high)


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(ValueError, match="'rotate'"):
        coordinates("rotate")


# VGG space


def test_mirrored_inputs_leave_the_targets_as_they_are():
    pairs = coordinates("mirrored-inputs", n=200, batch_size=1)
    functions = compile_function([pairs.index], [pairs.x, pairs.y])
    x, y = zip(*(map(np.copy, functions(index)) for index in range(200)))
    order = np.random.RandomState([5, 2])
    pairs.shuffle(order)
    orders = pairs.order.get_value()
    mirrored = 0
    for index in range(200):
        new_x, new_y = functions(index)
        old_x, old_y = x[orders[index]], y[orders[index]]
        np.testing.assert_array_equal(new_y, old_y)
        if not np.array_equal(new_x, old_x):
            np.testing.assert_array_equal(new_x, old_x[:, :, :, ::-1])
            mirrored += 1
    # Half of them: within four standard errors.
    assert abs(mirrored - 100) < 4 * np.sqrt(50)


def test_rotated_inputs_are_turned_by_up_to_4_degrees_and_targets_stay():
    # A plane stays one where no edge is repeated, and tells the angle.
    rows, cols = np.indices((8, 8)) - 3.5
    low_res = np.broadcast_to(np.uint8(125 + 20 * rows + 10 * cols), (90, 1, 8, 8))
    high_res = np.broadcast_to(np.uint8(np.indices((33, 33))), (90, 2, 33, 33))
    pairs = SharedPairs(low_res, high_res, 1, "rotated-inputs")
    pairs.shuffle(np.random.RandomState(1))
    function = compile_function([pairs.index], [pairs.x, pairs.y])
    angles = []
    for index in range(90):
        x, y = function(index)
        np.testing.assert_allclose(255 * y, high_res[:1], rtol=1e-5)
        inner = 255 * x[0, 0, 1:-1, 1:-1]
        down, across = np.diff(inner, axis=0).mean(), np.diff(inner, axis=1).mean()
        plane = 125 + down * rows[1:-1, 1:-1] + across * cols[1:-1, 1:-1]
        np.testing.assert_allclose(inner, plane, atol=1e-3)
        assert np.hypot(down, across) == pytest.approx(np.hypot(20, 10), rel=1e-4)
        angles.append(np.degrees(np.arctan2(across, down) - np.arctan2(10, 20)))
    assert -4 < min(angles) < -3.5 and 3.5 < max(angles) < 4


def test_larger_targets_are_compared_by_their_middle():
    low_res = np.zeros((4, 3, 8, 8), "uint8")
    high_res = np.random.RandomState(0).randint(0, 256, (4, 3, 33, 33)).astype("uint8")
    pairs = SharedPairs(low_res, high_res, 2, compared=(16, 16))
    y, whole = compile_function([pairs.index], [pairs.y, pairs.whole])(1)
    np.testing.assert_allclose(whole, high_res[2:] / 255.0, rtol=1e-6)
    np.testing.assert_array_equal(y, whole[:, :, 8:24, 8:24])
