from setuptools import find_packages, setup

setup(
    name="srcnn-theano",
    version="0.1.0",
    packages=find_packages(include=["srcnn_theano", "srcnn_theano.*"]),
    entry_points={"console_scripts": ["srcnn-theano = srcnn_theano.cli:main"]},
)
