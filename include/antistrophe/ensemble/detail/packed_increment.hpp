// SPDX-License-Identifier: MIT
// Steps of W problems at a time by an explicit Runge–Kutta method, each lane with a time and a step length of its own. What
// method/runge_kutta/detail computes of one problem is computed here of each lane: the same operations in the same order, so that a
// lane has the bits of its problem alone.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/ensemble/detail/pack.hpp>
#include <antistrophe/method/runge_kutta/detail/weighted_sum.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>
#include <antistrophe/method/runge_kutta/tableau/tableau.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <utility>

namespace antistrophe::detail {

// F: a field on packs that is called with a pack of times (LanesInOwnTime). Y: a state of packs. Time: a pack of doubles.
template <class Base, class F, class Y, class Theta, class Time>
class PackedIncrement {
  using Tableau = tableau::Extended<Base>;
  using Scalar = typename Y::Scalar;

 public:
  static constexpr auto used = static_cast<std::size_t>(tableau::increment_stages<Tableau>);
  static constexpr auto count = static_cast<std::size_t>(Tableau::base_stages);
  static constexpr auto estimates = static_cast<std::size_t>(Tableau::error_estimates);
  // Where the first stage is the last of the step before, it is known when a step begins: k[0].
  static constexpr bool first_is_known = Base::fsal;
  static constexpr std::size_t last = static_cast<std::size_t>(Base::stages) - 1;

  explicit PackedIncrement(const Y& like, const Theta& theta)
      : y(zeros_like(like)),
        end(y),
        y_bar(y),
        theta_bar(Theta::Zero(theta.size())),
        k_bar_(y),
        distance_(y),
        from(0),
        to(0),
        h(0),
        distance(0),
        difference(0) {
    for (Y& stage : x) stage = y;
    for (Y& value : k) value = y;
    for (Y& error : errors) error = y;
    for (Y& bar : x_bar_) bar = y;
  }

  // Way forth: from y, by h, to `end`, with the error estimates and what says how stiff the step was.
  ANTISTROPHE_FLAT void step(const F& field) {
    evaluate<true>(field);
    estimate(std::make_index_sequence<estimates>{});
    if constexpr (used > 1) {
      distance_ = x[used - 1] - x[used - 2];
      distance = squared(distance_);
      distance_ = k[used - 1] - k[used - 2];
      difference = squared(distance_);
    }
  }

  // After it: the norms of the estimates and of end − y, scaled as Controller::scaled does without a norm of the user's and with
  // one atol of each lane, which is positive.
  ANTISTROPHE_FLAT void find_norms(const Time& absolute, const Time& relative) {
    constexpr std::size_t rows = estimates + 1;
    std::array<Time, rows> sums;
    for (Time& sum : sums) sum = Time(0);
    visit_entries(y, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
      const Time before = Time(y.data()[i]), after = Time(end.data()[i]);
      const Time allowed = absolute + relative * Time::of(before.lane.size().or_if_larger(after.lane.size()));
      for (std::size_t row = 0; row < rows; ++row) {
        const Time value(row < estimates ? errors[row].data()[i] : end.data()[i] - y.data()[i]);
        const Time e = value / allowed;
        sums[row] += e * e;
      }
    });
    const Time n(static_cast<double>(y.size()));
    for (std::size_t row = 0; row < rows; ++row) norms[row] = sqrt(sums[row] / n);
  }

  // Way back, through the step from y by h: y_bar, a cotangent of its end, becomes that of y; theta_bar is added to.
  ANTISTROPHE_FLAT void step_back(const F& field) {
    evaluate<false>(field);
    if constexpr (fits_registers<Y> && fits_registers<Theta>) {
      Y k_bar;
      std::array<Y, used> x_bar;
      Theta sum = theta_bar;
      pull_back(field, k_bar, x_bar, sum);
      theta_bar = sum;
    } else {
      pull_back(field, k_bar_, x_bar_, theta_bar);
    }
  }

  Y y, end, y_bar;
  Theta theta_bar;
  std::array<Y, count> x, k;
  std::array<Y, estimates> errors;

 private:
  std::array<Y, used> x_bar_;
  Y k_bar_, distance_;

 public:
  Time from, to, h;  // what f sees of the step's two times; its signed length
  std::array<Time, estimates + 1> norms;
  Scalar distance, difference;  // ‖x_a − x_b‖² and ‖k_a − k_b‖² of the last two stages of the increment

