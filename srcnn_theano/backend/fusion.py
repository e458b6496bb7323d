"""What stands around a convolution goes into it, or is done in its memory's order.

Activations and their gradients are recognised by what they are where the maps are
negative, zero and positive (`patterns`), so that each spelling of a ReLU is one, and
what only resembles one, like ``T.clip(x, 0, 6)``, is left alone.
"""

import numpy as np

from srcnn_theano.backend.declared import Declared
from srcnn_theano.backend.internals import (
    Add,
    Constant,
    GlobalOptimizer,
    MaxPoolGrad,
    Pool,
    ReplaceValidate,
    Sum,
    TensorConstant,
    TensorType,
    copy_stack_trace,
    register_optimizer,
)
from srcnn_theano.backend.library import T
from srcnn_theano.backend.maps import Maps
from srcnn_theano.backend.onednn import Convolution
from srcnn_theano.backend.patterns import as_vector, matches
from srcnn_theano.backend.piecewise import is_elementwise


class FuseConvolutions(GlobalOptimizer):
    """Biases, ReLU, PReLU and the gradients of all three join the convolutions.

    The gradient of a ReLU is taken from its result, so that its input need not be kept.
    A PReLU's slope may be negative, so its gradient needs the input: the convolution
    does the PReLU itself only where nothing else reads what goes into that. Elsewhere
    the PReLU, its gradient and sums of maps become `Maps`.
    """

    def add_requirements(self, fgraph) -> None:
        fgraph.attach_feature(ReplaceValidate())

    def apply(self, fgraph) -> None:
        steps = [
            ("forward", _fuse_bias),
            ("forward", _fuse_relu),
            ("forward", _fuse_prelu),
            ("to_filters", _fuse_bias_gradient),
        ]
        for direction, step in steps:
            for node in fgraph.toposort():
                if _is(node, direction):
                    step(fgraph, node)
        for node in fgraph.toposort():
            _keep_layout_in_pool(fgraph, node)
        for node in fgraph.toposort():
            _keep_layout_in_sum(fgraph, node)
        nodes = fgraph.toposort()
        if any(isinstance(node.op, Convolution) for node in nodes):
            for node in nodes:
                _sum_by_threads(fgraph, node)
        for node in fgraph.toposort():
            if isinstance(node.op, Convolution):
                _choose_layout(fgraph, node)


def _is(node, *directions):
    return isinstance(node.op, Convolution) and node.op.direction_name in directions


def _clients(fgraph, variable):
    """The nodes that read a variable; "output" for the function itself."""
    return [client for client, _ in fgraph.clients[variable]]


def _replace(fgraph, pairs, reason):
    for old, new in pairs:
        copy_stack_trace(old, new)
    fgraph.replace_all_validate(pairs, reason=reason)


# --- Biases ---


def _fuse_bias(fgraph, node):
    """convolution + bias -> one op, where every reader of the maps adds the bias."""
    maps = node.outputs[0]
    sums = [x for x in _clients(fgraph, maps) if _adds(x)]
    if not sums or len(sums) < len(_clients(fgraph, maps)):
        return
    biases = set.intersection(*(set(total.inputs) for total in sums)) - {maps}
    spread = [x for x in biases if as_vector(x) is not None]
    if len(spread) != 1 or any(total.outputs[0].type != maps.type for total in sums):
        return
    fused = node.op(*_inputs(node, bias=as_vector(*spread)))[0]
    pairs = []
    for total in sums:
        others = list(total.inputs)
        others.remove(maps)
        others.remove(*spread)
        pairs.append((total.outputs[0], T.add(fused, *others) if others else fused))
    _replace(fgraph, pairs, "fuse_bias")


def _adds(node):
    return is_elementwise(node) and isinstance(node.op.scalar_op, Add)


def _inputs(node, **changed):
    """The inputs of a Convolution, some of them changed."""
    names = "first", "second", "bias", "slopes", "mask", "shape"
    return [changed.get(name, x) for name, x in zip(names, node.inputs)]


