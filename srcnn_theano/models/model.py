"""A network as a list of layers."""

from srcnn_theano.backend import T


class Model:
    """What training, saving and upscaling need of a network; a list of layers.

    Subclasses build their layers in `__init__` and then call `_collect`.

    Attributes
    ----------
    layers : list of Layer
    output : symbolic 4-tensor, (batch, channels, rows, cols)
    output_shape : tuple of 4, ints or None
    params, weights, state, updates : tuples, gathered from the layers
    L2_sqr : symbolic scalar, sum of the squared weights
    is_train : symbolic int8 scalar, 1 in training functions and 0 in predictions
    channels : int
        Of input and output.
    factor : int
        Output pixels per input pixel.
    upscales : bool
        Whether it takes the low-resolution image as it is (FSRCNN), and not one that
        bicubic has enlarged to the size of the output (SRCNN).
    margin : int
        Pixels at each side of the input for which `output` has none.
    halo : int
        Pixels around a region of the input that the output for it depends on.
    inside : symbolic 4-tensor
        The output for the input less `halo` pixels at each side: what a network gives
        for a piece of an image as well as for the whole.
    window : int or None
        The only length of input that the network takes, if it is tied to one.
    """

    factor = 1
    upscales = False
    margin = 0
    window = None

    def _collect(self, layers):
        self.layers = list(layers)
        for role in ("params", "weights", "state", "updates"):
            setattr(self, role, sum((tuple(getattr(x, role)) for x in layers), ()))
        self.output = layers[-1].output
        self.output_shape = layers[-1].output_shape
        self.L2_sqr = sum(T.sum(W**2) for W in self.weights)

    @property
    def variables(self):
        """All shared variables that a weight file holds, by name."""
        return {v.name: v for v in self.params + self.state}

    def get_values(self):
        """Copies of all saved arrays, by name (``conv1.W``)."""
        return {name: v.get_value() for name, v in self.variables.items()}

    def set_values(self, values):
        """Load arrays by name; every variable of the model must be there.

        Raises
        ------
        ValueError
            A name is missing or unknown, or a shape differs.
        """
        variables = self.variables
        if set(values) != set(variables):
            raise ValueError(
                f"the model has {sorted(variables)}, the values given are "
                f"{sorted(values)}"
            )
        for name, variable in variables.items():
            shape = variable.get_value(borrow=True).shape
            if values[name].shape != shape:
                raise ValueError(
                    f"{name}: shape {values[name].shape} given, {shape} needed"
                )
        for name, variable in variables.items():
            variable.set_value(values[name].astype(variable.dtype))
