// Nothing is allocated inside the step loop: as many allocations for 1000 steps as for 10, and none at all in the
// loops themselves, by operator new or by Eigen. Include this once in a program, first of all, for it counts.
#pragma once

#include <cstddef>

namespace {
bool eigen_allocated = false;
}
// An assertion that Eigen makes where it allocates though told not to; here it is noted, and the test goes on.
#define eigen_assert(x)                 \
  do {                                  \
    if (!(x)) ::eigen_allocated = true; \
  } while (false)

#include "battery.hpp"
#include "catch.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <type_traits>
#include <vector>

namespace {
std::int64_t allocations = 0;
}

// Not inlined: GCC 12 takes an inlined pair for a mismatch of new and free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace antistrophe;

namespace {

// Drives the loops alone, forth and back, with Eigen forbidden to allocate: true if it did not.
template <class F, class Y, class M, class Adjoint>
bool loops_allocate_nothing(const F& field, const Y& y0, const M& method, const Adjoint&) {
  using S = typename M::template Stepper<F, Y>;
  constexpr std::int64_t n = 20;
  S stepper(method, field, y0);
  const Timeline timeline = FixedSteps{n}.timeline(0, 0.2);
  const SaveAt save_at{.t0 = true, .steps = true};
  const Events<> no_events;
  const Progress no_progress;
  detail::Throttle throttle(no_progress);
  detail::EventDetector detector(no_events, field, std::type_identity<Y>{});
  typename Adjoint::template Trace<S> trace;
  std::vector<EventRecord<Y>> events;

  // One march along the timeline; `around` is called just before and just after.
  detail::SavePlan plan;
  const auto march = [&](auto& kept, detail::Segment<S>& segment, auto&& around) {
    detail::Saver<Y> saver(save_at, timeline.t0(), timeline.t1(), n, y0);
    detail::FixedControl control(timeline, false);
    Stats stats;
    around(true);
    const Status status = detail::integrate(stepper, control, true, segment, y0, kept, n, watch, saver, stats, events,
                                            throttle, timeline.t0(), timeline.t1())
                              .status;
    around(false);
    plan = saver.plan();
    return status == Status::success && stats.accepted == n;
  };
  const auto new_segment = [&] { return detail::Segment<S>{timeline, 0, 0, stepper.make_carry(), std::nullopt}; };
  detail::Segment<S> segment = new_segment();
  if (!integrate(trace, segment, [](bool) {})) return false;

  // A second march, all workspace being there; the trace's own block was allocated at its begin, before the first step.
  eigen_allocated = false;
  std::int64_t before = 0;
  std::int64_t in_march = -1;
  detail::NoTrace none;
  detail::Segment<S> second = new_segment();
  const bool again = integrate(none, second, [&](bool begins) {
    if (begins)
      before = allocations;
    else
      in_march = allocations - before;
    Eigen::internal::set_is_malloc_allowed(!begins);
  });
  if (!again || in_march != 0 || eigen_allocated) return false;

  const std::vector<Y> ys(plan.size(), y0);
  const std::vector<double> no_ts;
  detail::Backward<S, F> backward(stepper, field, plan, ys, no_ts, y0);
  backward.enter(timeline, true);
  auto back = segment.end;
  auto status = Status::success;
  BackwardStats stats;
  auto way_back = trace.way_back();
  const std::int64_t before_sweep = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  if constexpr (S::reversibility == Reversibility::to_round_off && std::is_same_v<Adjoint, ReversibleAdjoint>) {
    // Its sweep ends with a measurement of the drift, which makes two states; here are its steps alone.
    for (std::int64_t i = n; i-- > 0;) {
      TimeCotangents t_bar;
      if (stepper.step_back(step_at(timeline, i), back, backward.carry_bar, backward.theta_bar, t_bar, {}, way_back) !=
          Outcome::ok)
        status = Status::not_finite;
      backward.meet_saves(i, back);
    }
  } else {
    status = trace.sweep(stepper, 0, timeline, back, backward, way_back, stats).status;
  }
  Eigen::internal::set_is_malloc_allowed(true);
  return status == Status::success && allocations == before_sweep && !eigen_allocated;
}

template <class F, class Y, class M, class Adjoint>
void check(const F& field, const Y& y0, const M& method, const Adjoint& adjoint) {
  CAPTURE(battery::Facts<M>::name);
  const Problem<F, Y> problem{field, y0, 0.0, 0.2};
  const auto counted = [](auto&& call) {
    const std::int64_t before = allocations;
    call();
    return allocations - before;
  };
  const auto solving = [&](std::int64_t n) { return counted([&] { (void)solve(problem, method, FixedSteps{n}); }); };
  const auto differentiating = [&](std::int64_t n) {
    return counted(
        [&] { (void)value_and_gradient(problem, method, FixedSteps{n}, battery::WeightedSum{}, {}, adjoint); });
  };
  CHECK(solving(10) == solving(1000));
  CHECK(differentiating(10) == differentiating(1000));
  CHECK(differentiating(10) > 0);
  CHECK(loops_allocate_nothing(field, y0, method, adjoint));
}

template <class M>
void check_method(const M& method) {
  const Eigen::VectorXd dynamic = Eigen::Vector2d(1, 0.5);
  const Eigen::MatrixXd batch = Eigen::MatrixXd::Constant(3, 5, 0.25);
  const auto runtime = workloads::sine_weights(Mlp<double>{{3, 12, 12, 3}});
  const auto each = [&](const auto& adjoint) {
    check(problems::LotkaVolterra<>{}, dynamic, method, adjoint);
    check(runtime, batch, method, adjoint);
  };
  each(DirectAdjoint{});
  using Dynamic = typename M::template Stepper<problems::LotkaVolterra<>, Eigen::VectorXd>;
  if constexpr (ReversibleStepper<Dynamic>) each(ReversibleAdjoint{});
}

}  // namespace

TEST_CASE("The counters count", "[allocation]") {
  const std::int64_t before = allocations;
  ::operator delete(::operator new(1));  // called by name, for a pair of new and delete may be optimised away
  CHECK(allocations == before + 1);
  eigen_allocated = false;
  Eigen::internal::set_is_malloc_allowed(false);
  const Eigen::VectorXd x(10);
  Eigen::internal::set_is_malloc_allowed(true);
  CHECK(eigen_allocated);
  eigen_allocated = false;
}
