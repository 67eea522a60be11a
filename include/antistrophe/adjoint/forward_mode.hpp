// SPDX-License-Identifier: MIT
// ForwardMode: tangents go forward beside the solve, one for each entry of y0, of θ, and for t0 and t1; nothing is kept and nothing
// goes back. For few parameters. And solve_with_tangents(problem, method, steps[, directions][, extras…]): what a solve saved,
// with its derivatives.
//   Ẏ' = (∂f/∂y) Ẏ + (∂f/∂θ) θ̇ + (∂f/∂t) ṫ + f ḣ/h, by the very steps of y; exact to round-off
// A field is pushed forward by its jvp; automatic_vjp, and a field without parameters that is generic in its scalar, by numbers that
// carry many derivatives at once, f being evaluated once for them all.
#pragma once

#include <antistrophe/adjoint/detail/tangent_solve.hpp>
#include <antistrophe/adjoint/solve_with_pullback.hpp>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// True where tangents can be pushed through F; else a compile error with the reason.
template <class F, class Y>
consteval bool require_pushable() {
  if constexpr (!Solvable<F, Y>) {
    return require_vector_field<F, Y>();
  } else if constexpr (!is_real_scalar<typename Y::Scalar>) {
    static_assert(never<F>, "antistrophe: ForwardMode is for real states; of complex ones take DirectAdjoint.");
    return false;
  } else if constexpr (Freezable<F>) {
    static_assert(never<F>,
                  "antistrophe: ForwardMode pushes no tangents through a field that is frozen to steps; take "
                  "DirectAdjoint or ReversibleAdjoint.");
    return false;
  } else if constexpr (jvp_copies_output<F, Y>) {
    static_assert(never<F>,
                  "antistrophe: the field's jvp takes dy_dot by value, and what it writes to a copy is lost: void "
                  "jvp(double t, const auto& y, "
                  "const auto& y_dot, const auto& theta_dot[, const auto& t_dot], auto& dy_dot) const.");
    return false;
  } else if constexpr (!require_jvp<F, Y>()) {
    return false;
  } else {
    constexpr bool pushable = push_of<F, Y> != Push::not_at_all;
    static_assert(
        pushable,
        "antistrophe: ForwardMode needs the field's jvp: void jvp(double t, const auto& y, const auto& y_dot, "
        "const auto& theta_dot, auto& dy_dot) const, writing df/dy y_dot + df/dtheta theta_dot (or make the "
        "field by automatic_vjp, of a function generic in its scalar).");
    constexpr bool times = !pushable || pushes_times<F, Y> || !TimeDifferentiable<F, Y>;
    static_assert(times,
                  "antistrophe: the field's vjp knows df/dt and its jvp does not: give the jvp t_dot, as in void "
                  "jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, const auto& t_dot, auto& "
                  "dy_dot) const.");
    return pushable && times;
  }
}

// True where tangents can go with the steps of S; else a compile error with the reason.
template <class S>
consteval bool require_tangent_stepper() {
  constexpr bool within = [] {
    if constexpr (requires { requires S::within_step; })
      return S::reversibility != Reversibility::exact;
    else
      return false;
  }();
  static_assert(
      within,
      "antistrophe: ForwardMode goes with Runge-Kutta methods, such as Dopri5, and with their floating pairs, "
      "Reversible<Dopri5, Floating>; others, and exact numbers, which are there for a way back, go with "
      "DirectAdjoint or ReversibleAdjoint.");
  return within;
}

}  // namespace detail

// in_error_norm: adaptive steps are chosen for y and all its tangents, each of which is to have the tolerances of y; else for y
// alone, by which steps and value are those of a solve for another adjoint, sensitivity guard included.
struct ForwardMode {
  static constexpr bool is_adjoint = true;
  bool in_error_norm = false;

  template <class F, class Y>
  static consteval bool require_field() {
    return detail::require_pushable<F, Y>();
  }
  template <class S>
  static consteval bool require() {
    return detail::require_tangent_stepper<S>();
  }
};

