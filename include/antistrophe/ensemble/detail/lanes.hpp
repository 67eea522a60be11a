// SPDX-License-Identifier: MIT
// W problems of an ensemble as one, whose scalar is a pack of W numbers: in the same steps, by the same code, with the same
// roundings. Whatever it cannot vouch for, lane by lane, is left to be solved one at a time.
#pragma once

#include <antistrophe/adjoint/detail/instability.hpp>
#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/ensemble/detail/extras.hpp>
#include <antistrophe/ensemble/detail/pack.hpp>
#include <antistrophe/ensemble/detail/pack_units.hpp>
#include <antistrophe/ensemble/ensemble.hpp>
#include <antistrophe/method/coupled/reversible.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/objective.hpp>
#include <antistrophe/step/adaptive.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <class... Extras>
inline constexpr int width_of = (0 + ... + lanes_of<Extras>);

template <class M>
inline constexpr bool is_runge_kutta = false;
template <class Tableau>
inline constexpr bool is_runge_kutta<RungeKutta<Tableau>> = true;
template <class M>
inline constexpr bool is_exact_pair = false;
template <class Tableau>
inline constexpr bool is_exact_pair<Reversible<RungeKutta<Tableau>, Exact>> = true;
template <class M>
using AdjointInLanes = std::conditional_t<is_exact_pair<M>, ReversibleAdjoint, DirectAdjoint>;
template <class M>
struct TableauOfMethod;
template <class Tableau>
struct TableauOfMethod<RungeKutta<Tableau>> {
  using type = Tableau;
};
template <class M>
using TableauOf = typename TableauOfMethod<M>::type;

template <class Matrix, class S>
using WithPacks = Eigen::Matrix<S, Matrix::RowsAtCompileTime, Matrix::ColsAtCompileTime, Matrix::Options,
                                Matrix::MaxRowsAtCompileTime, Matrix::MaxColsAtCompileTime>;

// A field that makes itself anew for parameters of another scalar: field.with_parameters(theta).
template <class F, class Theta>
concept TakesParameters = requires(const F& field, const Theta& theta) { field.with_parameters(theta); };

// Whether two fields are the same but for their parameters: as they say themselves, by ==, or byte for byte, which is never said of
// two that are not.
template <class F>
bool same_field(const F& a, F b) {
  if constexpr (requires { a.same_function_as(b); }) return a.same_function_as(b);
  if constexpr (requires { b.parameters() = a.parameters(); }) b.parameters() = a.parameters();
  if constexpr (requires {
                  { a == b } -> std::convertible_to<bool>;
                })
    return a == b;
  else if constexpr (std::is_empty_v<F>)  // its one byte is any
    return true;
  else
    return std::memcmp(static_cast<const void*>(&a), static_cast<const void*>(&b), sizeof a) == 0;
}

// A field on packs: the user's own, or what it makes of parameters that differ from lane to lane. All lanes have parameters of their own
// here, so that each has a cotangent of its own. *parted becomes true where the field does not treat lanes alike.
template <class Field, class Theta>
struct FieldOfLanes {
  Field field;
  Theta theta;
  bool* parted;

  const Theta& parameters() const { return theta; }
  void operator()(double t, const auto& y, auto& dy) const {
    parting = false;
    field(t, y, dy);
    *parted = *parted || parting;
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    parting = false;
    auto t_bar = y.size() > 0 ? y.data()[0] : typename std::remove_cvref_t<decltype(y)>::Scalar(0);  // not asked for
    if constexpr (requires { field.vjp(t, y, w, y_bar, theta_bar, t_bar); })
      field.vjp(t, y, w, y_bar, theta_bar, t_bar);
    else
      field.vjp(t, y, w, y_bar, theta_bar);
    *parted = *parted || parting;
  }
};

template <class F, class Theta>
struct FieldForParameters {
  using type = F;
};
template <class F, class Theta>
  requires TakesParameters<F, Theta>
struct FieldForParameters<F, Theta> {
  using type = std::remove_cvref_t<decltype(std::declval<const F&>().with_parameters(std::declval<const Theta&>()))>;
};

// Of a lane: the size of what its loss sent back, and of the largest state that it read.
struct SizesOfLane {
  double injected = 0, state = 0;
};

