"""The gradient of a neural SDE, here and elsewhere: 256 samples of four numbers in float, drift and diagonal diffusion networks of a hidden
layer of 64, 100 steps of reversible Heun, the loss the mean of |y|^2/2 at the end, its gradient with respect to y0 and both networks, on one
core. Each round every program makes one gradient along a new path, so that all are disturbed alike; the ratios are of one round.

    python -m venv venv && venv/bin/pip install -r benchmarks/peers/requirements.txt
    g++ -std=c++20 -O3 -march=native -DNDEBUG -Iinclude -I/usr/include/eigen3 benchmarks/peers/neural_sde.cpp -o neural_sde
    venv/bin/python benchmarks/peers/neural_sde.py ./neural_sde

Without noise all solve one ODE by one scheme: nothing is compared before their losses and gradients agree there to 1e-4."""

import importlib.metadata
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import numpy

CORE, ROUNDS, WARM_UP = 0, 30, 3
HERE = pathlib.Path(__file__).parent


def weights():
    """Glorot's, of two networks, and no biases."""
    random = numpy.random.default_rng(1)
    for rows, columns in 2 * ((64, 4), (4, 64)):
        bound = (6 / (rows + columns)) ** 0.5
        yield random.uniform(-bound, bound, rows * columns)
        yield numpy.zeros(rows)


def start(*command):
    os.sched_setaffinity(0, {CORE})
    environment = dict(os.environ, OMP_NUM_THREADS="1", XLA_FLAGS="--xla_cpu_multi_thread_eigen=false")
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(worker, line):
    worker.stdin.write(line + "\n")
    worker.stdin.flush()
    return numpy.array([float(word) for word in worker.stdout.readline().split()])


with tempfile.NamedTemporaryFile() as file:
    numpy.concatenate(list(weights())).astype(numpy.float32).tofile(file.name)
    python = sys.executable
    diffrax = str(HERE / "neural_sde_diffrax.py")
    workers = {
        "antistrophe": start(sys.argv[1], file.name),
        "torchsde, adjoint_reversible_heun": start(python, str(HERE / "neural_sde_torchsde.py"), file.name),
        "diffrax, RecursiveCheckpointAdjoint": start(python, diffrax, file.name, "checkpoints"),
        "diffrax, BacksolveAdjoint": start(python, diffrax, file.name, "backsolve"),
    }
    answers = {name: ask(worker, "check") for name, worker in workers.items()}
    ours = answers["antistrophe"]
    for name, answer in answers.items():
        if answer.shape != ours.shape or not numpy.allclose(answer, ours, rtol=1e-4, atol=1e-4 * abs(ours).max()):
            sys.exit(f"{name} does not agree without noise: {answer[:5]}, not {ours[:5]}")

    times = {name: [] for name in workers}
    for seed in range(ROUNDS + WARM_UP):
        for name, worker in workers.items():
            if "Backsolve" in name and seed > WARM_UP:  # it takes some twenty seconds
                continue
            spent = ask(worker, f"time {seed}")[0]
            if seed >= WARM_UP:
                times[name].append(spent)

versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "torchsde", "jax", "diffrax"))
print(f"{platform.machine()}, Python {platform.python_version()}, {versions}; medians of {ROUNDS} rounds")
for name, spent in times.items():
    ratio = statistics.median(theirs / mine for theirs, mine in zip(spent, times["antistrophe"]))
    print(f"{name:40}{statistics.median(spent):8.1f} ms{ratio:8.1f} times ours")