namespace detail {

// The number of tangents of a full gradient, Eigen::Dynamic where the compiler does not know it.
template <class F, class Y>
inline constexpr bool gradient_has_times = TimeDifferentiable<F, Y> && pushes_times<F, Y>;
template <class F, class Y>
inline constexpr int number_of_tangents = [] {
  constexpr int n = Y::SizeAtCompileTime, p = Parameters<F, Y>::SizeAtCompileTime;
  return n == Eigen::Dynamic || p == Eigen::Dynamic ? int{Eigen::Dynamic} : n + p + (gradient_has_times<F, Y> ? 2 : 0);
}();

// Of y0, θ, t0 and t1, in this order, the last two where `times`.
template <class F, EigenState Y>
TangentSeeds<typename Y::Scalar> all_seeds(const F& field, const Y& y0, bool times) {
  const Eigen::Index n = y0.size(), p = zero_parameters<F, Y>(field).size();
  auto seeds = TangentSeeds<typename Y::Scalar>::zero(n, p, n + p + (times ? 2 : 0));
  seeds.y0.leftCols(n).setIdentity();
  seeds.theta.middleCols(n, p).setIdentity();
  if (times) seeds.t0[n + p] = seeds.t1[n + p + 1] = 1;
  return seeds;
}

// What value_and_gradient, Objective and solve_with_pullback ask of a solve, by tangents: the Jacobians are there when it is
// over, and a pull-back multiplies by their transposes.
template <class F, class Y, class M, class Save, class Cost = NoRunningCost, class... E>
class TangentDifferentiatedSolve {
  static constexpr bool of_function = !std::is_same_v<Save, SaveAt>;
  static_assert(!of_function || SavedFunctionWithVjp<Save, Y>,
                "antistrophe: a gradient through a function saved in the place of the state needs its member "
                "vjp(t, y, w, y_bar, t_bar), adding (∂g/∂y)ᵀw and (∂g/∂t)ᵀw.");
  static_assert(saved_takes_references<Save, Y>());
  static constexpr bool with_cost = !std::is_same_v<Cost, NoRunningCost>;
  static constexpr int K = number_of_tangents<F, Y>;
  using Solve = TangentSolve<F, Y, M, K, Cost, E...>;
  using Large = typename Solve::Large;
  // In which products are summed.
  using Real = std::conditional_t<std::is_same_v<typename Y::Scalar, long double>, long double, double>;

 public:
  using Saved = SavedType<Save, Y>;

  template <class StepsType, class O>
  TangentDifferentiatedSolve(const Problem<F, Y>& problem, const F& field, const M& method, const StepsType& steps,
                             const Save& save_at, const Events<E...>& events, const ForwardMode& mode,
                             const O& observer, const Cost& cost = {})
      : field_(field),
        save_(save_at),
        y0_(problem.y0),
        solve_(field, problem.y0, problem.t0, problem.t1, method, steps, save_plan_of(save_at),
               all_seeds(field, problem.y0, gradient_has_times<F, Y>), mode.in_error_norm, events, hand_on(observer),
               cost) {}
  TangentDifferentiatedSolve(const TangentDifferentiatedSolve&) = delete;
  TangentDifferentiatedSolve& operator=(const TangentDifferentiatedSolve&) = delete;

  template <class StepsType>
  void solve(const StepsType& steps, Throttle& throttle) {
    solve_.solve(steps, throttle);
    take_values();
  }
  template <class StepsType>
  void solve_again(const Y& y0, const M&, const StepsType& steps, Throttle& throttle) {
    y0_ = y0;
    solve_.solve_again(y0, steps, throttle);
    take_values();
  }

  const std::vector<double>& ts() const { return solve_.ts(); }
  const std::vector<Saved>& ys() const {
    if constexpr (of_function)
      return values_;
    else
      return solve_.states();
  }
  const std::vector<EventRecord<Y>>& events() const { return solve_.events(); }
  const Stats& stats() const { return solve_.forward().stats; }
  const Failure& failure() const { return solve_.forward().failure; }
  bool failed() const { return antistrophe::failed(failure().status); }
  double running_cost() const { return solve_.running_cost(); }
  Solution<Y> solution() const { return solve_.solution(); }

