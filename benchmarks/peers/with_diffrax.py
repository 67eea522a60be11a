"""diffrax, compiled by jax.jit, in double but for the networks of floats. The argument (a tolerance) is one of the compiled function, so that each is
compiled once."""

import functools
import itertools

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy
import worker

jax.config.update("jax_enable_x64", True)


def lotka_volterra(solver, adjoint, forward=False, max_steps=4096):
    def field(t, u, theta):
        return jnp.stack([theta[0] * u[0] - theta[1] * u[0] * u[1], -theta[2] * u[1] + theta[3] * u[0] * u[1]])

    def end(theta, tolerance):
        control = diffrax.PIDController(rtol=tolerance, atol=tolerance)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field), solver, 0.0, 10.0, None, jnp.ones(2), theta,
            stepsize_controller=control, adjoint=adjoint, max_steps=max_steps)
        return jnp.sum(solution.ys[-1])

    if forward:
        def value_and_gradient(theta, tolerance):
            value, push = jax.linearize(functools.partial(end, tolerance=tolerance), theta)
            return value, jax.vmap(push)(jnp.eye(4))
        compiled = jax.jit(value_and_gradient)
    else:
        compiled = jax.jit(jax.value_and_grad(end))
    theta = jnp.array([1.5, 1.0, 3.0, 1.0])
    return lambda tolerance: lambda: jax.block_until_ready(compiled(theta, tolerance))


def lorenz_field(t, y, theta):
    return jnp.stack([theta[0] * (y[1] - y[0]), y[0] * (theta[1] - y[2]) - y[1], y[0] * y[1] - theta[2] * y[2]])


def lorenz(solver):
    @jax.jit
    def end(tolerance):
        control = diffrax.PIDController(rtol=tolerance, atol=tolerance)
        theta = jnp.array([10.0, 28.0, 8.0 / 3.0])
        return diffrax.diffeqsolve(diffrax.ODETerm(lorenz_field), solver, 0.0, 5.0, None, jnp.ones(3), theta,
                                   stepsize_controller=control, max_steps=100000).ys[-1]

    return lambda tolerance: lambda: jax.block_until_ready(end(tolerance))


def ensemble(steps, adjoint, **options):
    def make(problems):
        count = int(problems)
        y0 = jnp.ones((count, 3)).at[:, 0].add(0.1 * jnp.arange(count) / count)

        def one(y0, theta):
            y = diffrax.diffeqsolve(diffrax.ODETerm(lorenz_field), diffrax.Dopri5(), 0.0, 1.0, y0=y0, args=theta,
                                    adjoint=adjoint, **steps, **options).ys[-1]
            return jnp.sum(y**2)

        def of_all(y0, theta):
            return jnp.sum(jax.vmap(one, in_axes=(0, None))(y0, theta))

        compiled = jax.jit(jax.value_and_grad(of_all, argnums=(0, 1)))
        theta = jnp.array([10.0, 28.0, 8.0 / 3.0])
        return lambda: jax.block_until_ready(compiled(y0, theta))

    return make


EQUAL = {"dt0": 0.01, "max_steps": 100}
CHOSEN = {"dt0": None, "max_steps": 256, "stepsize_controller": diffrax.PIDController(rtol=1e-6, atol=1e-6)}


def sine_weights(sizes, dtype):
    """w_i = 0.5 sin(1.3 i + 0.7) / √(fan in), layer by layer, W, row by row, and b."""
    layers, index = [], 0
    for fan_in, rows in zip(sizes, sizes[1:]):
        w = 0.5 * numpy.sin(1.3 * (index + numpy.arange(rows * fan_in)) + 0.7) / fan_in**0.5
        index += rows * fan_in
        b = 0.5 * numpy.sin(1.3 * (index + numpy.arange(rows)) + 0.7)
        index += rows
        layers.append((jnp.array(w.reshape((rows, fan_in)), dtype), jnp.array(b, dtype)))
    return layers


def network(t, y, layers):
    """Of one state, or of a batch with a sample a row."""
    (w0, b0), (w1, b1) = layers
    return jnp.tanh(y @ w0.T + b0) @ w1.T + b1


def w1(adjoint):
    def end(layers, y0):
        y = diffrax.diffeqsolve(diffrax.ODETerm(network), diffrax.Midpoint(), 0.0, 10.0, 0.01, y0, layers,
                                adjoint=adjoint, max_steps=1000).ys[-1]
        return jnp.sum(y**2)

    compiled = jax.jit(jax.value_and_grad(end, argnums=(0, 1)))
    layers = sine_weights((1, 10, 1), jnp.float64)
    y0 = jnp.ones(1)
    return lambda _: lambda: jax.block_until_ready(compiled(layers, y0))


