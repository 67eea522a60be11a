// SPDX-License-Identifier: MIT
// What steppers have in common that hold their state as an Arithmetic's numbers: storing, ranges, and what to say of a value
// that cannot be stored.
#pragma once

#include <antistrophe/method/detail/field_stepper.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/step/fixed.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <cmath>

namespace antistrophe::detail {

template <class Method>
Resolution method_resolution(const Method& method) {
  if constexpr (requires { method.resolution; })
    return method.resolution;
  else
    return {};
}

// That of a second kind of numbers, given by the option `name`; where it is not, that of the first.
template <class Method>
Resolution second_resolution(const Method& method, const char* name, const Resolution& given) {
  for (Eigen::Index i = 0; i < std::max<Eigen::Index>(given.size(), 1); ++i)
    if (!(given(i) >= 0 && std::isfinite(given(i)))) refuse(name, given(i), "positive, or 0 for the default");
  return given.is_default() ? method_resolution(method) : given;
}

// Part is what is stored as one: the state, or a half of it.
template <class Arithmetic, class F, EigenState Y, EigenState Part = Y>
class StoredStepper : public FieldStepper<F, Y> {
 public:
  using Numbers = typename ArithmeticOf<Arithmetic, Part>::type;
  using Stored = typename Numbers::Stored;
  static constexpr Reversibility reversibility = Numbers::exact ? Reversibility::exact : Reversibility::to_round_off;

  double bit_rate() const { return numbers_.bit_rate(); }
  Resolutions resolutions() const { return {resolution_of(numbers_), 0}; }

  // Takes up another first state, on whose size the numbers depend.
  template <class Method>
  void rescale(const Method& method, const Part& y0) {
    numbers_ = Numbers(numbers_.lambda(), method_resolution(method), y0);
  }

 protected:
  StoredStepper(const F& field, double lambda, const Resolution& resolution, const Part& y0)
      : FieldStepper<F, Y>(field), numbers_(lambda, resolution, y0), psi_(zeros_like(y0)), real_(psi_) {}

  static Resolution resolution_of(const Numbers& numbers) {
    if constexpr (Numbers::exact)
      return numbers.resolution();
    else
      return {};
  }

  // A sum of numbers is in range; in floating arithmetic, finite.
  static bool holds(const Numbers& numbers, const Stored& sum) {
    if constexpr (Numbers::exact)
      return numbers.in_range(sum);
    else
      return all_finite(sum);
  }
  bool holds(const Stored& sum) const { return holds(numbers_, sum); }

  // Why a value could not be stored in `numbers`, whose resolution is the method's `option`.
  ANTISTROPHE_COLD Outcome classify(const Numbers& numbers, const Part& value, const char* option = ".resolution") {
    const Eigen::Index bad = first_not_finite(value);
    if (bad >= 0 || !Numbers::exact) {
      this->failure_ = {
          bad,
          "an increment is not finite: the field returned NaN or infinity or left an entry of dy unwritten, or the "
          "step is too long"};
      return Outcome::not_finite;
    }
    return leaves_range(numbers, value, numbers.offender(value), option);
  }
  Outcome classify(const Part& value) { return classify(numbers_, value); }
  Outcome classify() { return classify(numbers_, psi_); }

  // Which entry of a sum left the range.
  ANTISTROPHE_COLD Outcome left_range(const Numbers& numbers, const Stored& sum, const char* option = ".resolution") {
    const Part& values = numbers.real(sum, real_);
    if constexpr (!Numbers::exact) return classify(numbers, values, option);
    Eigen::Index worst = 0;  // in units, which may differ from entry to entry
    for (Eigen::Index i = 1; i < sum.size(); ++i)
      if (std::fabs(units(sum.data()[i])) > std::fabs(units(sum.data()[worst]))) worst = i;
    return leaves_range(numbers, values, worst, option);
  }
  Outcome left_range(const Stored& sum) { return left_range(numbers_, sum); }

  Numbers numbers_;
  Part psi_, real_;

 private:
  template <class Number>
  static double units(const Number& number) {
    return static_cast<double>(Eigen::numext::real(number));
  }

  Outcome leaves_range(const Numbers& numbers, const Part& values, Eigen::Index entry, const char* option) {
    const double value = entry >= 0 ? static_cast<double>(Eigen::numext::real(values.data()[entry])) : 0;
    this->failure_ = {entry, numbers.advice(std::max<Eigen::Index>(entry, 0), value, option)};
    return Outcome::out_of_range;
  }
};

}  // namespace antistrophe::detail