  // For another solve to follow, as of DifferentiatedSolve.
  Subdivided subdivided(const Stretches& stretches, std::int64_t parts) const {
    return {&stretches, parts, {}, solve_.plan().jumps(), solve_.plan().is_chosen()};
  }
  Stretches stretches() const { return stretches_of(solve_.forward().segments); }

  // Σ ẏᵀ w over what was saved and recorded, and the running cost's part; nothing is solved.
  Failure pull_back(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar,
                    const std::vector<EventCotangent<Y>>& events_bar, Throttle&, Gradient<F, Y>& gradient,
                    double running_cost_bar = 1) {
    gradient.stats = {};
    if (const Failure& grazing = solve_.grazing(!events_bar.empty()); grazing.status != Status::success) return grazing;
    sums_.setZero(solve_.layout().k());
    const std::vector<Y>& states = solve_.states();
    double injected = 0;  // the size of what goes back, where no times do
    bool times = false;
    for (std::size_t e = 0; e < states.size(); ++e) {
      double t_bar = ts_bar.empty() ? 0.0 : ts_bar[e];
      if constexpr (of_function) {
        state_bar_ = y0_;
        state_bar_.setZero();
        typename Y::Scalar of_time{0};
        save_.function.vjp(ts()[e], states[e], ys_bar[e], state_bar_, of_time);
        t_bar += static_cast<double>(of_time);
        add(e, state_bar_, t_bar);
        injected += largest_entry(state_bar_);
      } else {
        add(e, ys_bar[e], t_bar);
        injected += largest_entry(ys_bar[e]);
      }
      times = times || t_bar != 0;
    }
    for (std::size_t e = 0; e < events_bar.size(); ++e) {
      add_event(e, events_bar[e]);
      injected += largest_entry(events_bar[e].y);
      times = times || events_bar[e].t != 0;
    }
    if constexpr (with_cost)
      for (Eigen::Index j = 0; j < sums_.size(); ++j)
        sums_[j] += static_cast<Real>(running_cost_bar * solve_.cost_tangent(j));
    hand_out(gradient);
    if (const Eigen::Index bad = first_not_finite(sums_); bad >= 0)
      return {Status::not_finite, ts().empty() ? 0.0 : ts().back(), stats().accepted, -1,
              "an entry of the gradient is not finite: tangents overflow, or the jvp writes NaN or infinity"};
    if (std::optional<Failure> found = solve_.instability(gradient.y0, times || with_cost ? 0 : injected))
      return *std::move(found);
    return {};
  }

  void check(const std::vector<Saved>& ys_bar, const std::vector<double>& ts_bar,
             const std::vector<EventCotangent<Y>>& events_bar) {
    check_cotangents(ys(), events(), ys_bar, ts_bar, events_bar);
  }

  Gradient<F, Y> zero_gradient() const { return {zeros_like(y0_), zero_parameters<F, Y>(field_), {}, {}, {}}; }

