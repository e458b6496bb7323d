"""What lies inside Theano-PyMC and Aesara, under one set of names.

Aesara took Theano over and moved things: this module knows where each of the two keeps
them. The names are Theano's; the values are those of whichever `backend` imports. Other
modules of this folder import the library's inner classes and functions from here.
"""

import importlib

from srcnn_theano.backend.library import T, theano


def _module(name):
    return importlib.import_module(f"{theano.__name__}.{name}")


IS_AESARA = theano.__name__ == "aesara"

_abstract_conv = _module("tensor.nnet.abstract_conv")
_basic = _module("graph.basic")
_configdefaults = _module("configdefaults")
_corr = _module("tensor.nnet.corr")
_elemwise = _module("tensor.elemwise")
_function = _module("compile.function.types")
_linkers = _module("link.basic")
_mode = _module("compile.mode")
_op = _module("graph.op")
_ops = _module("compile.ops")
_pool = _module("tensor.signal.pool")
_scalar = _module("scalar")
_tensor = _module("tensor.basic")

if IS_AESARA:
    _c_op = _module("link.c.op")
    _c_params = _module("link.c.params_type")
    _c_types = _module("link.c.type")
    _conv_rewrites = _module("tensor.nnet.rewriting")
    _database = _module("graph.rewriting.db")
    _features = _module("graph.features")
    _raise = _module("raise_op")
    _rewriting = _module("graph.rewriting.basic")
    _rewrites = _module("tensor.rewriting.basic")
    _reshape = _shape = _module("tensor.shape")
    _shape_feature = _module("tensor.rewriting.shape")
    _sum = _module("tensor.math")
    _vector = _tensor
else:
    _c_op = _op
    _c_params = _module("graph.params_type")
    _c_types = _module("graph.type")
    _conv_rewrites = _module("tensor.nnet.opt")
    _database = _module("graph.optdb")
    _features = _module("graph.toolbox")
    _raise = _rewrites = _shape_feature = _vector = _module("tensor.opt")
    _reshape = _tensor
    _rewriting = _module("graph.opt")
    _shape = _ops
    _sum = _elemwise

# Graphs.
Apply = _basic.Apply
Constant = _basic.Constant
Variable = _basic.Variable
FunctionGraph = _module("graph.fg").FunctionGraph
Feature = _features.Feature
ReplaceValidate = _features.ReplaceValidate
ShapeFeature = _shape_feature.ShapeFeature
SharedVariable = _module("compile.sharedvalue").SharedVariable
TensorConstant = _module("tensor.var").TensorConstant
TensorType = _module("tensor.type").TensorType  # (dtype, broadcastable) in both
debugprint = _module("printing").debugprint

# Rewriting.
if IS_AESARA:
    GlobalOptimizer = _rewriting.GraphRewriter
    Query = _database.RewriteDatabaseQuery
    local_optimizer = _rewriting.node_rewriter

    def register_optimizer(name, optimizer, position, *tags):
        """Add an optimiser to those that every function goes through, in its place."""
        _mode.optdb.register(name, optimizer, *tags, position=position)

else:
    GlobalOptimizer = _rewriting.GlobalOptimizer
    Query = _database.Query
    local_optimizer = _rewriting.local_optimizer
    register_optimizer = _mode.optdb.register
constant_folding = _rewrites.constant_folding
conv_groupopt = _conv_rewrites.conv_groupopt
copy_stack_trace = _rewriting.copy_stack_trace
optdb = _mode.optdb

# From graphs to functions.
CLinker = _module("link.c.basic").CLinker
CLinkerObject = _module("link.c.interface").CLinkerObject
Container = _linkers.Container
Function = _function.Function
FunctionMaker = _function.FunctionMaker
LocalLinker = _linkers.LocalLinker
MethodNotDefined = _module("graph.utils").MethodNotDefined
Mode = _mode.Mode
PerformLinker = _linkers.PerformLinker
VMLinker = _module("link.vm").VMLinker
cmodule = _module("link.c.cmodule")
map_storage = _module("link.utils").map_storage
gcc_version_str = _configdefaults.gcc_version_str
get_default_mode = _mode.get_default_mode
get_module_cache = _module("link.c.basic").get_module_cache
register_linker = _mode.register_linker

# Ops and what they are made of.
Add = _scalar.Add
COp = _c_op.COp
Composite = _module("scalar.basic").Composite
EnumList = _c_types.EnumList
ExternalCOp = _c_op.ExternalCOp
NoPythonOp = _op._NoPythonOp
Op = _op.Op
ParamsType = _c_params.ParamsType
int8 = _scalar.int8
int64 = _scalar.int64

Assert = _raise.Assert
AbstractConv2d = _abstract_conv.AbstractConv2d
AbstractConv2d_gradInputs = _abstract_conv.AbstractConv2d_gradInputs
AbstractConv2d_gradWeights = _abstract_conv.AbstractConv2d_gradWeights
BaseAbstractConv = _abstract_conv.BaseAbstractConv
BaseCorrMM = _corr.BaseCorrMM
CAReduce = _elemwise.CAReduce
DimShuffle = _elemwise.DimShuffle
Elemwise = _elemwise.Elemwise
Join = _tensor.Join
MakeVector = _vector.MakeVector
MaxPoolGrad = _pool.MaxPoolGrad
Pool = _pool.Pool
Reshape = _reshape.Reshape
ScalarFromTensor = _tensor.ScalarFromTensor
Shape = _shape.Shape
Shape_i = _shape.Shape_i
Subtensor = _module("tensor.subtensor").Subtensor
Sum = _sum.Sum
TensorFromScalar = _tensor.TensorFromScalar
ViewOp = _ops.ViewOp
get_conv_output_shape = _abstract_conv.get_conv_output_shape

# Which lengths are one (`broadcastable`). In Aesara this is a part of the static shape,
# and one op says that a length is known, another that it is to be forgotten.
if IS_AESARA:
    Rebroadcast = (_shape.SpecifyShape, _shape.Unbroadcast)
else:
    Rebroadcast = _ops.Rebroadcast


def mend_aesara():
    """Give Aesara two functions of Theano's back, and mend an op of its own.

    ``T.patternbroadcast`` and ``T.addbroadcast`` make lengths known to be one.
    ``CorrMM.make_node`` calls tuple with four arguments in Aesara 2.9.4.
    """
    if IS_AESARA:
        T.addbroadcast, T.patternbroadcast = _addbroadcast, _patternbroadcast
        _corr.CorrMM.make_node = _make_node_of_corr_mm


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


def linked(function):
    """What a compiled function calls: what its linker has made."""
    return function.vm if IS_AESARA else function.fn
