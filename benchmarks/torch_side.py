"""The timed jobs by PyTorch, written as its users write them."""

from __future__ import annotations

from typing import Any, Callable

from benchmarks import work as common
from benchmarks.work import Work

_ON_CPU = ("eager", "channels_last", "compile")
VARIANTS = {
    "cpu": _ON_CPU,
    "xla": _ON_CPU,
    "gpu": (*_ON_CPU, "cudagraphs"),  # compiled, and one launch for all
}
# As torch.compile knows them.
_MODES = {"compile": "default", "cudagraphs": "reduce-overhead"}


def make_job(work: Work, variant: str) -> Callable[[], Any]:
    """A function without arguments that does the job once and returns its result."""
    import torch

    device = "cpu"
    if common.on_gpu():
        device = "cuda"
        torch.backends.cudnn.allow_tf32 = False  # float32, as on every side
        torch.backends.cudnn.benchmark = True  # as XLA does: try, and take the fastest
    layout = torch.contiguous_format
    if variant == "channels_last":
        layout = torch.channels_last
    net = _network(torch, common.layers(work)).to(device, memory_format=layout)
    if work.kind in ("step", "steps"):
        return _training(torch, work, net, device, layout, _MODES.get(variant))
    if variant == "compile":
        net = torch.compile(net)
    x = torch.from_numpy(common.image(work)).to(device)
    x = x.contiguous(memory_format=layout)

    def predict():
        with torch.inference_mode():
            return common.inside(work, net(x)).cpu().numpy()

    return predict


def peak_memory() -> int:
    """Of the graphics card, in bytes."""
    import torch

    return torch.cuda.max_memory_allocated()


def _network(torch, layers):
    nn = torch.nn
    modules = []
    for layer in layers:
        if layer.kind == "conv":
            n_out, n_in, length = layer.values["W"].shape[:3]
            module = nn.Conv2d(n_in, n_out, length, padding=layer.padding)
        elif layer.kind == "deconv":
            n_in, n_out, length = layer.values["W"].shape[:3]
            module = nn.ConvTranspose2d(
                n_in, n_out, length, common.SCALE, padding=layer.padding
            )
        elif layer.kind == "prelu":
            module = nn.PReLU(len(layer.values["a"]))
        else:
            module = {"relu": nn.ReLU(), "pool": nn.MaxPool2d(2)}[layer.kind]
        names = ("weight", "bias")[: len(layer.values)]
        for name, value in zip(names, layer.values.values()):
            getattr(module, name).data = torch.from_numpy(value.copy())
        modules.append(module)
    return nn.Sequential(*modules)


def _training(torch, work, net, device, layout, mode):
    arrays = common.sub_images(work)
    low_res, high_res = (torch.from_numpy(a).to(device) for a in arrays)
    features = torch.nn.Identity()
    if work.perceptual:
        features = _network(torch, common.feature_layers()).requires_grad_(False)
        features = features.to(device, memory_format=layout)
    optimiser = torch.optim.Adam(net.parameters(), lr=common.LEARNING_RATE, fused=True)
    starts = common.starts(work)
    order = torch.arange(len(low_res), device=device)
    done = [0]

    def unit(pixels):
        return (pixels.float() / 255).contiguous(memory_format=layout)

    def cost_of(x, y):
        x, y = unit(x), unit(y)
        return torch.nn.functional.mse_loss(features(net(x)), features(y))

    if mode:
        cost_of = torch.compile(cost_of, mode=mode)

    def step(start):
        rows = order[start : start + work.batch_size]
        cost = cost_of(low_res[rows], high_res[rows])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost.detach().clone()  # the next step may take its memory

    def job():
        start = starts[done[0] % len(starts)]
        done[0] += 1
        return step(start).item()

    def all_steps():
        costs = torch.stack([step(start) for start in starts])
        return costs.cpu().numpy()[: common.N_COSTS]

    return all_steps if work.kind == "steps" else job
