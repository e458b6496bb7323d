"""How a network is trained, as a record that can be read without Theano."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from typing import Any, NamedTuple

# What may be drawn anew for each minibatch, see `training.pairs.SharedPairs`.
AUGMENTATIONS = (
    "none",
    "flip-translate",
    "dihedral",
    "mirrored-inputs",
    "rotated-inputs",
)

PRECISIONS = ("float32", "bf16")


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
        on Set5, in 0..255 squared, rounds to the same integer as that before; 'cosine':
        `decay` does not matter, the rate of epoch e, from 0, is ``learning_rate * (1 +
        cos(pi e / decay_epochs)) / 2``.
    decay_epochs : int
        After so many epochs the rate of 'cosine' is 0.
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
    precision : str
        One of `PRECISIONS`: what the convolutions of a step multiply. Weights, sums and
        updates are float32.
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
    decay_epochs: int = 0
    precision: str = "float32"

    @property
    def identity(self) -> str:
        """A hash: runs of the same identity end with the same weights.

        Later fields with their defaults are left out: there are hashes from before.
        """
        from srcnn_theano.models.options import OPTIONS

        values = {
            name: _typed(default, getattr(self, name))
            for name, default in self._field_defaults.items()
        }
        kinds = {option.name: option.default for option in fields(OPTIONS[self.model])}
        values["options"] = {
            name: _typed(kinds.get(name), value) for name, value in self.options.items()
        }
        values["layer_rates"] = {
            name: _typed(1.0, factor) for name, factor in self.layer_rates.items()
        }
        for name in ("decay_epochs", "precision"):
            if values[name] == self._field_defaults[name]:
                del values[name]
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _typed(default: Any, value: Any) -> Any:
    """A number as the type of its default: 0 and 0.0 are the same setting."""
    kind = type(default)
    is_number = kind in (bool, int, float) and isinstance(value, (bool, int, float))
    return kind(value) if is_number and kind(value) == value else value
