"""The classes of ops that are lowered, wherever the implementation has them."""

from importlib import import_module

from srcnn_theano.backend.library import theano


def _find(names, *modules):
    """The class of the first of these names, in the first module that has it."""
    for module in modules:
        try:
            found = import_module(f"{theano.__name__}.{module}")
        except ModuleNotFoundError:
            continue
        for name in names.split():
            if hasattr(found, name):
                return getattr(found, name)
    raise ImportError(f"{theano.__name__} has no {names}")


_SHAPE = "tensor.shape", "tensor.basic", "compile.ops"
_BASIC = "tensor.basic", "tensor.math", "tensor.opt"
_EXTRA = ("tensor.extra_ops",)
_SUBTENSOR = ("tensor.subtensor",)
_CONV = ("tensor.nnet.abstract_conv",)
_POOL = ("tensor.signal.pool",)
_NNET = "tensor.special", "tensor.nnet.nnet", "tensor.nnet.basic"

# Of these the first input goes on as it is.
IDENTITIES = (
    _find("Assert", "raise_op", "tensor.opt"),
    _find("CpuContiguous", *_EXTRA),
    _find("DeepCopyOp", "compile.ops"),
    _find("ViewOp", "compile.ops"),
    _find("Rebroadcast Unbroadcast", "compile.ops", "tensor.shape"),
    _find("SpecifyShape", "tensor.shape", "compile.ops"),
    _find("ScalarFromTensor", "tensor.basic"),
    _find("TensorFromScalar", "tensor.basic"),
)

ScalarFromTensor = _find("ScalarFromTensor", "tensor.basic")
TensorFromScalar = _find("TensorFromScalar", "tensor.basic")
ScalarOp = _find("ScalarOp", "scalar.basic")
Composite = _find("Composite", "scalar.basic")
Elemwise = _find("Elemwise", "tensor.elemwise")
DimShuffle = _find("DimShuffle", "tensor.elemwise")
CAReduce = _find("CAReduce", "tensor.elemwise")

Shape = _find("Shape", *_SHAPE)
Shape_i = _find("Shape_i", *_SHAPE)
Reshape = _find("Reshape", *_SHAPE)
MakeVector = _find("MakeVector", *_BASIC)
Alloc = _find("Alloc", *_BASIC)
AllocEmpty = _find("AllocEmpty", *_BASIC)
ARange = _find("ARange", *_BASIC)
Eye = _find("Eye", *_BASIC)
BroadcastTo = _find("BroadcastTo", *_EXTRA)

Subtensor = _find("Subtensor", *_SUBTENSOR)
IncSubtensor = _find("IncSubtensor", *_SUBTENSOR)
AdvancedSubtensor1 = _find("AdvancedSubtensor1", *_SUBTENSOR)
AdvancedIncSubtensor1 = _find("AdvancedIncSubtensor1", *_SUBTENSOR)
AdvancedSubtensor = _find("AdvancedSubtensor", *_SUBTENSOR)
AdvancedIncSubtensor = _find("AdvancedIncSubtensor", *_SUBTENSOR)
get_idx_list = _find("get_idx_list", *_SUBTENSOR)

Join = _find("Join", *_BASIC)
Split = _find("Split", *_BASIC)
Repeat = _find("RepeatOp Repeat", *_EXTRA)
CumOp = _find("CumOp", *_EXTRA)
SortOp = _find("SortOp", "tensor.sort")
ArgSortOp = _find("ArgSortOp", "tensor.sort")
Argmax = _find("Argmax", *_BASIC)
MaxAndArgmax = _find("MaxAndArgmax", *_BASIC)
Dot = _find("Dot", *_BASIC)
BatchedDot = _find("BatchedDot", "tensor.blas")
ExtractDiag = _find("ExtractDiag", *_BASIC)

AbstractConv = _find("AbstractConv", *_CONV)
AbstractConv_gradWeights = _find("AbstractConv_gradWeights", *_CONV)
AbstractConv_gradInputs = _find("AbstractConv_gradInputs", *_CONV)
Pool = _find("Pool", *_POOL)
MaxPoolGrad = _find("MaxPoolGrad", *_POOL)
AveragePoolGrad = _find("AveragePoolGrad", *_POOL)

Softmax = _find("Softmax", *_NNET)
LogSoftmax = _find("LogSoftmax", *_NNET)
SoftmaxGrad = _find("SoftmaxGrad", *_NNET)
SoftmaxWithBias = _find("SoftmaxWithBias", *_NNET)
CrossentropySoftmaxArgmax1HotWithBias = _find(
    "CrossentropySoftmaxArgmax1HotWithBias", *_NNET
)
CrossentropySoftmax1HotWithBiasDx = _find("CrossentropySoftmax1HotWithBiasDx", *_NNET)
CrossentropyCategorical1Hot = _find("CrossentropyCategorical1Hot", *_NNET)
CrossentropyCategorical1HotGrad = _find("CrossentropyCategorical1HotGrad", *_NNET)

RandomVariable = _find("RandomVariable", "tensor.random.op")
