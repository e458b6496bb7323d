# %% [markdown]
# # Lesson 1: an expression is a graph
#
# Write an expression down, look at it, have a function made of it. The page lesson1.md
# explains each step.

# %%
import numpy as np

from srcnn_theano.backend import T, theano

# %% [markdown]
# ## Symbols instead of numbers

# %%
x = T.dscalar("x")
y = x**2 + 3 * x
print("x is a", x.type)
print("y is", y)
print("y for x = 2:", y.eval({x: 2.0}))

# %% [markdown]
# ## The graph

# %%
theano.printing.debugprint(y)

# %% [markdown]
# ## From the graph to a function

# %%
f = theano.function([x], y)
print("f(2) =", f(2.0))
print("f(-3) =", f(-3.0))
theano.printing.debugprint(f)

# %% [markdown]
# ## Types, axes and broadcasting

# %%
images = T.matrix("images")  # (image, pixel)
gains = T.vector("gains")  # (pixel,)
weighted = T.sum(images * gains, axis=1)  # (image,)
print(weighted.type, "as floatX is", theano.config.floatX)

weigh = theano.function([images, gains], weighted)
a = np.arange(6, dtype=theano.config.floatX).reshape(2, 3)
print(weigh(a, np.array([1, 10, 100], dtype=theano.config.floatX)))

# %% [markdown]
# ## Memory: shared variables and updates

# %%
total = theano.shared(0.0, name="total")
amount = T.dscalar("amount")
add = theano.function([amount], total, updates=[(total, total + amount)])
print("before:", add(5.0), add(7.5))
print("after:", total.get_value())

# %% [markdown]
# ## Another input for the same graph

# %%
z = T.dscalar("z")
g = theano.function([z], y, givens={x: 10 * z})
print("y for x = 10 z, z = 2:", g(2.0))
