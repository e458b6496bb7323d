# %% [markdown]
# # Lesson 8: from graph to machine code
#
# One expression on its way to C, to oneDNN and to XLA. The page lesson8.md explains
# each step.

# %%
import importlib.util
from collections import Counter

import numpy as np

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer

floatX = theano.config.floatX


# %%
def kinds(function):
    """How many nodes of each kind a compiled function runs."""
    names = (
        type(getattr(node.op, "scalar_op", node.op)).__name__
        for node in function.maker.fgraph.toposort()
    )
    return dict(sorted(Counter(names).items()))


# %% [markdown]
# ## Rewrites

# %%
x = T.vector("x")
expression = T.sqrt(x**2) * 1 + (x - x)
as_written = theano.function([x], expression, mode=theano.Mode(optimizer=None))
rewritten = theano.function([x], expression)
print("as written:", kinds(as_written))
print("rewritten: ", kinds(rewritten))

# %% [markdown]
# ## Fusion: one loop for many operations

# %%
a, b = T.vector("a"), T.vector("b")
fused = theano.function([a, b], T.tanh(a * b + 1) * a - b)
(node,) = fused.maker.fgraph.toposort()
print(node.op)

# %% [markdown]
# ## The C code of a node

# %%
composite = node.op.scalar_op
code = composite.c_code(
    composite.make_node(*composite.inputs), "node", ["i0", "i1", "i2"], ["o"], {}
)
print("lines of C for one element:", "several" if code.count("\n") > 1 else "one")
print("with tanh in them:", "tanh(" in code)

# %% [markdown]
# ## A layer: convolution, bias and ReLU become one

# %%
images = T.tensor4("images")
layer = ConvLayer(
    np.random.RandomState(0), images, (1, 3, 33, 33), (8, 3, 9, 9), activation=relu
)
unchanged = theano.function(
    [images], layer.output, mode=theano.Mode(linker="py", optimizer=None)
)
run = compile_function([images], layer.output)
print("as written:", kinds(unchanged))
print("on the CPU:", kinds(run))

# %% [markdown]
# ## The same graph through XLA

# %%
picture = np.random.RandomState(1).rand(1, 3, 33, 33).astype(floatX)
on_the_cpu = run(picture)  # first: XLA takes the shared variables to its own memory
if importlib.util.find_spec("jax"):
    from srcnn_theano.backend.devices import device_mode

    through_xla = compile_function([images], layer.output, mode=device_mode("xla"))
    print("through XLA:", kinds(through_xla))
    difference = abs(through_xla(picture) - on_the_cpu).max()
    print("the same within 1e-5:", bool(difference < 1e-5))
else:
    print("JAX is not installed: pip install 'srcnn-theano[xla]'")
