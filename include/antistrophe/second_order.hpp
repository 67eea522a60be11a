// SPDX-License-Identifier: MIT
// Second derivatives of a loss along one direction v of (y0, θ):
//   hessian_vector_product(problem, method, steps, loss, direction[, extras…])   H v, with value and gradient
//   gauss_newton_product(problem, method, steps, loss, direction[, extras…])     Jᵀ (∂²L/∂y²) J v, J the Jacobian of what was saved
// Forward over reverse: the field and its tangent are solved as one,
//   y' = f,   ẏ' = (∂f/∂y) ẏ + (∂f/∂θ) θ̇,
// and pulled back through, from the loss's cotangents and their derivatives along ẏ. So both are exact for the steps taken,
// and a reversible method goes back over y and ẏ without storing either.
#pragma once

#include <antistrophe/adjoint/detail/tangent_field.hpp>
#include <antistrophe/adjoint/solve_with_pullback.hpp>
#include <antistrophe/gradient.hpp>
#include <antistrophe/problem/losses.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// A direction in which y0 and θ move, or a vector of second derivatives.
template <class F, class Y>
struct DirectionOf {
  Y y0;
  Parameters<F, Y> theta;
};

// value of the loss, its gradient, and the product. `stats` are those of the solve of y and ẏ together, or of Gauss and Newton's
// y alone.
template <class F, class Y>
struct [[nodiscard]] SecondOrder {
  RealOf<Y> value{};
  DirectionOf<F, Y> gradient, product;
  Stats stats{};
};

namespace detail {

// A field says what else a Hessian needs: vjp_of_jvp(t, y, y_dot, theta_dot, w, y_bar, theta_bar) adds the derivatives of
// wᵀ((∂f/∂y) y_dot + (∂f/∂θ) theta_dot) with respect to y and θ.
template <class F, class Y>
concept HasVjpOfJvp = requires(const F& f, double t, Y& y_bar, Parameters<F, Y>& theta_bar) {
  f.vjp_of_jvp(t, std::declval<Y>(), std::declval<Y>(), std::declval<Parameters<F, Y>>(), std::declval<Y>(), y_bar,
               theta_bar);
};

template <class F, class Y>
inline constexpr bool has_second_derivatives =
    is_automatic<F> || (HasVjpOfJvp<F, Y> && HasJvp<F, Y> && DifferentiableVectorField<F, Y>);

constexpr int twice(int size) { return size == Eigen::Dynamic ? size : 2 * size; }

// Room for the numbers that carry derivatives of an automatic_vjp: the tangent alone, and with it those of a vjp.
template <class F, EigenState Y>
struct SecondRoom {
  void take_up(const F&, const Y&, const Parameters<F, Y>&) {}
};
template <class Function, class Theta, EigenState Y>
struct SecondRoom<AutomaticVjp<Function, Theta>, Y> {
  using Field = AutomaticVjp<Function, Theta>;
  typename Field::template Tangents<Y, 1> tangent;
  typename Field::template SecondTangents<Y> both;

  void take_up(const Field& field, const Y& like, const Theta& theta_dot) {
    field.template seed<Y, 1>(tangent, like, theta_dot.transpose());
    both = field.make_second_tangents(like, theta_dot);
  }
};

// (f, ḟ) over the state (y, ẏ), with the parameters (θ, θ̇).
template <class F, EigenState Y>
class PushedField {
 public:
  using Scalar = typename Y::Scalar;
  using Theta = Parameters<F, Y>;
  using Both = Eigen::Matrix<Scalar, twice(Y::SizeAtCompileTime), 1>;
  using BothThetas = Eigen::Matrix<Scalar, twice(Theta::SizeAtCompileTime), 1>;

  PushedField(const F& field, const Y& like, const Theta& theta_dot)
      : field_(field),
        theta_dot_(theta_dot),
        tape_(make_tape<F, Y>(field, like)),
        y_(zeros_like(like)),
        y_dot_(y_),
        dy_(y_),
        dy_dot_(y_),
        y_bar_(y_),
        y_dot_bar_(y_),
        theta_bar_(theta_dot),
        theta_dot_bar_(theta_dot) {
    thetas_.resize(2 * theta_dot.size());
    if constexpr (HasParameters<F>) thetas_.head(theta_dot.size()) = field.parameters();
    thetas_.tail(theta_dot.size()) = theta_dot;
    room_.take_up(field_, like, theta_dot);
  }

