// The problem of the edge cases, a driven pendulum that can be told to fail, and what its laws share.
#pragma once

#include "laws/law.hpp"

#include "support/battery.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace antistrophe::laws {

using Given = ProblemOf<Vector2d>;
using Solved = Solution<Vector2d>;
using Slope = GradientOf<Vector2d>;

// x' = θ0 v, v' = −sin x − θ1 x + θ2 cos t; θ3 is not used. `at_rest`: f = 0. `mirrored`: −f(−t, y). It is split, too: x
// moves by v, and v by x.
struct Swing final : Equations<Vector2d> {
  bool at_rest = false, mirrored = false;

  Swing(bool rests, bool is_mirrored) : at_rest(rests), mirrored(is_mirrored) {}

  void evaluate(double t, const Vector2d& y, Vector2d& dy, const Theta& theta) const override {
    const double sign = mirrored ? -1 : 1;
    dy[0] = sign * theta[0] * y[1];
    dy[1] = sign * (-std::sin(y[0]) - theta[1] * y[0] + theta[2] * std::cos(sign * t));
    if (at_rest) dy.setZero();
  }
  void vjp(double t, const Vector2d& y, const Vector2d& w, Vector2d& y_bar, const Theta& theta, Theta& theta_bar,
           double& t_bar) const override {
    if (at_rest) return;
    const double sign = mirrored ? -1 : 1, s = sign * t;
    y_bar[0] -= sign * w[1] * (std::cos(y[0]) + theta[1]);
    y_bar[1] += sign * w[0] * theta[0];
    theta_bar[0] += sign * w[0] * y[1];
    theta_bar[1] -= sign * w[1] * y[0];
    theta_bar[2] += sign * w[1] * std::cos(s);
    t_bar -= w[1] * theta[2] * std::sin(s);  // sign² = 1
  }

  void velocity(double, const Half& v, Half& dx, const Theta& theta) const override {
    dx[0] = at_rest ? 0 : (mirrored ? -1 : 1) * theta[0] * v[0];
  }
  void force(double t, const Half& x, Half& dv, const Theta& theta) const override {
    const double sign = mirrored ? -1 : 1;
    dv[0] = at_rest ? 0 : sign * (-std::sin(x[0]) - theta[1] * x[0] + theta[2] * std::cos(sign * t));
  }
  void velocity_vjp(double, const Half& v, const Half& dx_bar, Half& v_bar, const Theta& theta, Theta& theta_bar,
                    double&) const override {
    if (at_rest) return;
    const double sign = mirrored ? -1 : 1;
    v_bar[0] += sign * dx_bar[0] * theta[0];
    theta_bar[0] += sign * dx_bar[0] * v[0];
  }
  void force_vjp(double t, const Half& x, const Half& dv_bar, Half& x_bar, const Theta& theta, Theta& theta_bar,
                 double& t_bar) const override {
    if (at_rest) return;
    const double sign = mirrored ? -1 : 1, s = sign * t;
    x_bar[0] -= sign * dv_bar[0] * (std::cos(x[0]) + theta[1]);
    theta_bar[1] -= sign * dv_bar[0] * x[0];
    theta_bar[2] += sign * dv_bar[0] * std::cos(s);
    t_bar -= dv_bar[0] * theta[2] * std::sin(s);
  }
};

inline const std::shared_ptr<const Swing> swing = std::make_shared<Swing>(false, false),
                                          resting_swing = std::make_shared<Swing>(true, false),
                                          mirrored_swing = std::make_shared<Swing>(false, true);

inline constexpr std::int64_t steps = 6;
inline const SaveAt everything{.t0 = true, .steps = true};

inline Given problem(Faults* faults = nullptr) {
  return {{swing, Eigen::Vector4d(1.1, 0.25, 1.2, 7.0), faults}, {0.75, -0.5}, 0.25, 1.75};
}

inline bool same(const Slope& a, const Slope& b) {
  return a.y0 == b.y0 && a.theta == b.theta && a.t0 == b.t0 && a.t1 == b.t1;
}

// No entry is zero but that of the parameter that is not used, which is 0 exactly.
inline bool is_telling(const Slope& gradient, bool of_times = true) {
  return battery::all_nonzero(gradient.y0) && battery::all_nonzero(gradient.theta.head<3>().eval()) &&
         gradient.theta[3] == 0 && (gradient.t0 != 0) == of_times && (gradient.t1 != 0) == of_times;
}

// One pass throughout: a throw from each call of f and of the vjp on the way back goes through, and after each the pass gives
// the right gradient again.
inline void check_pullbacks_that_throw(AnyPass<Vector2d>& pass, const std::vector<Vector2d>& w, const Slope& clean,
                                       Faults& faults, std::int64_t calls, std::int64_t vjps) {
  int thrown = 0, right = 0;
  const auto pullback_throws = [&](Faults told) {
    faults = told;
    thrown += thrown_by<Thrown>([&] { (void)pass.pullback(w); }).empty() ? 0 : 1;
    faults = {};
    right += same(pass.pullback(w), clean) ? 1 : 0;
  };
  for (std::int64_t k = 0; k < calls; ++k) pullback_throws({.throw_at_call = k});
  for (std::int64_t k = 0; k < vjps; ++k) pullback_throws({.throw_at_vjp = k});
  CHECK(thrown == calls + vjps);
  CHECK(right == calls + vjps);
}

// A vjp that returns NaN, the first, one in the middle or the last: the gradient is refused, and the pass is as good as before.
// Returns how many vjps it takes. `faults` are those of the pass's field.
inline std::int64_t check_pullbacks_of_nan(AnyPass<Vector2d>& pass, Faults& faults) {
  const std::vector<Vector2d> ones(pass.ys().size(), Vector2d::Ones());
  faults.vjps = 0;
  const Slope clean = pass.pullback(ones);
  const std::int64_t vjps = faults.vjps;
  for (const std::int64_t bad : {std::int64_t{0}, vjps / 2, vjps - 1}) {
    faults.vjps = 0;
    faults.not_a_number_at_vjp = bad;
    try {
      (void)pass.pullback(ones);
      FAIL("no SolveError");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::gradient_not_finite);
    }
  }
  faults.not_a_number_at_vjp = -1;
  CHECK(same(pass.pullback(ones), clean));
  return vjps;
}

}  // namespace antistrophe::laws
