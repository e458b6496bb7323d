"""Ten steps of each optimiser of torch.optim, an oracle for ours.

    python tests/recorded/torch_steps.py

It writes torch_steps.npz beside itself. It needs PyTorch (made with 2.13); the tests
need only the file. The problem is a network with one hidden layer on eight fixed
points, in float64:

    cost = mean((tanh(x . hidden.W) . output.W - y) ** 2)

After each step the learning rate is multiplied by DECAY.
"""

from pathlib import Path

import numpy as np
import torch

N_STEPS = 10
DECAY = 0.9
# name: (torch.optim class, its arguments, learning rate, factor of the output layer)
OPTIMISERS = {
    "sgd": ("SGD", {}, 0.1, 1.0),
    "sgd_layer_rates": ("SGD", {}, 0.1, 0.1),
    "momentum": ("SGD", {"momentum": 0.9}, 0.05, 1.0),
    "rmsprop": ("RMSprop", {"alpha": 0.9, "eps": 1e-8}, 0.01, 1.0),
    "adam": ("Adam", {"betas": (0.9, 0.999), "eps": 1e-8}, 0.02, 1.0),
    "adam_layer_rates": ("Adam", {"betas": (0.9, 0.999), "eps": 1e-8}, 0.02, 0.1),
}


def problem():
    """Fixed points and starting values."""
    rng = np.random.RandomState(42)
    return {
        "x": rng.uniform(-1, 1, size=(8, 3)),
        "y": rng.uniform(-1, 1, size=(8, 2)),
        "hidden.W": rng.normal(size=(3, 4)) * 0.5,
        "output.W": rng.normal(size=(4, 2)) * 0.5,
    }


def record(data, kind, arguments, learning_rate, output_factor):
    """Costs before each step and parameters after it."""
    x, y = torch.tensor(data["x"]), torch.tensor(data["y"])
    hidden = torch.tensor(data["hidden.W"], requires_grad=True)
    output = torch.tensor(data["output.W"], requires_grad=True)
    groups = [
        {"params": [hidden], "lr": learning_rate},
        {"params": [output], "lr": learning_rate * output_factor},
    ]
    optimiser = getattr(torch.optim, kind)(groups, **arguments)
    decay = torch.optim.lr_scheduler.ExponentialLR(optimiser, DECAY)
    steps = {"cost": [], "hidden.W": [], "output.W": []}
    for _ in range(N_STEPS):
        optimiser.zero_grad()
        cost = torch.mean((torch.tanh(x @ hidden) @ output - y) ** 2)
        cost.backward()
        optimiser.step()
        decay.step()
        steps["cost"].append(cost.item())
        steps["hidden.W"].append(hidden.detach().numpy().copy())
        steps["output.W"].append(output.detach().numpy().copy())
    return {name: np.array(values) for name, values in steps.items()}


def main():
    data = problem()
    arrays = dict(data, decay=DECAY, torch_version=torch.__version__)
    for name, (kind, arguments, learning_rate, factor) in OPTIMISERS.items():
        arrays[name + "/learning_rate"] = learning_rate
        arrays[name + "/output_factor"] = factor
        for what, values in record(
            data, kind, arguments, learning_rate, factor
        ).items():
            arrays[f"{name}/{what}"] = values
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main()
