// Vector fields with hand-written vjps, on which every method, adjoint and check is tried. The equations of each stand
// alone, generic in their scalar, so that automatic_vjp can differentiate them too and be held against the hand.
#pragma once

#include <Eigen/Core>

#include <cmath>
#include <utility>

namespace antistrophe::problems {

template <class Y>
using ScalarOf = typename std::decay_t<Y>::Scalar;

// u1' = α u1 − β u1 u2, u2' = −γ u2 + δ u1 u2, θ = (α, β, γ, δ).
struct LotkaVolterraEquations {
  void operator()(auto /*t*/, const auto& y, const auto& theta, auto& dy) const {
    dy[0] = theta[0] * y[0] - theta[1] * y[0] * y[1];
    dy[1] = theta[3] * y[0] * y[1] - theta[2] * y[1];
  }
};

template <class Scalar = double>
struct LotkaVolterra {
  static constexpr bool autonomous = true;
  Eigen::Vector<Scalar, 4> theta{Scalar(1.5), Scalar(1), Scalar(3), Scalar(1)};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { LotkaVolterraEquations{}(t, y, theta, dy); }

  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const auto product = y[0] * y[1];
    y_bar[0] += w[0] * (theta[0] - theta[1] * y[1]) + w[1] * theta[3] * y[1];
    y_bar[1] += w[1] * (theta[3] * y[0] - theta[2]) - w[0] * theta[1] * y[0];
    theta_bar[0] += w[0] * y[0];
    theta_bar[1] -= w[0] * product;
    theta_bar[2] -= w[1] * y[1];
    theta_bar[3] += w[1] * product;
  }
};

// Lotka–Volterra, one pair of species a column.
struct LotkaVolterraBatch {
  static constexpr bool autonomous = true;
  LotkaVolterra<> one;
  const auto& parameters() const { return one.theta; }
  void operator()(double t, const auto& y, auto& dy) const {
    for (Eigen::Index c = 0; c < y.cols(); ++c) {
      Eigen::Vector2d dy_c;
      one(t, Eigen::Vector2d(y.col(c)), dy_c);
      dy.col(c) = dy_c;
    }
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    for (Eigen::Index c = 0; c < y.cols(); ++c) {
      Eigen::Vector2d y_bar_c = y_bar.col(c);
      one.vjp(t, Eigen::Vector2d(y.col(c)), Eigen::Vector2d(w.col(c)), y_bar_c, theta_bar);
      y_bar.col(c) = y_bar_c;
    }
  }
};

// x' = σ (y − x), y' = x (ρ − z) − y, z' = x y − β z, θ = (σ, ρ, β).
struct LorenzEquations {
  void operator()(auto /*t*/, const auto& y, const auto& theta, auto& dy) const {
    dy[0] = theta[0] * (y[1] - y[0]);
    dy[1] = y[0] * (theta[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - theta[2] * y[2];
  }
};

template <class Scalar = double>
struct Lorenz {
  static constexpr bool autonomous = true;
  Eigen::Vector<Scalar, 3> theta{Scalar(10), Scalar(28), Scalar(8) / Scalar(3)};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { LorenzEquations{}(t, y, theta, dy); }

  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += w[1] * (theta[1] - y[2]) + w[2] * y[1] - w[0] * theta[0];
    y_bar[1] += w[0] * theta[0] - w[1] + w[2] * y[0];
    y_bar[2] -= w[1] * y[0] + w[2] * theta[2];
    theta_bar[0] += w[0] * (y[1] - y[0]);
    theta_bar[1] += w[1] * y[0];
    theta_bar[2] -= w[2] * y[2];
  }
};

// x' = v, v' = μ (1 − x²) v − x, θ = (μ).
struct VanDerPolEquations {
  void operator()(auto /*t*/, const auto& y, const auto& theta, auto& dy) const {
    using S = ScalarOf<decltype(y)>;
    dy[0] = y[1];
    dy[1] = theta[0] * (S(1) - y[0] * y[0]) * y[1] - y[0];
  }
};

template <class Scalar = double>
struct VanDerPol {
  static constexpr bool autonomous = true;
  Eigen::Vector<Scalar, 1> theta{Scalar(5)};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { VanDerPolEquations{}(t, y, theta, dy); }

  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const Scalar damping = Scalar(1) - y[0] * y[0];
    y_bar[0] -= w[1] * (Scalar(2) * theta[0] * y[0] * y[1] + Scalar(1));
    y_bar[1] += w[0] + w[1] * theta[0] * damping;
    theta_bar[0] += w[1] * damping * y[1];
  }
};

