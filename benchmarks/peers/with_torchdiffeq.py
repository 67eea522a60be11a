"""torchdiffeq: networks in equal steps, with PyTorch's own tape or its adjoint."""

import numpy
import torch
import torchdiffeq
import worker

torch.set_num_threads(1)


class Network(torch.nn.Module):
    """Weights w_i = 0.5 sin(1.3 i + 0.7) / √(fan in), layer by layer, W, row by row, and b."""

    def __init__(self, sizes, dtype):
        super().__init__()
        layers, index = [], 0
        for fan_in, rows in zip(sizes, sizes[1:]):
            layer = torch.nn.Linear(fan_in, rows)
            for parameter, of_fan_in in ((layer.weight, fan_in), (layer.bias, 1)):
                i = index + numpy.arange(parameter.numel())
                w = 0.5 * numpy.sin(1.3 * i + 0.7) / of_fan_in**0.5
                parameter.data = torch.tensor(w.reshape(parameter.shape), dtype=dtype)
                index += parameter.numel()
            layers += [layer, torch.nn.Tanh()]
        self.layers = torch.nn.Sequential(*layers[:-1])

    def forward(self, t, y):
        return self.layers(y)


def gradient(network, y0, times, loss, method, step, adjoint):
    solve = torchdiffeq.odeint_adjoint if adjoint else torchdiffeq.odeint

    def call():
        network.zero_grad()
        y0.grad = None
        value = loss(solve(network, y0, times, method=method, options={"step_size": step})[-1])
        value.backward()
        return value, network, y0

    return call


def w1(adjoint):
    def make(_):
        network = Network((1, 10, 1), torch.float64)
        y0 = torch.ones(1, dtype=torch.float64, requires_grad=True)
        times = torch.tensor([0.0, 10.0], dtype=torch.float64)
        return gradient(network, y0, times, lambda y: y.square().sum(), "midpoint", 0.01, adjoint)

    return make


def wide_network(adjoint):
    def make(width):
        d = int(width)
        network = Network((d, d, d), torch.float32)
        i, j = numpy.meshgrid(numpy.arange(128), numpy.arange(d), indexing="ij")
        y0 = torch.tensor(numpy.sin(0.1 * (j + d * i)), dtype=torch.float32, requires_grad=True)
        times = torch.tensor([0.0, 1.0], dtype=torch.float32)
        return gradient(network, y0, times, lambda y: y.square().mean(), "rk4", 0.01, adjoint)

    return make


def numbers(result):
    value, network, y0 = result
    parts = torch.cat([p.grad.double().flatten() for p in network.parameters()])
    return [value.item(), y0.grad.double().sum().item(), parts.sum().item(), parts.norm().item()]


worker.serve(
    {
        "w1": {"direct": w1(False), "adjoint": w1(True)},
        "wide_network": {"direct": wide_network(False), "adjoint": wide_network(True)},
    },
    numbers,
    packages=("torchdiffeq", "torch"),
)
