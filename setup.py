"""What pyproject.toml cannot say: the Pythons that will do, and two folders more."""

import sys

from setuptools import find_packages, setup

# pip compares requires-python only after it has resolved the requirements, which takes
# minutes with a Python that has no wheels of them. It comes by here before.
if not (3, 8) <= sys.version_info[:2] <= (3, 12):
    sys.exit(
        "Python {}.{}: srcnn-theano runs on Python 3.8 to 3.12 only; take one of "
        "these, e.g. with `pip install uv && uv venv --seed --python 3.12 .venv && "
        ". .venv/bin/activate && pip install .`, or with "
        "`conda env create -f environment.yml`".format(*sys.version_info[:2])
    )

# The trained weights and the records of the experiments lie beside the package in a
# checkout and inside it when installed (srcnn_theano/shipped.py finds both).
BESIDE = {"srcnn_theano._weights": "weights", "srcnn_theano._results": "results"}

setup(
    packages=[*find_packages(include=["srcnn_theano", "srcnn_theano.*"]), *BESIDE],
    package_dir=BESIDE,
)