// The loss of each lane, of problems numbered from *first on.
template <class L, class Y, class PackedY, int W>
struct LossOfLanes {
  using Packed = typename PackedY::Scalar;
  const L* loss;
  const std::size_t* first;
  const std::size_t* count;  // of lanes that are problems; the others repeat the last
  bool* parted;
  SizesOfLane* sizes;  // one a lane

  Packed operator()(const std::vector<PackedY>& ys, std::vector<PackedY>& ys_bar) const {
    Packed values(0);
    std::vector<Y> mine(ys.size()), bar(ys.size());
    for (std::size_t l = 0; l < W; ++l) {
      if (l >= *count) {  // nothing of it goes back
        for (PackedY& packed : ys_bar)
          for (Eigen::Index i = 0; i < packed.size(); ++i) packed.data()[i].lane.set(static_cast<int>(l), 0);
        continue;
      }
      for (std::size_t k = 0; k < ys.size(); ++k) {
        take_lane(ys[k], l, mine[k]);
        bar[k] = zeros_like(mine[k]);
      }
      if constexpr (std::is_invocable_v<const L&, const std::vector<Y>&, std::vector<Y>&>)
        values.lane.set(static_cast<int>(l), static_cast<RealOf<Y>>((*loss)(mine, bar)));
      else
        values.lane.set(static_cast<int>(l), static_cast<RealOf<Y>>((*loss)(*first + l, mine, bar)));
      sizes[l] = {};
      for (std::size_t k = 0; k < ys.size(); ++k) {
        if (bar.size() != ys.size() || !same_shape(bar[k], mine[k])) {
          *parted = true;
          return values;
        }
        sizes[l].injected += largest_entry(bar[k]);
        sizes[l].state = larger_of(sizes[l].state, largest_entry(mine[k]));
        put_lane(bar[k], l, ys_bar[k]);
      }
      if (!(sizes[l].injected > 0)) *parted = true;  // one that forgets its cotangents is found out alone
    }
    return values;
  }
};

// The problems of a group as one problem, where they can be.
template <class P, int W>
class PackedProblems {
 public:
  using F = typename P::Field;
  using Y = typename P::State;
  using Packed = LanePack<typename Y::Scalar, W>;
  using PackedY = WithPacks<Y, Packed>;
  using Theta = Parameters<F, Y>;
  using PackedTheta = WithPacks<Theta, Packed>;
  using Field = typename FieldForParameters<F, PackedTheta>::type;
  using OnPacks = Problem<FieldOfLanes<Field, PackedTheta>, PackedY>;

  // The problems from number `first` on; none where they differ in more than y0 and, of fields that take parameters, these.
  template <class E>
  std::optional<OnPacks> pack(const E& ensemble, std::size_t first, std::size_t count, bool& parted) {
    problems_.clear();
    for (std::size_t l = 0; l < count; ++l) problems_.push_back(ensemble[first + l]);
    const P& head = problems_.front();
    for (const P& problem : problems_) {
      try {
        validate(problem);
      } catch (const std::exception&) {
        return std::nullopt;  // it is met again alone, and named
      }
      if (problem.t0 != head.t0 || problem.t1 != head.t1 || !same_shape(problem.y0, head.y0) ||
          !same_field(head.field, problem.field))
        return std::nullopt;
    }
    PackedY y0(head.y0.rows(), head.y0.cols());
    PackedTheta theta = zero_parameters<F, Y>(head.field).template cast<Packed>();
    for (std::size_t l = 0; l < W; ++l) {
      const P& problem = problems_[std::min(l, count - 1)];
      put_lane(problem.y0, l, y0);
      if constexpr (HasParameters<F>) {
        if (problem.field.parameters().size() != theta.size()) return std::nullopt;
        if (!TakesParameters<F, PackedTheta> && problem.field.parameters() != head.field.parameters())
          return std::nullopt;
        put_lane(Theta(problem.field.parameters()), l, theta);
      }
    }
    OnPacks packed{field_of(head.field, theta, parted), y0, head.t0, head.t1};
    if (!agrees(packed)) return std::nullopt;
    return packed;
  }
  const P& operator[](std::size_t l) const { return problems_[l]; }

