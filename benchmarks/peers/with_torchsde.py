"""torchsde's adjoint_reversible_heun: see ours_neural_sde.cpp."""

import itertools

import numpy
import torch
import torchsde
import worker

torch.set_num_threads(1)
STEPS = 100


def network(loudness):
    layers, index = [], 0
    for columns, rows in ((4, 64), (64, 4)):
        layer = torch.nn.Linear(columns, rows)
        for parameter, fan_in in ((layer.weight, columns), (layer.bias, 1)):
            i = index + numpy.arange(parameter.numel())
            w = loudness * 0.5 * numpy.sin(1.3 * i + 0.7) / fan_in**0.5
            parameter.data = torch.tensor(w.reshape(parameter.shape), dtype=torch.float32)
            index += parameter.numel()
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


class Sde(torch.nn.Module):
    noise_type = "diagonal"
    sde_type = "stratonovich"

    def __init__(self, loudness):
        super().__init__()
        self.drift, self.sigma = network(1), network(loudness)

    def f(self, t, y):
        return self.drift(y)

    def g(self, t, y):
        return self.sigma(y)


def gradient(sde, seed, samples):
    sde.zero_grad()
    y0 = torch.ones(samples, 4, requires_grad=True)
    path = torchsde.BrownianInterval(t0=0.0, t1=1.0, size=(samples, 4), dtype=torch.float32, entropy=seed, dt=1 / STEPS)
    ys = torchsde.sdeint_adjoint(sde, y0, torch.tensor([0.0, 1.0]), bm=path, dt=1 / STEPS, method="reversible_heun",
                                 adjoint_method="adjoint_reversible_heun")
    loss = ys[-1].square().sum() / (2 * samples)
    loss.backward()
    return loss.item(), y0.grad


def heun(argument):
    samples = int(argument)
    quiet, loud, seeds = Sde(0), Sde(1), itertools.count(1)
    value, y0 = gradient(quiet, 0, samples)
    parts = torch.cat([p.grad.double().flatten() for p in quiet.drift.parameters()])
    result = [value, y0.double().sum().item(), parts.sum().item(), parts.norm().item()]

    def call():
        gradient(loud, next(seeds), samples)
        return result

    return call


worker.serve({"neural_sde": {"heun": heun}}, packages=("torchsde", "torch"))