// q1'' = −q1 − 2 q1 q2, q2'' = −q2 − q1² + q2², state (q1, q2, p1, p2), no parameters. Conserves energy().
struct HenonHeilesEquations {
  void operator()(auto /*t*/, const auto& y, auto& dy) const {
    using S = ScalarOf<decltype(y)>;
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -y[0] - S(2) * y[0] * y[1];
    dy[3] = y[1] * y[1] - y[0] * y[0] - y[1];
  }
};

template <class Scalar = double>
struct HenonHeiles {
  static constexpr bool autonomous = true;

  void operator()(double t, const auto& y, auto& dy) const { HenonHeilesEquations{}(t, y, dy); }

  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& /*theta_bar*/) const {
    y_bar[0] -= w[2] * (Scalar(1) + Scalar(2) * y[1]) + Scalar(2) * w[3] * y[0];
    y_bar[1] += w[3] * (Scalar(2) * y[1] - Scalar(1)) - Scalar(2) * w[2] * y[0];
    y_bar[2] += w[0];
    y_bar[3] += w[1];
  }

  static Scalar energy(const auto& y) {
    return (y[2] * y[2] + y[3] * y[3] + y[0] * y[0] + y[1] * y[1]) / Scalar(2) + y[0] * y[0] * y[1] -
           y[1] * y[1] * y[1] / Scalar(3);
  }
};

// y' = A y, θ the columns of A one after another. The state is a vector or, one sample a column, a matrix.
template <int Size, class Scalar = double>
struct Linear {
  static constexpr bool autonomous = true;
  using Matrix = Eigen::Matrix<Scalar, Size, Size>;
  Eigen::Vector<Scalar, Size* Size> theta = Eigen::Vector<Scalar, Size * Size>::Zero();

  Linear() = default;
  explicit Linear(const Matrix& a) { matrix() = a; }

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  auto matrix() const { return Eigen::Map<const Matrix>(theta.data()); }
  auto matrix() { return Eigen::Map<Matrix>(theta.data()); }

  void operator()(double, const auto& y, auto& dy) const { dy.matrix().noalias() = matrix().lazyProduct(y.matrix()); }

  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar.matrix().noalias() += matrix().transpose().lazyProduct(w.matrix());
    Eigen::Map<Matrix>(theta_bar.data()).noalias() += w.matrix().lazyProduct(y.matrix().transpose());
  }
};

// A driven pendulum, x' = v, v' = −sin x − θ0 v + θ1 cos(θ2 t): the field with explicit time.
struct DrivenPendulumEquations {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    using std::cos;
    using std::sin;
    using S = ScalarOf<decltype(y)>;
    const S phase = theta[2] * S(t);
    dy[0] = y[1];
    dy[1] = theta[1] * cos(phase) - sin(y[0]) - theta[0] * y[1];
  }
};

template <class Scalar = double>
struct DrivenPendulum {
  Eigen::Vector<Scalar, 3> theta{Scalar(0.25), Scalar(1.2), Scalar(0.7)};

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const { DrivenPendulumEquations{}(t, y, theta, dy); }

  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    using std::cos;
    using std::sin;
    const Scalar phase = theta[2] * Scalar(t);
    const Scalar slope = -w[1] * theta[1] * sin(phase);
    y_bar[0] -= w[1] * cos(y[0]);
    y_bar[1] += w[0] - w[1] * theta[0];
    theta_bar[0] -= w[1] * y[1];
    theta_bar[1] += w[1] * cos(phase);
    theta_bar[2] += slope * Scalar(t);
    t_bar += slope * theta[2];
  }
};

}  // namespace antistrophe::problems
