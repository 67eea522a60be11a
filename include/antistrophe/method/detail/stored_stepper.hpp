// What steppers have in common that hold their state as an Arithmetic's numbers: the field, the counts, and what to say of
// a step that cannot be stored.
#pragma once

#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <type_traits>

namespace antistrophe::detail {

// The real number x as a scalar of Y, from no less precision than it has.
template <class Y, class Real>
typename Y::Scalar scalar(Real x) {
  return static_cast<typename Y::Scalar>(static_cast<RealOf<Y>>(x));
}

// aᵀb, where gradients with respect to the times are offered; else 0, and nothing is computed.
template <class F, EigenState Y>
double product_for_times(const Y& a, const Y& b) {
  if constexpr (TimeDifferentiable<F, Y> && is_real_scalar<typename Y::Scalar>)
    return static_cast<double>(dot(a, b));
  else
    return 0;
}

// Exact arithmetic holds states of double and float.
template <class Arithmetic, class Y>
inline constexpr bool arithmetic_supports =
    !std::is_same_v<Arithmetic, Exact> || std::is_same_v<typename Y::Scalar, double> ||
    std::is_same_v<typename Y::Scalar, float>;

template <class Method>
double method_resolution(const Method& method) {
  if constexpr (requires { method.resolution; })
    return method.resolution;
  else
    return 0;
}

// Why a value could not be stored in `numbers`, whose resolution is the method's `option`.
template <class Numbers, EigenState Y>
Outcome classify_value(const Numbers& numbers, const Y& value, StepFailure& step_failure,
                       const char* option = ".resolution") {
  const Eigen::Index bad = first_not_finite(value);
  if (bad >= 0 || !Numbers::exact) {
    step_failure = {
        bad,
        "an increment is not finite: the field returned NaN or infinity or left an entry of dy unwritten, or the "
        "step is too long"};
    return Outcome::not_finite;
  }
  const Eigen::Index large = numbers.offender(value);
  step_failure = {
      large, numbers.advice(large >= 0 ? static_cast<double>(Eigen::numext::real(value.data()[large])) : 0.0, option)};
  return Outcome::out_of_range;
}

// Which entry of a sum left the range.
template <class Numbers, EigenState Y>
Outcome classify_range(const Numbers& numbers, const typename Numbers::Stored& stored, Y& buffer,
                       StepFailure& step_failure, const char* option = ".resolution") {
  const Y& values = numbers.real(stored, buffer);
  if constexpr (!Numbers::exact) return classify_value(numbers, values, step_failure, option);
  Eigen::Index worst = 0;
  values.array().abs().reshaped().maxCoeff(&worst);
  step_failure = {worst, numbers.advice(static_cast<double>(Eigen::numext::real(values.data()[worst])), option)};
  return Outcome::out_of_range;
}

template <class Arithmetic, class F, EigenState Y>
class StoredStepper {
 public:
  using State = Y;
  using Field = typename OverStep<F>::Field;
  using Theta = Parameters<Field, Y>;
  using Numbers = typename ArithmeticOf<Arithmetic, Y>::type;
  using Stored = typename Numbers::Stored;
  static constexpr Reversibility reversibility = Numbers::exact ? Reversibility::exact : Reversibility::to_round_off;

  const Numbers& numbers() const { return numbers_; }
  double bit_rate() const { return numbers_.bit_rate(); }
  // Takes up another first state, on whose size the numbers depend.
  template <class Method>
  void rescale(const Method& method, const Y& y0) {
    numbers_ = Numbers(numbers_.lambda(), method_resolution(method), y0);
  }

  StepFailure step_failure() const { return failure_; }
  Calls calls() const { return calls_; }

  void slope(double t, const Y& y, Y& dy) {
    const Field& field = field_(t, t);
    auto tape = field_.empty_tape(y);
    evaluate<Field, Y>(field, t, y, dy, tape);
    ++calls_.evaluations;
  }

 protected:
  StoredStepper(const F& field, double lambda, double resolution, const Y& y0)
      : field_(field), numbers_(lambda, resolution, y0), psi_(zeros_like(y0)), real_(psi_) {}

  // The numbers of a sum are in range; in floating arithmetic, finite.
  bool holds(const Stored& sum) const {
    if constexpr (Numbers::exact)
      return numbers_.in_range(sum);
    else
      return all_finite(sum);
  }
  Outcome classify() { return classify_value(numbers_, psi_, failure_); }
  Outcome left_range(const Stored& stored) { return classify_range(numbers_, stored, real_, failure_); }

  OverStep<F> field_;
  Numbers numbers_;
  Y psi_, real_;
  StepFailure failure_;
  Calls calls_;
};

}  // namespace antistrophe::detail
