"""What stands around a convolution goes into it, or is done in its memory's order.

Activations and their gradients are recognised by what they are where the maps are
negative, zero and positive (`piecewise`), so that each spelling of a ReLU is one, and
what only resembles one, like ``T.clip(x, 0, 6)``, is left alone.
"""

import numpy as np

from srcnn_theano.backend.internals import (
    Add,
    Constant,
    DimShuffle,
    Elemwise,
    GlobalOptimizer,
    MaxPoolGrad,
    Pool,
    Rebroadcast,
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
from srcnn_theano.backend.piecewise import by_sign, multiplies, names_in, product_of


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


def _is_elemwise(node):
    return node != "output" and isinstance(node.op, Elemwise) and len(node.outputs) == 1


# Biases.


def _fuse_bias(fgraph, node):
    """convolution + bias -> one op, where every reader of the maps adds the bias."""
    maps = node.outputs[0]
    sums = [x for x in _clients(fgraph, maps) if _adds(x)]
    if not sums or len(sums) < len(_clients(fgraph, maps)):
        return
    biases = set.intersection(*(set(total.inputs) for total in sums)) - {maps}
    spread = [x for x in biases if _as_vector(x) is not None]
    if len(spread) != 1 or any(total.outputs[0].type != maps.type for total in sums):
        return
    fused = node.op(*_inputs(node, bias=_as_vector(*spread)))[0]
    pairs = []
    for total in sums:
        others = list(total.inputs)
        others.remove(maps)
        others.remove(*spread)
        pairs.append((total.outputs[0], T.add(fused, *others) if others else fused))
    _replace(fgraph, pairs, "fuse_bias")


def _adds(node):
    return _is_elemwise(node) and isinstance(node.op.scalar_op, Add)


def _inputs(node, **changed):
    """The inputs of a Convolution, some of them changed."""
    names = "first", "second", "bias", "slopes", "mask", "shape"
    return [changed.get(name, x) for name, x in zip(names, node.inputs)]


def _as_vector(variable, for_all_maps=False):
    """The vector that was spread over (batch, maps, rows, columns), or None.

    With `for_all_maps`, a vector of one number will do.
    """
    spread = (True, False, True, True)
    if variable.dtype != "float32" or variable.broadcastable not in (
        [spread, (True,) * 4] if for_all_maps else [spread]
    ):
        return None
    if isinstance(variable, Constant):
        vector = TensorType("float32", (False,))
        return TensorConstant(vector, variable.data.reshape(-1))
    node = variable.owner
    if node is None or not isinstance(node.op, DimShuffle):
        return None
    if tuple(node.op.new_order) != ("x", 0, "x", "x"):
        return None
    node, vector = node.inputs[0].owner, node.inputs[0]
    if node is not None and isinstance(node.op, Rebroadcast):
        return node.inputs[0]
    return vector


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


# Activations.


def _fuse_relu(fgraph, node):
    """Convolution and ReLU -> one op, and the ReLU's gradient from its result.

    At zero, where the ReLU has no derivative, its gradient is taken as zero.
    """
    maps = node.outputs[0]
    found = _functions_of(fgraph, maps)
    relus = {result for result, _, _ in found["relu"]}
    matched = relus | {result for result, _, _ in found["relu_gradient"]}
    if not relus or not _only_through(fgraph, maps, matched):
        return
    rectified = node.op.but(relu=True)(*node.inputs)[0]
    pairs = [(relu, rectified) for relu in relus]
    for result, _, gradient in found["relu_gradient"]:
        pairs.append((result, _masked(fgraph, gradient, rectified, matched)))
    _replace(fgraph, pairs, "fuse_relu")


def _masked(fgraph, gradient, rectified, matched):
    """The gradient where the rectified maps are not zero."""
    node = gradient.owner
    if (
        node is not None
        and _is(node, "to_images", "forward")
        and not node.op.relu
        and all(isinstance(x, Constant) for x in node.inputs[2:5])
        and _only_through(fgraph, gradient, matched)
    ):
        return node.op(*_inputs(node, mask=rectified))[0]
    zero = TensorConstant(TensorType("float32", (False,)), np.zeros(1, "float32"))
    return Maps("prelu_gradient")(rectified, gradient, zero)[0]


def _fuse_prelu(fgraph, node):
    """Convolution and PReLU -> one op, if that is all; else PReLU -> Maps."""
    maps = node.outputs[0]
    found = _functions_of(fgraph, maps)
    prelus = {result: slopes for result, slopes, _ in found["prelu"]}
    if not prelus:
        return
    if len(set(prelus.values())) == 1 and _only_through(fgraph, maps, set(prelus)):
        (slopes,) = set(prelus.values())
        fused = node.op(*_inputs(node, slopes=slopes))[0]
        return _replace(fgraph, [(result, fused) for result in prelus], "fuse_prelu")
    pairs = [
        (result, Maps("prelu")(maps, slopes=slopes)[0])
        for result, slopes in prelus.items()
    ]
    gradients = {}
    for result, slopes, gradient in found["prelu_gradient"]:
        gradients[gradient] = Maps("prelu_gradient")(maps, gradient, slopes)
        pairs.append((result, gradients[gradient][0]))
    for result, _, gradient in found["slopes_gradient"]:
        for client in _clients(fgraph, result):
            if gradient in gradients:
                of_slopes = gradients[gradient][1]
                if _sums_up(client, (0, 2, 3)):
                    pairs.append((client.outputs[0], of_slopes))
                elif _sums_up(client, (0, 1, 2, 3)):
                    pairs.append((client.outputs[0], T.sum(of_slopes)))
    _replace(fgraph, pairs, "prelu_in_one_pass")


# Name of a function of the maps x, slopes a and a gradient g -> the product that it is
# where x is negative or zero, and the product that it is where x is positive. "" is 0.
_PATTERNS = {
    "relu": ("", "x"),
    "relu_gradient": ("", "g"),
    "prelu": ("ax", "x"),
    "prelu_gradient": ("ag", "g"),
    "slopes_gradient": ("gx", ""),
}


def _functions_of(fgraph, maps):
    """{name in _PATTERNS: [(result, slopes or None, gradient or None), ...]}."""
    matches = _matches(_elemwise_nodes_after(fgraph, maps), maps)
    activated = {result for result, _, _ in matches["relu"] + matches["prelu"]}
    if not activated:
        return matches
    # A gradient may be computed from the result itself, as that of a squared error is.
    return _matches(_elemwise_nodes_after(fgraph, maps, activated), maps)


def _matches(nodes, maps):
    matches = {name: [] for name in _PATTERNS}
    for node in nodes:
        result = node.outputs[0]
        branches = result.type == maps.type and _branches(result, maps, nodes)
        if not branches:
            continue
        letters = _letters(maps, names_in(branches))
        for name, pattern in _PATTERNS.items():
            if _fits(branches, pattern, letters):
                slope = letters.get("a")
                vector = slope and _as_vector(slope, for_all_maps=True)
                matches[name].append((result, vector, letters.get("g")))
    return matches


def _branches(result, maps, nodes):
    """`by_sign`, through products that Theano made of a gradient before it branches."""
    branches = by_sign(result, maps, nodes)
    if branches is None:
        return None
    names = names_in(branches)
    made_before = [
        name.owner
        for name in names
        if multiplies(name.owner) and names & set(name.owner.inputs)
    ]
    return by_sign(result, maps, nodes + made_before) if made_before else branches


def _letters(maps, names):
    """Which variable is the x, the a and the g of a pattern; a letter for each once."""
    letters = {"x": maps}
    for name in names - {maps}:
        is_slope = _as_vector(name, for_all_maps=True) is not None
        letters["a" if is_slope else "g"] = name
    if "g" in letters and letters["g"].type != maps.type:
        del letters["g"]
    return letters


def _fits(branches, pattern, letters):
    """Whether polynomials are those of a pattern.

    Where x is zero, activations have no derivative. Of the spellings some take that of
    one side there, some the mean of both; the fused ops take that of the negative side.
    """
    if not set("".join(pattern)) <= set(letters):
        return False
    negative, positive = (
        product_of(*(letters[letter] for letter in product)) if product else {}
        for product in pattern
    )
    if (branches[0], branches[2]) != (negative, positive):
        return False
    return "g" in letters or branches[1] == {}


def _elemwise_nodes_after(fgraph, variable, ends=(), limit=32):
    """Element-by-element nodes that a variable reaches through such nodes alone.

    Not through the variables `ends`.
    """
    found, waiting = {}, [variable]
    while waiting and len(found) < limit:
        for client in _clients(fgraph, waiting.pop(0)):
            if _is_elemwise(client) and client not in found:
                found[client] = None
                if client.outputs[0] not in ends:
                    waiting.append(client.outputs[0])
    return list(found)


def _only_through(fgraph, source, matched):
    """Whether nothing but `matched` needs `source`."""
    waiting = [source]
    while waiting:
        for client in _clients(fgraph, waiting.pop()):
            if not _is_elemwise(client):
                return False
            if client.outputs[0] not in matched:
                waiting.append(client.outputs[0])
    return True


# The order in memory.


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
    """Whether a convolution reads the maps, or what became of them in `Maps`."""
    for client in _clients(fgraph, maps):
        if client == "output":
            continue
        if isinstance(client.op, Convolution):
            return True
        if isinstance(client.op, Maps):
            if _goes_into_convolution(fgraph, client.outputs[0]):
                return True
    return False


def register() -> None:
    """Let Theano's optimiser fuse, after the lowering and before its own fusion."""
    # The lowering is at 48.6; element-wise operations are fused at 49.
    fuse = FuseConvolutions()
    register_optimizer("fuse_onednn", fuse, 48.65, "conv_onednn", "fast_run")
