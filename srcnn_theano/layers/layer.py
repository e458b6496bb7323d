"""What every layer has in common, and the arithmetic of lengths."""


class Layer:
    """A piece of symbolic graph, built in `__init__` and read-only afterwards.

    Attributes
    ----------
    name : str
        Prefix of the names of the layer's shared variables (``conv1.W``).
    output : symbolic 4-tensor, (batch, maps, rows, cols)
    output_shape : tuple of 4, ints or None (unknown), never symbolic
    params : tuple of shared variables moved by gradient descent
    weights : tuple of shared variables charged by the L2 norm: filters, never biases
        or batch-norm scales
    state : tuple of shared variables that are saved but not trained
    updates : tuple of (shared, expression) pairs needed besides the gradient step
    activation : function of a symbolic tensor, applied last, or None
    """

    params = ()
    weights = ()
    state = ()
    updates = ()
    activation = None

    def __init__(self, name, input, input_shape):
        if len(input_shape) != 4:
            raise ValueError(
                f"{name}: input_shape must be (batch, maps, rows, cols), got "
                f"{input_shape}"
            )
        self.name = name
        self.input = input
        self.input_shape = tuple(input_shape)


def conv_length(length, kernel, border, stride=1):
    """Length of a convolution's output along one axis.

    ``floor((length + 2 * pad - kernel) / stride) + 1``

    Parameters
    ----------
    length : int or None
        Input length in pixels; None when it is known only at run time.
    kernel, stride : int
    border : 'valid', 'half', 'full' or int
        Zero padding on each side, as `border_length` has it.

    Returns
    -------
    int or None
        Not positive when the input is shorter than the kernel.
    """
    if length is None:
        return None
    return (length + 2 * border_length(kernel, border) - kernel) // stride + 1


def border_length(kernel, border):
    """Zeros that a convolution pads on each side along one axis.

    0 for 'valid', ``kernel // 2`` for 'half', ``kernel - 1`` for 'full', or the number.
    """
    return {"valid": 0, "half": kernel // 2, "full": kernel - 1}.get(border, border)


def deconv_length(length, kernel, stride, crop):
    """Length of a transposed convolution's output along one axis.

    ``stride * (length - 1) + kernel - before - after``

    Parameters
    ----------
    length : int, None or symbolic scalar
        Input length in pixels; None when it is known only at run time.
    kernel, stride : int
    crop : (before, after), ints
        Pixels cut off the two ends; a negative `after` appends as many zeros.
    """
    if length is None:
        return None
    return stride * (length - 1) + kernel - crop[0] - crop[1]


def even_crop(overhang):
    """An overhang of stamps cut off both ends alike: (before, after).

    To get ``stride * length`` pixels the overhang is ``kernel - stride``. Input pixel i
    is then centred on ``stride * i + (stride - 1) / 2`` of the output, where resizing
    puts it, or, where ``kernel - stride`` is odd, half a pixel after it.
    """
    return overhang // 2, overhang - overhang // 2
