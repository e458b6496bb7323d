"""FSRCNN: features of the small image, then one deconvolution to full size."""

from functools import partial

from srcnn_theano.backend import T
from srcnn_theano.layers.activations import PReLULayer, relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.deconvolution import (
    DeconvLayer,
    FullBorderDeconvLayer,
    bilinear,
)
from srcnn_theano.layers.layer import even_crop
from srcnn_theano.models.model import Model

ACTIVATIONS = ("prelu", "relu")
UPSAMPLINGS = ("deconv", "bilinear", "full-border")
SKIPS = ("none", "mapping", "features", "both")


class FSRCNN(Model):
    """Extract features, shrink, map, expand, upsample: an hourglass at low resolution.

    Dong et al., Accelerating the Super-Resolution Convolutional Neural Network (2016),
    section 3.2: ``Conv(5, d, 1) - Conv(1, s, d) - m x Conv(3, s, s) - Conv(1, d, s) -
    DeConv(9, 1, d)``, each convolution followed by a PReLU; the report, section 4.1,
    with three channels. All convolutions are padded with zeros to keep the size.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters.
    input : symbolic 4-tensor, (batch, channels, rows, cols), in [0, 1]
        The low-resolution image.
    input_shape : tuple of 4, ints or None
    output_size : None or (rows, cols)
        None is exactly `scale` times the input; the report's 8x8 inputs go to 33x33.
        More or less is appended or cut at both sides alike, so that input pixels stay
        where they were and a network trained with one fits the other.
    channels : int
        3 for RGB (the report), 1 for the Y channel (Dong et al.).
    scale : int
        Stride of the deconvolution.
    d, s, m : int
        Maps of the features, maps after shrinking, number of mapping layers.
    n_deconv : int or None
        Maps after expanding, which are the filters that the deconvolution has for each
        channel; None is `d`.
    deconv_size : int
        Length of the deconvolution's filters.
    activation : 'prelu' or 'relu'
    slopes : 'map' or 'layer'
        One PReLU slope for each map, or one for the layer (the official weights).
    upsampling : 'deconv', 'bilinear' or 'full-border'
        `DeconvLayer` from N(0, 0.001), the same from filters that interpolate, or
        `FullBorderDeconvLayer`, whose filters are as long as it takes.
    skip : 'none', 'mapping', 'features' or 'both'
        'mapping' adds the shrunk maps to those after the mapping layers, 'features'
        the first maps to the expanded ones. The report (section 5.1.2, item 2) says
        only "between different layers".
    crop : int or None
        Rows, and columns, cut off before the first; None centres the stamps on the
        pixels (3, 3 and 2 for filters of 9x9 at x2, x3 and x4). The official networks
        were trained with 4.

    Raises
    ------
    ValueError
        An option's value that does not exist, or shapes that do not fit.
    """

    upscales = True

    def __init__(
        self,
        rng,
        input,
        input_shape,
        output_size=None,
        channels=3,
        scale=4,
        d=56,
        s=12,
        m=4,
        n_deconv=None,
        deconv_size=9,
        activation="prelu",
        slopes="map",
        upsampling="deconv",
        skip="none",
        crop=None,
    ):
        _check("activation", activation, ACTIVATIONS)
        _check("upsampling", upsampling, UPSAMPLINGS)
        _check("skip", skip, SKIPS)
        if scale < 2:
            raise ValueError(f"scale {scale}: it must be 2 or more")
        n_deconv = d if n_deconv is None else n_deconv
        self.input = input
        self.channels = channels
        self.factor = scale
        self.is_train = T.bscalar("is_train")
        self.layers = []

        def convolve(maps, shape, n_in, n_out, size):
            """Add a convolution and its activation; returns (output, output_shape)."""
            return self._convolve(
                rng, maps, shape, (n_out, n_in, size, size), activation, slopes
            )

        # (batch, d, rows, cols), and then (batch, s, rows, cols)
        features, shape = convolve(input, input_shape, channels, d, 5)
        shrunk, shape = convolve(features, shape, d, s, 1)
        maps = shrunk
        for _ in range(m):
            maps, shape = convolve(maps, shape, s, s, 3)
        if skip in ("mapping", "both"):
            maps = maps + shrunk
        # (batch, n_deconv, rows, cols)
        maps, shape = convolve(maps, shape, s, n_deconv, 1)
        if skip in ("features", "both"):
            if n_deconv != d:
                raise ValueError(
                    f"skip {skip!r} adds {d} maps to {n_deconv}; they must be as many"
                )
            maps = maps + features

        overhang = deconv_size - scale
        both = even_crop(overhang) if crop is None else (crop, overhang - crop)
        naive = upsampling == "full-border"
        layer = FullBorderDeconvLayer if naive else DeconvLayer
        deconv = layer(
            rng,
            maps,
            shape,
            (n_deconv, channels, deconv_size, deconv_size),
            stride=scale,
            crop=0 if naive else both,
            output_size=output_size,
            W=partial(bilinear, stride=scale) if upsampling == "bilinear" else None,
            name="deconv",
        )
        # (batch, channels, scale * rows, scale * cols)
        self._collect(self.layers + [deconv])

        # Two pixels for the first filters, one for each mapping layer, and as many as
        # there are before, or after, whose stamps reach the output for a pixel.
        before = both[0]
        self.halo = 2 + m + max(deconv_size - 1 - before, before + scale - 1) // scale
        if naive:
            # The only length n with scale * n <= n + deconv_size - 1 < scale * (n + 1).
            self.window = (deconv_size - 1) // (scale - 1)
            self.halo = (self.window - 1) // 2
        first = scale * self.halo
        rows, cols = (scale * (input.shape[i] - 2 * self.halo) for i in (2, 3))
        self.inside = self.output[:, :, first : first + rows, first : first + cols]

    def _convolve(self, rng, maps, shape, filter_shape, activation, slopes):
        number = 1 + sum(isinstance(layer, ConvLayer) for layer in self.layers)
        layer = ConvLayer(
            rng,
            maps,
            shape,
            filter_shape,
            activation=relu if activation == "relu" else None,
            border_mode="half",
            name=f"conv{number}",
        )
        self.layers.append(layer)
        if activation == "prelu":
            layer = PReLULayer(
                layer.output,
                layer.output_shape,
                slopes=slopes,
                name=f"prelu{number}",
            )
            self.layers.append(layer)
        return layer.output, layer.output_shape


class HalfFSRCNN(FSRCNN):
    """The report's concise first network (section 5.1.2, item 1), as we take it.

    The report does not give it; here it is `FSRCNN` with half of each count: 28 maps,
    6 after shrinking, 2 mapping layers. The parameters are those of `FSRCNN`.
    """

    def __init__(self, rng, input, input_shape, d=28, s=6, m=2, **options):
        super().__init__(rng, input, input_shape, d=d, s=s, m=m, **options)


def _check(name, value, known):
    if value not in known:
        raise ValueError(
            "{} must be one of {}, not {!r}".format(name, ", ".join(known), value)
        )
