"""torchode: many Lorenz problems, each with its own steps, compiled by torch.compile or TorchScript where that goes."""

import torch
import torchode
import worker

torch.set_num_threads(1)


class Lorenz(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.theta = torch.nn.Parameter(torch.tensor([10.0, 28.0, 8.0 / 3.0], dtype=torch.float64))

    def forward(self, t, y):
        x, y_, z = y.unbind(1)
        theta = self.theta
        return torch.stack([theta[0] * (y_ - x), x * (theta[1] - z) - y_, x * y_ - theta[2] * z], dim=1)


def ensemble(equal, adjoint):
    def make(problems):
        count = int(problems)
        start = torch.ones(count, 3, dtype=torch.float64)
        start[:, 0] += 0.1 * torch.arange(count, dtype=torch.float64) / count
        field = Lorenz()
        term = torchode.ODETerm(field)
        method = torchode.Dopri5(term)
        control = (torchode.FixedStepController() if equal
                   else torchode.IntegralController(atol=1e-6, rtol=1e-6, term=term))
        solver = (torchode.JointBacksolveAdjoint if adjoint == "joint" else
                  torchode.BacksolveAdjoint if adjoint else torchode.AutoDiffAdjoint)(*((term,) if adjoint else ()), method, control)
        t0, t1 = torch.zeros(count, dtype=torch.float64), torch.ones(count, dtype=torch.float64)
        dt0 = torch.full((count,), 0.01, dtype=torch.float64) if equal else None

        def call():
            field.zero_grad()
            y0 = start.clone().requires_grad_()
            problem = torchode.InitialValueProblem(y0=y0, t_start=t0, t_end=t1)
            value = solver.solve(problem, dt0=dt0).ys[:, -1].square().sum()
            value.backward()
            return value, field.theta.grad, y0.grad

        return call

    return make


def numbers(result):
    value, theta, y0 = result
    return [value.item(), *theta.tolist(), *y0.sum(0).tolist()]


worker.serve(
    {
        "ensemble_of_equal_steps": {"direct": ensemble(True, False)},
        "ensemble_to_a_tolerance": {"direct": ensemble(False, False), "joint": ensemble(False, "joint")},
    },
    numbers,
    packages=("torchode", "torch"),
)
