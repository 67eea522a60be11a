// The equations of a case behind the field of the laws (runner/field.hpp), and its events.
#pragma once

#include "fuzz/case.hpp"
#include "runner/runner.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace antistrophe::fuzz {

using namespace runner;

// More than any case may ask for: the solve does not end.
struct Endless : std::logic_error {
  using std::logic_error::logic_error;
};

template <class Y>
class SpecEquations final : public Equations<Y> {
 public:
  using typename Equations<Y>::Scalar;
  using typename Equations<Y>::Theta;
  using typename Equations<Y>::Half;

  explicit SpecEquations(EquationSpec spec) : spec_(std::move(spec)), s_(spec_.mirrored ? -1 : 1) {}

  void evaluate(double t, const Y& y, Y& dy, const Theta& theta) const override {
    count();
    const double tau = s_ * t;
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      Scalar sum = outer(tau, i, theta);
      const Scalar next = y[after(i, y.size())];
      const Scalar mixed = spec_.linear || spec_.predators ? product(i, y) : Scalar(0);
      if (spec_.linear) sum += mixed;
      if (spec_.predators) sum += y[i] * (1 + mixed);
      if (spec_.products) sum += theta[1] * y[i] * next;
      if (spec_.sines) sum += theta[1] * std::sin(next);
      if (spec_.kinks) sum += theta[3] * std::fabs(next);
      if (spec_.wells) sum += y[i] * (1 - y[i] * y[i]);
      dy[i] = scalar(s_) * theta[0] * sum;
    }
    break_down(tau, dy);
  }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, const Theta& theta, Theta& theta_bar,
           Scalar& t_bar) const override {
    count();
    const double tau = s_ * t;
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      const Eigen::Index j = after(i, y.size());
      const Scalar v = scalar(s_) * theta[0] * w[i],
                   mixed = spec_.linear || spec_.predators ? product(i, y) : Scalar(0);
      Scalar sum = outer(tau, i, theta);
      if (spec_.linear) {
        sum += mixed;
        for (Eigen::Index k = 0; k < y.size(); ++k) y_bar[k] += v * a(i, k, y.size());
      }
      if (spec_.predators) {
        sum += y[i] * (1 + mixed);
        y_bar[i] += v * (1 + mixed);
        for (Eigen::Index k = 0; k < y.size(); ++k) y_bar[k] += v * y[i] * a(i, k, y.size());
      }
      if (spec_.products) {
        sum += theta[1] * y[i] * y[j];
        y_bar[i] += v * theta[1] * y[j];
        y_bar[j] += v * theta[1] * y[i];
        theta_bar[1] += v * y[i] * y[j];
      }
      if (spec_.sines) {
        sum += theta[1] * std::sin(y[j]);
        y_bar[j] += v * theta[1] * std::cos(y[j]);
        theta_bar[1] += v * std::sin(y[j]);
      }
      if (spec_.kinks) {
        sum += theta[3] * std::fabs(y[j]);
        y_bar[j] += v * theta[3] * Scalar(y[j] < 0 ? -1 : y[j] > 0 ? 1 : 0);
        theta_bar[3] += v * std::fabs(y[j]);
      }
      if (spec_.wells) {
        sum += y[i] * (1 - y[i] * y[i]);
        y_bar[i] += v * (1 - 3 * y[i] * y[i]);
      }
      pull_back_outer(tau, i, v, theta, theta_bar, t_bar);
      theta_bar[0] += scalar(s_) * w[i] * sum;
    }
  }

  // A split field: v' = θ0 s w, w' = θ0 s (θ1 sin v + θ2 cos(…) + …).
  void velocity(double, const Half& w, Half& dv, const Theta& theta) const override {
    count();
    dv = scalar(s_) * theta[0] * w;
  }
  void force(double t, const Half& v, Half& dw, const Theta& theta) const override {
    count();
    for (Eigen::Index i = 0; i < v.size(); ++i)
      dw[i] = scalar(s_) * theta[0] * (outer(s_ * t, i, theta) + theta[1] * std::sin(v[i]));
    break_down(s_ * t, dw);
  }
  void velocity_vjp(double, const Half& w, const Half& dv_bar, Half& w_bar, const Theta& theta, Theta& theta_bar,
                    Scalar&) const override {
    count();
    w_bar += scalar(s_) * theta[0] * dv_bar;
    theta_bar[0] += scalar(s_) * w.dot(dv_bar);
  }
  void force_vjp(double t, const Half& v, const Half& dw_bar, Half& v_bar, const Theta& theta, Theta& theta_bar,
                 Scalar& t_bar) const override {
    count();
    for (Eigen::Index i = 0; i < v.size(); ++i) {
      const Scalar x = scalar(s_) * theta[0] * dw_bar[i];
      v_bar[i] += x * theta[1] * std::cos(v[i]);
      theta_bar[1] += x * std::sin(v[i]);
      theta_bar[0] += scalar(s_) * dw_bar[i] * (outer(s_ * t, i, theta) + theta[1] * std::sin(v[i]));
      pull_back_outer(s_ * t, i, x, theta, theta_bar, t_bar);
    }
  }

 private:
  static Scalar scalar(double x) { return static_cast<Scalar>(x); }
  static Eigen::Index after(Eigen::Index i, Eigen::Index n) { return i + 1 < n ? i + 1 : 0; }
  Scalar a(Eigen::Index i, Eigen::Index j, Eigen::Index n) const {
    return scalar(spec_.a[static_cast<std::size_t>(i * n + j)]);
  }
  Scalar product(Eigen::Index i, const Y& y) const {
    Scalar sum(0);
    for (Eigen::Index j = 0; j < y.size(); ++j) sum += a(i, j, y.size()) * y[j];
    return sum;
  }
  Scalar angle(double tau, Eigen::Index i) const { return scalar(spec_.omega * tau + static_cast<double>(i)); }
  Scalar sign(double tau) const { return Scalar(tau < spec_.jump ? -1 : 1); }
  // What does not depend on the state.
  Scalar outer(double tau, Eigen::Index i, const Theta& theta) const {
    Scalar sum(0);
    if (spec_.driven) sum += theta[2] * std::cos(angle(tau, i));
    if (spec_.jumps) sum += theta[3] * sign(tau);
    return sum;
  }
  void pull_back_outer(double tau, Eigen::Index i, Scalar v, const Theta& theta, Theta& theta_bar,
                       Scalar& t_bar) const {
    if (spec_.driven) {
      theta_bar[2] += v * std::cos(angle(tau, i));
      t_bar -= v * theta[2] * scalar(spec_.omega * s_) * std::sin(angle(tau, i));
    }
    if (spec_.jumps) theta_bar[3] += v * sign(tau);
  }
  void break_down(double tau, auto& dy) const {
    if (tau > spec_.not_a_number_after && dy.size() > 0) dy[0] = std::numeric_limits<Scalar>::quiet_NaN();
  }
  void count() const {
    if (++calls_ > 2'000'000) throw Endless("the field was called two million times");
  }

  EquationSpec spec_;
  double s_;
  mutable std::int64_t calls_ = 0;
};

