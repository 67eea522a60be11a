// Split fields with hand-written vjps of both halves.
#pragma once

#include <antistrophe/field/split_field.hpp>
#include <antistrophe/problem/problem.hpp>

#include <Eigen/Core>

#include <cmath>

namespace antistrophe::problems {

// Two coupled pendulums, one of them driven, whose velocity grows faster than their momentum; state (v1, v2, w1, w2):
//   v' = θ0 w + θ1 w³,   w1' = −sin v1 − θ2 (v1 − v2) + θ3 cos t,   w2' = −sin v2 − θ2 (v2 − v1).
template <class Scalar = double>
struct CoupledPendulums {
  Eigen::Vector<Scalar, 4> theta{Scalar(0.9), Scalar(0.05), Scalar(0.4), Scalar(0.7)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void velocity(double, const auto& w, auto& dv) const {
    for (Eigen::Index i = 0; i < 2; ++i) dv[i] = theta[0] * w[i] + theta[1] * w[i] * w[i] * w[i];
  }
  void velocity_vjp(double, const auto& w, const auto& dv_bar, auto& w_bar, auto& theta_bar, auto&) const {
    for (Eigen::Index i = 0; i < 2; ++i) {
      w_bar[i] += dv_bar[i] * (theta[0] + Scalar(3) * theta[1] * w[i] * w[i]);
      theta_bar[0] += dv_bar[i] * w[i];
      theta_bar[1] += dv_bar[i] * w[i] * w[i] * w[i];
    }
  }
  void force(double t, const auto& v, auto& dw) const {
    using std::cos;
    using std::sin;
    const Scalar pull = theta[2] * (v[0] - v[1]);
    dw[0] = -sin(v[0]) - pull + theta[3] * cos(Scalar(t));
    dw[1] = -sin(v[1]) + pull;
  }
  void force_vjp(double t, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar, auto& t_bar) const {
    using std::cos;
    using std::sin;
    const Scalar difference = dw_bar[0] - dw_bar[1];
    v_bar[0] -= dw_bar[0] * cos(v[0]) + theta[2] * difference;
    v_bar[1] -= dw_bar[1] * cos(v[1]) - theta[2] * difference;
    theta_bar[2] -= difference * (v[0] - v[1]);
    theta_bar[3] += dw_bar[0] * cos(Scalar(t));
    t_bar -= dw_bar[0] * theta[3] * sin(Scalar(t));
  }
};
template <class Scalar = double>
using SplitPendulums = SplitField<CoupledPendulums<Scalar>>;

// Kepler's problem, v' = w, w' = −v/‖v‖³, no parameters; conserves energy() and angular_momentum().
template <class Scalar = double>
struct KeplerHalves {
  static constexpr bool autonomous = true;
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void velocity_vjp(double, const auto&, const auto& dv_bar, auto& w_bar, auto&) const { w_bar += dv_bar; }
  void force(double, const auto& v, auto& dw) const {
    using std::sqrt;
    const Scalar r2 = v[0] * v[0] + v[1] * v[1];
    dw = v * (Scalar(-1) / (r2 * sqrt(r2)));
  }
  void force_vjp(double, const auto& v, const auto& dw_bar, auto& v_bar, auto&) const {
    using std::sqrt;
    const Scalar r2 = v[0] * v[0] + v[1] * v[1];
    const Scalar r3 = r2 * sqrt(r2);
    const Scalar along = Scalar(3) * (v[0] * dw_bar[0] + v[1] * dw_bar[1]) / (r3 * r2);
    v_bar += along * v - dw_bar / r3;
  }
  static Scalar energy(const auto& y) {
    using std::sqrt;
    return (y[2] * y[2] + y[3] * y[3]) / Scalar(2) - Scalar(1) / sqrt(y[0] * y[0] + y[1] * y[1]);
  }
};
template <class Scalar = double>
using Kepler = SplitField<KeplerHalves<Scalar>>;

// From its perihelion, an ellipse of eccentricity 0.5, semi-axis 1, period 2π, in numbers that a binary grid holds.
inline Problem<Kepler<>, Eigen::Vector4d> kepler(double t1) {
  return {{}, {0.5, 0, 0, std::ldexp(std::round(std::ldexp(1.73205080756887719, 30)), -30)}, 0.0, t1};
}

// Uncoupled oscillators of any number and in batches: v' = w, w' = −θ0 v.
template <class Scalar = double>
struct OscillatorHalves {
  static constexpr bool autonomous = true;
  Eigen::Vector<Scalar, 1> theta{Scalar(1.5)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void velocity_vjp(double, const auto&, const auto& dv_bar, auto& w_bar, auto&) const { w_bar += dv_bar; }
  void force(double, const auto& v, auto& dw) const { dw = -theta[0] * v; }
  void force_vjp(double, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar) const {
    v_bar -= theta[0] * dw_bar;
    for (Eigen::Index i = 0; i < v.size(); ++i) theta_bar[0] -= v.data()[i] * dw_bar.data()[i];
  }
};
template <class Scalar = double>
using Oscillators = SplitField<OscillatorHalves<Scalar>>;

}  // namespace antistrophe::problems
