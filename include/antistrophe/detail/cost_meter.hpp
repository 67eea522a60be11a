// SPDX-License-Identifier: MIT
// A running cost on the way forth: a trace that adds up ∫ q dt step by step, beside what it keeps for an adjoint.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/detail/attempted_step.hpp>
#include <antistrophe/detail/cost.hpp>
#include <antistrophe/detail/quadrature.hpp>
#include <antistrophe/detail/requirements.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/detail/gradient_of_number.hpp>
#include <antistrophe/problem/detail/event_functions.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class F, class Y, class Q, class Theta = Parameters<F, Y>, class Scalar = typename Y::Scalar>
concept HasCostGradient = requires(const Q& q, double t, const Y& y, Y& y_bar, Theta& theta_bar, Scalar& t_bar) {
  q.gradient(t, y, y_bar, theta_bar, t_bar);
} || requires(const Q& q, const F& field, double t, const Y& y, Y& y_bar, Theta& theta_bar, Scalar& t_bar) {
  q.gradient(t, y, field.parameters(), y_bar, theta_bar, t_bar);
};

template <class F, class Y, class Q>
concept DifferentiableCost =
    HasCostGradient<F, Y, Q> || GenericInState<Q, Y> || GenericInParameters<Q, Y, Parameters<F, Y>>;

template <class Q>
struct CostRequirements<RunningCost<Q>> {
  template <class F, class Y, class M>
  static consteval bool require() {
    constexpr bool real = is_real_scalar<typename Y::Scalar>, callable = CallableAsEvent<Q, F, Y>;
    constexpr bool along = Extensible<typename M::template Stepper<F, Y>>;
    static_assert(real, "antistrophe: a running cost is for states of real numbers.");
    static_assert(callable,
                  "antistrophe: the q of a RunningCost is called as q(t, y), or q(t, y, theta), and returns a number.");
    static_assert(along,
                  "antistrophe: a running cost is integrated along the dense output, which this method does not have.");
    return real && callable && along;
  }
  template <class F, class Y>
  static consteval bool require_gradient() {
    constexpr bool copied = gradient_copies_cotangent<Q, F, Y>;
    static_assert(
        !copied,
        "antistrophe: the gradient of a running cost takes y_bar, theta_bar or t_bar by value, and what it adds to a "
        "copy is lost: void gradient(double t, const auto& y, auto& y_bar, auto& theta_bar, auto& t_bar) const.");
    constexpr bool differentiable = DifferentiableCost<F, Y, Q>;
    static_assert(differentiable,
                  "antistrophe: a gradient through a running cost needs q.gradient(t, y, y_bar, theta_bar, t_bar), "
                  "adding ∂q/∂y, ∂q/∂θ and ∂q/∂t, or a q that takes numbers that carry derivatives: [](auto t, const "
                  "auto& y, const auto& theta) { return … }.");
    return differentiable && !copied;
  }
};

// q with its gradient, of one field.
template <class F, EigenState Y, class Q>
class CostRate {
  using Scalar = typename Y::Scalar;
  using Theta = Parameters<F, Y>;

 public:
  CostRate(const F& field, const Q& q, const Y& like)
      : q_(q), field_(&field), y_bar_(zeros_like(like)), theta_bar_(detail::zero_parameters<F, Y>(field)) {}

  double operator()(double t, const Y& y) const {
    if (!tried_) try_out_event(q_, *field_, t, y, "the q of the RunningCost");
    tried_ = true;
    return event_value(q_, *field_, t, y);
  }

  Theta zero_parameters() const { return detail::zero_parameters<F, Y>(*field_); }

