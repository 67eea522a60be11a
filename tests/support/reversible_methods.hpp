// The battery's facts of the reversible methods beside the coupled pair: what each law asks of them.
#pragma once

#include "battery.hpp"

#include <cstdint>
#include <string_view>
#include <tuple>

namespace antistrophe::battery {

// --- Two points --------------------------------------------------------------------------------------------------------

// s evaluations in the first step, 2s − 1 in the others; back as many, and as many vjps.
template <int Stages>
struct CostsOfTwoPoints {
  static constexpr bool is_two_points = true;
  static constexpr std::int64_t forth(std::int64_t n) { return n == 0 ? 0 : Stages + (n - 1) * (2 * Stages - 1); }
  static constexpr std::int64_t back(std::int64_t n) { return forth(n); }
  static constexpr std::int64_t vjps(std::int64_t n) { return forth(n); }
};

template <class Tableau>
struct Facts<TwoPoint<RungeKutta<Tableau>, Exact>> : CostsOfTwoPoints<tableau::increment_stages<Tableau>> {
  using TableauType = Tableau;
  using RealValued = TwoPoint<RungeKutta<Tableau>, Floating>;
  static constexpr std::string_view name = Tableau::name;
  static constexpr int order = Tableau::order;
  static constexpr int stages = tableau::increment_stages<Tableau>;
  static constexpr bool exact = true;
  static constexpr double resolution = 1.0 / (std::int64_t{1} << 52);
  static TwoPoint<RungeKutta<Tableau>> method() { return {.lambda = 0.5, .resolution = resolution}; }
  static RealValued real_valued() { return {.lambda = 0.5}; }
};

template <class Tableau>
struct Facts<TwoPoint<RungeKutta<Tableau>, Floating>> : CostsOfTwoPoints<tableau::increment_stages<Tableau>> {
  using TableauType = Tableau;
  using RealValued = TwoPoint<RungeKutta<Tableau>, Floating>;
  static constexpr std::string_view name = Tableau::name;
  static constexpr int order = Tableau::order;
  static constexpr int stages = tableau::increment_stages<Tableau>;
  static constexpr bool exact = false;
  static RealValued method() { return {.lambda = 0.9}; }
  static RealValued real_valued() { return {.lambda = 0.9}; }
};

template <>
struct Facts<LeapfrogMidpoint<Exact>> : CostsOfTwoPoints<1> {
  using RealValued = LeapfrogMidpoint<Floating>;
  static constexpr std::string_view name = "LeapfrogMidpoint";
  static constexpr int order = 2;
  static constexpr int stages = 1;
  static constexpr bool exact = true;
  static LeapfrogMidpoint<Exact> method() { return {.resolution = 1.0 / (std::int64_t{1} << 52)}; }
  static RealValued real_valued() { return {}; }
};

template <>
struct Facts<LeapfrogMidpoint<Floating>> : CostsOfTwoPoints<1> {
  using RealValued = LeapfrogMidpoint<Floating>;
  static constexpr std::string_view name = "LeapfrogMidpoint, floating";
  static constexpr int order = 2;
  static constexpr int stages = 1;
  static constexpr bool exact = false;
  static RealValued method() { return {}; }
  static RealValued real_valued() { return {}; }
};

template <class Arithmetic, class List>
struct TwoPointsOf;
template <class Arithmetic, class... M>
struct TwoPointsOf<Arithmetic, std::tuple<M...>> {
  using type = std::tuple<TwoPoint<M, Arithmetic>...>;
};

using ExactTwoPoints = TwoPointsOf<Exact, std::tuple<Euler, Midpoint, Heun, Bosh3, RK4, Tsit5, Dopri5, Dop853>>::type;
using FloatingTwoPoints = TwoPointsOf<Floating, std::tuple<Euler, Midpoint, Bosh3, RK4>>::type;
using FewExactTwoPoints = TwoPointsOf<Exact, FewPlainMethods>::type;
using FewFloatingTwoPoints = TwoPointsOf<Floating, FewPlainMethods>::type;

// --- Methods of one evaluation a step ------------------------------------------------------------------------------------

// f(t0, y0), and f at the end of each step; the way back begins with f at the last end, and ends with the vjp at y0.
struct CostsOfReversibleHeun {
  static constexpr std::int64_t forth(std::int64_t n) { return n == 0 ? 0 : n + 1; }
  static constexpr std::int64_t back(std::int64_t n) { return n + 1; }
  static constexpr std::int64_t vjps(std::int64_t n) { return n + 1; }
};

template <>
struct Facts<ReversibleHeun<Exact>> : CostsOfReversibleHeun {
  using RealValued = ReversibleHeun<Floating>;
  static constexpr std::string_view name = "ReversibleHeun";
  static constexpr int order = 2;
  static constexpr int stages = 1;
  static constexpr bool exact = true;
  static ReversibleHeun<Exact> method() { return {.resolution = 1.0 / (std::int64_t{1} << 52)}; }
  static RealValued real_valued() { return {}; }
};

template <>
struct Facts<ReversibleHeun<Floating>> : CostsOfReversibleHeun {
  using RealValued = ReversibleHeun<Floating>;
  static constexpr std::string_view name = "ReversibleHeun, floating";
  static constexpr int order = 2;
  static constexpr int stages = 1;
  static constexpr bool exact = false;
  static RealValued method() { return {}; }
  static RealValued real_valued() { return {}; }
};

// f(t0, y0), and f in the middle of each step; its vjp at y0 needs no value, where the field keeps no tape.
struct CostsOfAsynchronousLeapfrog {
  static constexpr std::int64_t forth(std::int64_t n) { return n + 1; }
  static constexpr std::int64_t back(std::int64_t n) { return n; }
  static constexpr std::int64_t vjps(std::int64_t n) { return n + 1; }
};

template <>
struct Facts<AsynchronousLeapfrog<Exact>> : CostsOfAsynchronousLeapfrog {
  using RealValued = AsynchronousLeapfrog<Floating>;
  static constexpr std::string_view name = "AsynchronousLeapfrog";
  static constexpr int order = 2;
  static constexpr int stages = 1;
  static constexpr bool exact = true;
  static constexpr double resolution = 1.0 / (std::int64_t{1} << 52);
  static AsynchronousLeapfrog<Exact> method() { return {.resolution = resolution, .slope_resolution = resolution}; }
  static RealValued real_valued() { return {}; }
};

template <>
struct Facts<AsynchronousLeapfrog<Floating>> : CostsOfAsynchronousLeapfrog {
  using RealValued = AsynchronousLeapfrog<Floating>;
  static constexpr std::string_view name = "AsynchronousLeapfrog, floating, damped";
  static constexpr int order = 1;
  static constexpr int stages = 1;
  static constexpr bool exact = false;
  static RealValued method() { return {.damping = 0.95}; }
  static RealValued real_valued() { return {.damping = 0.95}; }
};

using OneEvaluationMethods = std::tuple<LeapfrogMidpoint<>, ReversibleHeun<>, AsynchronousLeapfrog<>>;
using FloatingOneEvaluationMethods =
    std::tuple<LeapfrogMidpoint<Floating>, ReversibleHeun<Floating>, AsynchronousLeapfrog<Floating>>;

// --- Symplectic methods of split fields ------------------------------------------------------------------------------------

// Calls of a half: one for each substep; one less where neighbouring steps share, of which the way back saves the last vjp
// too. The way back begins with the last end, and ends with the vjp at t0, which needs no value.
template <class Scheme>
struct SplitFacts {
  static constexpr std::int64_t each = static_cast<std::int64_t>(Scheme::substeps.size());
  static constexpr bool shares = Scheme::substeps.front().moves == Scheme::substeps.back().moves;
  static constexpr std::int64_t forth(std::int64_t n) { return n == 0 ? 0 : shares ? 1 + n * (each - 1) : n * each; }
  static constexpr std::int64_t back(std::int64_t n) { return forth(n); }
  static constexpr std::int64_t vjps(std::int64_t n) { return n == 0 && shares ? 1 : forth(n); }
  static constexpr std::string_view name = Scheme::name;
  static constexpr int order = Scheme::order;
  static constexpr int stages = 2;
  using RealValued = detail::SplitMethod<Scheme, Floating>;
  static RealValued real_valued() { return {}; }
};

template <class Scheme>
struct Facts<detail::SplitMethod<Scheme, Exact>> : SplitFacts<Scheme> {
  static constexpr bool exact = true;
  static detail::SplitMethod<Scheme, Exact> method() { return {.resolution = 1.0 / (std::int64_t{1} << 52)}; }
};
template <class Scheme>
struct Facts<detail::SplitMethod<Scheme, Floating>> : SplitFacts<Scheme> {
  static constexpr bool exact = false;
  static detail::SplitMethod<Scheme, Floating> method() { return {}; }
};

using SplitMethods = std::tuple<SemiImplicitEuler<>, Verlet<>, Suzuki4<>>;
using FloatingSplitMethods = std::tuple<SemiImplicitEuler<Floating>, Verlet<Floating>, Suzuki4<Floating>>;

}  // namespace antistrophe::battery
