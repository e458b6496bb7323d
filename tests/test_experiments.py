"""The rows are those of the report, and every name in them exists."""

import json

import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import aggregate
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments import EXPERIMENTS, find_experiment

ROWS = list(EXPERIMENTS.values())


def test_every_figure_of_tables_1_and_2_is_there():
    table1 = sorted(e.published for e in ROWS if e.table == "table1" and e.published)
    assert table1 == [6.51, 14.0, 34.05, 34.29, 35.08]
    table2 = {e.test_set: e.published for e in ROWS if e.table == "table2"}
    assert table2 == {"Set5": 36.5, "Set14": 35.08}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_can_be_run(row):
    import inspect

    from srcnn_theano.models import model_class
    from srcnn_theano.training.costs import COSTS
    from srcnn_theano.training.updates import UPDATES

    assert EXPERIMENTS[row.name] is row
    protocol = make_protocol(row.protocol, row.scale)
    assert protocol.recipe.n_channels == row.options["channels"]
    inspect.signature(model_class(row.model)).bind(None, None, None, **row.options)
    assert row.cost in COSTS and row.update in UPDATES
    if protocol.aggregation == "image":
        assert row.aggregation == "image"
    else:
        aggregate([0.1] * 200, row.aggregation)
    if row.weights_of:
        trained = EXPERIMENTS[row.weights_of]
        assert trained.weights_of is None
        assert trained.options["channels"] == row.options["channels"]
    json.dumps(row._asdict())


def test_the_report_s_length_of_training():
    # "Around 44,000 iterations", section 5.1.1, at 22,092 // 20 minibatches an epoch.
    adam = find_experiment("table1_adam")
    assert adam.n_epochs * (22092 // adam.batch_size) == 44160


def test_an_unknown_name_lists_the_known():
    with pytest.raises(UserError, match="'table3'; there are: table1_adam, "):
        find_experiment("table3")
