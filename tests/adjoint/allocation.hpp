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
// Nothrow's form is the plain one's by default; a sanitizer has its own, which would count nothing.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const memory = ::operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace antistrophe;

namespace {

// Zero is never met: an event that is watched in vain.
struct Never {
  double operator()(double, const auto&) const { return 1; }
  void gradient(double, const auto&, auto&, auto&, auto&) const {}
};

// Runs the loops alone, forth and back, once to set memory aside and once with Eigen forbidden to allocate: true if nothing
// was allocated then. Every step has a save inside it.
template <class F, class Y, class M, class Adjoint, class... E>
bool loops_allocate_nothing(const F& field, const Y& y0, const M& method, const Adjoint&, const Events<E...>& events) {
  using S = typename M::template Stepper<F, Y>;
  using Trace = typename Adjoint::template Trace<S>;
  constexpr std::int64_t n = 20;
  const double t0 = 0, t1 = 0.2;
  const FixedSteps steps{n};
  const Timeline timeline = steps.timeline(t0, t1);
  SaveAt save_at{.t0 = true, .steps = true};
  if constexpr (Extensible<S>)
    for (std::int64_t i = 0; i < n; ++i) save_at.times.push_back(timeline[i] + 0.3 * (t1 - t0) / n);
  const Progress no_progress;
  detail::Throttle throttle(no_progress);
  using Detector = detail::EventDetector<F, Y, E...>;
  auto forward = detail::make_forward<S>(method, field, y0, t0, t1, steps, timeline, save_at,
                                         Detector(events, field, y0), Trace{});
  if constexpr (requires { forward.trace.take_up(steps, y0); }) forward.trace.take_up(steps, y0);
  const auto watched = [&](const auto& run) {
    const std::int64_t before = allocations;
    eigen_allocated = false;
    Eigen::internal::set_is_malloc_allowed(false);
    run();
    Eigen::internal::set_is_malloc_allowed(true);
    return allocations == before && !eigen_allocated;
  };
  const auto forth = [&] {
    detail::FixedControl control(timeline, !Detector::none);
    detail::Integration(forward, control, throttle, t0, t1).run(timeline, y0);
  };
  forth();
  if (forward.stats.accepted != n) return false;
  forward.restart();
  // Where an event may interrupt steps, the timeline grows with them, and so does its memory: as vectors do, now and then.
  const bool nothing_forth = Detector::none ? watched(forth) : (forth(), true);

  const std::vector<Y> ys(forward.saver.plan().size(), y0);
  const std::vector<double> no_ts;
  const std::vector<EventCotangent<Y>> no_events;
  Problem<F, Y> problem{field, y0, t0, t1};
  detail::BackwardPass<F, S, Trace, Detector> backward(forward, problem.field, y0);
  Gradient<F, Y> gradient{y0, detail::zero_parameters<F, Y>(field), {}, {}, {}};
  auto status = Status::success;
  const auto back = [&] { status = backward.run({ys, no_ts, no_events}, throttle, gradient).status; };
  back();
  const bool nothing_back = watched(back);
  return status == Status::success && nothing_forth && nothing_back;
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
    return counted([&] { (void)value_and_gradient(problem, method, FixedSteps{n}, battery::WeightedSum{}, adjoint); });
  };
  CHECK(solving(10) == solving(1000));
  CHECK(differentiating(10) == differentiating(1000));
  CHECK(differentiating(10) > 0);
  CHECK(loops_allocate_nothing(field, y0, method, adjoint, Events<>{}));
  if constexpr (Extensible<typename M::template Stepper<F, Y>>)
    CHECK(loops_allocate_nothing(field, y0, method, adjoint, Events{Event{Never{}}}));
}

// The loops alone, with an event where that can be watched.
template <class F, class Y, class M, class Adjoint>
void check_loops(const F& field, const Y& y0, const M& method, const Adjoint& adjoint) {
  CAPTURE(battery::Facts<M>::name);
  if constexpr (Extensible<typename M::template Stepper<F, Y>>)
    CHECK(loops_allocate_nothing(field, y0, method, adjoint, Events{Event{Never{}}}));
  else
    CHECK(loops_allocate_nothing(field, y0, method, adjoint, Events<>{}));
}

template <class M>
void check_method(const M& method) {
  const Eigen::VectorXd dynamic = Eigen::Vector2d(1, 0.5);
  const Eigen::MatrixXd batch = Eigen::MatrixXd::Constant(3, 5, 0.25);
  const auto runtime = workloads::sine_weights(Mlp<double>{{3, 12, 12, 3}});
  const auto each = [&](const auto& adjoint) {
    check(problems::LotkaVolterra<>{}, dynamic, method, adjoint);
    check_loops(runtime, batch, method, adjoint);
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
