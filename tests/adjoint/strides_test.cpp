// Strides: many steps at once have the bits of steps one by one, and fail as they do.
#include "battery.hpp"
#include "catch.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>

using namespace antistrophe;

namespace {

auto pendulum(double t0, double t1) {
  return Problem{problems::DrivenPendulum<>{}, Eigen::Vector2d(0.4, -0.6), t0, t1};
}

// With steps that nobody looks at a method strides; where each state is saved, it goes step by step.
template <class Adjoint = ReversibleAdjoint, class M>
void check_strides(const M& method, const auto& problem, const auto& steps) {
  static_assert(Strides<typename M::template Stepper<std::remove_cvref_t<decltype(problem.field)>,
                                                     std::remove_cvref_t<decltype(problem.y0)>>>);
  const auto last = [](const auto& ys, auto& ys_bar) {
    for (Eigen::Index i = 0; i < ys.back().size(); ++i) ys_bar.back()[i] = 1.0 + 0.25 * static_cast<double>(i);
    return ys.back().sum();
  };
  const auto strode = value_and_gradient(problem, method, steps, last, Adjoint{});
  const auto walked = value_and_gradient(problem, method, steps, last, SaveAt{.steps = true}, Adjoint{});
  CHECK(strode.value == walked.value);
  CHECK(battery::same_bits(strode.gradient.y0, walked.gradient.y0));
  CHECK(battery::same_bits(strode.gradient.theta, walked.gradient.theta));
  CHECK(strode.gradient.t0 == walked.gradient.t0);
  CHECK(strode.gradient.t1 == walked.gradient.t1);
  CHECK(strode.stats.evaluations == walked.stats.evaluations);
  CHECK(strode.stats.accepted == walked.stats.accepted);
  CHECK(strode.stats.steps == walked.stats.steps);
  CHECK(strode.stats.bits == walked.stats.bits);
  CHECK(strode.gradient.stats.evaluations == walked.gradient.stats.evaluations);
  CHECK(strode.gradient.stats.vjps == walked.gradient.stats.vjps);
  CHECK(battery::all_nonzero(strode.gradient.y0));
  const auto alone = solve(problem, method, steps);
  CHECK(alone.ys().back().sum() == strode.value);
  CHECK(alone.stats().evaluations == strode.stats.evaluations);
}

// f is not a number, or fails, where the pendulum has gone beyond an angle.
struct Breaking : problems::DrivenPendulum<> {
  const double* edge = nullptr;
  bool fails = false;
  void operator()(double t, const auto& y, auto& dy) const {
    problems::DrivenPendulum<>::operator()(t, y, dy);
    if (y[0] < *edge) return;
    if (fails) throw std::domain_error("beyond the edge");
    dy[1] = std::numeric_limits<double>::quiet_NaN();
  }
};

}  // namespace

TEMPLATE_TEST_CASE("A stride has the bits of its steps one by one", "[gradient][strides]", ReversibleAdams<2>,
                   ReversibleAdams<3>, ReversibleAdams<4>, ReversibleAdams<6>, ReversibleAdams<8>) {
  // Shorter and longer than one stretch of 64 steps, and such that a stretch ends anywhere in the ring.
  for (const std::int64_t n : {8, 9, 17, 73, 137, 1000}) check_strides(TestType{}, pendulum(0.5, 2.5), FixedSteps{n});
  check_strides(TestType{}, pendulum(2.5, 0.5), FixedSteps{300});
  check_strides(TestType{}, pendulum(0.5, 2.5), FixedStep{0.007});
  check_strides(TestType{}, Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1.5, 20), 0.0, 0.3}, FixedSteps{500});
  // Factors that take no bits, many, and a number of bits that depends on the state; and more than a stride gathers at once.
  for (const double lambda : {1.0, -1.0, 0.5, -0.125, 0x1p-20, 0x1p-40, 0.75, -0.9375})
    check_strides(TestType{.lambda = lambda}, pendulum(0.5, 0.9), FixedSteps{300});
}

TEMPLATE_TEST_CASE("A stride of an exact pair has the bits of its steps one by one", "[gradient][strides]",
                   Reversible<Heun>, Reversible<Midpoint>, Reversible<RK4>) {
  for (const std::int64_t n : {1, 2, 3, 64, 1000}) check_strides(TestType{}, pendulum(0.5, 2.5), FixedSteps{n});
  check_strides(TestType{}, pendulum(2.5, 0.5), FixedSteps{300});
  check_strides(TestType{}, pendulum(0.5, 2.5), FixedStep{0.007});
  check_strides(TestType{}, Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1.5, 20), 0.0, 0.3}, FixedSteps{500});
  for (const double lambda : {1.0, 0.5, 0.125, 0x1p-20, 0x1p-40, 0.75, 0.9375})
    check_strides(TestType{.lambda = lambda}, pendulum(0.5, 0.9), FixedSteps{300});
}

TEMPLATE_TEST_CASE("A stride over stored states has the bits of its steps one by one", "[gradient][strides]", Heun,
                   RK4) {
  for (const std::int64_t n : {1, 2, 3, 64, 1000})
    check_strides<DirectAdjoint>(TestType{}, pendulum(0.5, 2.5), FixedSteps{n});
  check_strides<DirectAdjoint>(TestType{}, pendulum(2.5, 0.5), FixedSteps{300});
  check_strides<DirectAdjoint>(TestType{}, pendulum(0.5, 2.5), FixedStep{0.007});
  check_strides<DirectAdjoint>(TestType{}, Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1.5, 20), 0.0, 0.3},
                               FixedSteps{500});
}

