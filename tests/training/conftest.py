import importlib.util
from pathlib import Path

import pytest

TINY_RUN = Path(__file__).with_name("tiny_run.py")


@pytest.fixture(scope="session")
def tiny_script():
    """Path of the miniature training as a program."""
    return TINY_RUN


@pytest.fixture(scope="session")
def tiny_session():
    spec = importlib.util.spec_from_file_location("tiny_run", str(TINY_RUN))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TinyRun()


@pytest.fixture
def tiny(tiny_session):
    """The miniature training, compiled once, all variables at their start."""
    tiny_session.reset()
    return tiny_session