 private:
  // An observer is told of y, or of the function's value.
  template <class O>
  typename Solve::Observe hand_on(const O& observer) {
    if constexpr (std::is_same_v<O, NoObserver>)
      return {};
    else
      return {&observer, this, [](const void* told, void* self, double t, const Large& x) {
                auto& me = *static_cast<TangentDifferentiatedSolve*>(self);
                const Y& y = me.solve_.state_of(x);
                if constexpr (of_function)
                  return observe(*static_cast<const O*>(told), t, me.save_.function(t, y));
                else
                  return observe(*static_cast<const O*>(told), t, y);
              }};
  }
  void take_values() {
    if constexpr (of_function) {
      values_.clear();
      for (std::size_t e = 0; e < solve_.states().size(); ++e)
        values_.push_back(save_.function(ts()[e], solve_.states()[e]));
    }
  }
  void add(std::size_t e, const Y& w, double t_bar) {
    add_products(
        w, t_bar, [&](Eigen::Index i, Eigen::Index j) { return solve_.tangent(e, i, j); },
        [&](Eigen::Index j) { return solve_.time_tangent(e, j); });
  }
  void add_event(std::size_t e, const EventCotangent<Y>& bar) {
    add_products(
        bar.y, bar.t, [&](Eigen::Index i, Eigen::Index j) { return solve_.event_tangent(e, i, j); },
        [&](Eigen::Index j) { return solve_.event_time_tangent(e, j); });
  }
  void add_products(const Y& w, double t_bar, const auto& tangent, const auto& time_tangent) {
    for (Eigen::Index i = 0; i < w.size(); ++i) {
      if (w.data()[i] == 0) continue;
      for (Eigen::Index j = 0; j < sums_.size(); ++j)
        sums_[j] += static_cast<Real>(w.data()[i]) * static_cast<Real>(tangent(i, j));
    }
    if (t_bar == 0) return;
    for (Eigen::Index j = 0; j < sums_.size(); ++j)
      sums_[j] += static_cast<Real>(t_bar) * static_cast<Real>(time_tangent(j));
  }
  void hand_out(Gradient<F, Y>& gradient) const {
    using Scalar = typename Y::Scalar;
    const Eigen::Index n = gradient.y0.size(), p = gradient.theta.size();
    for (Eigen::Index i = 0; i < n; ++i) gradient.y0.data()[i] = static_cast<Scalar>(sums_[i]);
    for (Eigen::Index m = 0; m < p; ++m) gradient.theta.data()[m] = static_cast<Scalar>(sums_[n + m]);
    if constexpr (gradient_has_times<F, Y>) {
      gradient.t0 = static_cast<double>(sums_[n + p]);
      gradient.t1 = static_cast<double>(sums_[n + p + 1]);
    }
  }

  const F& field_;
  Save save_;
  Y y0_;
  Solve solve_;
  std::vector<std::conditional_t<of_function, Saved, char>> values_;
  Y state_bar_;
  Eigen::Matrix<Real, Eigen::Dynamic, 1> sums_;
};

template <class F, class Y, class M, class Save, class Cost, class... E>
struct DifferentiatedSolveOf<F, Y, M, ForwardMode, Save, Cost, Events<E...>> {
  using type = TangentDifferentiatedSolve<F, Y, M, Save, Cost, E...>;
};

}  // namespace detail

// What solve_with_tangents is to differentiate along: direction j changes y0 by column j of y0 (its entries in storage order), θ by
// column j of theta, and the times by t0[j] and t1[j]. What is left empty does not change; the others have as many columns.
struct Directions {
  Eigen::MatrixXd y0 = {}, theta = {};
  Eigen::VectorXd t0 = {}, t1 = {};
};

// What a solve saved, and how it moves.
template <class F, class Y>
class [[nodiscard]] SolutionWithTangents {
 public:
  using Matrix = Eigen::Matrix<typename Y::Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<typename Y::Scalar, Eigen::Dynamic, 1>;

  // References while this lives; moved out of a temporary.
  const std::vector<double>& ts() const& { return solution_.ts(); }
  std::vector<double> ts() && { return std::move(solution_).ts(); }
  const std::vector<Y>& ys() const& { return solution_.ys(); }
  std::vector<Y> ys() && { return std::move(solution_).ys(); }
  const Solution<Y>& solution() const& { return solution_; }
  Solution<Y> solution() && { return std::move(solution_); }
  const Stats& stats() const& { return solution_.stats(); }
  Stats stats() && { return solution_.stats(); }

  // The derivatives of ys()[i], one direction a column; entries of the state in storage order. Without directions, those with
  // respect to all of y0, then θ, then t0 and t1 where it is known how f moves with time.
  const Matrix& tangents(std::size_t i) const { return tangents_.at(i); }

  // Of Events: those of the state at the event events()[e], which moves with its time, and of that time, one entry a direction.
  const std::vector<EventRecord<Y>>& events() const { return solution_.events(); }
  const Matrix& event_tangents(std::size_t e) const { return event_tangents_.at(e); }
  const Vector& event_times(std::size_t e) const { return event_times_.at(e); }