// Where some states are saved, a way back strides from one to the next; an objective whose solves differ in length has room for each.
TEST_CASE("A way back strides between saves", "[gradient][strides]") {
  const auto weigh = [](const auto& ys, auto& ys_bar) {
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] = Eigen::Vector2d(1, 0.5) / static_cast<double>(i + 1);
      sum += ys_bar[i].dot(ys[i]);
    }
    return sum;
  };
  const SaveAt some{.times = {0.5, 0.9, 0.9, 1.7, 2.5}};
  const auto check = [&](const auto& method, const auto& adjoint) {
    const auto strode = value_and_gradient(pendulum(0.5, 2.5), method, FixedSteps{200}, weigh, some, adjoint);
    const auto told = value_and_gradient(pendulum(0.5, 2.5), method, FixedSteps{200}, weigh, some, adjoint,
                                         Progress{[](double, const Stats&) {}, 0.0});
    CHECK(strode.value == told.value);
    CHECK(battery::same_bits(strode.gradient.y0, told.gradient.y0));
    CHECK(battery::same_bits(strode.gradient.theta, told.gradient.theta));
    CHECK(strode.gradient.t0 == told.gradient.t0);
    CHECK(strode.gradient.t1 == told.gradient.t1);
  };
  check(RK4{}, DirectAdjoint{});
  check(Reversible<RK4>{}, ReversibleAdjoint{});
  check(ReversibleAdams<4>{}, ReversibleAdjoint{});
}

TEST_CASE("A step that fails within a stride fails as it does by itself", "[gradient][strides]") {
  const auto failure_of = [](const auto& problem, const auto& method, const SaveAt& save_at) {
    const auto solution = solve(problem, method, FixedSteps{1000}, save_at, OnFailure::return_status);
    return std::tuple(solution.status(), solution.failure().step, solution.failure().t, solution.failure().cause,
                      solution.stats().accepted, solution.stats().evaluations);
  };
  const double edge = 0.9;
  const Problem breaking{Breaking{{}, &edge, false}, Eigen::Vector2d(0.4, 0.8), 0.0, 5.0};
  const auto broken = failure_of(breaking, ReversibleAdams<4>{}, SaveAt{});
  CHECK(std::get<0>(broken) == Status::not_finite);
  CHECK(std::get<1>(broken) > 70);
  CHECK(broken == failure_of(breaking, ReversibleAdams<4>{}, SaveAt{.steps = true}));
  const auto broken_plain = failure_of(breaking, RK4{}, SaveAt{});
  CHECK(std::get<0>(broken_plain) == Status::not_finite);
  CHECK(broken_plain == failure_of(breaking, RK4{}, SaveAt{.steps = true}));
  const auto broken_pair = failure_of(breaking, Reversible<RK4>{}, SaveAt{});
  CHECK(std::get<0>(broken_pair) == Status::not_finite);
  CHECK(std::get<1>(broken_pair) > 70);
  CHECK(broken_pair == failure_of(breaking, Reversible<RK4>{}, SaveAt{.steps = true}));

  // x' = x leaves the range of its numbers.
  const Problem growing{[](double, const auto& y, auto& dy) { dy = y; }, Eigen::Vector<double, 1>(1.0), 0.0, 60.0};
  const ReversibleAdams<3> fine{.resolution = 0x1p-50};
  const auto out = failure_of(growing, fine, SaveAt{});
  CHECK(std::get<0>(out) == Status::out_of_range);
  CHECK(out == failure_of(growing, fine, SaveAt{.steps = true}));
  const Reversible<RK4> fine_pair{.resolution = 0x1p-50};
  const auto out_pair = failure_of(growing, fine_pair, SaveAt{});
  CHECK(std::get<0>(out_pair) == Status::out_of_range);
  CHECK(out_pair == failure_of(growing, fine_pair, SaveAt{.steps = true}));
}

TEMPLATE_TEST_CASE("What a field throws within a stride leaves an objective as it was", "[gradient][strides]",
                   (std::pair<ReversibleAdams<4>, ReversibleAdjoint>), (std::pair<Reversible<RK4>, ReversibleAdjoint>),
                   (std::pair<RK4, DirectAdjoint>)) {
  const auto last = [](const auto& ys, auto& ys_bar) {
    ys_bar.back().setOnes();
    return ys.back().sum();
  };
  double edge = 100;
  Objective objective{Problem{Breaking{{}, &edge, true}, Eigen::Vector2d(0.4, 0.8), 0.0, 5.0},
                      typename TestType::first_type{}, FixedSteps{500}, last, typename TestType::second_type{}};
  const auto before = objective();
  const double value = before.value;
  const Eigen::Vector2d y0_bar = before.gradient.y0;
  edge = 0.9;
  CHECK_THROWS_AS(objective(), std::domain_error);
  edge = 100;
  const auto again = objective();
  CHECK(again.value == value);
  CHECK(battery::same_bits(again.gradient.y0, y0_bar));
}
