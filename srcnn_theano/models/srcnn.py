"""SRCNN: patch extraction, non-linear mapping, reconstruction."""

from srcnn_theano.backend import T
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.initializers import INITIALIZERS
from srcnn_theano.layers.normalization import BatchNormLayer
from srcnn_theano.models.model import Model


class SRCNN(Model):
    """Three valid convolutions that sharpen an image already enlarged by bicubic.

    Dong et al., Learning a Deep Convolutional Network for Image Super-Resolution
    (2014), section 3.1; the report, section 4.1: 64 filters of 9x9, 32 of 1x1 and one
    of 5x5 for each channel.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters.
    input : symbolic 4-tensor, (batch, channels, rows, cols), in [0, 1]
        The low-resolution image at its final size.
    input_shape : tuple of 4, ints or None
    channels : int
        3 for RGB (the report), 1 for the Y channel (Dong et al.).
    n_filters : pair of int
        Maps after the first and the second layer.
    filter_sizes : triple of int
        9-1-5, or 9-3-5 and 9-5-5 of Dong et al., Image Super-Resolution Using Deep
        Convolutional Networks (2016), section 4.3.3.
    batch_norm : 'none', 'hidden' or 'all'
        Batch normalization after no layer, the first two, or all three ('all' because
        the report's 14.0 dB can be explained by it).
    test_statistics : 'running' or 'batch'
        What batch normalization uses at test time.
    clip : bool
        Clip the output to [0, 1] inside the graph, as the report does (section 4.1).
        The gradient outside is then 0, which is why its SGD row does not move.
    initializer : 'he', 'xavier' or 'narrow'
        Distribution of the first filters; 'narrow' is Dong et al.'s N(0, 0.001).

    Attributes
    ----------
    margin, halo : int
        Pixels that the valid convolutions cut off at each side (6 for 9-1-5).
    """

    def __init__(
        self,
        rng,
        input,
        input_shape,
        channels=3,
        n_filters=(64, 32),
        filter_sizes=(9, 1, 5),
        batch_norm="none",
        test_statistics="running",
        clip=False,
        initializer="he",
    ):
        if batch_norm not in ("none", "hidden", "all"):
            raise ValueError(
                f"batch_norm must be 'none', 'hidden' or 'all', not {batch_norm!r}"
            )
        self.input = input
        self.channels = channels
        self.is_train = T.bscalar("is_train")
        self.margin = self.halo = sum(size // 2 for size in filter_sizes)

        layers = []
        maps = (channels,) + tuple(n_filters) + (channels,)
        for i, size in enumerate(filter_sizes, start=1):
            normalized = batch_norm == "all" or (batch_norm == "hidden" and i < 3)
            activation = relu if i < 3 else None
            conv = ConvLayer(
                rng,
                input,
                input_shape,
                (maps[i], maps[i - 1], size, size),
                W=INITIALIZERS[initializer],
                activation=None if normalized else activation,
                name=f"conv{i}",
            )
            layers.append(conv)
            if normalized:
                layers.append(
                    BatchNormLayer(
                        conv.output,
                        conv.output_shape,
                        self.is_train,
                        activation=activation,
                        test_statistics=test_statistics,
                        name=f"bn{i}",
                    )
                )
            input, input_shape = layers[-1].output, layers[-1].output_shape
            # 9-1-5 on 33x33: (batch, 64, 25, 25), (batch, 32, 25, 25),
            # (batch, channels, 21, 21)
        self._collect(layers)
        if clip:
            self.output = T.clip(self.output, 0.0, 1.0)
        self.inside = self.output
