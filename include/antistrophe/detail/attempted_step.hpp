// SPDX-License-Identifier: MIT
// The step that has been attempted, with its continuous extension, which is made at most once however many ask for it.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <cstdint>
#include <type_traits>

namespace antistrophe::detail {

struct NoPolynomial {};

template <class S>
struct PolynomialOf {
  using type = NoPolynomial;
};
template <class S>
  requires Extensible<S>
struct PolynomialOf<S> {
  using type = StepPolynomial<typename S::State, S::dense_degree>;
};

template <class S>
class AttemptedStep {
 public:
  using Y = typename S::State;
  using Polynomial = typename PolynomialOf<S>::type;

  explicit AttemptedStep(const Y& like) {
    if constexpr (Extensible<S>) polynomial_ = Polynomial(like);
  }

  // Member by member, from where the loop has them: a step copied whole is read by wide loads that wait for narrow stores.
  ANTISTROPHE_ALWAYS_INLINE const Step& begin(std::int64_t n, double t0, double t1, const Timeline* timeline) {
    step_.n = n;
    step_.t0 = t0;
    step_.t1 = t1;
    step_.timeline = timeline;
    extended_ = false;
    return step_;
  }
  const Step& step() const { return step_; }

  // After attempt and before commit, from the carry before the step.
  const Polynomial& polynomial(S& stepper, const typename S::Carry& before)
    requires Extensible<S>
  {
    if (!extended_) {
      stepper.extend(step_, before, polynomial_);
      finite_ = polynomial_.finite();
      extended_ = true;
    }
    return polynomial_;
  }

  // False where the extension was asked for and is not finite: dense output may have stages of its own.
  bool finite() const { return !extended_ || finite_; }

 private:
  Step step_{};
  Polynomial polynomial_;
  bool extended_ = false, finite_ = true;
};

}  // namespace antistrophe::detail
