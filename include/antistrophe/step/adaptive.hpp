// SPDX-License-Identifier: MIT
// Adaptive{…}: steps chosen as the solve goes, so that the estimated error of each stays below a tolerance.
//   e = norm(err / (atol + rtol max(|y0|, |y1|))); a step is accepted where e < 1, and
//   h ← h clip(safety e_n^{−β1} e_{n−1}^{−β2} e_{n−2}^{−β3}, lowest, highest),
//   β1 = (P + I + D)/k, β2 = −(P + 2D)/k, β3 = D/k, k the order of the estimate's local error
// (Söderlind 2003; Hairer, Nørsett & Wanner I, II.4, whose rule gives the first step).
#pragma once

#include <antistrophe/step/detail/jumps.hpp>
#include <antistrophe/step/timeline.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {
template <class S>
class AdaptiveControl;  // detail/step_control.hpp
}

// An absolute tolerance: one for all entries of the state, or one for each in storage order.
class AbsoluteTolerance {
 public:
  AbsoluteTolerance(double all) : all_(all) {}
  template <class Derived>
  AbsoluteTolerance(const Eigen::MatrixBase<Derived>& each) {
    const typename Derived::PlainObject values = each;
    each_.assign(values.data(), values.data() + values.size());
  }

  bool per_entry() const { return !each_.empty(); }
  Eigen::Index size() const { return static_cast<Eigen::Index>(each_.size()); }
  double operator()(Eigen::Index i) const { return each_.empty() ? all_ : each_.data()[i]; }
  // 0 where an entry has none.
  double smallest() const {
    double smallest = (*this)(0);
    for (const double each : each_) smallest = each < smallest ? each : smallest;
    return smallest;
  }
  AbsoluteTolerance times(double factor) const {
    AbsoluteTolerance result(all_ * factor);
    for (const double each : each_) result.each_.push_back(each * factor);
    return result;
  }

 private:
  double all_ = 0;
  std::vector<double> each_;
};

// The norm of the scaled error, one number an entry; below 1 is good enough. Made of what takes an Eigen::Ref<const Eigen::ArrayXd>, and
// like a std::function; but where none is given, a program need not compile an ArrayXd.
class ErrorNorm {
  using Errors = Eigen::Ref<const Eigen::ArrayXd, 0, Eigen::InnerStride<1>>;

 public:
  ErrorNorm() = default;
  ErrorNorm(std::nullptr_t) {}
  template <class Norm>
    requires(!std::is_same_v<Norm, ErrorNorm> && std::is_invocable_r_v<double, const Norm&, const Errors&>)
  ErrorNorm(Norm norm) {
    if constexpr (std::is_same_v<Norm, std::function<double(const Errors&)>>)
      if (!norm) return;
    call_ = [norm = std::move(norm)](const double* errors, Eigen::Index n) { return of<Errors>(norm, errors, n); };
  }

  explicit operator bool() const { return static_cast<bool>(call_); }
  double operator()(const double* errors, Eigen::Index n) const { return call_(errors, n); }
  template <class Derived>
  double operator()(const Eigen::DenseBase<Derived>& errors) const {
    return of_plain<Errors>(errors.derived());
  }

 private:
  template <class Plain, class Norm>
  static double of(const Norm& norm, const double* errors, Eigen::Index n) {
    return static_cast<double>(norm(Plain(Eigen::Map<const typename Plain::PlainObject>(errors, n))));
  }
  template <class Plain, class Expression>
  double of_plain(const Expression& errors) const {
    const Plain plain(errors);
    return call_(plain.data(), plain.size());
  }

  std::function<double(const double*, Eigen::Index)> call_;
};

// rtol, atol: at least one positive. P, I, D: the coefficients of the controller. first_step: 0 for Hairer's rule, else
// of the sign of t1 − t0. dtmin: where a trial fails and the next would be shorter, the solve gives up (0: what t can resolve). max_steps: as many as it takes unless
// given; but a solve whose step is held by stability, not accuracy, for ten million steps to come is given up as stiff, and, unless max_steps
// is given, so is one with a thousand million steps to come for a thousand steps in a row.
// norm: root mean square unless given. step_to: times to land on. jumps: times to land on where f is discontinuous, at which it
// sees its own side, as with fixed steps (step/fixed.hpp); what the controller learnt before one is forgotten there.
// sensitivity_guard: where a gradient is asked for and the state is
// slow or rests, the error estimate says nothing of the state's sensitivities; steps are then kept so short that these are
// resolved to the tolerance too (detail/sensitivity_guard.hpp).
// gradient_rtol: how far off a gradient may be, in parts of its size, because the problem magnifies errors of steps
// (adjoint/detail/accumulated_errors.hpp); 0 for 1000 rtol, at most its size, infinity for any. One that may be worse is taken again at
// tighter tolerances, up to `repeats` times (adjoint/detail/repeats.hpp), and refused with Status::not_accurate if that is in vain.
// Without the sensitivity_guard none is looked at.
struct Adaptive {
  static constexpr bool chooses_steps = true;
  template <class S>
  using Control = detail::AdaptiveControl<S>;
  // An exact method that was given no resolution gets one well below this.
  const AbsoluteTolerance* tolerance() const { return &atol; }
  // The same with tolerances so many times as large.
  Adaptive tightened(double factor) const {
    Adaptive result = *this;
    result.rtol *= factor;
    result.atol = atol.times(factor);
    return result;
  }
  std::vector<Timeline::Jump> jumps_between(double t0, double t1) const {
    return detail::jumps_between("Adaptive::jumps", jumps, t0, t1);
  }

  double rtol = 1e-6;
  AbsoluteTolerance atol = 1e-6;
  double P = 0, I = 1, D = 0;
  double safety = 0.9;
  double lowest_factor = 0.2, highest_factor = 10;
  double dtmin = 0;
  double dtmax = std::numeric_limits<double>::infinity();
  double first_step = 0;
  std::optional<std::int64_t> max_steps = {};
  ErrorNorm norm = {};
  std::vector<double> step_to = {};
  std::vector<double> jumps = {};
  bool sensitivity_guard = true;
  double gradient_rtol = 0;
  int repeats = 3;
};

// Proportional–integral control with coefficients that suit mildly stiff problems (Hairer, Nørsett & Wanner II, IV.2).
inline Adaptive pi_controller(double rtol = 1e-6, AbsoluteTolerance atol = 1e-6) {
  Adaptive adaptive;
  adaptive.rtol = rtol;
  adaptive.atol = std::move(atol);
  adaptive.P = 0.4, adaptive.I = 0.3;
  return adaptive;
}

// The digital filter H211b of Söderlind 2003 with b = 4, whose step sizes are smooth.
inline Adaptive h211b(double rtol = 1e-6, AbsoluteTolerance atol = 1e-6) {
  Adaptive adaptive;
  adaptive.rtol = rtol;
  adaptive.atol = std::move(atol);
  adaptive.P = 0.25, adaptive.I = 0.25;
  return adaptive;
}

}  // namespace antistrophe