def of_network(result):
    value, (of_layers, of_y0) = result
    parts = numpy.concatenate([numpy.asarray(leaf, numpy.float64).ravel() for leaf in jax.tree.leaves(of_layers)])
    return [value, numpy.asarray(of_y0, numpy.float64).sum(), parts.sum(), numpy.linalg.norm(parts)]


def wide_network(adjoint):
    def make(width):
        d = int(width)
        i, j = numpy.meshgrid(numpy.arange(128), numpy.arange(d), indexing="ij")
        y0 = jnp.array(numpy.sin(0.1 * (j + d * i)), jnp.float32)
        layers = sine_weights((d, d, d), jnp.float32)

        def end(layers, y0):
            y = diffrax.diffeqsolve(diffrax.ODETerm(network), diffrax.Dopri5(), 0.0, 1.0, 0.01, y0, layers,
                                    adjoint=adjoint, max_steps=100).ys[-1]
            return jnp.mean(y**2)

        compiled = jax.jit(jax.value_and_grad(end, argnums=(0, 1)))
        return lambda: jax.block_until_ready(compiled(layers, y0))

    return make


def neural_sde(adjoint):
    """See ours_neural_sde.cpp. (diffrax's unsafe path, which draws anew at each step, is for solves without a gradient.)"""
    steps = 100

    def loss(arguments, key):
        y0, drift, sigma = arguments
        path = diffrax.VirtualBrownianTree(0.0, 1.0, tol=0.5 / steps, shape=jax.ShapeDtypeStruct((y0.size,), jnp.float32), key=key)

        def flat(layers, y):
            return network(0.0, y.reshape(-1, 4), layers).reshape(-1)

        terms = diffrax.MultiTerm(
            diffrax.ODETerm(lambda t, y, args: flat(args[0], y)),
            diffrax.ControlTerm(lambda t, y, args: lineax.DiagonalLinearOperator(flat(args[1], y)), path))
        solution = diffrax.diffeqsolve(terms, diffrax.ReversibleHeun(), 0.0, 1.0, 1 / steps, y0.reshape(-1),
                                       args=(drift, sigma), adjoint=adjoint, max_steps=steps + 1)
        return jnp.sum(solution.ys[-1] ** 2) / (2 * len(y0))

    def make(samples):
        compiled = jax.jit(jax.value_and_grad(loss))
        drift = sine_weights((4, 64, 4), jnp.float32)
        y0, seeds = jnp.ones((int(samples), 4), jnp.float32), itertools.count(1)
        value, (of_y0, of_drift, _) = compiled((y0, drift, jax.tree.map(jnp.zeros_like, drift)), jax.random.key(0))
        result = of_network((value, (of_drift, of_y0)))

        def call():
            jax.block_until_ready(compiled((y0, drift, drift), jax.random.key(next(seeds))))
            return result

        return call

    return make


def numbers(result):
    if isinstance(result, list):
        return result
    if isinstance(result, tuple):
        value, gradient = result
        if isinstance(gradient, tuple):  # of an ensemble
            of_y0, theta = gradient
            return [value, *theta, *of_y0.sum(0)]
        return [value, *gradient]
    return result


recursive, backsolve = diffrax.RecursiveCheckpointAdjoint(), diffrax.BacksolveAdjoint()
worker.serve(
    {
        "w1": {"recursive": w1(recursive), "backsolve": w1(backsolve)},
        "lotka_volterra": {
            "tsit5": lotka_volterra(diffrax.Tsit5(), recursive),
            "dopri8": lotka_volterra(diffrax.Dopri8(), recursive),
            "forward": lotka_volterra(diffrax.Dopri8(), diffrax.ForwardMode(), forward=True),
            "backsolve": lotka_volterra(diffrax.Dopri8(), backsolve),
        },
        "lorenz_to_a_tolerance": {"dopri8": lorenz(diffrax.Dopri8())},
        "ensemble_of_equal_steps": {"recursive": ensemble(EQUAL, recursive), "backsolve": ensemble(EQUAL, backsolve)},
        "ensemble_to_a_tolerance": {"recursive": ensemble(CHOSEN, recursive), "backsolve": ensemble(CHOSEN, backsolve)},
        "neural_sde": {"recursive": neural_sde(recursive)},
        "wide_network": {"recursive": wide_network(recursive), "backsolve": wide_network(backsolve)},
    },
    {"w1": of_network, "wide_network": of_network}.get(worker.workload, numbers),
    packages=("diffrax", "jax", "equinox"),
)
