// A nonlinear problem with explicit time whose solution, and the gradient of that, are known in closed form: the normal form
// of a Hopf bifurcation on a warped clock (battery::WarpedHopf), from any start and at any turning speed ω. With ρ = x² + y²,
// g(t) = 1 + cos(t)/2 and θ = (ω):
//   x' = g (x (1 − ρ) − y (ω + ρ)),   y' = g (y (1 − ρ) + x (ω + ρ)).
// In the time τ = (t + sin(t)/2) − (t0 + sin(t0)/2), with D = 1 + ρ0 (e^{2τ} − 1):
//   (x, y) = √(e^{2τ}/D) · rotation by ωτ + ½ ln D · (x0, y0).
#pragma once

#include <Eigen/Core>

#include <cmath>
#include <complex>

namespace antistrophe::problems {

template <class Scalar = double>
struct Hopf {
  Eigen::Vector<Scalar, 1> theta{Scalar(4)};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const {
    using std::cos;
    const Scalar g = Scalar(1) + cos(Scalar(t)) / Scalar(2);
    const Scalar rho = y[0] * y[0] + y[1] * y[1], turn = theta[0] + rho, growth = Scalar(1) - rho;
    dy[0] = g * (y[0] * growth - y[1] * turn);
    dy[1] = g * (y[1] * growth + y[0] * turn);
  }

  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    using std::cos;
    using std::sin;
    const Scalar g = Scalar(1) + cos(Scalar(t)) / Scalar(2);
    const Scalar rho = y[0] * y[0] + y[1] * y[1], turn = theta[0] + rho, growth = Scalar(1) - rho;
    const Scalar along = w[0] * y[0] + w[1] * y[1], across = w[1] * y[0] - w[0] * y[1];
    const Scalar rho_bar = g * (across - along);
    y_bar[0] += g * (w[0] * growth + w[1] * turn) + Scalar(2) * y[0] * rho_bar;
    y_bar[1] += g * (w[1] * growth - w[0] * turn) + Scalar(2) * y[1] * rho_bar;
    theta_bar[0] += g * across;
    t_bar -= sin(Scalar(t)) / Scalar(2) * (along * growth + across * turn);
  }
};

// The closed form, analytic in y0 and ω.
template <class Z>
Eigen::Vector<Z, 2> hopf_solution(double t0, const Eigen::Vector<Z, 2>& y0, const Z& omega, double t) {
  using std::cos;
  using std::exp;
  using std::log;
  using std::sin;
  using std::sqrt;
  using Real = long double;
  const Real tau = static_cast<Real>(t) - static_cast<Real>(t0) +
                   (std::sin(static_cast<Real>(t)) - std::sin(static_cast<Real>(t0))) / 2;
  const Z grown(std::expm1(2 * tau));
  const Z d = Z(1) + (y0[0] * y0[0] + y0[1] * y0[1]) * grown;
  const Z r = sqrt((Z(1) + grown) / d), angle = omega * Z(tau) + log(d) / Z(2);
  return {r * (cos(angle) * y0[0] - sin(angle) * y0[1]), r * (sin(angle) * y0[0] + cos(angle) * y0[1])};
}

// ∂(w · y(t))/∂(x0, y0, ω) by complex steps of the closed form, to round-off.
inline Eigen::Vector<long double, 3> hopf_gradient(double t0, const Eigen::Vector2d& y0, double omega, double t,
                                                   const Eigen::Vector2d& w) {
  using C = std::complex<long double>;
  constexpr long double step = 1e-40L;
  Eigen::Vector<long double, 3> gradient;
  for (Eigen::Index i = 0; i < 3; ++i) {
    Eigen::Vector<C, 2> start = y0.cast<C>();
    C speed(static_cast<long double>(omega));
    (i < 2 ? start[i] : speed) += C(0, step);
    const Eigen::Vector<C, 2> y = hopf_solution(t0, start, speed, t);
    gradient[i] = (static_cast<long double>(w[0]) * y[0].imag() + static_cast<long double>(w[1]) * y[1].imag()) / step;
  }
  return gradient;
}

}  // namespace antistrophe::problems