  // ∂ys()[i]/∂y0, ∂ys()[i]/∂θ, ∂ys()[i]/∂t0 and ∂ys()[i]/∂t1 of a solve without directions. A state saved at a node, as at t1,
  // moves with it; one at a time that was given is the state at that time. Throws std::invalid_argument where there were directions.
  Matrix y0(std::size_t i) const { return part(i, 0, n_); }
  Matrix theta(std::size_t i) const { return part(i, n_, p_); }
  Vector t0(std::size_t i) const { return of_time(i, 0); }
  Vector t1(std::size_t i) const { return of_time(i, 1); }

  // Of a finished solve with k tangents; `all`: those with respect to y0, θ and times.
  template <class Solve>
  SolutionWithTangents(Solution<Y> solution, const Solve& solve, Eigen::Index k, Eigen::Index n, Eigen::Index p,
                       bool all)
      : solution_(std::move(solution)), n_(n), p_(p), all_(all) {
    for (std::size_t i = 0; i < solution_.ys().size(); ++i)
      tangents_.push_back(
          Matrix::NullaryExpr(n, k, [&](Eigen::Index c, Eigen::Index j) { return solve.tangent(i, c, j); }));
    for (std::size_t e = 0; e < solution_.events().size(); ++e) {
      event_tangents_.push_back(
          Matrix::NullaryExpr(n, k, [&](Eigen::Index c, Eigen::Index j) { return solve.event_tangent(e, c, j); }));
      event_times_.push_back(Vector::NullaryExpr(k, [&](Eigen::Index j) { return solve.event_time_tangent(e, j); }));
    }
  }

 private:
  Matrix part(std::size_t i, Eigen::Index first, Eigen::Index count) const {
    if (!all_)
      detail::refuse("a Jacobian of solve_with_tangents", "along directions",
                     "read by tangents(i), or the solve be given no directions");
    return tangents_.at(i).middleCols(first, count);
  }
  Vector of_time(std::size_t i, Eigen::Index which) const {
    static_assert(detail::pushes_times<F, Y>,
                  "antistrophe: tangents with respect to t0 and t1 need the field's df/dt: give its jvp t_dot before "
                  "dy_dot, or, if f does not depend on t, declare `static constexpr bool autonomous = true`.");
    return part(i, n_ + p_ + which, 1).col(0);
  }

  Solution<Y> solution_;
  std::vector<Matrix> tangents_, event_tangents_;
  std::vector<Vector> event_times_;
  Eigen::Index n_, p_;
  bool all_;
};

