// Fields that jump at known times, whose solutions are known; at a jump itself they are NaN, so that no solve passes that asks
// there.
#pragma once

#include <antistrophe/field/split_field.hpp>

#include <Eigen/Core>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace antistrophe::problems {

// None of these is a node of steps laid out evenly between dyadic numbers.
inline constexpr std::array<double, 3> switch_times{1.06, 1.7, 2.55};
inline std::vector<double> switches() { return {switch_times.begin(), switch_times.end()}; }

// The side of the switches on which t lies.
inline std::size_t side_of(double t) {
  std::size_t side = 0;
  while (side < switch_times.size() && t > switch_times[side]) ++side;
  return side;
}
inline bool at_switch(double t) {
  for (const double at : switch_times)
    if (t == at) return true;
  return false;
}

// A vortex that is switched, y' = θ_side (1 + 0.3 sin t) (1 + ‖y‖²/4) (y1, −y0): y turns, and ‖y‖ stays.
template <class Scalar = double>
struct SwitchedVortex {
  Eigen::Vector<Scalar, 4> theta{Scalar(1), Scalar(-0.8), Scalar(2), Scalar(0.5)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double t, const auto& y, auto& dy) const {
    const Scalar speed = rate(t) * theta[static_cast<Eigen::Index>(side_of(t))] * shear(y);
    dy[0] = speed * y[1];
    dy[1] = -speed * y[0];
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    const auto side = static_cast<Eigen::Index>(side_of(t));
    const Scalar across = w[0] * y[1] - w[1] * y[0], speed = rate(t) * theta[side];
    y_bar[0] += speed * (across * y[0] / Scalar(2) - shear(y) * w[1]);
    y_bar[1] += speed * (across * y[1] / Scalar(2) + shear(y) * w[0]);
    theta_bar[side] += rate(t) * shear(y) * across;
    t_bar += Scalar(0.3 * std::cos(t)) * theta[side] * shear(y) * across;
  }

  // The state at t1 of the solution through y0 at t0.
  auto solution(const auto& y0, double t0, double t1) const {
    Scalar angle{0};
    double from = std::fmin(t0, t1);
    const double to = std::fmax(t0, t1);
    while (from < to) {
      std::size_t side = side_of(from);
      if (at_switch(from)) ++side;
      const double until = side < switch_times.size() ? std::fmin(to, switch_times[side]) : to;
      angle += theta[static_cast<Eigen::Index>(side)] * Scalar(until - from + 0.3 * (std::cos(from) - std::cos(until)));
      from = until;
    }
    if (t1 < t0) angle = -angle;
    angle *= shear(y0);
    using std::cos, std::sin;
    auto y = y0;
    y[0] = cos(angle) * y0[0] + sin(angle) * y0[1];
    y[1] = cos(angle) * y0[1] - sin(angle) * y0[0];
    return y;
  }

 private:
  static Scalar rate(double t) {
    return at_switch(t) ? Scalar(std::numeric_limits<double>::quiet_NaN()) : Scalar(1 + 0.3 * std::sin(t));
  }
  static Scalar shear(const auto& y) { return Scalar(1) + (y[0] * y[0] + y[1] * y[1]) / Scalar(4); }
};

// Two springs whose stiffness is switched, and a mass with it, v' = w/m_side, w' = −k_side v.
template <class Scalar = double>
struct SwitchedSprings {
  Eigen::Vector<Scalar, 8> theta{Scalar(1), Scalar(3),   Scalar(0.5), Scalar(2),
                                 Scalar(1), Scalar(0.5), Scalar(2),   Scalar(1.5)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void velocity(double t, const auto& w, auto& dv) const { dv = at(t, 4) * w; }
  void velocity_vjp(double t, const auto& w, const auto& dv_bar, auto& w_bar, auto& theta_bar, auto&) const {
    w_bar += at(t, 4) * dv_bar;
    theta_bar[static_cast<Eigen::Index>(side_of(t)) + 4] += dv_bar.dot(w);
  }
  void force(double t, const auto& v, auto& dw) const { dw = -at(t, 0) * v; }
  void force_vjp(double t, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar, auto&) const {
    v_bar -= at(t, 0) * dw_bar;
    theta_bar[static_cast<Eigen::Index>(side_of(t))] -= dw_bar.dot(v);
  }

  // The state at t1 of the solution through y0 at t0 < t1.
  auto solution(const auto& y0, double t0, double t1) const {
    auto y = y0;
    while (t0 < t1) {
      std::size_t side = side_of(t0);
      if (at_switch(t0)) ++side;
      const double until = side < switch_times.size() ? std::fmin(t1, switch_times[side]) : t1;
      const Scalar k = theta[static_cast<Eigen::Index>(side)], m = theta[static_cast<Eigen::Index>(side) + 4];
      using std::cos, std::sin, std::sqrt;
      const Scalar turn = sqrt(k * m) * Scalar(until - t0), ratio = sqrt(m / k);
      const auto v = y.topRows(2).eval(), w = y.bottomRows(2).eval();
      y.topRows(2) = cos(turn) * v + (ratio * sin(turn)) * w;
      y.bottomRows(2) = cos(turn) * w - (sin(turn) / ratio) * v;
      t0 = until;
    }
    return y;
  }

 private:
  Scalar at(double t, Eigen::Index first) const {
    return at_switch(t) ? Scalar(std::numeric_limits<double>::quiet_NaN())
                        : theta[first + static_cast<Eigen::Index>(side_of(t))];
  }
};
template <class Scalar = double>
using SplitSwitchedSprings = SplitField<SwitchedSprings<Scalar>>;

}  // namespace antistrophe::problems
