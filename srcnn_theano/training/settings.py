"""How a network is trained, as a record that can be read without Theano."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

# What may be drawn anew for each minibatch, see `training.pairs.SharedPairs`.
AUGMENTATIONS = (
    "none",
    "flip-translate",
    "dihedral",
    "mirrored-inputs",
    "rotated-inputs",
)


class Training(NamedTuple):
    """Everything that a trained network depends on, except how long it is trained.

    Attributes
    ----------
    model : str
        One of `models.MODELS`.
    options : dict
        Arguments of the model's constructor.
    protocol : str
        The named protocol whose recipe the sub-images are made by.
    scale : int
    recipe : dict
        Fields of that recipe which have other values here.
    augmentation : str
        One of `AUGMENTATIONS`.
    cost : str
        A name in `training.costs.COSTS`.
    pixel_weight, vgg_weight : float
        Factors of `cost` and of the mean squared difference of VGG16's relu2_2.
    vgg_input : str
        How images are preprocessed for VGG16, see `models.vgg16.preprocess`; 'own' is
        what its weights were made for.
    vgg_layout : str
        'transposed', or 'reshaped' for scrambled filters, see `models.vgg16.arranged`.
    vgg_target : str
        What VGG16 sees of a target: the 'window' that outputs are compared with, or the
        'whole', whose maps are cut (see `models.vgg16.both_features`).
    L2_reg : float
        Factor of the sum of squared filters, which is added to the cost.
    update : str
        A name in `training.updates.UPDATES`.
    learning_rate, decay : float
        The rate of the first epoch; its factor from epoch to epoch.
    decay_rule : str
        'each': after each epoch; 'same-integer': after those whose mean squared error
        on Set5, in 0..255 squared, rounds to the same integer as that before.
    layer_rates : dict
        Factor of the rate by layer name.
    first : int
        Sub-images before this one are left out of the training.
    batch_size, seed : int
    shuffle : bool
        Whether each epoch draws an order of its own. Without, minibatches are
        consecutive sub-images, the same ones in all epochs.
    window : 'centre' or 'top-left'
        The part of a target that outputs are compared with, see `patches.cut_window`. A
        network of 'top-left' gives whole pictures moved down and right by its margin.
    """

    model: str = "srcnn"
    options: dict[str, Any] = {}
    protocol: str = "course"
    scale: int = 4
    recipe: dict[str, Any] = {}
    augmentation: str = "none"
    cost: str = "mse"
    pixel_weight: float = 1.0
    vgg_weight: float = 0.0
    vgg_input: str = "unit"
    vgg_layout: str = "transposed"
    vgg_target: str = "window"
    L2_reg: float = 0.0
    update: str = "adam"
    learning_rate: float = 1e-3
    decay: float = 1.0
    decay_rule: str = "each"
    layer_rates: dict[str, float] = {}
    first: int = 0
    batch_size: int = 20
    seed: int = 0
    shuffle: bool = True
    window: str = "centre"

    @property
    def identity(self) -> str:
        """A hash: runs of the same identity end with the same weights."""
        text = json.dumps(self._asdict(), sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()
