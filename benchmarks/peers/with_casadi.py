"""CasADi's interface to CVODES: Lotka–Volterra, with the equations of its adjoint or of forward sensitivities, which CasADi derives."""

import casadi
import worker


def lotka_volterra(forward, method):
    def make(tolerance):
        u, theta = casadi.SX.sym("u", 2), casadi.SX.sym("theta", 4)
        slope = casadi.vertcat(theta[0] * u[0] - theta[1] * u[0] * u[1], -theta[2] * u[1] + theta[3] * u[0] * u[1])
        options = {"reltol": tolerance, "abstol": tolerance, "linear_multistep_method": method, "max_num_steps": 100000,
                   "interpolation_type": "polynomial"}
        if method == "adams":
            options["nonlinear_solver_iteration"] = "functional"
        integrator = casadi.integrator("solution", "cvodes", {"x": u, "p": theta, "ode": slope}, 0, 10, options)
        p = casadi.MX.sym("p", 4)
        end = casadi.sum1(integrator(x0=[1, 1], p=p)["xf"])
        gradient = casadi.jtimes(end, p, casadi.MX.eye(4)) if forward else casadi.gradient(end, p)
        both = casadi.Function("both", [p], [end, gradient])
        at = casadi.DM([1.5, 1, 3, 1])
        return lambda: both(at)

    return make


def numbers(result):
    value, gradient = result
    return [float(value), *gradient.full().ravel()]


worker.serve(
    {
        "lotka_volterra": {
            "adjoint": lotka_volterra(forward=False, method="adams"),
            "adjoint_bdf": lotka_volterra(forward=False, method="bdf"),
            "forward": lotka_volterra(forward=True, method="adams"),
            "forward_bdf": lotka_volterra(forward=True, method="bdf"),
        }
    },
    numbers,
    packages=("casadi",),
)