  const BothThetas& parameters() const { return thetas_; }
  auto jumps() const
    requires OffersJumps<F>
  {
    return field_.jumps();
  }

  static Both joined(const Y& y, const Y& y_dot) {
    Both both(2 * y.size());
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      both[i] = y.data()[i];
      both[y.size() + i] = y_dot.data()[i];
    }
    return both;
  }
  static void part(const Both& both, Y& y, Y& y_dot) {
    take(both.data(), y);
    take(both.data() + y.size(), y_dot);
  }

  void operator()(double t, const Both& x, Both& dx) const {
    const Eigen::Index n = y_.size();
    take(x.data(), y_);
    dy_.setConstant(std::numeric_limits<Scalar>::quiet_NaN());
    evaluate<F, Y>(field_, t, y_, dy_, tape_);
    if constexpr (is_automatic<F>) {
      field_.template push_forward<Y, 1>(room_.tangent, t, Eigen::Matrix<Scalar, 1, 1>(Scalar(0)), x.data(),
                                         x.data() + n, y_dot_.data(), dx.data() + n, 1);
    } else {
      take(x.data() + n, y_dot_);
      if constexpr (HasPlainJvp<F, Y>)
        field_.jvp(t, std::as_const(y_), std::as_const(y_dot_), theta_dot_, dy_dot_);
      else
        field_.jvp(t, std::as_const(y_), std::as_const(y_dot_), theta_dot_, Scalar(0), dy_dot_);
      give(dy_dot_, dx.data() + n);
    }
    give(dy_, dx.data());
  }

  void vjp(double t, const Both& x, const Both& w, Both& x_bar, BothThetas& thetas_bar) const
    requires(has_second_derivatives<F, Y>)
  {
    const Eigen::Index n = y_.size(), p = theta_bar_.size();
    if constexpr (is_automatic<F>) {
      field_.template pull_back_pushed<Y>(room_.both, t, x.data(), x.data() + n, w.data(), w.data() + n, x_bar.data(),
                                          x_bar.data() + n, thetas_bar.data(), thetas_bar.data() + p);
    } else {
      part(x, y_, y_dot_);
      part(w, dy_, dy_dot_);
      y_bar_.setZero();
      y_dot_bar_.setZero();
      theta_bar_.setZero();
      theta_dot_bar_.setZero();
      Scalar t_bar{0};
      if constexpr (uses_tape<F, Y>) {
        Y again = y_;
        evaluate<F, Y>(field_, t, y_, again, tape_);
      }
      pull_back<F, Y>(field_, t, y_, tape_, dy_, y_bar_, theta_bar_, t_bar);
      pull_back<F, Y>(field_, t, y_, tape_, dy_dot_, y_dot_bar_, theta_dot_bar_, t_bar);
      field_.vjp_of_jvp(t, std::as_const(y_), std::as_const(y_dot_), theta_dot_, std::as_const(dy_dot_), y_bar_,
                        theta_bar_);
      for (Eigen::Index i = 0; i < n; ++i) {
        x_bar[i] += y_bar_.data()[i];
        x_bar[n + i] += y_dot_bar_.data()[i];
      }
      for (Eigen::Index m = 0; m < p; ++m) {
        thetas_bar[m] += theta_bar_.data()[m];
        thetas_bar[p + m] += theta_dot_bar_.data()[m];
      }
    }
  }

