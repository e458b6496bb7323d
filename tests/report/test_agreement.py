"""Two records of a training agree on the figures of an epoch, or are named."""

import math

import pytest

from srcnn_theano.report.agreement import contradictions
from srcnn_theano.report.rows import Seed, load_rows


@pytest.mark.parametrize(
    "in_history, in_results, agree",
    [
        ("35.1", 35.104, True),
        ("35.1", 35.11, False),
        ("nan", math.nan, True),
        ("nan", 35.1, False),
        ("inf", math.inf, True),
        ("", 35.1, True),  # not recorded
    ],
)
def test_figures_agree_to_the_digits_that_are_shown(in_history, in_results, agree):
    row = load_rows()["table1_adam_programmed"]
    sub_images = {"Set14": {"ours": {"batch20": in_results}}}
    results = {"n_epochs": 1, "sub_images": sub_images}
    seed = Seed(7, [{"set14_batch20": in_history}], results)
    told = contradictions({"adam": row._replace(seeds=[seed])})
    assert (told == []) == agree
    assert all(line.startswith("adam, seed 7: results.json and") for line in told)


def test_an_epoch_that_is_not_there_is_told():
    row = load_rows()["table1_adam_programmed"]
    block = {"epoch": 3, "sub_images": {"set14": {"patch": 1.0}}}
    seed = Seed(7, [{"set14_psnr": "1"}], {"rule": {"last": block}})
    (told,) = contradictions({"adam": row._replace(seeds=[seed])})
    assert told.endswith("epoch 3 of 1")
