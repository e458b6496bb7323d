"""Arrays of MATLAB files."""

from srcnn_theano.errors import UserError


def read_mat(path):
    """Arrays of a MATLAB file (version 5 to 7), by name."""
    from scipy.io import loadmat

    try:
        content = loadmat(str(path), appendmat=False)
    except NotImplementedError:
        raise UserError(
            f"{path}: a MATLAB 7.3 file; save it in MATLAB with -v7"
        ) from None
    return {name: array for name, array in content.items() if not name.startswith("__")}