 private:
  // Half of what was joined; few numbers one by one, for the half was just written so.
  ANTISTROPHE_ALWAYS_INLINE static void take(const Scalar* from, Y& to) {
    if constexpr (has_few_entries<Y>)
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to.data()[e] = in_register(from[e]); });
    else
      std::copy_n(from, to.size(), to.data());
  }
  ANTISTROPHE_ALWAYS_INLINE static void give(const Y& from, Scalar* to) {
    if constexpr (has_few_entries<Y>)
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { to[e] = in_register(from.data()[e]); });
    else
      std::copy_n(from.data(), from.size(), to);
  }

  F field_;
  Theta theta_dot_;
  BothThetas thetas_;
  mutable Tape<F, Y> tape_;
  mutable Y y_, y_dot_, dy_, dy_dot_, y_bar_, y_dot_bar_;
  mutable Theta theta_bar_, theta_dot_bar_;
  mutable SecondRoom<F, Y> room_;
};

// A loss that can be called with numbers that carry a derivative.
template <class Y>
using TangentState = WithScalarOf<Y, Dual<typename Y::Scalar, 1>>;
template <class L, class Y>
concept GenericLoss =
    requires(const L& loss, const std::vector<TangentState<Y>>& ys, std::vector<TangentState<Y>>& ys_bar) {
      { loss(ys, ys_bar) } -> std::convertible_to<Dual<typename Y::Scalar, 1>>;
    };

// Whether a loss is a mean squared error of states or entries, whose cotangents are linear in the states.
template <class L>
inline constexpr bool is_quadratic = false;
template <class Target>
inline constexpr bool is_quadratic<MeanSquaredError<Target, WholeState>> = true;
template <class Target>
inline constexpr bool is_quadratic<MeanSquaredError<Target, SomeEntries>> = true;

// A loss of states, its cotangents, and the derivatives of these along ys_dot.
template <class L, EigenState Y>
RealOf<Y> push_loss(const L& loss, const std::vector<Y>& ys, const std::vector<Y>& ys_dot, std::vector<Y>& ys_bar,
                    std::vector<Y>& ys_bar_dot) {
  ys_bar = ys;
  for (Y& bar : ys_bar) bar.setZero();
  ys_bar_dot = ys_bar;
  if constexpr (is_quadratic<L>) {
    L of_nothing = loss;
    for (auto& target : of_nothing.targets) {
      auto* const entries = EntriesOf<std::remove_cvref_t<decltype(target)>>::begin(target);
      for (Eigen::Index i = 0; i < EntriesOf<std::remove_cvref_t<decltype(target)>>::count(target); ++i)
        if (!std::isnan(entries[i])) entries[i] = 0;
    }
    (void)of_nothing(ys_dot, ys_bar_dot);
    return loss(ys, ys_bar);
  } else {
    using Scalar = typename Y::Scalar;
    using Number = Dual<Scalar, 1>;
    std::vector<TangentState<Y>> pushed(ys.size()), pushed_bar(ys.size());
    for (std::size_t e = 0; e < ys.size(); ++e) {
      pushed[e] = ys[e].template cast<Number>();
      pushed_bar[e] = ys_bar[e].template cast<Number>();
      for (Eigen::Index i = 0; i < ys[e].size(); ++i) pushed[e].data()[i].derivatives()[0] = ys_dot[e].data()[i];
    }
    const Number value = loss(std::as_const(pushed), pushed_bar);
    for (std::size_t e = 0; e < ys.size(); ++e) {
      for (Eigen::Index i = 0; i < ys[e].size(); ++i) {
        ys_bar[e].data()[i] = pushed_bar[e].data()[i].value();
        ys_bar_dot[e].data()[i] = pushed_bar[e].data()[i].derivatives()[0];
      }
    }
    return value.value();
  }
}

