"""What Theano needs of a machine, looked at before Theano is imported.

"Theano" is one of two libraries here: Theano-PyMC, or Aesara, which it became. Either
reads its settings once, when it is imported, and with NumPy 1.22 or newer that import
fails in Theano-PyMC unless it is told where a BLAS is. So this folder looks first:
Python, NumPy, the compiler, Python's headers, the BLAS, the compile cache. Whatever is
missing becomes one sentence with its cure (`UserError`), and the rest becomes the
library's flags. A flag that the user set, in THEANO_FLAGS or .theanorc for Theano-PyMC,
in THEANO_FLAGS, AESARA_FLAGS or .aesararc for Aesara, is the user's, and stays.

Each subject has a module of its own; `prepare` asks all of them in order.
"""

from srcnn_theano.environment.blas import Blas, better_kernels, find_blas, use_blas
from srcnn_theano.environment.compile_folder import find_compile_folder
from srcnn_theano.environment.compiler import (
    Compiler,
    c_code_is_off,
    check_headers,
    find_compiler,
)
from srcnn_theano.environment.device import (
    DEVICES,
    accelerators,
    default_device,
    processor,
)
from srcnn_theano.environment.flags import check_names, theano_flags, user_flag
from srcnn_theano.environment.library import LIBRARIES, Library, find_library
from srcnn_theano.environment.memory import keep_freed_memory
from srcnn_theano.environment.python import check_numpy, check_python
from srcnn_theano.environment.settings import Settings, prepare
from srcnn_theano.environment.threads import (
    compute_alone_after_fork,
    let_idle_threads_sleep,
    limit_threads,
    usable_cores,
)

__all__ = [
    "DEVICES",
    "LIBRARIES",
    "Blas",
    "Compiler",
    "c_code_is_off",
    "Library",
    "Settings",
    "accelerators",
    "better_kernels",
    "check_headers",
    "check_names",
    "check_numpy",
    "check_python",
    "compute_alone_after_fork",
    "default_device",
    "find_blas",
    "find_compile_folder",
    "find_compiler",
    "find_library",
    "keep_freed_memory",
    "let_idle_threads_sleep",
    "limit_threads",
    "prepare",
    "processor",
    "theano_flags",
    "usable_cores",
    "use_blas",
    "user_flag",
]
