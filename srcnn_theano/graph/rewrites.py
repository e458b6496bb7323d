"""What Theano's rewrites do, in a sentence for each."""

from __future__ import annotations

import re

_SENTENCES = {
    # --- The same twice, and what is known beforehand ---
    "MergeOptimizer": "Of nodes that compute the same from the same, one is left.",
    "constant_folding": "What depends on constants alone is computed now.",
    "local_upcast_elemwise_constant_inputs": "A constant gets the type of what it is "
    "combined with.",
    "local_useless_fill": "Filling an array of the same size is left out.",
    "local_useless_alloc": "An array of copies that nobody needs at full size is left "
    "out.",
    "local_fill_sink": "Spreading a number over an array is put off until after the "
    "arithmetic.",
    "local_useless_switch": "A choice whose condition is known is made now.",
    "local_useless_elemwise": "Arithmetic that changes nothing is left out.",
    "local_elemwise_alloc": "A number is spread by the arithmetic itself and not "
    "beforehand.",
    # --- Arithmetic ---
    "local_mul_canonizer": "Products and quotients become one product; what "
    "cancels goes.",
    "local_add_canonizer": "Sums and differences become one sum; what cancels goes.",
    "local_mul_zero": "What is multiplied by zero becomes zero.",
    "local_neg_to_mul": "A minus sign becomes a factor of -1, which joins others.",
    "local_pow_canonicalize": "A power of 0 or 1 is left out.",
    "local_pow_specialize": "A small power becomes a square, a root or products.",
    "local_greedy_distributor": "A factor goes into a sum where that saves work.",
    "local_mul_switch_sink": "A product with a choice becomes a choice of products, "
    "so that a zero is never multiplied.",
    "local_merge_switch_same_cond": "Choices by the same condition become one.",
    "local_sum_prod_mul_by_scalar": "A factor that is one number goes out of a sum.",
    "local_sum_prod_div_dimshuffle": "A divisor that is the same along a sum goes out "
    "of it.",
    "local_sum_prod_all_to_none": "A sum over all axes is written as one over "
    "everything.",
    "local_dot_to_dot22": "A product of two matrices goes to BLAS.",
    "local_dot22_to_dot22scalar": "A product of matrices and a number goes to BLAS.",
    "GemmOptimizer": "A product of matrices, and what it is added to, become one call "
    "of BLAS.",
    "local_inplace_gemm": "The call of BLAS writes over what the product is added to.",
    "use_c_blas": "A product of a matrix and a vector goes to BLAS.",
    "gemv_inplace": "The call of BLAS writes over what the product is added to.",
    # --- Shapes and axes ---
    "local_dimshuffle_lift": "A change of axes is made before the arithmetic, on the "
    "smaller arrays.",
    "local_shape_to_shape_i": "A shape is told from the shapes of inputs, so that no "
    "array is computed for it.",
    "local_subtensor_make_vector": "An entry of a vector that was just put together is "
    "taken from what it was made of.",
    "local_subtensor_lift": "A part is taken before the arithmetic: the rest is not "
    "computed.",
    "local_subtensor_merge": "Parts of parts are taken at once.",
    # --- One loop, one memory ---
    "FusionOptimizer": "Neighbours that work on single elements become one loop.",
    "inplace_elemwise_optimizer": "A node writes over an input that nobody needs any "
    "more.",
    "insert_deepcopy": "A result is copied: the caller gets an array of its own.",
    # --- This package's ---
    "local_onednn_forward": "A convolution is given to oneDNN, or to Theano's own code "
    "where there is none.",
    "fuse_bias": "A bias becomes part of the convolution before it.",
    "fuse_relu": "A ReLU becomes part of the convolution before it.",
    "fuse_prelu": "A PReLU becomes part of the convolution before it.",
    "fuse_bias_gradient": "The gradient of a bias, a sum, becomes part of the "
    "convolution that gives the filters' gradient.",
    "prelu_in_one_pass": "A PReLU, or its gradient, becomes one loop over the array.",
    "round_to_bf16": "A convolution rounds what it multiplies to bf16.",
    "choose_layout": "Between two convolutions the channels stay last in memory.",
    "sum_by_threads": "A sum over all pixels is shared among the threads.",
    "keep_layout_in_sum": "A sum is taken in the layout that a convolution left.",
    "keep_layout_in_pool": "A pooling is done in the layout that a convolution left.",
}
# Aesara gives some of them other names.
_SENTENCES["InplaceElemwiseOptimizer"] = _SENTENCES["inplace_elemwise_optimizer"]
_SENTENCES["FusionRewriter"] = _SENTENCES["FusionOptimizer"]
_SENTENCES["MergeRewriter"] = _SENTENCES["MergeOptimizer"]
_SENTENCES["AlgebraicCanonizer"] = (
    "Sums and products are put in one form, and what cancels goes."
)
_GROUP = re.compile(r"^\w+\((\w+)")


def what_it_does(rewrite: str) -> str:
    """A sentence on a rewrite; nothing for one of which nothing is known here.

    Parameters
    ----------
    rewrite : str
        As in `backend.graphs.Rewriting`; a group that is tried in turn is known by its
        first member.
    """
    group = _GROUP.match(rewrite)
    return _SENTENCES.get(group.group(1) if group else rewrite, "")
