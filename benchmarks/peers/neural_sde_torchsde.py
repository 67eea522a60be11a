"""torchsde's adjoint_reversible_heun as a worker of neural_sde.py: see there and neural_sde.cpp."""

import sys
import time

import numpy
import torch
import torchsde

torch.set_num_threads(1)
STEPS = 100


def network(numbers):
    """Of 4, 64 and 4 units; takes its weights from the front of `numbers`, layer by layer, W then b."""
    layers = []
    for rows, columns in ((64, 4), (4, 64)):
        layer = torch.nn.Linear(columns, rows)
        size = rows * columns
        layer.weight.data = torch.tensor(numbers[:size].reshape(rows, columns))
        layer.bias.data = torch.tensor(numbers[size:size + rows])
        numbers = numbers[size + rows:]
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1]), numbers


class Sde(torch.nn.Module):
    noise_type = "diagonal"
    sde_type = "stratonovich"

    def __init__(self, file, loudness):
        super().__init__()
        self.drift, rest = network(numpy.fromfile(file, numpy.float32))
        self.sigma, _ = network(rest * numpy.float32(loudness))

    def f(self, t, y):
        return self.drift(y)

    def g(self, t, y):
        return self.sigma(y)


def gradient(sde, seed):
    sde.zero_grad()
    y0 = torch.ones(256, 4, requires_grad=True)
    path = torchsde.BrownianInterval(t0=0.0, t1=1.0, size=(256, 4), dtype=torch.float32, entropy=seed, dt=1 / STEPS)
    ys = torchsde.sdeint_adjoint(sde, y0, torch.tensor([0.0, 1.0]), bm=path, dt=1 / STEPS, method="reversible_heun",
                                 adjoint_method="adjoint_reversible_heun")
    loss = ys[-1].square().sum() / 512
    loss.backward()
    return loss.item(), y0.grad


loud = Sde(sys.argv[1], 1)
for line in sys.stdin:
    words = line.split()
    if words[0] == "check":
        quiet = Sde(sys.argv[1], 0)
        loss, y0_bar = gradient(quiet, 0)
        theta = [layer for p in quiet.drift.parameters() for layer in p.grad.flatten().tolist()]
        print(loss, *y0_bar.sum(0).tolist(), *theta, flush=True)
    else:
        before = time.perf_counter()
        gradient(loud, int(words[1]))
        print(1000 * (time.perf_counter() - before), flush=True)