// True where second derivatives can be had; else a compile error with the reason.
template <bool hessian, class F, class Y, class M, class StepsType, class L, class... Extras>
consteval bool require_second_order() {
  constexpr bool fit = ((std::is_same_v<Extras, SaveAt> || extra_kind<Extras> == Extra::adjoint) && ...);
  if constexpr (!fit) {
    static_assert(fit,
                  "antistrophe: a product by second derivatives takes, after the direction, SaveAt{…} and an adjoint "
                  "such as DirectAdjoint{} alone.");
    return false;
  } else if constexpr (!require_extras<Call::gradient, Extras...>() || !require_solve<F, Y, M, StepsType>()) {
    return false;
  } else if constexpr (!is_real_scalar<typename Y::Scalar> || Freezable<F>) {
    static_assert(never<F>,
                  "antistrophe: second derivatives are for real states, and fields that are not frozen to steps.");
    return false;
  } else {
    constexpr bool pushed = HasJvp<F, Y>;
    static_assert(pushed,
                  "antistrophe: a product by second derivatives needs the field's jvp: void jvp(double t, const auto& "
                  "y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const (or make the field by "
                  "automatic_vjp, of a function generic in its scalar).");
    constexpr bool field = !pushed || !hessian || has_second_derivatives<F, Y>;
    static_assert(field,
                  "antistrophe: a Hessian needs the field's vjp_of_jvp(t, y, y_dot, theta_dot, w, y_bar, theta_bar), "
                  "which adds the derivatives of w^T (df/dy y_dot + df/dtheta theta_dot) with respect to y and theta "
                  "(or make the field by automatic_vjp, of a function generic in its scalar).");
    constexpr bool loss = is_quadratic<L> || GenericLoss<L, Y>;
    static_assert(loss,
                  "antistrophe: second derivatives need a loss(ys, ys_bar) that is generic in its scalar, [](const "
                  "auto& ys, auto& ys_bar) { … }, for it is called with numbers that carry a derivative, or a "
                  "MeanSquaredError of states or of some of their entries.");
    if constexpr (hessian && has_second_derivatives<F, Y> && !is_automatic<F>) {
      constexpr bool copied =
          copies_cotangent<CallVjpOfJvp, F, Types<double, Y, Y, Parameters<F, Y>, Y>, Y, Parameters<F, Y>>;
      static_assert(!copied,
                    "antistrophe: the field's vjp_of_jvp takes y_bar or theta_bar by value, and what it adds to a copy "
                    "is lost: they are auto& y_bar, auto& theta_bar.");
    }
    if constexpr (!is_quadratic<L> && GenericLoss<L, Y>)
      return pushed && field && loss_takes_references<L, TangentState<Y>>();
    else
      return pushed && field && loss;
  }
}

template <class F, class Y>
void check_direction(const Problem<F, Y>& problem, const DirectionOf<F, Y>& v) {
  if (!same_shape(v.y0, problem.y0)) refuse("the shape of the direction's y0", shape(v.y0), shape(problem.y0));
  const auto theta = zero_parameters<F, Y>(problem.field);
  if (v.theta.size() != theta.size())
    refuse("the length of the direction's theta", v.theta.size(), in_words(static_cast<double>(theta.size())));
  refuse_not_finite("the direction's y0", v.y0);
  refuse_not_finite("the direction's theta", v.theta);
}

// use(steps): with the steps as they are, if they were laid out before, else with those that a gradient would take.
template <class F, class Y, class M, class StepsType, class Use>
auto in_steps_of_gradient(const Problem<F, Y>& problem, const M& method, const StepsType& steps, Use&& use) {
  if constexpr (LaidOutSteps<StepsType>) {
    return use(steps);
  } else {
    using S = typename M::template Stepper<F, Y>;
    const Progress no_progress;
    Throttle throttle(no_progress);
    const Timeline plan = timeline_of(steps, problem.field, problem.t0, problem.t1);
    auto forward = make_forward<S>(method, problem.field, problem.y0, problem.t0, problem.t1, steps, plan, SaveAt{},
                                   EventDetector(Events<>{}, problem.field, problem.y0), NoTrace{});
    run_with_room(forward, method, problem.field, steps, plan, problem.y0, problem.t0, problem.t1, true, throttle, true,
                  [] {});
    auto solution = make_solution(forward);
    if (solution.failed()) throw_failed(std::move(solution));
    return use(StepTo{solution.steps()});
  }
}

