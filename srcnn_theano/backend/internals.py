"""What lies inside Theano-PyMC and Aesara, under one set of names.

Aesara took Theano over, moved things and renamed some. This is the one table of what
the modules of this folder use beyond ``theano`` and ``T``: each name with the places
where it may be. The names are Theano's.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from srcnn_theano.backend.library import T, theano

IS_AESARA = theano.__name__ == "aesara"


def _find(names: str, *places: str) -> Any:
    """What has the first of these names in the first module that has any of them."""
    for place in places:
        try:
            module = import_module(f"{theano.__name__}.{place}")
        except ModuleNotFoundError:
            continue
        for name in names.split():
            if hasattr(module, name):
                return getattr(module, name)
    raise ImportError(f"{theano.__name__} has no {names} in {', '.join(places)}")


# Aesara's place comes before Theano's: Aesara warns of the old ones.
_BASIC = "tensor.basic", "tensor.math", "tensor.opt"
_CONV = "tensor.nnet.abstract_conv"
_EXTRA = "tensor.extra_ops"
_NNET = "tensor.special", "tensor.nnet.nnet", "tensor.nnet.basic"
_REWRITING = "graph.rewriting.basic", "graph.opt"
_SHAPE = "tensor.shape", "tensor.basic", "compile.ops"

# --- Graphs ---

Apply = _find("Apply", "graph.basic")
Constant = _find("Constant", "graph.basic")
Feature = _find("Feature", "graph.features", "graph.toolbox")
FunctionGraph = _find("FunctionGraph", "graph.fg")
ReplaceValidate = _find("ReplaceValidate", "graph.features", "graph.toolbox")
ShapeFeature = _find("ShapeFeature", "tensor.rewriting.shape", "tensor.opt")
SharedVariable = _find("SharedVariable", "compile.sharedvalue")
TensorConstant = _find("TensorConstant", "tensor.var")
TensorType = _find("TensorType", "tensor.type")  # (dtype, broadcastable) in both
debugprint = _find("debugprint", "printing")

# --- Rewriting ---

GlobalOptimizer = _find("GraphRewriter GlobalOptimizer", *_REWRITING)
Query = _find("RewriteDatabaseQuery Query", "graph.rewriting.db", "graph.optdb")
constant_folding = _find("constant_folding", "tensor.rewriting.basic", "tensor.opt")
conv_groupopt = _find("conv_groupopt", "tensor.nnet.rewriting", "tensor.nnet.opt")
copy_stack_trace = _find("copy_stack_trace", *_REWRITING)
local_optimizer = _find("node_rewriter local_optimizer", *_REWRITING)
optdb = _find("optdb", "compile.mode")


def register_optimizer(name: str, optimizer: Any, position: float, *tags: str) -> None:
    """Add an optimiser to those that every function goes through, in its place."""
    if IS_AESARA:
        optdb.register(name, optimizer, *tags, position=position)
    else:
        optdb.register(name, optimizer, position, *tags)


# --- From graphs to functions ---

CLinker = _find("CLinker", "link.c.basic")
CLinkerObject = _find("CLinkerObject", "link.c.interface")
Container = _find("Container", "link.basic")
Function = _find("Function", "compile.function.types")
FunctionMaker = _find("FunctionMaker", "compile.function.types")
LocalLinker = _find("LocalLinker", "link.basic")
MethodNotDefined = _find("MethodNotDefined", "graph.utils")
Mode = _find("Mode", "compile.mode")
VMLinker = _find("VMLinker", "link.vm")
cmodule = _find("cmodule", "link.c")
gcc_version_str = _find("gcc_version_str", "configdefaults")
get_default_mode = _find("get_default_mode", "compile.mode")
get_module_cache = _find("get_module_cache", "link.c.basic")
map_storage = _find("map_storage", "link.utils")


def linked(function: Any) -> Any:
    """What a compiled function calls: what its linker has made."""
    return function.vm if IS_AESARA else function.fn


# --- What ops are made of ---

COp = _find("COp", "link.c.op", "graph.op")
EnumList = _find("EnumList", "link.c.type", "graph.type")
ExternalCOp = _find("ExternalCOp", "link.c.op", "graph.op")
NoPythonOp = _find("_NoPythonOp", "graph.op")
Op = _find("Op", "graph.op")
ParamsType = _find("ParamsType", "link.c.params_type", "graph.params_type")
get_conv_output_shape = _find("get_conv_output_shape", _CONV)
get_idx_list = _find("get_idx_list", "tensor.subtensor")
float32 = _find("float32", "scalar")
int8 = _find("int8", "scalar")
int64 = _find("int64", "scalar")

# --- Ops: single numbers, element by element ---

EQ = _find("EQ", "scalar.basic")
GE = _find("GE", "scalar.basic")
GT = _find("GT", "scalar.basic")
LE = _find("LE", "scalar.basic")
LT = _find("LT", "scalar.basic")
Abs = _find("Abs", "scalar.basic")
Add = _find("Add", "scalar.basic")
Composite = _find("Composite", "scalar.basic")
Elemwise = _find("Elemwise", "tensor.elemwise")
Mul = _find("Mul", "scalar.basic")
Neg = _find("Neg", "scalar.basic")
ScalarFromTensor = _find("ScalarFromTensor", "tensor.basic")
ScalarMaximum = _find("ScalarMaximum", "scalar.basic")
ScalarMinimum = _find("ScalarMinimum", "scalar.basic")
ScalarOp = _find("ScalarOp", "scalar.basic")
Sgn = _find("Sgn", "scalar.basic")
Sub = _find("Sub", "scalar.basic")
Switch = _find("Switch", "scalar.basic")
TensorFromScalar = _find("TensorFromScalar", "tensor.basic")

# --- Ops: shapes ---

ARange = _find("ARange", *_BASIC)
Alloc = _find("Alloc", *_BASIC)
AllocEmpty = _find("AllocEmpty", *_BASIC)
BroadcastTo = _find("BroadcastTo", _EXTRA)
DimShuffle = _find("DimShuffle", "tensor.elemwise")
Eye = _find("Eye", *_BASIC)
MakeVector = _find("MakeVector", *_BASIC)
Reshape = _find("Reshape", *_SHAPE)
Shape = _find("Shape", *_SHAPE)
Shape_i = _find("Shape_i", *_SHAPE)
SpecifyShape = _find("SpecifyShape", *_SHAPE)

# Which lengths are one (`broadcastable`) is a part of the static shape in Aesara: an op
# says that a length is known, another that it is to be forgotten.
Rebroadcast = (
    (SpecifyShape, _find("Unbroadcast", "tensor.shape"))
    if IS_AESARA
    else (_find("Rebroadcast", "compile.ops"),)
)

# --- Ops: what gives its input as it is ---

Assert = _find("Assert", "raise_op", "tensor.opt")
CpuContiguous = _find("CpuContiguous", _EXTRA)
DeepCopyOp = _find("DeepCopyOp", "compile.ops")
ViewOp = _find("ViewOp", "compile.ops")

# --- Ops: indexing, joining, sorting ---

AdvancedIncSubtensor = _find("AdvancedIncSubtensor", "tensor.subtensor")
AdvancedIncSubtensor1 = _find("AdvancedIncSubtensor1", "tensor.subtensor")
AdvancedSubtensor = _find("AdvancedSubtensor", "tensor.subtensor")
AdvancedSubtensor1 = _find("AdvancedSubtensor1", "tensor.subtensor")
ArgSortOp = _find("ArgSortOp", "tensor.sort")
IncSubtensor = _find("IncSubtensor", "tensor.subtensor")
Join = _find("Join", *_BASIC)
Repeat = _find("RepeatOp Repeat", _EXTRA)
SortOp = _find("SortOp", "tensor.sort")
Split = _find("Split", *_BASIC)
Subtensor = _find("Subtensor", "tensor.subtensor")

# --- Ops: reductions and products ---

Argmax = _find("Argmax", *_BASIC)
BatchedDot = _find("BatchedDot", "tensor.blas")
CAReduce = _find("CAReduce", "tensor.elemwise")
CumOp = _find("CumOp", _EXTRA)
Dot = _find("Dot", *_BASIC)
Eigh = _find("Eigh", "tensor.nlinalg")
ExtractDiag = _find("ExtractDiag", *_BASIC)
IfElse = _find("IfElse", "ifelse")
MaxAndArgmax = _find("MaxAndArgmax", *_BASIC)
Sum = _find("Sum", "tensor.math", "tensor.elemwise")

# --- Ops: convolution and pooling ---

AbstractConv = _find("AbstractConv", _CONV)
AbstractConv2d = _find("AbstractConv2d", _CONV)
AbstractConv2d_gradInputs = _find("AbstractConv2d_gradInputs", _CONV)
AbstractConv2d_gradWeights = _find("AbstractConv2d_gradWeights", _CONV)
AbstractConv_gradInputs = _find("AbstractConv_gradInputs", _CONV)
AbstractConv_gradWeights = _find("AbstractConv_gradWeights", _CONV)
AveragePoolGrad = _find("AveragePoolGrad", "tensor.signal.pool")
BaseAbstractConv = _find("BaseAbstractConv", _CONV)
BaseCorrMM = _find("BaseCorrMM", "tensor.nnet.corr")
CorrMM = _find("CorrMM", "tensor.nnet.corr")
MaxPoolGrad = _find("MaxPoolGrad", "tensor.signal.pool")
Pool = _find("Pool", "tensor.signal.pool")

# --- Ops: softmax, cross-entropy, random numbers ---

CrossentropyCategorical1Hot = _find("CrossentropyCategorical1Hot", *_NNET)
CrossentropyCategorical1HotGrad = _find("CrossentropyCategorical1HotGrad", *_NNET)
CrossentropySoftmax1HotWithBiasDx = _find("CrossentropySoftmax1HotWithBiasDx", *_NNET)
CrossentropySoftmaxArgmax1HotWithBias = _find(
    "CrossentropySoftmaxArgmax1HotWithBias", *_NNET
)
LogSoftmax = _find("LogSoftmax", *_NNET)
RandomVariable = _find("RandomVariable", "tensor.random.op")
Softmax = _find("Softmax", *_NNET)
SoftmaxGrad = _find("SoftmaxGrad", *_NNET)
SoftmaxWithBias = _find("SoftmaxWithBias", *_NNET)

# --- Mending Theano and Aesara ---


def mend_scan() -> None:
    """Have scan step in Python where its C code does not compile.

    Theano's was generated for Python up to 3.10, Aesara's up to 3.11. Where its module
    cannot be imported scan has a loop in Python; a compiler's error it does not catch.
    """
    if sys.version_info >= ((3, 12) if IS_AESARA else (3, 11)):
        module = f"{theano.__name__}.scan.scan_perform_ext"
        sys.modules[module] = None  # type: ignore[assignment]


def mend_aesara() -> None:
    """Give Aesara functions of Theano's back, and mend an op of its own.

    ``T.patternbroadcast`` and ``T.addbroadcast`` make lengths known to be one.
    ``T.nnet.sigmoid`` and ``softplus`` have moved to ``T``.
    ``CorrMM.make_node`` calls tuple with four arguments in Aesara 2.9.4.
    """
    if IS_AESARA:
        T.addbroadcast, T.patternbroadcast = _addbroadcast, _patternbroadcast
        T.nnet.sigmoid, T.nnet.softplus = T.sigmoid, T.softplus
        CorrMM.make_node = _make_node_of_corr_mm


def _patternbroadcast(x, broadcastable):
    """The variable as one whose lengths are known to be one where this is true."""
    return TensorType(x.dtype, broadcastable).filter_variable(x)


def _addbroadcast(x, *axes):
    """The variable as one whose lengths along these axes are known to be one."""
    known = enumerate(x.broadcastable)
    return _patternbroadcast(x, [is_one or axis in axes for axis, is_one in known])


def _make_node_of_corr_mm(self, images, filters):
    images, filters = self.as_common_dtype(
        T.as_tensor_variable(images), T.as_tensor_variable(filters)
    )
    known = images.broadcastable[0], filters.broadcastable[0], False, False
    maps = TensorType(images.dtype, known)()
    return Apply(self, [images, filters], [maps])