 private:
  static ANTISTROPHE_ALWAYS_INLINE Scalar squared(const Y& v) {
    Scalar sum(0);
    visit_entries(v, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA { sum += v.data()[i] * v.data()[i]; });
    return sum;
  }

  template <std::size_t I>
  ANTISTROPHE_ALWAYS_INLINE Time time_of_stage() const {
    constexpr double c = tableau::coefficient<double>(Tableau::c[I]);
    if constexpr (c == 0) return from;
    if constexpr (c == 1) return to;
    return Time::by_lanes(from, to, [](double a, double b) { return stage_time(c, a, b); });
  }

  template <std::size_t I>
  ANTISTROPHE_ALWAYS_INLINE void evaluate_stage(const F& field) {
    if constexpr (I == 0)
      assign(x[0], y);
    else if constexpr (fits_registers<Y>)
      sum_entries<row_of_a<Tableau, double, I>, 0, I>(
          x[I], [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { return y.coeff(e); }, h, k);
    else
      assign(x[I], plus_weighted<row_of_a<Tableau, double, I>, 0, I, Y>(y, h, k));
    // An entry that the field leaves out makes the step fail.
    visit_entries(k[I], [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
      k[I].data()[e] = Scalar(std::numeric_limits<double>::quiet_NaN());
    });
    field(time_of_stage<I>(), x[I], k[I]);
  }

  template <bool forth>
  ANTISTROPHE_ALWAYS_INLINE void evaluate(const F& field) {
    if constexpr (forth && first_is_known)
      assign(x[0], y);
    else
      evaluate_stage<0>(field);
    [&]<std::size_t... I>(std::index_sequence<I...>)
        ANTISTROPHE_INLINE_LAMBDA { (evaluate_stage<I + 1>(field), ...); }(std::make_index_sequence<used - 1>{});
    if constexpr (forth) {
      constexpr const auto& b = weights_b<Tableau, double>;
      if constexpr (fits_registers<Y>) {
        weighted_sum<b, 0, used>(h, k, end);
        assign(end, y + end);
      } else {
        base_and_weighted_sum<b, 0, used>(y, h, k, end);
      }
      [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
        (evaluate_after<used + I>(field), ...);
      }(std::make_index_sequence<count - used>{});
    }
  }
  // A stage that the error estimate alone asks for; the last of a method whose steps share it is f at the step's end.
  template <std::size_t I>
  ANTISTROPHE_ALWAYS_INLINE void evaluate_after(const F& field) {
    if constexpr (Base::fsal && I == last)
      field(to, end, k[I]);
    else
      evaluate_stage<I>(field);
  }

  template <std::size_t... E>
  ANTISTROPHE_ALWAYS_INLINE void estimate(std::index_sequence<E...>) {
    (weighted_sum<weights_error<Tableau, double, E>, 0, count>(h, k, errors[E]), ...);
  }

  template <std::size_t I, class XBar>
  ANTISTROPHE_ALWAYS_INLINE void through_stage(const F& field, Y& k_bar, XBar& x_bar, Theta& theta) {
    const Scalar factor = scalar<Y>(1 * h * weights_b<Tableau, double>[I]);
    if constexpr (fits_registers<Y>)
      sum_entries<column_of_a<Tableau, double, I>, I + 1, used>(
          k_bar, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { return factor * y_bar.coeff(e); }, h, x_bar);
    else
      assign(k_bar, plus_weighted<column_of_a<Tableau, double, I>, I + 1, used, Y>(factor * y_bar, h, x_bar));
    assign(x_bar[I], Y::Zero(y.rows(), y.cols()));
    field.vjp(time_of_stage<I>(), x[I], k_bar, x_bar[I], theta);
  }

  template <class XBar>
  ANTISTROPHE_ALWAYS_INLINE void pull_back(const F& field, Y& k_bar, XBar& x_bar, Theta& theta) {
    [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
      (through_stage<used - 1 - I>(field, k_bar, x_bar, theta), ...);
      if constexpr (fits_registers<Y>)
        for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
          y_bar.coeffRef(e) = y_bar.coeff(e) + (x_bar[I].coeff(e) + ...);
        });
      else
        assign(y_bar, y_bar + (x_bar[I] + ...));
    }(std::make_index_sequence<used>{});
  }
};

}  // namespace antistrophe::detail