 private:
  static FieldOfLanes<Field, PackedTheta> field_of(const F& field, const PackedTheta& theta, bool& parted) {
    if constexpr (TakesParameters<F, PackedTheta>)
      return {field.with_parameters(theta), theta, &parted};
    else
      return {field, theta, &parted};
  }
  // Whether the field makes of packs what it makes of each problem alone, at its start.
  bool agrees(const OnPacks& packed) {
    PackedY rates(packed.y0.rows(), packed.y0.cols());
    packed.field(packed.t0, packed.y0, rates);
    if (*packed.field.parted) return false;
    for (std::size_t l = 0; l < problems_.size(); ++l) {
      Y rate = zeros_like(problems_[l].y0), of_lane = rate;
      problems_[l].field(packed.t0, problems_[l].y0, rate);
      take_lane(rates, l, of_lane);
      const Y off = of_lane - rate;
      constexpr auto round_off = static_cast<double>(std::numeric_limits<typename Y::Scalar>::epsilon());
      if (!(largest_entry(off) <= 1000 * round_off * largest_entry(rate))) return false;
    }
    return true;
  }

  std::vector<P> problems_;
};

// Values and gradients of W problems at a time.
template <class E, class M, class StepsType, class L, int W, class Save>
class GradientsInLanes {
  using P = ProblemOf<E>;
  using F = typename P::Field;
  using Y = typename P::State;
  using Problems = PackedProblems<P, W>;
  using OnPacks = typename Problems::OnPacks;
  using Loss = LossOfLanes<L, Y, typename Problems::PackedY, W>;
  using O = decltype(Objective(std::declval<const OnPacks&>(), std::declval<const M&>(),
                               std::declval<const StepsType&>(), std::declval<const Loss&>(), OnFailure::return_status,
                               std::declval<const Save&>(), AdjointInLanes<M>{}));

 public:
  GradientsInLanes(const E& ensemble, const M& method, const StepsType& steps, const L& loss, const Save& save_at)
      : ensemble_(ensemble), method_(method), steps_(steps), loss_(loss), save_at_(save_at) {}
  GradientsInLanes(const GradientsInLanes&) = delete;  // the loss refers to it
  GradientsInLanes& operator=(const GradientsInLanes&) = delete;

  // Whether problem i is solved, now with its neighbours before `end` or already with those before it, and then its result.
  bool solve(std::size_t i, std::size_t end, ValueAndGradient<F, Y>& result) {
    if (std::exchange(chunk_end_, end) != end) hopeless_ = false;  // who solves which chunk must not matter
    if (i >= first_ + count_) solve_group(i, end);
    const std::size_t l = i - first_;
    if (!solved_ || !trusted(l)) return false;
    const auto& all = *solved_;
    result.value = all.value.lane[static_cast<int>(l)];
    take_lane(all.gradient.y0, l, result.gradient.y0);
    take_lane(all.gradient.theta, l, result.gradient.theta);
    if constexpr (TimeDifferentiable<F, Y>)
      result.gradient.t0 = result.gradient.t1 = std::numeric_limits<double>::quiet_NaN();
    result.stats = all.stats;
    result.stats.bytes_kept /= W;
    result.gradient.stats = all.gradient.stats;
    return true;
  }

 private:
  void solve_group(std::size_t i, std::size_t end) {
    first_ = i;
    count_ = std::min<std::size_t>(W, end - i);
    solved_ = nullptr;
    if (hopeless_ || count_ < 2) return;
    parted_ = false;
    try {
      const std::optional<OnPacks> packed = problems_.pack(ensemble_, first_, count_, parted_);
      if (packed) {
        const auto& all = objective_ ? (*objective_)(*packed) : objective_.emplace(bind(*packed))();
        if (all.success() && !parted_) solved_ = &all;
      }
    } catch (...) {  // whatever it is, it is met again alone
      objective_.reset();
    }
    hopeless_ = parted_;
  }
  O bind(const OnPacks& packed) {
    return Objective(packed, method_, steps_, Loss{&loss_, &first_, &count_, &parted_, sizes_.data()},
                     OnFailure::return_status, save_at_, AdjointInLanes<M>{});
  }
  // What grows is looked into alone, for here one lane may hide another (adjoint/detail/instability.hpp).
  bool trusted(std::size_t l) const {
    const Y& y0 = problems_[l].y0;
    Y y0_bar = y0;
    take_lane(solved_->gradient.y0, l, y0_bar);
    const double size = largest_entry(y0), back = largest_entry(y0_bar);
    const SizesOfLane& seen = sizes_[l];
    return std::isfinite(back) && std::isfinite(solved_->value.lane[static_cast<int>(l)]) &&
           back <= suspicious.of_gradient * seen.injected && (size == 0 || seen.state <= suspicious.of_state * size);
  }

