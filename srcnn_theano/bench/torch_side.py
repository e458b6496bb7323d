"""The timed jobs by PyTorch, written as its users write them."""

from srcnn_theano.bench import work as given

VARIANTS = ("eager", "channels_last", "compile")


def make_job(work, variant):
    """A function without arguments that does the job once and returns a number."""
    import torch

    layers = []
    for W, b in given.initial_weights(work.channels):
        conv = torch.nn.Conv2d(W.shape[1], W.shape[0], W.shape[2])
        conv.weight.data = torch.from_numpy(W.copy())
        conv.bias.data = torch.from_numpy(b.copy())
        layers += [conv, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    layout = torch.contiguous_format
    if variant == "channels_last":
        layout = torch.channels_last
        net = net.to(memory_format=layout)
    if variant == "compile":
        net = torch.compile(net)
    if work.kind == "predict":
        x = torch.from_numpy(given.image(work)).contiguous(memory_format=layout)

        def predict():
            with torch.inference_mode():
                return float(net(x)[0, 0, 0, 0])

        return predict
    return _training_job(torch, work, net, layout)


def _training_job(torch, work, net, layout):
    low_res, high_res = (torch.from_numpy(a) for a in given.sub_images(work))
    optimiser = torch.optim.Adam(net.parameters(), lr=given.LEARNING_RATE)
    n_batches = len(low_res) // work.batch_size
    order = torch.arange(len(low_res))
    done = [0]

    def unit(pixels):
        return (pixels.float() / 255).contiguous(memory_format=layout)

    def job():
        start = done[0] % n_batches * work.batch_size
        rows = order[start : start + work.batch_size]
        done[0] += 1
        cost = torch.nn.functional.mse_loss(
            net(unit(low_res[rows])), unit(high_res[rows])
        )
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost.item()

    return job
