// SPDX-License-Identifier: MIT
// check_vjp(field, t, y): a field's vjp against finite differences of the field, wᵀ ∂f/∂x, in every component, and the
// promises the library relies on: f writes all of dy, is a pure function, says the same with and without its tape; the
// vjp adds to what it is given. vjp_state and vjp_parameters, if there are, must add what the vjp adds. A jvp, if there is one, is held against the vjp, ⟨w, Jv⟩ = ⟨Jᵀw, v⟩.
// For users' own tests: REQUIRE(check_vjp(field, t, y)).
#pragma once

#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/difference_check.hpp>
#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/field/vjp_report.hpp>

#include <sstream>

namespace antistrophe {

namespace detail {

template <class F, class Y>
class VjpCheck : DifferenceCheck<F, Y> {
 public:
  VjpCheck(const F& field, double t, const Y& y, const VjpCheckOptions& options)
      : DifferenceCheck<F, Y>(field, t, y, options) {}

  VjpReport run() {
    const bool done = this->check_field() && this->check_autonomous() && this->check_vjps() &&
                      this->check_differences() && this->check_halves() && this->check_jvp();
    VjpReport& report = this->report_;
    if (done && report.ok) {
      std::ostringstream text;
      text << "antistrophe: the vjp agrees with finite differences";
      if (!report.component.empty())
        text << "; worst is " << report.component << ": " << report.got << ", relative error " << report.error;
      text << " (tolerance " << report.tolerance << ")" << this->notes_;
      report.message = text.str();
    }
    return report;
  }
};

}  // namespace detail

// Checks the field at (t, y), y any Eigen vector, matrix or array: choose a point without symmetry, where no term
// vanishes. θ is moved in a copy of the field, through its mutable parameters().
template <class F, class Derived>
VjpReport check_vjp(const F& field, double t, const Eigen::DenseBase<Derived>& y, const VjpCheckOptions& options = {}) {
  using Y = typename Derived::PlainObject;
  if constexpr (!detail::require_differentiable<F, Y>() || !detail::require_jvp<F, Y>()) {
    return {};
  } else if constexpr (detail::Freezable<F>) {
    static_assert(detail::never<F>,
                  "antistrophe: only the frozen field has a vjp; write check_vjp(field.frozen(t0, t1), t, y).");
    return {};
  } else if constexpr (!detail::is_real_scalar<typename Y::Scalar>) {
    static_assert(detail::never<Y>, "antistrophe: check_vjp is for real states.");
    return {};
  } else {
    const Y at = y.derived();
    return detail::VjpCheck<F, Y>(field, t, at, options).run();
  }
}

}  // namespace antistrophe