template <class Y>
ProblemOf<Y> problem_of(const Case& c, Faults* faults) {
  using Scalar = typename Y::Scalar;
  constexpr int n = Y::SizeAtCompileTime;
  EquationSpec spec = c.equations;
  const auto given = static_cast<Eigen::Index>(c.y0.size());
  const Eigen::Index size = n == Eigen::Dynamic ? given : n;
  Y y0 = Y::Zero(size);
  for (Eigen::Index i = 0; i < std::min(size, given); ++i)
    y0[i] = static_cast<Scalar>(c.y0[static_cast<std::size_t>(i)]);
  std::vector<double> a(static_cast<std::size_t>(size * size));
  for (Eigen::Index i = 0; i < std::min(size, given); ++i)
    for (Eigen::Index j = 0; j < std::min(size, given); ++j)
      a[static_cast<std::size_t>(i * size + j)] = spec.a[static_cast<std::size_t>(i * given + j)];
  spec.a = std::move(a);
  Eigen::VectorX<Scalar> theta(static_cast<Eigen::Index>(c.theta.size()));
  for (Eigen::Index i = 0; i < theta.size(); ++i) theta[i] = static_cast<Scalar>(c.theta[static_cast<std::size_t>(i)]);
  return {{std::make_shared<SpecEquations<Y>>(std::move(spec)), std::move(theta), faults}, std::move(y0), c.t0, c.t1};
}

// --- Events ------------------------------------------------------------------------------------------------------------------

template <class Y>
AnyG<Y> g_of(const EventSpec& e, double s) {
  using Scalar = typename Y::Scalar;
  return {[e, s](double t, const Y& y) {
            double g = e.c * (s * t - e.at);
            if (y.size() > 0) g += e.a * static_cast<double>(y[0]) + e.b * static_cast<double>(y[y.size() - 1]);
            return g;
          },
          [e, s](double, const Y& y, Y& y_bar, Scalar& t_bar) {
            t_bar += static_cast<Scalar>(s * e.c);
            if (y.size() == 0) return;
            y_bar[0] += static_cast<Scalar>(e.a);
            y_bar[y.size() - 1] += static_cast<Scalar>(e.b);
          }};
}
template <class Y>
AnyJump<Y> jump_of(const EventSpec& e) {
  using Scalar = typename Y::Scalar;
  const auto scale = static_cast<Scalar>(e.scale), shift = static_cast<Scalar>(e.shift);
  return {[scale, shift](double, const Y& y, Y& y_new) { y_new = (scale * y.array() + shift).matrix(); },
          [scale](double, const Y&, const Y& w, Y& y_bar, Scalar&) { y_bar += scale * w; }};
}
template <class Y>
ErasedEvents<Y> events_of(const Case& c) {
  const double s = c.equations.mirrored ? -1 : 1;
  std::array<Event<AnyG<Y>>, 2> ends{};
  std::array<JumpEvent<AnyG<Y>, AnyJump<Y>>, 2> jumps{};
  for (std::size_t i = 0; i < c.ends.size(); ++i)
    ends[i] = {g_of<Y>(c.ends[i], s), static_cast<Crossing>(c.ends[i].crossing), c.ends[i].terminal, 0};
  for (std::size_t i = 0; i < c.jumps.size(); ++i)
    jumps[i] = {g_of<Y>(c.jumps[i], s), jump_of<Y>(c.jumps[i]), static_cast<Crossing>(c.jumps[i].crossing), 0};
  return ErasedEvents<Y>(ends[0], ends[1], jumps[0], jumps[1]);
}

}  // namespace antistrophe::fuzz
