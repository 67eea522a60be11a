"""heyoka's Taylor integrators: Lotka–Volterra with its variational equations, Lorenz forward."""

import heyoka
import numpy
import worker


def lotka_volterra(**options):
    def make(tolerance):
        u, v = heyoka.make_vars("u", "v")
        a, b, c, d = (heyoka.par[i] for i in range(4))
        equations = [(u, a * u - b * u * v), (v, -c * v + d * u * v)]
        augmented = heyoka.var_ode_sys(equations, heyoka.var_args.params, order=1)
        integrator = heyoka.taylor_adaptive(augmented, [1.0, 1.0], pars=[1.5, 1.0, 3.0, 1.0], tol=tolerance, **options)
        start = integrator.state.copy()

        def call():
            integrator.time = 0.0
            integrator.state[:] = start
            integrator.propagate_until(10.0)
            state = integrator.state  # u, v, then the four derivatives of u, then those of v
            return [state[0] + state[1], *(state[2:6] + state[6:10])]

        return call

    return make


def lorenz(tolerance):
    x, y, z = heyoka.make_vars("x", "y", "z")
    equations = [(x, 10.0 * (y - x)), (y, x * (28.0 - z) - y), (z, x * y - 8.0 / 3.0 * z)]
    integrator = heyoka.taylor_adaptive(equations, [1.0, 1.0, 1.0], tol=tolerance)
    start = numpy.array([1.0, 1.0, 1.0])

    def call():
        integrator.time = 0.0
        integrator.state[:] = start
        integrator.propagate_until(5.0)
        return integrator.state

    return call


worker.serve({"lotka_volterra": {"taylor": lotka_volterra()}, "lorenz_to_a_tolerance": {"taylor": lorenz}},
             packages=("heyoka",))
