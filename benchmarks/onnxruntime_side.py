"""The images of the timed jobs by onnxruntime, from the network that we export."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Callable

from benchmarks import work as common
from benchmarks.work import Work

VARIANTS = dict.fromkeys(("cpu", "xla", "gpu"), ("session",))


def make_job(work: Work, variant: str) -> Callable[[], Any]:
    """A function without arguments that does the job once and returns its result.

    Raises
    ------
    NotImplementedError
        The job is no image: an exported network only predicts.
    """
    if work.kind != "image":
        raise NotImplementedError(f"onnxruntime does no {work.kind}")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(
        _exported(work), options, providers=["CPUExecutionProvider"]
    )
    x = common.image(work)

    def predict():
        # What we export gives whole pictures; the others leave the margin out.
        (y,) = session.run(None, {"x": x})
        return common.inside(work, common.without_margin(work, y))

    return predict


def _exported(work):
    """The network as the bytes of an ONNX file."""
    from srcnn_theano.convert.onnx import export
    from srcnn_theano.weights import Weights, save_weights

    values = common.named_values(common.layers(work))
    with tempfile.TemporaryDirectory() as folder:
        ours, exported = Path(folder, "network.h5"), Path(folder, "network.onnx")
        options = {"channels": work.channels}
        save_weights(ours, Weights(work.network, options, values, {}))
        export(ours, exported)
        return exported.read_bytes()