def _fuse_bias_gradient(fgraph, node):
    """sum(gradient, (0, 2, 3)) -> the second result of Convolution{to_filters}"""
    gradient = node.inputs[1]
    for client in _clients(fgraph, gradient):
        if _sums_up(client, (0, 2, 3)):
            fused = node.op.but(with_bias=True)(*node.inputs)
            pairs = [(node.outputs[0], fused[0]), (client.outputs[0], fused[1])]
            _replace(fgraph, pairs, "fuse_bias_gradient")
            return


def _sums_up(node, axes):
    """Whether it is a sum over these axes, float32."""
    return (
        node != "output"
        and isinstance(node.op, Sum)
        and (node.op.axis is None and len(axes) == 4 or node.op.axis == axes)
        and node.outputs[0].dtype == "float32"
    )


# --- Activations ---

# The derivative of a ReLU at zero, by the pattern.
_AT_ZERO = {"relu_gradient": 0, "relu_gradient_half": 0.5, "relu_gradient_whole": 1}


def _fuse_relu(fgraph, node):
    """Convolution and ReLU -> one op, and the ReLU's gradient from its result."""
    maps = node.outputs[0]
    functions = matches(fgraph, maps)
    relus = [match.result for match in functions["relu"]]
    gradients = [
        (at, match) for name, at in _AT_ZERO.items() for match in functions[name]
    ]
    matched = {*relus, *(match.result for _, match in gradients)}
    if not relus or not _only_through(fgraph, maps, matched):
        return
    rectified = node.op.but(relu=True)(*node.inputs)[0]
    pairs = [(relu, rectified) for relu in relus]
    for at_zero, match in gradients:
        masked = _masked(fgraph, match.gradient, rectified, at_zero, matched)
        if masked is None:
            return
        pairs.append((match.result, masked))
    _replace(fgraph, pairs, "fuse_relu")


def _masked(fgraph, gradient, rectified, at_zero, matched):
    """The gradient of a ReLU, from what it made of the maps; None if no op does it.

    The op that computes the gradient of the result does it where it can.
    """
    node = gradient.owner
    if (
        node is not None
        and _is(node, "to_images", "forward")
        and not node.op.relu
        and all(isinstance(x, Constant) for x in node.inputs[2:5])
        and _only_through(fgraph, gradient, matched)
    ):
        op = node.op.but(at_zero=at_zero)
        return op(*_inputs(node, mask=rectified))[0]
    if at_zero:
        return None
    zero = TensorConstant(TensorType("float32", (False,)), np.zeros(1, "float32"))
    return Maps("prelu_gradient")(rectified, gradient, zero)[0]


def _fuse_prelu(fgraph, node):
    """Convolution and PReLU -> one op, if that is all; else PReLU -> Maps."""
    maps = node.outputs[0]
    functions = matches(fgraph, maps)
    prelus = {match.result: match.slopes for match in functions["prelu"]}
    if not prelus:
        return
    if len(set(prelus.values())) == 1 and _only_through(fgraph, maps, set(prelus)):
        slopes = _slopes(*set(prelus.values()))
        fused = node.op(*_inputs(node, slopes=slopes))[0]
        return _replace(fgraph, [(result, fused) for result in prelus], "fuse_prelu")
    pairs = [
        (result, Maps("prelu")(maps, slopes=_slopes(slopes))[0])
        for result, slopes in prelus.items()
    ]
    of_slopes = {}
    for result, slopes, gradient in functions["prelu_gradient"]:
        to_maps, to_slopes = Maps("prelu_gradient")(maps, gradient, _slopes(slopes))
        pairs.append((result, to_maps))
        of_slopes[gradient] = to_slopes, slopes.broadcastable[1]
    for result, _, gradient in functions["slopes_gradient"]:
        if gradient in of_slopes:
            pairs += _sums_of_slopes(fgraph, result, *of_slopes[gradient])
    _replace(fgraph, pairs, "prelu_in_one_pass")


def _slopes(spread):
    return as_vector(spread, for_all_maps=True)


