"""The records that an experiment consists of."""

from __future__ import annotations

import json
from typing import Any, Mapping, NamedTuple

from srcnn_theano.training.settings import Training


class Row(NamedTuple):
    """What is printed.

    Attributes
    ----------
    table : str
        One of `TABLES`.
    title : str
        In the report's words.
    published : float or None
        PSNR in dB as printed; where it is wrong or contradictory, `notes` says so.
    published_vgg : float or None
        PSNR in VGG space in dB as printed.
    notes : str
        Also what the report leaves open, and what was chosen.
    explained_by : str
        Name of the experiment that shows why the printed figures are others than the
        row's, if there is one; its own figures must then be near the printed ones.
    """

    table: str
    title: str
    published: float | None = None
    published_vgg: float | None = None
    notes: str = ""
    explained_by: str = ""


class Measure(NamedTuple):
    """How the row's figures come from a trained network.

    Attributes
    ----------
    n_epochs : int
        After so many epochs the network is measured. It is trained no longer, unless
        `weights_of` names another row.
    weights_of : str or None
        Name of the row that trains the network; None for the row itself.
    test_set : str
        The set that the published figure is of.
    aggregation : str
        How the figure comes from the sub-images ('patch', 'batch20', ..., 'image').
    options : dict
        Options of the model that matter at test time only: `test_statistics`.
    vgg_maps : 'mean' or None
        What becomes of the squared differences of the maps of VGG16; None for a row
        without a figure in VGG space.
    """

    n_epochs: int = 40
    weights_of: str | None = None
    test_set: str = "Set14"
    aggregation: str = "patch"
    options: Mapping[str, Any] = {}
    vgg_maps: str | None = None


class Experiment(NamedTuple):
    """One row of a table, or one model that is trained for pictures.

    Attributes
    ----------
    name : str
        On the command line, and of the folder in results/.
    row : Row
    training : Training
        That of the network which is measured, whichever row trains it.
    measure : Measure
    """

    name: str
    row: Row
    training: Training
    measure: Measure

    @property
    def trains(self) -> bool:
        """Whether it measures a network of its own."""
        return self.measure.weights_of is None

    @property
    def trained_by(self) -> str:
        """Name of the row that trains the network."""
        return self.measure.weights_of or self.name

    @property
    def options(self) -> dict[str, Any]:
        """All options of the model that is measured."""
        return {**self.training.options, **self.measure.options}

    @property
    def compiled(self) -> Training:
        """The training with all options of the model, as its step is compiled.

        A graph with other options for the test rounds the last bits in another way.
        """
        return self.training._replace(options=self.options)

    @property
    def needs_vgg(self) -> bool:
        """Whether the cost or the figures need VGG16."""
        return bool(self.training.vgg_weight or self.measure.vgg_maps)

    def changed(
        self,
        n_epochs: int | None = None,
        seed: int | None = None,
        precision: str | None = None,
    ) -> Experiment:
        """The experiment with another length, seed or precision; None changes none."""
        training, measure = self.training, self.measure
        if precision is not None:
            training = training._replace(precision=precision)
        if seed is not None:
            training = training._replace(seed=seed)
        if n_epochs is not None:
            measure = measure._replace(n_epochs=n_epochs)
            if training.decay_epochs:
                training = training._replace(decay_epochs=n_epochs)
        return self._replace(training=training, measure=measure)

    def flat(self) -> dict[str, Any]:
        """All fields in one dict, by the names that they have in experiment.json."""
        fields = {
            "name": self.name,
            **self.row._asdict(),
            **self.training._asdict(),
            **self.measure._asdict(),
            "options": self.options,
        }
        fields["row"] = fields.pop("title")
        return fields

    def differences(self, recorded: Mapping[str, Any]) -> list[str]:
        """The settings of the training that are others in an experiment.json.

        Records of earlier versions lack some; these have not changed.
        """
        fields = json.loads(json.dumps(self.flat()))
        return [
            name
            for name in Training._fields
            if recorded.get(name, fields[name]) != fields[name]
        ]
