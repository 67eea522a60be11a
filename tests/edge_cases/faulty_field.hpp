// A vector field that does what it is told to: throw, return NaN, or be impure at its k-th call. Meanwhile it watches how
// it is called.
#pragma once

#include <Eigen/Core>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace antistrophe::edge_cases {

struct Thrown : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a field is told, and what it saw; shared by its copies. Calls are numbered from 0; -1 is never.
struct Faults {
  std::int64_t throw_at_call = -1, throw_at_vjp = -1;
  std::int64_t not_a_number_at_call = -1, not_a_number_at_vjp = -1;
  std::int64_t impure_from_call = std::numeric_limits<std::int64_t>::max();
  double not_a_number_after = std::numeric_limits<double>::infinity();  // in time

  std::int64_t calls = 0, vjps = 0;
  double earliest = std::numeric_limits<double>::infinity(), latest = -earliest;
  bool overlapping = false, unaligned = false;
};

// x' = θ0 v, v' = −sin x − θ1 x + θ2 cos t; θ3 is not used. `at_rest`: f = 0. `mirrored`: −f(−t, y). It is split, too: x
// moves by v, and v by x.
struct FaultyField {
  using State = Eigen::Vector2d;
  using Theta = Eigen::Vector4d;

  Theta theta{1.1, 0.25, 1.2, 7.0};
  Faults* faults = nullptr;
  bool at_rest = false, mirrored = false;

  const Theta& parameters() const { return theta; }
  Theta& parameters() { return theta; }

  // The arguments are what the library promises: plain states, lvalues, never an expression.
  template <class T, class In, class Out>
  void operator()(T&& t, In&& y, Out&& dy) const {
    static_assert(std::is_same_v<T, const double&> || std::is_same_v<T, double&> || std::is_same_v<T, double>);
    static_assert(std::is_same_v<std::remove_cvref_t<In>, State>);
    static_assert(std::is_same_v<Out, State&>);
    evaluate(t, y, dy);
  }

  void vjp(double t, const State& y, const State& w, State& y_bar, Theta& theta_bar, double& t_bar) const {
    inject_into_vjp(t, y_bar, y, w, theta_bar);
    if (at_rest) return;
    const double sign = mirrored ? -1 : 1, s = sign * t;
    y_bar[0] -= sign * w[1] * (std::cos(y[0]) + theta[1]);
    y_bar[1] += sign * w[0] * theta[0];
    theta_bar[0] += sign * w[0] * y[1];
    theta_bar[1] -= sign * w[1] * y[0];
    theta_bar[2] += sign * w[1] * std::cos(s);
    t_bar -= w[1] * theta[2] * std::sin(s);  // sign² = 1
  }

  // The halves, of which each call counts as one.
  using Half = Eigen::Vector<double, 1>;
  void velocity(double t, const Half& v, Half& dx) const {
    dx.setConstant(99);
    dx[0] = at_rest ? 0 : (mirrored ? -1 : 1) * theta[0] * v[0];
    inject(t, v, dx, 0);
  }
  void force(double t, const Half& x, Half& dv) const {
    const double sign = mirrored ? -1 : 1;
    dv.setConstant(99);
    dv[0] = at_rest ? 0 : sign * (-std::sin(x[0]) - theta[1] * x[0] + theta[2] * std::cos(sign * t));
    inject(t, x, dv, 0);
  }
  void velocity_vjp(double t, const Half& v, const Half& dx_bar, Half& v_bar, Theta& theta_bar, double&) const {
    inject_into_vjp(t, v_bar, v, dx_bar, theta_bar);
    if (at_rest) return;
    const double sign = mirrored ? -1 : 1;
    v_bar[0] += sign * dx_bar[0] * theta[0];
    theta_bar[0] += sign * dx_bar[0] * v[0];
  }
  void force_vjp(double t, const Half& x, const Half& dv_bar, Half& x_bar, Theta& theta_bar, double& t_bar) const {
    inject_into_vjp(t, x_bar, x, dv_bar, theta_bar);
    if (at_rest) return;
    const double sign = mirrored ? -1 : 1, s = sign * t;
    x_bar[0] -= sign * dv_bar[0] * (std::cos(x[0]) + theta[1]);
    theta_bar[1] -= sign * dv_bar[0] * x[0];
    theta_bar[2] += sign * dv_bar[0] * std::cos(s);
    t_bar -= dv_bar[0] * theta[2] * std::sin(s);
  }

 private:
  void evaluate(double t, const State& y, State& dy) const {
    const double sign = mirrored ? -1 : 1;
    dy.setConstant(99);  // were dy y, it would be lost
    dy[0] = sign * theta[0] * y[1];
    dy[1] = sign * (-std::sin(y[0]) - theta[1] * y[0] + theta[2] * std::cos(sign * t));
    if (at_rest) dy.setZero();
    inject(t, y, dy, 1);
  }

  // At this call, in entry `bad` of what was written.
  void inject(double t, const auto& y, auto& dy, Eigen::Index bad) const {
    if (faults == nullptr) return;
    Faults& m = *faults;
    see(t, y, dy, theta);
    const std::int64_t call = m.calls++;
    if (call == m.throw_at_call) throw Thrown("the field threw");
    if (call == m.not_a_number_at_call || t > m.not_a_number_after) dy[bad] = std::numeric_limits<double>::quiet_NaN();
    if (call >= m.impure_from_call) dy[0] += 1e-8;
  }
  void inject_into_vjp(double t, auto& x_bar, const auto&... others) const {
    if (faults == nullptr) return;
    Faults& m = *faults;
    see(t, x_bar, others..., theta);
    const std::int64_t call = m.vjps++;
    if (call == m.throw_at_vjp) throw Thrown("the vjp threw");
    if (call == m.not_a_number_at_vjp) x_bar[0] += std::numeric_limits<double>::quiet_NaN();
  }

  // Notes times, and whether any two arguments share memory.
  void see(double t, const auto&... arrays) const {
    faults->earliest = std::fmin(faults->earliest, t);
    faults->latest = std::fmax(faults->latest, t);
    const std::less<const double*> before;
    const double* const begins[] = {arrays.data()...};
    const double* const ends[] = {(arrays.data() + arrays.size())...};
    const std::size_t alignments[] = {alignof(std::remove_cvref_t<decltype(arrays)>)...};
    for (std::size_t i = 0; i < sizeof...(arrays); ++i) {
      if (reinterpret_cast<std::uintptr_t>(begins[i]) % alignments[i] != 0) faults->unaligned = true;
      for (std::size_t j = 0; j < i; ++j)
        if (before(begins[i], ends[j]) && before(begins[j], ends[i])) faults->overlapping = true;
    }
  }
};

}  // namespace antistrophe::edge_cases
