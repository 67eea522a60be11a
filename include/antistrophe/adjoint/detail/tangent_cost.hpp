// SPDX-License-Identifier: MIT
// A running cost that tangents are taken of: the trace of a solve that takes them along. With ẏ_j tangent j at a time that stays
// where it is,
//   d/dj ∫ q dt = ∫ (∂q/∂y ẏ_j + ∂q/∂θ θ̇_j) dt, and what the ends of each step move by,
// summed by the rule that the cost itself is summed by: exact to round-off for the steps taken.
#pragma once

#include <antistrophe/detail/cost_meter.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace antistrophe::detail {

// Field: the field with tangents that S is bound to. Both fields must outlive it.
template <class S, class Field, class F, EigenState Y, class Q>
class TangentCostMeter {
  using Large = typename S::State;
  using Scalar = typename Y::Scalar;
  static_assert(Extensible<S>,
                "antistrophe: a running cost is integrated along the dense output, which this method does not have.");

 public:
  NoBits bits;

  TangentCostMeter(const F& field, const Field& tangents, const Q& q, const Y& like, const Large& large,
                   bool chooses_steps)
      : cost_(field, q, like, chooses_steps, S::dense_degree),
        tangents_(&tangents),
        polynomial_(like),
        room_(like),
        large_(zeros_like(large)),
        theta_bar_(cost_.rate.zero_parameters()) {
    restart();
  }

  void restart() {
    cost_.restart();
    sums_.setZero(tangents_->layout().k());
    pending_ = sums_;
  }
  void begin(const S&, std::int64_t, const typename S::Carry&) {}
  void before_step(std::int64_t, const typename S::Carry&) {}

  double running_cost() const { return cost_.sum(); }
  bool cost_is_finite() const { return std::isfinite(cost_.pending()); }
  double cost_not_finite_at(const Step& step) const { return cost_.not_finite_at(step); }

  CostEstimate estimate_cost(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before) {
    return cost_.estimate(attempted.step(), of_state(attempted.polynomial(stepper, before)));
  }
  void keep_step(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before, double sigma) {
    const auto& all = attempted.polynomial(stepper, before);
    cost_.take(attempted.step(), sigma, [&]() -> const auto& { return of_state(all); });
    push({attempted.step().t0, attempted.step().h(), sigma}, all);
  }
  void step_stands() {
    cost_.step_stands();
    sums_ += pending_;
  }

  // Tangent j of the cost.
  double tangent(Eigen::Index j) const { return sums_[j]; }
  // q(t, y), for a solve of no length.
  double rate(double t, const Y& y) const { return cost_.rate(t, y); }

 private:
  using Polynomial = StepPolynomial<Y, S::dense_degree>;

  const Polynomial& of_state(const auto& all) {
    for (std::size_t d = 0; d < polynomial_.coefficients.size(); ++d)
      tangents_->layout().take_state(all.coefficients[d], polynomial_.coefficients[d]);
    return polynomial_;
  }

  void push(const CostPart& part, const auto& all) {
    const auto& layout = tangents_->layout();
    const auto& seeds = tangents_->seeds();
    theta_bar_.setZero();
    const CostPartBar ends =
        pull_back_cost(cost_.rate, cost_.rule, part, of_state(all), 1, room_, theta_bar_, tangents_->times_move());
    pending_.setZero();
    for (std::size_t node = 0; node < cost_.rule.count; ++node) {
      all.value(part.fraction(cost_.rule.nodes[node]), large_);
      const Y& y_bar = room_.y_bars[node];
      for (Eigen::Index j = 0; j < pending_.size(); ++j)
        for (Eigen::Index i = 0; i < layout.n(); ++i)
          pending_[j] += static_cast<double>(y_bar.data()[i]) * static_cast<double>(large_[layout.at(i, j)]);
    }
    for (Eigen::Index j = 0; j < pending_.size(); ++j)
      for (Eigen::Index m = 0; m < theta_bar_.size(); ++m)
        pending_[j] += static_cast<double>(theta_bar_.data()[m]) * static_cast<double>(seeds.theta(m, j));
    for (Eigen::Index j = 0; j < pending_.size(); ++j)
      pending_[j] += ends.start * static_cast<double>(tangents_->start_motion(j)) +
                     ends.end * static_cast<double>(tangents_->end_motion(j));
  }

  CostIntegral<F, Y, Q> cost_;
  const Field* tangents_;
  Polynomial polynomial_;  // of the state alone
  CostRoom<Y> room_;
  Large large_;
  Parameters<F, Y> theta_bar_;
  Eigen::VectorXd sums_, pending_;
};

template <class S, class F, class Y, class Q>
struct TangentTraceOf<S, F, Y, RunningCost<Q>> {
  using type = TangentCostMeter<S, typename S::TangentFieldType, F, Y, Q>;
  static type make(const F& field, const auto& tangents, const RunningCost<Q>& cost, const Y& like, const auto& large,
                   bool chooses_steps) {
    return type(field, tangents, cost.q, like, large, chooses_steps);
  }
};

}  // namespace antistrophe::detail