def _sums_of_slopes(fgraph, products, summed, for_all_maps):
    """Sums of the products whose sums `prelu_gradient` has, and what it has of them."""
    for client in _clients(fgraph, products):
        if _sums_up(client, (0, 2, 3)) and not for_all_maps:
            yield client.outputs[0], summed
        elif _sums_up(client, (0, 1, 2, 3)):
            yield client.outputs[0], T.sum(summed)


def _only_through(fgraph, source, matched):
    """Whether nothing but `matched` needs `source`."""
    waiting = [source]
    while waiting:
        for client in _clients(fgraph, waiting.pop()):
            if not is_elementwise(client):
                return False
            if client.outputs[0] not in matched:
                waiting.append(client.outputs[0])
    return True


# --- Sums of all pixels ---


def _sum_by_threads(fgraph, node):
    """sum(maps, (0, 2, 3)) and sum(maps) -> Maps, where these are added up as float64

    They are a bias's gradient that no convolution computes, and the cost. A graph
    without convolutions is left as it is: it may run where `Maps` cannot.
    """
    for what, axes in (("sums", (0, 2, 3)), ("total", (0, 1, 2, 3))):
        if _sums_up(node, axes) and node.op.acc_dtype == "float64":
            maps, old = node.inputs[0], node.outputs[0]
            if maps.ndim == 4 and maps.dtype == "float32":
                vector = Maps(what)(maps)[1]
                new = vector[0] if what == "total" else vector
                new = T.patternbroadcast(new, old.broadcastable)
                return _replace(fgraph, [(old, new)], "sum_by_threads")


# --- The order in memory ---


def _keep_layout_in_sum(fgraph, node):
    """maps + maps, on their way from and to convolutions -> Maps{add}"""
    if not _adds(node) or not _goes_into_convolution(fgraph, node.outputs[0]):
        return
    kind = node.outputs[0].type
    if any(
        x.type != kind or not isinstance(x.owner and x.owner.op, (Convolution, Maps))
        for x in node.inputs
    ):
        return
    total = node.inputs[0]
    for maps in node.inputs[1:]:
        total = Maps("add")(total, maps)[0]
    _replace(fgraph, [(node.outputs[0], total)], "keep_layout_in_sum")


def _keep_layout_in_pool(fgraph, node):
    """The maximum over windows of 2 x 2, and its gradient -> Maps"""
    op = node.op
    if not isinstance(op, (Pool, MaxPoolGrad)) or op.mode != "max" or op.ndim != 2:
        return
    maps, result = node.inputs[0], node.outputs[0]
    if maps.ndim != 4 or maps.dtype != "float32" or not op.ignore_border:
        return
    for argument, wanted in zip(node.inputs[-3:], ((2, 2), (2, 2), (0, 0))):
        if not isinstance(argument, Constant) or tuple(argument.data) != wanted:
            return
    if isinstance(op, Pool):
        new = Maps("pool")(maps)[0]
    else:
        new = Maps("pool_gradient")(maps, node.inputs[2])[0]
    if new.type == result.type and _goes_into_convolution(fgraph, result):
        _replace(fgraph, [(result, new)], "keep_layout_in_pool")


def _choose_layout(fgraph, node):
    """Channels last where another convolution reads the maps, else Theano's order."""
    wanted = _goes_into_convolution(fgraph, node.outputs[0])
    if node.op.channels_last != wanted:
        pairs = zip(node.outputs, node.op.but(channels_last=wanted)(*node.inputs))
        _replace(fgraph, list(pairs), "choose_layout")


def _goes_into_convolution(fgraph, maps):
    """Whether a convolution reads the maps, or what became of them in `Maps`.

    `Declared` gives them on as they are.
    """
    for client in _clients(fgraph, maps):
        if client == "output":
            continue
        if isinstance(client.op, Convolution):
            return True
        if isinstance(client.op, (Maps, Declared)):
            if _goes_into_convolution(fgraph, client.outputs[0]):
                return True
    return False


def register() -> None:
    """Let Theano's optimiser fuse, after the lowering and before its own fusion."""
    # The lowering is at 48.6; element-wise operations are fused at 49.
    fuse = FuseConvolutions()
    register_optimizer("fuse_onednn", fuse, 48.65, "conv_onednn", "fast_run")
