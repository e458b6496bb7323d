"""What pyproject.toml cannot say: two folders beside the package go into it."""

from setuptools import find_packages, setup

# The trained weights and the records of the experiments lie beside the package in a
# checkout and inside it when installed (srcnn_theano/shipped.py finds both).
BESIDE = {"srcnn_theano._weights": "weights", "srcnn_theano._results": "results"}

setup(
    packages=[*find_packages(include=["srcnn_theano", "srcnn_theano.*"]), *BESIDE],
    package_dir=BESIDE,
)