namespace detail {

// Throws std::invalid_argument where directions do not fit the problem, or one another.
template <class F, EigenState Y>
TangentSeeds<typename Y::Scalar> seeds_of(const F& field, const Y& y0, const Directions& directions) {
  using Scalar = typename Y::Scalar;
  const Eigen::Index n = y0.size(), p = zero_parameters<F, Y>(field).size();
  Eigen::Index k = 0;
  for (const Eigen::Index columns :
       {directions.y0.cols(), directions.theta.cols(), directions.t0.size(), directions.t1.size()}) {
    if (columns > 0 && k > 0 && columns != k)
      refuse("the number of columns of Directions", columns,
             "the same of all parts that are given, " + std::to_string(k));
    if (columns > 0) k = columns;
  }
  auto seeds = TangentSeeds<Scalar>::zero(n, p, k);
  const auto take = [](const char* name, const auto& from, auto& to) {
    if (from.size() == 0) return;
    if (from.rows() != to.rows() || from.cols() != to.cols())
      refuse(std::string("the shape of Directions::") + name, shape(from), shape(to));
    refuse_not_finite((std::string("Directions::") + name).c_str(), from);
    to = from.template cast<Scalar>();
  };
  take("y0", directions.y0, seeds.y0);
  take("theta", directions.theta, seeds.theta);
  take("t0", directions.t0, seeds.t0);
  take("t1", directions.t1, seeds.t1);
  if (!pushes_times<F, Y> && seeds.times_move())
    refuse("Directions::t0 and t1", "not 0",
           "0, for the field does not say how it moves with time: give its jvp t_dot before dy_dot, or declare "
           "`static constexpr bool autonomous = true`");
  return seeds;
}

template <class F, class Y, class M, int K, class EventsType>
struct TangentSolveThrough;
template <class F, class Y, class M, int K, class... E>
struct TangentSolveThrough<F, Y, M, K, Events<E...>> {
  using type = TangentSolve<F, Y, M, K, NoRunningCost, E...>;
};

template <int K, class F, class Y, class M, class StepsType, class... Extras>
SolutionWithTangents<F, Y> solve_along(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                                       TangentSeeds<typename Y::Scalar> seeds, bool all, const Extras&... extras) {
  using Solve = typename TangentSolveThrough<F, Y, M, K, Picked<Extra::events, Events<>, Extras...>>::type;
  const Progress no_progress;
  const OnFailure by_default = OnFailure::throw_error;
  Throttle throttle(pick<Extra::progress>(no_progress, extras...));
  const Eigen::Index k = seeds.t0.size(), p = seeds.theta.rows();
  Solve solve(problem.field, problem.y0, problem.t0, problem.t1, method, steps,
              pick<Extra::save_at>(SaveAt{}, extras...), std::move(seeds),
              pick<Extra::adjoint>(ForwardMode{}, extras...).in_error_norm, pick<Extra::events>(Events<>{}, extras...),
              {});
  solve.solve(steps, throttle);
  const Failure& own = solve.forward().failure;
  const Failure& grazing = solve.grazing(true);
  Solution<Y> solution = solve.solution(failed(own.status) || grazing.status == Status::success ? own : grazing);
  if (!solution.failed())
    throttle.finish(solution.stats());
  else if (pick<Extra::on_failure>(by_default, extras...) == OnFailure::throw_error)
    throw_failed(std::move(solution));
  return SolutionWithTangents<F, Y>(std::move(solution), solve, k, problem.y0.size(), p, all);
}

// True where a solve with tangents can be made; else a compile error with the reason.
template <class F, class Y, class M, class StepsType, class... Extras>
consteval bool require_solve_with_tangents() {
  constexpr bool fit = ((std::is_same_v<Extras, SaveAt> || std::is_same_v<Extras, ForwardMode> || is_events<Extras> ||
                         std::is_same_v<Extras, Progress> || std::is_same_v<Extras, OnFailure>)&&...);
  if constexpr (!fit) {
    static_assert(
        fit,
        "antistrophe: solve_with_tangents takes, after its steps, Directions{…} if they are not to be all, and "
        "then, in any order, SaveAt{…}, Events{…}, ForwardMode{…}, Progress{…} and OnFailure.");
    return false;
  } else if constexpr (!require_extras<Call::gradient, Extras...>()) {
    return false;
  } else {
    return require_pullback<F, Y, M, StepsType, SaveAt, ForwardMode>();
  }
}

}  // namespace detail

// The solve and its derivatives: along directions, or with respect to y0, θ and, where it is known how f moves with time, t0 and
// t1. The extras, in any order, each at most once: SaveAt{…}, Events{…}, ForwardMode{…}, Progress{…}, OnFailure. Throws as solve
// does, SolveError where an event is grazing, and std::invalid_argument for directions that do not fit.
template <class F, class Y, class M, class StepsType, class... Extras>
auto solve_with_tangents(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                         const Directions& directions, const Extras&... extras) {
  if constexpr (detail::require_solve_with_tangents<F, Y, M, StepsType, Extras...>()) {
    detail::validate(problem);
    return detail::solve_along<Eigen::Dynamic>(
        problem, method, steps, detail::seeds_of(problem.field, problem.y0, directions), false, extras...);
  }
}
template <class F, class Y, class M, class StepsType, class... Extras>
auto solve_with_tangents(const Problem<F, Y>& problem, const M& method, const StepsType& steps,
                         const Extras&... extras) {
  if constexpr (detail::require_solve_with_tangents<F, Y, M, StepsType, Extras...>()) {
    detail::validate(problem);
    constexpr bool times = detail::pushes_times<F, Y>;
    constexpr int K = times == detail::gradient_has_times<F, Y> ? detail::number_of_tangents<F, Y> : Eigen::Dynamic;
    return detail::solve_along<K>(problem, method, steps, detail::all_seeds(problem.field, problem.y0, times), true,
                                  extras...);
  }
}

}  // namespace antistrophe
