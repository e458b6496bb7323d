import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
ONEDNN = "sys_platform == 'linux' and platform_machine == 'x86_64'"
# The last that need neither a newer NumPy nor ml_dtypes and come for Python 3.8, too;
# Protocol Buffers beyond 7 could not be tried.
ONNX = ["onnx>=1.17,<1.18", "protobuf<8"]
# The newest JAX that takes the NumPy above. CUDA's came to PyPI later than 0.4.13.
XLA = [
    "jax==0.4.13; python_version < '3.11'",
    "jaxlib==0.4.13; python_version < '3.11'",
    "jax==0.4.30; python_version == '3.11'",
    "jaxlib==0.4.30; python_version == '3.11'",
    "jax==0.6.2; python_version >= '3.12'",
    "jaxlib==0.6.2; python_version >= '3.12'",
]
GPU = [
    "jax[cuda12]==0.4.30; python_version == '3.11'",
    "jax[cuda12]==0.6.2; python_version >= '3.12'",
]


def read(name):
    path = HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def version():
    # Read, not imported: nothing that the package imports is installed yet.
    text = read("srcnn_theano/__init__.py")
    return re.search(r'^__version__ = "(.+)"$', text, re.M).group(1)


setup(
    name="srcnn-theano",
    version=version(),
    description="SRCNN, FSRCNN and perceptual losses in Theano, with honest protocols",
    long_description=read("README.md"),
    long_description_content_type="text/markdown",
    author="The srcnn_theano authors",
    license="MIT",
    classifiers=[
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.8",
        "Programming Language :: Python :: 3.9",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
    ],
    # The trained weights and the records of the experiments lie beside the package in
    # a checkout and inside it when installed (srcnn_theano/shipped.py finds both).
    packages=find_packages(include=["srcnn_theano", "srcnn_theano.*"])
    + ["srcnn_theano._weights", "srcnn_theano._results"],
    package_dir={
        "srcnn_theano._weights": "weights",
        "srcnn_theano._results": "results",
    },
    package_data={
        "srcnn_theano.backend": ["*.c", "*.cpp", "*.h"],
        "srcnn_theano.data": ["manifest.json"],
        "srcnn_theano.graph": ["page.html", "page.js"],
        "srcnn_theano.report": ["report.html"],
        "srcnn_theano._weights": ["*.h5", "*.json", "README.md"],
        "srcnn_theano._results": ["README.md", "*/*.json", "*/*.csv"],
    },
    entry_points={"console_scripts": ["srcnn-theano = srcnn_theano.cli:main"]},
    python_requires=">=3.8,<3.13",
    install_requires=[
        # Theano-PyMC 1.1.2 was released for NumPy 1.21 and SciPy 1.7. Python 3.11 has
        # no wheels of these; NumPy 1.23 is the last that has the names Theano uses,
        # and SciPy 1.11 the last tried with it. It does not build on Python 3.12, where
        # Aesara takes its place, which wants SciPy 1.12 at most.
        "Theano-PyMC==1.1.2; python_version < '3.12'",
        "aesara==2.9.4; python_version >= '3.12'",
        "numpy>=1.21,<1.22; python_version < '3.11'",
        "numpy==1.23.5; python_version == '3.11'",
        "numpy==1.26.4; python_version >= '3.12'",
        "scipy>=1.7.2,<1.8; python_version < '3.11'",
        "scipy>=1.9.2,<1.12; python_version == '3.11'",
        "scipy>=1.12,<1.13; python_version >= '3.12'",
        "onednn-cpu-gomp==2023.2.0; " + ONEDNN,
        "onednn-devel-cpu-gomp==2023.2.0; " + ONEDNN,
        "h5py>=3.1,<4",
        "matplotlib>=3.5,<4",
        "pillow>=9.1,<14",
        "tqdm>=4.60,<5",
    ],
    extras_require={
        # black, isort and flake8 as in .pre-commit-config.yaml.
        "test": [
            "pytest>=7.0,<10",
            "pytest-timeout>=2.1,<3",
            "black==24.8.0",
            "isort==5.13.2",
            "flake8==7.1.1",
            "onnxruntime>=1.19,<1.20",
        ]
        + ONNX
        + XLA,
        "onnx": ONNX,
        # Beside Theano-PyMC; SRCNN_BACKEND=aesara takes it.
        "aesara": ["aesara==2.9.4"],
        "xla": XLA,
        "gpu": GPU,
    },
)
