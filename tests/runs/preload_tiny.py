"""Loaded by the workers of a test's cluster: the row `tiny`, and small image sets."""

import json
import os
import sys
from pathlib import Path

from srcnn_theano.data import datasets
from srcnn_theano.runs import side_by_side

side_by_side.COMMAND = (sys.executable, os.environ["TINY_COMMAND"])
_manifest = json.loads(Path(os.environ["TINY_MANIFEST"]).read_text())
datasets.manifest = lambda: _manifest
