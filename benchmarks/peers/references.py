"""What workloads.py holds results against, computed anew and printed: python3 benchmarks/peers/references.py [<workload>...]

Solutions of an equation are summed up as Taylor series of order 24 in numbers of 40 digits; what belongs to a scheme (so many steps of such a
method) is computed by that scheme in plain Python, with derivatives by hand; matrices are numpy's. Nothing here is a solver's."""

import decimal
import math
import sys
from decimal import Decimal

decimal.getcontext().prec = 40
ORDER = 24


def of_series(coefficients, h):
    total = Decimal(0)
    for c in reversed(coefficients):
        total = total * h + c
    return total


def product(a, b, k):
    return sum(a[i] * b[k - i] for i in range(k + 1))


def lotka_volterra():
    """u + v at t = 10, and its derivatives with respect to (alpha, beta, gamma, delta)."""
    alpha, beta, gamma, delta = Decimal("1.5"), Decimal(1), Decimal(3), Decimal(1)
    steps = 400
    h = Decimal(10) / steps
    # u, v, then (du, dv) by each parameter
    state = [Decimal(1), Decimal(1)] + 8 * [Decimal(0)]
    for _ in range(steps):
        s = [[x] for x in state]
        uv = []
        for k in range(ORDER):
            u, v = s[0], s[1]
            uv.append(product(u, v, k))
            slopes = [alpha * u[k] - beta * uv[k], -gamma * v[k] + delta * uv[k]]
            extra = [(u[k], 0), (-uv[k], 0), (0, -v[k]), (0, uv[k])]
            for i in range(4):
                du, dv = s[2 + 2 * i], s[3 + 2 * i]
                mixed = product(u, dv, k) + product(du, v, k)
                slopes.append(alpha * du[k] - beta * mixed + extra[i][0])
                slopes.append(-gamma * dv[k] + delta * mixed + extra[i][1])
            for series, slope in zip(s, slopes):
                series.append(slope / (k + 1))
        state = [of_series(series, h) for series in s]
    return [state[0] + state[1]] + [state[2 + 2 * i] + state[3 + 2 * i] for i in range(4)]


def lorenz():
    """(x, y, z) at t = 5."""
    sigma, rho, beta = Decimal(10), Decimal(28), Decimal(8) / 3
    steps = 1000
    h = Decimal(5) / steps
    state = 3 * [Decimal(1)]
    for _ in range(steps):
        x, y, z = ([number] for number in state)
        for k in range(ORDER):
            slopes = sigma * (y[k] - x[k]), rho * x[k] - y[k] - product(x, z, k), product(x, y, k) - beta * z[k]
            for series, slope in zip((x, y, z), slopes):
                series.append(slope / (k + 1))
        state = [of_series(series, h) for series in (x, y, z)]
    return state


def sine_weights(sizes):
    index, layers = 0, []
    for fan_in, rows in zip(sizes, sizes[1:]):
        w = [0.5 * math.sin(1.3 * (index + i) + 0.7) / math.sqrt(fan_in) for i in range(rows * fan_in)]
        index += rows * fan_in
        b = [0.5 * math.sin(1.3 * (index + i) + 0.7) for i in range(rows)]
        index += rows
        layers += [w, b]
    return layers


def w1():
    """y(10)² by 1,000 midpoint steps, its derivative with respect to y0, the sum of those with respect to the weights, and their norm."""
    w0, b0, w1_, b1 = sine_weights((1, 10, 1))
    h, n = 0.01, 1000

    def field(y):
        return math.fsum(w * math.tanh(v * y + b) for v, b, w in zip(w0, b0, w1_)) + b1[0]

    def pull(y, w, theta_bar):  # adds w df/dtheta, returns w df/dy
        y_bar = 0.0
        for i in range(10):
            a = math.tanh(w0[i] * y + b0[i])
            inner = w * w1_[i] * (1 - a * a)
            theta_bar[i] += inner * y
            theta_bar[10 + i] += inner
            theta_bar[20 + i] += w * a
            y_bar += inner * w0[i]
        theta_bar[30] += w
        return y_bar

    ys = [1.0]
    for _ in range(n):
        ys.append(ys[-1] + h * field(ys[-1] + h / 2 * field(ys[-1])))
    theta_bar, y_bar = 31 * [0.0], 2 * ys[-1]
    for y in reversed(ys[:-1]):
        of_middle = pull(y + h / 2 * field(y), h * y_bar, theta_bar)
        y_bar += of_middle + pull(y, h / 2 * of_middle, theta_bar)
    return [ys[-1] ** 2, y_bar, math.fsum(theta_bar), math.sqrt(math.fsum(g * g for g in theta_bar))]


