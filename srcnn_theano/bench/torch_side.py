"""The timed jobs by PyTorch, written as its users write them."""

from srcnn_theano.bench import work as given

VARIANTS = ("eager", "channels_last", "compile")


def make_job(work, variant):
    """A function without arguments that does the job once and returns its result."""
    import torch

    layout = torch.contiguous_format
    if variant == "channels_last":
        layout = torch.channels_last
    net = _network(torch, given.layers(work)).to(memory_format=layout)
    if work.kind == "step":
        return _step(torch, work, net, layout, variant == "compile")
    if variant == "compile":
        net = torch.compile(net)
    x = torch.from_numpy(given.image(work)).contiguous(memory_format=layout)

    def predict():
        with torch.inference_mode():
            return given.inside(work, net(x)).numpy()

    return predict


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
                n_in, n_out, length, given.SCALE, padding=layer.padding
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


def _step(torch, work, net, layout, compiled):
    low_res, high_res = (torch.from_numpy(a) for a in given.sub_images(work))
    features = torch.nn.Identity()
    if work.perceptual:
        features = _network(torch, given.feature_layers()).requires_grad_(False)
        features = features.to(memory_format=layout)
    optimiser = torch.optim.Adam(net.parameters(), lr=given.LEARNING_RATE, fused=True)
    n_batches = len(low_res) // work.batch_size
    order = torch.arange(len(low_res))
    done = [0]

    def unit(pixels):
        return (pixels.float() / 255).contiguous(memory_format=layout)

    def cost_of(x, y):
        x, y = unit(x), unit(y)
        return torch.nn.functional.mse_loss(features(net(x)), features(y))

    if compiled:
        cost_of = torch.compile(cost_of)

    def job():
        start = done[0] % n_batches * work.batch_size
        rows = order[start : start + work.batch_size]
        done[0] += 1
        cost = cost_of(low_res[rows], high_res[rows])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost.item()

    return job