// use(given, pushed): checks the direction, and hands over the steps and the problem whose state moves along v beside its own.
template <class F, class Y, class M, class StepsType, class Use>
auto along_direction(const Problem<F, Y>& problem, const M& method, const StepsType& steps, const DirectionOf<F, Y>& v,
                     const Use& use) {
  using Field = PushedField<F, Y>;
  validate(problem);
  check_direction(problem, v);
  const Problem pushed{Field(problem.field, problem.y0, v.theta), Field::joined(problem.y0, v.y0), problem.t0,
                       problem.t1};
  return in_steps_of_gradient(problem, method, steps, [&](const auto& given) { return use(given, pushed); });
}

}  // namespace detail

// H v of the loss of what was saved, exact for the steps taken: adaptive ones are those of the gradient, and held constant. The loss
// is called as loss(ys, ys_bar). The extras: SaveAt{…} and an adjoint. Throws as value_and_gradient does.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
SecondOrder<F, Y> hessian_vector_product(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                         const L& loss, const std::type_identity_t<DirectionOf<F, Y>>& v,
                                         const Extras&... extras) {
  if constexpr (!detail::require_second_order<true, F, Y, M, StepsType, L, Extras...>()) {
    return {};
  } else {
    using Field = detail::PushedField<F, Y>;
    return detail::along_direction(problem, method, steps, v, [&](const auto& given, const auto& pushed) {
      auto pass = solve_with_pullback(pushed, method, given, extras...);
      std::vector<Y> ys(pass.ys().size(), problem.y0), ys_dot = ys, ys_bar, ys_bar_dot;
      for (std::size_t e = 0; e < ys.size(); ++e) Field::part(pass.ys()[e], ys[e], ys_dot[e]);
      SecondOrder<F, Y> result{{}, {problem.y0, v.theta}, {problem.y0, v.theta}, pass.stats()};
      result.value = detail::push_loss(loss, ys, ys_dot, ys_bar, ys_bar_dot);
      auto bar = pass.ys();
      for (std::size_t e = 0; e < ys.size(); ++e) bar[e] = Field::joined(ys_bar_dot[e], ys_bar[e]);
      const auto gradient = pass.pullback(bar);
      Field::part(gradient.y0, result.product.y0, result.gradient.y0);
      const Eigen::Index p = v.theta.size();
      for (Eigen::Index m = 0; m < p; ++m) {
        result.product.theta.data()[m] = gradient.theta.data()[m];
        result.gradient.theta.data()[m] = gradient.theta.data()[p + m];
      }
      return result;
    });
  }
}

// Jᵀ (∂²L/∂y²) J v, by one jvp and one vjp a stage: never negative where L is convex in what was saved, and H v where the residuals
// are 0. The field needs no more than a jvp and a vjp. Otherwise as hessian_vector_product.
template <class F, class Y, class M, class StepsType, class L, class... Extras>
SecondOrder<F, Y> gauss_newton_product(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                       const L& loss, const std::type_identity_t<DirectionOf<F, Y>>& v,
                                       const Extras&... extras) {
  if constexpr (!detail::require_second_order<false, F, Y, M, StepsType, L, Extras...>()) {
    return {};
  } else {
    using Field = detail::PushedField<F, Y>;
    return detail::along_direction(problem, method, steps, v, [&](const auto& given, const auto& pushed) {
      auto pass = solve_with_pullback(problem, method, given, extras...);
      const auto both = solve(pushed, method, given, detail::pick<detail::Extra::save_at>(SaveAt{}, extras...));
      std::vector<Y> unused(pass.ys().size(), problem.y0), ys_dot = unused, ys_bar, ys_bar_dot;
      for (std::size_t e = 0; e < ys_dot.size(); ++e) Field::part(both.ys()[e], unused[e], ys_dot[e]);
      SecondOrder<F, Y> result{{}, {problem.y0, v.theta}, {problem.y0, v.theta}, pass.stats()};
      result.value = detail::push_loss(loss, pass.ys(), ys_dot, ys_bar, ys_bar_dot);
      const auto gradient = pass.pullback(ys_bar), product = pass.pullback(ys_bar_dot);
      result.gradient = {gradient.y0, gradient.theta};
      result.product = {product.y0, product.theta};
      return result;
    });
  }
}

}  // namespace antistrophe
