"""Small checkpoints as PyTorch itself writes them: torch_new.pth and torch_old.pth.

    python tests/recorded/torch_checkpoints.py

Run with any Python that has PyTorch; the tests read the files without it. The values
follow from their position, so that the tests know them too.
"""

from pathlib import Path

import torch

FOLDER = Path(__file__).parent

# The widths of the fixture small_vgg16, up to conv2_2.
SHAPES = {0: (5, 3, 3, 3), 2: (5, 5, 3, 3), 5: (6, 5, 3, 3), 7: (6, 6, 3, 3)}


def values(shape, first):
    n = torch.tensor(shape).prod().item()
    return (torch.arange(first, first + n, dtype=torch.float32) / 1000).reshape(shape)


def state_dict():
    """Tensors with the quirks that real ones have: strides, offsets, half precision."""
    state = torch.nn.Module().state_dict()  # an OrderedDict with PyTorch's metadata
    for i, shape in SHAPES.items():
        state[f"features.{i}.weight"] = values(shape, i)
        state[f"features.{i}.bias"] = values(shape[:1], -i)
    last_in_memory = {"memory_format": torch.channels_last}
    state["features.2.weight"] = state["features.2.weight"].contiguous(**last_in_memory)
    state["features.5.bias"] = values((10,), -7)[2:8]
    state["features.7.weight"] = torch.nn.Parameter(state["features.7.weight"])
    state["features.7.bias"] = state["features.7.bias"].half()
    return state


if __name__ == "__main__":
    torch.save(state_dict(), FOLDER / "torch_new.pth")
    torch.save(
        state_dict(), FOLDER / "torch_old.pth", _use_new_zipfile_serialization=False
    )
