"""diffrax's ReversibleHeun as a worker of neural_sde.py: see there and neural_sde.cpp. The second argument is the adjoint, checkpoints or
backsolve. (Its unsafe path, which draws anew at each step, is for solves without a gradient.)"""

import sys
import time

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy

STEPS = 100
KIND = sys.argv[2]


def network(numbers):
    """The weights of 4, 64 and 4 units from the front of `numbers`, layer by layer, W then b."""
    layers = []
    for rows, columns in ((64, 4), (4, 64)):
        size = rows * columns
        layers.append((jnp.array(numbers[:size].reshape(rows, columns)), jnp.array(numbers[size:size + rows])))
        numbers = numbers[size + rows:]
    return layers, numbers


def call(layers, y):
    (w0, b0), (w1, b1) = layers
    y = y.reshape(256, 4)
    return (jnp.tanh(y @ w0.T + b0) @ w1.T + b1).reshape(-1)


def loss(arguments, key):
    y0, drift, sigma = arguments
    path = diffrax.VirtualBrownianTree(0.0, 1.0, tol=0.5 / STEPS, shape=(1024,), key=key)
    terms = diffrax.MultiTerm(
        diffrax.ODETerm(lambda t, y, args: call(args[0], y)),
        diffrax.ControlTerm(lambda t, y, args: lineax.DiagonalLinearOperator(call(args[1], y)), path))
    adjoint = diffrax.BacksolveAdjoint() if KIND == "backsolve" else diffrax.RecursiveCheckpointAdjoint()
    solution = diffrax.diffeqsolve(terms, diffrax.ReversibleHeun(), 0.0, 1.0, 1 / STEPS, y0.reshape(-1),
                                   args=(drift, sigma), adjoint=adjoint, max_steps=STEPS + 1)
    return jnp.sum(solution.ys[-1] ** 2) / 512


gradient = jax.jit(jax.value_and_grad(loss))
drift, rest = network(numpy.fromfile(sys.argv[1], numpy.float32))
sigma, _ = network(rest)
y0 = jnp.ones((256, 4))
jax.block_until_ready(gradient((y0, drift, sigma), jax.random.key(0)))
for line in sys.stdin:
    words = line.split()
    if words[0] == "check":
        value, (y0_bar, of_drift, _) = gradient((y0, drift, jax.tree.map(jnp.zeros_like, sigma)), jax.random.key(0))
        theta = [x for part in jax.tree.leaves(of_drift) for x in part.flatten().tolist()]
        print(float(value), *y0_bar.sum(0).tolist(), *theta, flush=True)
    else:
        key = jax.random.key(int(words[1]))
        before = time.perf_counter()
        jax.block_until_ready(gradient((y0, drift, sigma), key))
        print(1000 * (time.perf_counter() - before), flush=True)