  const E& ensemble_;
  const M& method_;
  const StepsType& steps_;
  const L& loss_;
  const Save& save_at_;
  Problems problems_;
  std::array<SizesOfLane, std::size_t{W}> sizes_;
  std::size_t first_ = 0, count_ = 0, chunk_end_ = 0;
  bool parted_ = false, hopeless_ = false;
  std::optional<O> objective_;
  const std::remove_cvref_t<decltype(std::declval<O&>()())>* solved_ = nullptr;
};

// Whether a field can be called with a time for each lane, or need not be. Times are doubles, which states of float cannot be mixed
// with; a field that takes parameters of any scalar makes its times of that.
template <class F, class Y, int W>
inline constexpr bool takes_own_times = [] {
  using Packed = LanePack<typename Y::Scalar, W>;
  using State = WithPacks<Y, Packed>;
  using Theta = WithPacks<Parameters<F, Y>, Packed>;
  using OfLanes = typename FieldForParameters<F, Theta>::type;
  return DeclaredAutonomous<F> ||
         ((std::is_same_v<typename Y::Scalar, double> ||
           TakesParameters<F, Theta>)&&std::is_invocable_v<const OfLanes&, const LanePack<double, W>&, const State&,
                                                           State&>);
}();

// True where problems can be solved in lanes; else a compile error with the reason.
template <class F, class Y, class M, class StepsType, class... Extras>
consteval bool require_lanes() {
  constexpr int width = width_of<Extras...>;
  constexpr bool stepped = LaidOutSteps<StepsType> || std::is_same_v<StepsType, Adaptive>;
  constexpr bool method = is_runge_kutta<M> || (is_exact_pair<M> && LaidOutSteps<StepsType>);
  static_assert(
      stepped && method,
      "antistrophe: Lanes solve problems side by side: they take FixedSteps, FixedStep, StepTo or Adaptive and a "
      "Runge-Kutta method such as RK4 or Dopri5, or, in steps laid out before, its exact pair, such as "
      "Reversible<RK4>; other solves are sped up by Threads alone.");
  constexpr bool plain = ((lanes_of<Extras> > 0 || for_the_ensemble<Extras> || is_save_at<Extras> ||
                           std::is_same_v<Extras, AdjointInLanes<M>>)&&...) &&
                         !events_differ<Extras...>;
  static_assert(plain,
                "antistrophe: an ensemble in Lanes takes SaveAt{…}, DirectAdjoint{} (of an exact pair "
                "ReversibleAdjoint{}) and what is for the ensemble as a whole, but no "
                "events, running costs, functions of what is saved, or other adjoints.");
  static_assert(width == 0 || std::is_floating_point_v<typename Y::Scalar>,
                "antistrophe: Lanes are for states of float or double.");
  if constexpr (stepped && method && plain && std::is_floating_point_v<typename Y::Scalar>) {
    using Packed = WithPacks<Y, LanePack<typename Y::Scalar, width>>;
    constexpr bool callable = std::is_invocable_v<const F&, double, const Packed&, Packed&>;
    constexpr bool in_own_times = LaidOutSteps<StepsType> || takes_own_times<F, Y, width>;
    static_assert(
        callable,
        "antistrophe: Lanes call the field with states of packs of numbers, so it must be generic in its scalar: "
        "void operator()(double t, const auto& y, auto& dy) const, and likewise vjp.");
    static_assert(
        !callable || in_own_times,
        "antistrophe: in adaptive steps each of the Lanes has a time of its own, so a field takes the time as "
        "auto, too: void operator()(auto t, const auto& y, auto& dy) const, and likewise vjp; or, where f does "
        "not depend on t, it says static constexpr bool autonomous = true.");
    return callable && in_own_times;
  } else {
    return false;
  }
}

template <class E, class M, class StepsType, class... Extras>
consteval bool require_lanes_if_any() {
  using P = ProblemOf<E>;
  if constexpr (width_of<Extras...> == 0)
    return true;
  else
    return require_lanes<typename P::Field, typename P::State, M, StepsType, Extras...>();
}

}  // namespace antistrophe::detail
