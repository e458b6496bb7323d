import pytest

pytest.importorskip("jax", reason="JAX is not installed")
