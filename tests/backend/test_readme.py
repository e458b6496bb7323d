"""The code in the folder's README runs and gives what its comments say."""

import re
from pathlib import Path

from srcnn_theano import backend
from srcnn_theano.backend import onednn

README = Path(backend.__file__).with_name("README.md")


def test_the_readme_s_code_runs():
    blocks = re.findall(r"(?<!-->\n)```python\n(.*?)```", README.read_text(), re.S)
    assert len(blocks) == 2
    names = {}
    for block in blocks:
        exec(block, names)
    assert names["result"].shape == (1, 8, 3, 3) and (names["result"] == 75).all()
    if onednn.available():
        assert names["names"] == ["Subtensor", "Convolution"]
