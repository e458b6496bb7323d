"""Function graphs as plain data: what is in them before and after the optimiser."""

import collections
import itertools
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from srcnn_theano.backend import onednn, theano

# isort: split

from theano.compile.function.types import FunctionMaker
from theano.compile.mode import get_default_mode
from theano.graph.basic import Constant
from theano.graph.fg import FunctionGraph
from theano.graph.op import Op
from theano.graph.opt import GlobalOptimizer
from theano.graph.toolbox import Feature
from theano.printing import debugprint
from theano.tensor.basic import (
    Alloc,
    ARange,
    Join,
    MakeVector,
    Rebroadcast,
    ScalarFromTensor,
    TensorFromScalar,
)
from theano.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from theano.tensor.nnet.abstract_conv import BaseAbstractConv
from theano.tensor.nnet.corr import BaseCorrMM
from theano.tensor.opt import Assert, ShapeFeature
from theano.tensor.basic import Reshape