  // Adds w ∂q/∂y and w ∂q/∂θ; returns w ∂q/∂t.
  double pull_back(double t, const Y& y, double w, Y& y_bar, Theta& theta_bar) {
    // A q that is generic in t and y alone does not reach θ, which may be long.
    constexpr bool generic = GenericInState<Q, Y>, reaches_theta = has_gradient || !generic;
    static_assert(CostRequirements<RunningCost<Q>>::template require_gradient<F, Y>() ||
                  true);  // one sentence is enough
    Scalar t_bar{0};
    y_bar_.setZero();
    if constexpr (reaches_theta) theta_bar_.setZero();
    if constexpr (has_gradient) {
      event_gradient(q_, *field_, t, y, y_bar_, theta_bar_, t_bar);
    } else if constexpr (generic) {
      const NoParameters none;
      NoParameters no_bar;
      const auto of_two = [&](const auto& time, const auto& state, const auto&) { return q_(time, state); };
      add_gradient_of_number(of_two, t, y, none, y_bar_, no_bar, t_bar, duals_y_, no_duals_);
    } else {
      constexpr bool generic_in_both = GenericInParameters<Q, Y, Theta>;
      if constexpr (generic_in_both)
        add_gradient_of_number(q_, t, y, field_->parameters(), y_bar_, theta_bar_, t_bar, duals_y_, duals_theta_);
    }
    y_bar += scalar<Y>(w) * y_bar_;
    if constexpr (reaches_theta) theta_bar += scalar<Y>(w) * theta_bar_;
    return w * static_cast<double>(t_bar);
  }

 private:
  using NoParameters = Eigen::Matrix<Scalar, 0, 1>;
  static constexpr bool has_gradient = HasCostGradient<F, Y, Q>;

  Q q_;
  const F* field_;
  mutable bool tried_ = false;
  Y y_bar_;
  Theta theta_bar_;
  InDuals<Y> duals_y_;
  InDuals<Theta> duals_theta_;
  InDuals<NoParameters> no_duals_;
};

// The part of a step over which a cost is integrated: from its start to its fraction sigma.
struct CostPart {
  double t0, h, sigma;

  double length() const { return sigma * h; }
  double fraction(double node) const { return sigma * node; }
  double time(double node) const { return t0 + node * length(); }
};

// Cotangents of the two ends of a part, states at fixed times being what they are.
struct CostPartBar {
  double start = 0, end = 0;
};

// Room for the pull-back of a cost over a step.
template <class Y>
struct CostRoom {
  Y y, slope;
  std::array<Y, Quadrature::most> y_bars;  // of the states at the nodes

  explicit CostRoom(const Y& like) : y(zeros_like(like)), slope(y) { y_bars.fill(y); }
};

// Pulls w, the cotangent of ∫ q over a part of a step, back to the states at the nodes, to θ and to the part's ends: where the
// gradients of times are offered, or where an end moves all the same, with an event.
template <class F, class Y, class Q, class Polynomial>
CostPartBar pull_back_cost(CostRate<F, Y, Q>& rate, const Quadrature& rule, const CostPart& part,
                           const Polynomial& polynomial, double w, CostRoom<Y>& room, Parameters<F, Y>& theta_bar,
                           bool ends_move = false) {
  CostPartBar bar;
  for (std::size_t j = 0; j < rule.count; ++j) {
    const double node = rule.nodes[j], t = part.time(node), weight = w * rule.weights[j];
    polynomial.value(part.fraction(node), room.y);
    room.y_bars[j].setZero();
    const double t_bar = rate.pull_back(t, room.y, weight * part.length(), room.y_bars[j], theta_bar);
    if constexpr (TimeDifferentiable<F, Y> || is_real_scalar<typename Y::Scalar>) {
      if (!TimeDifferentiable<F, Y> && !ends_move) continue;
      polynomial.slope(part.fraction(node), room.slope);
      const double along = t_bar + static_cast<double>(dot(room.y_bars[j], room.slope)) / part.h;
      const double at_node = weight * rate(t, room.y);
      bar.start += (1 - node) * along - at_node;
      bar.end += node * along + at_node;
    }
  }
  return bar;
}

// ∫ q dt, added up step by step along the polynomials of a state Y.
template <class F, EigenState Y, class Q>
class CostIntegral {
 public:
  // The field must outlive it. `chooses_steps`: the integral's error is to be estimated; else the rule suits the degree.
  CostIntegral(const F& field, const Q& q, const Y& like, bool chooses_steps, int degree)
      : rate(field, q, like),
        rule(chooses_steps ? Quadrature::kronrod() : Quadrature::gauss(degree / 2 + 1)),
        y_(zeros_like(like)) {}

  CostRate<F, Y, Q> rate;
  Quadrature rule;

  void restart() {
    sum_ = pending_ = 0;
    estimated_ = false;
  }
  double sum() const { return sum_; }
  double pending() const { return pending_; }
  const Y& like() const { return y_; }