def lorenz_square(x0):
    """|y(1)|² from (x0, 1, 1), and its derivatives with respect to (sigma, rho, beta) and to where it starts."""
    sigma, rho, beta = Decimal(10), Decimal(28), Decimal(8) / 3
    steps = 100
    h = Decimal(1) / steps
    state = [x0, Decimal(1), Decimal(1)] + 18 * [Decimal(0)]  # and the derivatives of (x, y, z) by each of six
    for i in range(3):
        state[12 + 4 * i] = Decimal(1)
    for _ in range(steps):
        s = [[number] for number in state]
        for k in range(ORDER):
            x, y, z = s[:3]
            slopes = [sigma * (y[k] - x[k]), rho * x[k] - y[k] - product(x, z, k), product(x, y, k) - beta * z[k]]
            for i in range(6):
                dx, dy, dz = s[3 + 3 * i:6 + 3 * i]
                slopes.append(sigma * (dy[k] - dx[k]) + (y[k] - x[k] if i == 0 else 0))
                slopes.append(rho * dx[k] - dy[k] - product(x, dz, k) - product(dx, z, k) + (x[k] if i == 1 else 0))
                slopes.append(product(x, dy, k) + product(dx, y, k) - beta * dz[k] - (z[k] if i == 2 else 0))
            for series, slope in zip(s, slopes):
                series.append(slope / (k + 1))
        state = [of_series(series, h) for series in s]
    x, y, z = state[:3]
    derivatives = (2 * (x * state[3 + 3 * i] + y * state[4 + 3 * i] + z * state[5 + 3 * i]) for i in range(6))
    return [float(number) for number in (x * x + y * y + z * z, *derivatives)]


def lorenz_ensemble(problems):
    """Sums over problems that start at (1 + 0.1 i/problems, 1, 1), of what lorenz_square returns. That is a smooth function of where they
    start: it is computed at 14 of Chebyshev's points and interpolated."""
    count = 14
    points = [0.5 - 0.5 * math.cos((2 * j + 1) * math.pi / (2 * count)) for j in range(count)]
    weights = [(-1) ** j * math.sin((2 * j + 1) * math.pi / (2 * count)) for j in range(count)]
    there = [lorenz_square(1 + Decimal(0.1) * Decimal(point)) for point in points]
    shares = count * [0.0]  # of each point in the sum
    for i in range(problems):
        terms = [w / (i / problems - p) for w, p in zip(weights, points)]
        total = math.fsum(terms)
        shares = [share + term / total for share, term in zip(shares, terms)]
    return [math.fsum(share * numbers[k] for share, numbers in zip(shares, there)) for k in range(7)]


def reversible_mode(y0, layers, steps, stages, weights, loss_bar):
    """Runge and Kutta's method forth and back through y' = W1 tanh(W0 y + b0) + b1, a sample a row, with numpy. `loss_bar` of the last state."""
    import numpy

    (w0, b0), (w1_, b1) = layers
    h = 1 / steps
    gradients = [numpy.zeros_like(p) for p in (w0, b0, w1_, b1)]

    def field(y):
        return numpy.tanh(y @ w0.T + b0) @ w1_.T + b1

    def pull(y, w):
        a = numpy.tanh(y @ w0.T + b0)
        inner = (w @ w1_) * (1 - a * a)
        for total, part in zip(gradients, (inner.T @ y, inner.sum(0), w.T @ a, w.sum(0))):
            total += part
        return inner @ w0

    def stages_of(y):
        points, slopes = [], []
        for row in stages:
            points.append(y + h * sum((a * k for a, k in zip(row, slopes)), 0 * y))
            slopes.append(field(points[-1]))
        return points, slopes

    ys = [y0]
    for _ in range(steps):
        ys.append(ys[-1] + h * sum(b * k for b, k in zip(weights, stages_of(ys[-1])[1])))
    y_bar = loss_bar(ys[-1])
    for y in reversed(ys[:-1]):
        points, _ = stages_of(y)
        slope_bars = [h * b * y_bar for b in weights]
        for i in reversed(range(len(stages))):
            of_point = pull(points[i], slope_bars[i])
            y_bar = y_bar + of_point
            for j, a in enumerate(stages[i]):
                slope_bars[j] = slope_bars[j] + h * a * of_point
    theta = numpy.concatenate([g.ravel() for g in gradients])
    return ys[-1], [float(y_bar.sum()), float(theta.sum()), float(numpy.linalg.norm(theta))]


def network_of(sizes):
    import numpy

    w0, b0, w1_, b1 = (numpy.array(part) for part in sine_weights(sizes))
    return (w0.reshape(sizes[1], sizes[0]), b0), (w1_.reshape(sizes[2], sizes[1]), b1)


RK4 = ((), (0.5,), (0, 0.5), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)


def wide_network(width):
    """The mean square of the last state, and the sums of its derivatives with respect to y0 and to the weights, and the latter's norm; of the
    equation, for in 100 steps schemes of order 4 differ by less than floats do."""
    import numpy

    i, j = numpy.meshgrid(numpy.arange(128), numpy.arange(width), indexing="ij")
    y0 = numpy.sin(0.1 * (j + width * i))
    y, gradient = reversible_mode(y0, network_of((width, width, width)), 100, *RK4, lambda y: 2 * y / y.size)
    return [float((y * y).mean()), *gradient]


def neural_sde():
    """Without noise: the mean of |y|²/2 of 256 samples, and the sums as above; of the equation."""
    import numpy

    y, gradient = reversible_mode(numpy.ones((256, 4)), network_of((4, 64, 4)), 100, *RK4, lambda y: y / 256)
    return [float((y * y).sum() / 512), *gradient]


if __name__ == "__main__":
    names = sys.argv[1:] or ("lotka_volterra", "lorenz", "w1", "lorenz_ensemble", "wide_network", "neural_sde")
    of = {"lorenz_ensemble": (100, 10000, 100000), "wide_network": (8, 64, 256)}
    for name in names:
        for argument in of.get(name, ("",)):
            numbers = globals()[name](argument) if argument else globals()[name]()
            print(name, argument, *(repr(float(number)) for number in numbers))
