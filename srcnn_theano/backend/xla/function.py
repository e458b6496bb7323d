"""All of a graph as one function of JAX's.

It walks the graph once, node after node, while JAX writes the computation down; XLA
compiles that as a whole, for the CPU or a GPU. Shared variables stay on the device from
call to call, and the memory of those that are updated is used again.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64

from srcnn_theano.backend.internals import Constant, Container, SharedVariable
from srcnn_theano.backend.xla.evaluation import evaluate
from srcnn_theano.backend.xla.lower import Affine, Call
from srcnn_theano.backend.xla.random import as_key

# Steps of one loop on the device. A loop whose length is known takes less between two
# steps than one that has to look whether it is done.
STEPS_PER_LOOP = 16


class Resident(Container):
    """A container whose value may be on the device; reading it gives a copy.

    Its storage is then [None, the value on the device]: others that share the storage
    find it there. Theano's C code looks at the first place, and refuses the None.
    """

    def _on_host(self):
        value, *on_device = self.storage
        return np.array(on_device[0]) if value is None and on_device else value

    data = property(_on_host, Container.__set__)
    value = data


class XLAFunction:
    """The function that theano.function calls: all of a graph in one.

    Parameters
    ----------
    fgraph : FunctionGraph
    nodes : list of its nodes, in an order in which they can be computed
    updated : dict from input to output variable
    storage : list of one-element lists
        Where the values of the inputs are.
    device : jax.Device

    Attributes
    ----------
    need_update_inputs : False
        Tells Theano that the updated inputs are put in their places here.
    loops_on_device : bool
        Whether `many` is faster than as many calls.
    """

    need_update_inputs = False
    allow_gc = False

    def __init__(
        self, fgraph: Any, nodes: list, updated: dict, storage: list, device: Any
    ) -> None:
        self.fgraph, self.nodes, self.device = fgraph, nodes, device
        self.storage_map = dict(zip(fgraph.inputs, storage))
        self.moving = [x for x in fgraph.inputs if x in updated]
        self.resident = [
            x
            for x in fgraph.inputs
            if isinstance(x, SharedVariable) and x not in updated
        ]
        self.arguments = [
            x
            for x in fgraph.inputs
            if x not in updated and not isinstance(x, SharedVariable)
        ]
        for x in self.moving + self.resident:
            if isinstance(x, SharedVariable):
                x.container.__class__ = Resident
        self.moved = [updated[x] for x in self.moving]
        # Theano appends the updates to what the function returns.
        self.returned = fgraph.outputs[: len(fgraph.outputs) - len(self.moved)]
        self.loops_on_device = device.platform != "cpu"
        self.limits: dict[tuple, list] = {}
        # XLA for graphics cards (JAX 0.11.2) mixes up values that only change places if
        # it may use their memory again.
        passed_on = set(map(_viewed, fgraph.outputs)).intersection(self.moving)
        donated = () if passed_on else 0
        self._once = jax.jit(self._trace_once, donate_argnums=donated)
        self._loop = jax.jit(self._trace_loop, donate_argnums=donated)

    def __call__(self) -> list:
        """Compute once; returns NumPy arrays, and None in the places of the updates."""
        with enable_x64():
            moving = self._on_device(self.moving)
            resident = self._on_device(self.resident)
            arguments = [self.storage_map[x][0] for x in self.arguments]
            if not moving and not resident:
                arguments = jax.device_put(arguments, self.device)
            self._check_limits(moving, resident, arguments)
            returned, moved = self._once(moving, resident, arguments)
            self._put_back(moved)
            # All at once: each transfer takes its time, however little it brings.
            results = [np.asarray(value) for value in jax.device_get(returned)]
            return results + [None] * len(moved)

    def many(self, first: int, last: int) -> list[np.ndarray]:
        """Compute for each integer from `first` to before `last`, in one call.

        For functions of one integer scalar.

        Parameters
        ----------
        first, last : int

        Returns
        -------
        list of arrays, (last - first, ...), one for each output
        """
        with enable_x64():
            moving = self._on_device(self.moving)
            resident = self._on_device(self.resident)
            for index in (first, last - 1):
                self._check_limits(moving, resident, [np.int64(index)])
            loops, of_loops, of_steps = last - (last - first) % STEPS_PER_LOOP, [], []
            for index in range(first, loops, STEPS_PER_LOOP):
                returned, moving = self._loop(moving, resident, np.int64(index))
                self._put_back(moving)
                of_loops.append(returned)
            for index in range(loops, last):
                returned, moving = self._once(moving, resident, [np.int64(index)])
                self._put_back(moving)
                of_steps.append(returned)
            of_loops, of_steps = jax.device_get((of_loops, of_steps))
            of_steps = [[value[None] for value in returned] for returned in of_steps]
            return [np.concatenate(parts) for parts in zip(*of_loops, *of_steps)]

    def texts(self, *arguments: Any) -> tuple[str, str]:
        """The text that XLA is given for such arguments, and the text of its program.

        Nothing is computed, and no variable moves.

        Returns
        -------
        (str, str)
            StableHLO, and the HLO of the compiled program; large constants are left
            out of both.
        """
        with enable_x64():
            values = [np.asarray(a, x.dtype) for x, a in zip(self.arguments, arguments)]
            lowered = self._once.lower(
                self._on_device(self.moving),
                self._on_device(self.resident),
                jax.device_put(values, self.device),
            )
            stablehlo: Any = lowered.compiler_ir("stablehlo")
            text = stablehlo.operation.get_asm(large_elements_limit=16)
            return text, str(lowered.compile().as_text())

    def _on_device(self, variables):
        values = []
        for variable in variables:
            storage = self.storage_map[variable]
            if storage[0] is not None:
                storage[:] = None, self._transferred(storage[0])
            values.append(storage[1])
        return values

    def _transferred(self, value):
        if isinstance(value, (np.random.RandomState, np.random.Generator)):
            value = as_key(value)
        # A copy: the memory is XLA's from here on.
        return jax.device_put(np.array(value), self.device)

    def _put_back(self, moved):
        for variable, value in zip(self.moving, moved):
            self.storage_map[variable][1] = value

    def _check_limits(self, moving, resident, arguments):
        """Refuse indices that are out of bounds, which XLA would move into them."""
        key = _shapes(moving, resident, arguments)
        if key not in self.limits:
            jax.eval_shape(self._once, moving, resident, arguments)
        for start, least, most in self.limits[key]:
            index = start.at(arguments)
            if not least <= index <= most:
                raise IndexError(
                    f"index {index}, which must be {least} to {most}, for the "
                    f"arguments {[np.asarray(x).tolist() for x in arguments]}"
                )

    def _trace(self, moving, resident, arguments):
        """(the results, the new values of the updated variables), traced."""
        call = Call(arguments)
        values = dict(zip(self.moving, moving))
        values.update(zip(self.resident, resident))
        values.update(
            (x, Affine(call, {i: 1}) if _is_integer(x) else arguments[i])
            for i, x in enumerate(self.arguments)
        )
        for node in self.nodes:
            results = evaluate(node, [_value(x, values) for x in node.inputs])
            values.update(zip(node.outputs, results))
        self.limits[_shapes(moving, resident, arguments)] = call.limits
        returned, moved = (
            [_as_array(_value(x, values)) for x in wanted]
            for wanted in (self.returned, self.moved)
        )
        return _distinct(returned, moved, moving + resident + arguments)

    def _trace_once(self, moving, resident, arguments):
        """The same, with results that are scalars of one type as one array."""
        returned, moved = self._trace(moving, resident, arguments)
        return _packed(returned), moved

    def _trace_loop(self, moving, resident, first):
        """`_trace` for `STEPS_PER_LOOP` integers; the results are stacked."""

        def step(moving, index):
            return self._trace(moving, resident, [index])[::-1]

        indices = first + jnp.arange(STEPS_PER_LOOP)
        return jax.lax.scan(step, moving, indices)[::-1]


def _viewed(variable):
    """The variable whose memory this shares: reshaped, cut out, or itself."""
    views = getattr(getattr(variable.owner, "op", None), "view_map", {})
    return _viewed(variable.owner.inputs[views[0][0]]) if 0 in views else variable


def _shapes(*groups):
    return tuple(np.shape(x) for group in groups for x in group)


def _is_integer(variable):
    kind = variable.type
    return getattr(kind, "ndim", None) == 0 and kind.dtype in ("int32", "int64")


def _value(variable, values):
    return variable.data if isinstance(variable, Constant) else values[variable]


def _as_array(value):
    return jnp.asarray(value.traced if isinstance(value, Affine) else value)


def _packed(values):
    """Scalars of one type as one array, which one transfer brings; else as they are."""
    are_scalars = all(x.ndim == 0 and x.dtype == values[0].dtype for x in values)
    return jnp.stack(values) if are_scalars and len(values) > 1 else values


def _distinct(returned, moved, inputs):
    """The outputs, each of them an array apart from the inputs and the other outputs.

    Otherwise JAX would give the same memory out twice, and could not use it again.
    """
    taken = {id(x) for x in inputs}

    def own(value):
        if id(value) in taken:
            value = jnp.copy(value)
        taken.add(id(value))
        return value

    return [own(x) for x in returned], [own(x) for x in moved]