  // Over the whole of an attempted step that is otherwise accepted.
  template <class Polynomial>
  CostEstimate estimate(const Step& step, const Polynomial& polynomial) {
    pending_ = integral({step.t0, step.h(), 1}, polynomial);
    estimated_ = true;
    return {pending_, std::fabs(step.h()) * rule.error(values_, pending_ / step.h()), sum_};
  }
  // Over a step that is about to be committed, or cut at sigma; polynomial() is asked for where it has not been estimated.
  void take(const Step& step, double sigma, const auto& polynomial) {
    if (std::exchange(estimated_, false) && sigma == 1) return;
    pending_ = integral({step.t0, step.h(), sigma}, polynomial());
  }
  void step_stands() { sum_ += std::exchange(pending_, 0.0); }
  // The earliest time in an attempted step at which q was not finite; its start where the sum alone is not.
  double not_finite_at(const Step& step) const {
    double node = 1;
    bool found = false;
    for (std::size_t j = 0; j < rule.count; ++j) {
      if (std::isfinite(values_[j])) continue;
      node = smaller_of(node, rule.nodes[j]);
      found = true;
    }
    return found ? step.t0 + node * step.h() : step.t0;
  }

 private:
  template <class Polynomial>
  double integral(const CostPart& part, const Polynomial& polynomial) {
    for (std::size_t j = 0; j < rule.count; ++j) {
      polynomial.value(part.fraction(rule.nodes[j]), y_);
      values_[j] = rate(part.time(rule.nodes[j]), y_);
    }
    return part.length() * rule.integral(values_);
  }

  Y y_;
  std::array<double, Quadrature::most> values_{};
  double sum_ = 0, pending_ = 0;
  bool estimated_ = false;  // the attempted step's is pending
};

// The field must outlive it. `chooses_steps`: the integral's error is to be estimated.
template <class Base, class F, class S, class Q>
class CostMeter : public Base {
 public:
  using Y = typename S::State;
  using Rate = CostRate<F, Y, Q>;

  CostMeter(Base&& base, const F& field, const Q& q, const Y& like, bool chooses_steps)
      : Base(std::move(base)), cost_(field, q, like, chooses_steps, S::dense_degree) {}

  void restart() {
    Base::restart();
    cost_.restart();
    end_bars_.clear();
  }

  double running_cost() const { return cost_.sum(); }
  bool cost_is_finite() const { return std::isfinite(cost_.pending()); }
  double cost_not_finite_at(const Step& step) const { return cost_.not_finite_at(step); }
  Rate& cost_rate() { return cost_.rate; }
  const Quadrature& quadrature() const { return cost_.rule; }

  CostEstimate estimate_cost(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before) {
    return cost_.estimate(attempted.step(), attempted.polynomial(stepper, before));
  }
  void keep_step(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before, double sigma) {
    if constexpr (requires(Base& base) { base.keep_step(stepper, attempted, before, sigma); })
      Base::keep_step(stepper, attempted, before, sigma);
    cost_.take(attempted.step(), sigma, [&]() -> const auto& { return attempted.polynomial(stepper, before); });
  }
  void step_stands() { cost_.step_stands(); }

  // Of the attempted step that an event has cut at sigma, the end of segment `number`, on a way forth that is to be gone back:
  // what the cost changes by with the event's time.
  void cut(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before, double sigma, std::size_t number) {
    const Step& step = attempted.step();
    CostRoom<Y> room(cost_.like());
    auto unused = cost_.rate.zero_parameters();
    end_bars_.resize(number + 1);
    end_bars_[number] = pull_back_cost(cost_.rate, cost_.rule, CostPart{step.t0, step.h(), sigma},
                                       attempted.polynomial(stepper, before), 1, room, unused, true)
                            .end;
  }
  double end_bar(std::size_t number) const { return end_bars_[number]; }

 private:
  CostIntegral<F, Y, Q> cost_;
  std::vector<double> end_bars_;  // of segments that an event ended
};

template <class Base, class F, class S, class Q>
struct MeteredOf<Base, F, S, RunningCost<Q>> {
  using type = CostMeter<Base, F, S, Q>;
};

}  // namespace antistrophe::detail
