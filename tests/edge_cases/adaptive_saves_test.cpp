// Nasty cases 5 and 24 where steps are chosen on the way; tests/laws and bad_input_test have them of steps laid out before.
#include "battery.hpp"
#include "catch.hpp"
#include "problems.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using Methods = std::tuple<Dopri5, Reversible<Bosh3>, TwoPoint<Bosh3, Floating>, ReversibleAdams<4>, ReversibleHeun<>>;

// Counts its calls in all copies.
struct Counted : problems::DrivenPendulum<> {
  static inline int calls = 0;
  void operator()(double t, const Vector2d& y, Vector2d& dy) const {
    ++calls;
    problems::DrivenPendulum<>::operator()(t, y, dy);
  }
};
const Problem there{Counted{}, Vector2d(0.4, -0.6), 0.25, 1.25};
const Problem back{Counted{}, Vector2d(0.4, -0.6), 1.25, 0.25};
const Adaptive loose{.rtol = 1e-4, .atol = 1e-4, .gradient_rtol = std::numeric_limits<double>::infinity()};

// By solve, and by the default adjoint and those that store.
template <class Call>
void with_calls(const Call& call) {
  call([](const auto&... arguments) { (void)solve(arguments...); });
  call([](const auto&... arguments) { (void)solve_with_pullback(arguments...); });
  call([](const auto&... arguments) { (void)solve_with_pullback(arguments..., DirectAdjoint{}); });
  call([](const auto&... arguments) { (void)solve_with_pullback(arguments..., CheckpointedAdjoint{}); });
  call([](const auto&... arguments) { (void)solve_with_pullback(arguments..., CompressedAdjoint{}); });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("Adaptive steps: 5. Save times that are unsorted, outside or not finite are refused by name",
                        "[edge_cases]", Methods) {
  const auto refused = [](const auto& problem, std::vector<double> times, const std::string& text) {
    const SaveAt save_at{.times = std::move(times)};
    Counted::calls = 0;
    with_calls([&](const auto& call) {
      CHECK_THROWS_WITH(call(problem, TestType{}, loose, save_at), "antistrophe: SaveAt::times[" + text);
    });
    CHECK(Counted::calls == 0);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  refused(there, {0.5, 0.75, 0.7}, "2] is 0.7; it must be sorted along the direction from t0 to t1");
  refused(there, {0.5, 1.5}, "1] is 1.5; it must be between t0 = 0.25 and t1 = 1.25");
  refused(there, {0.2}, "0] is 0.2; it must be between t0 = 0.25 and t1 = 1.25");
  refused(there, {0.5, nan}, "1] is nan; it must be finite");
  refused(back, {0.5, 0.75}, "1] is 0.75; it must be sorted along the direction from t0 to t1");
  refused(back, {0.2}, "0] is 0.2; it must be between t0 = 1.25 and t1 = 0.25");
}

TEMPLATE_LIST_TEST_CASE("Adaptive steps: 5. A last place outside the interval is its end", "[edge_cases]", Methods) {
  for (const auto& problem : {there, back}) {
    const double away = problem.t1 > problem.t0 ? 2 : -2;
    const double before = std::nextafter(problem.t0, -away), beyond = std::nextafter(problem.t1, away);
    const SaveAt outside{.times = {before, problem.t0, problem.t1, beyond}};
    const SaveAt ends{.t0 = true, .t1 = true};
    auto pass = solve_with_pullback(problem, TestType{}, loose, outside);
    auto plain = solve_with_pullback(problem, TestType{}, loose, ends);
    REQUIRE(pass.ts() == outside.times);
    CHECK((pass.ys()[0] == problem.y0 && pass.ys()[1] == problem.y0));
    CHECK((battery::same_bits(pass.ys()[2], plain.ys()[1]) && battery::same_bits(pass.ys()[3], plain.ys()[1])));
    // Their cotangents add.
    const auto a = pass.pullback({Vector2d(1, 0), Vector2d(0.5, 2), Vector2d(1, -2), Vector2d(2, 0.25)});
    const auto b = plain.pullback({Vector2d(1.5, 2), Vector2d(3, -1.75)});
    CHECK(battery::all_nonzero(b.theta));
    CHECK(((a.y0 - b.y0).norm() <= 1e-14 * b.y0.norm() && (a.theta - b.theta).norm() <= 1e-14 * b.theta.norm()));
  }
}

TEMPLATE_LIST_TEST_CASE("Adaptive steps: 24. Threads share nothing but the problem", "[edge_cases]", Methods) {
  const Problem problem{problems::DrivenPendulum<>{}, Vector2d(0.4, -0.6), 0.25, 1.25};
  const SaveAt save_at{.times = {0.5, 0.75, 1.0}, .t1 = true};
  const std::vector<Vector2d> w{{1, 0}, {0.5, 2}, {1, -2}, {2, 0.25}};
  const auto gradient = [&] { return solve_with_pullback(problem, TestType{}, loose, save_at).pullback(w); };
  const auto expected = gradient();
  CHECK((battery::all_nonzero(expected.y0) && battery::all_nonzero(expected.theta)));
  std::array<int, 4> right{};
  std::vector<std::thread> threads;
  for (int& mine : right)
    threads.emplace_back([&gradient, &expected, &mine] {
      for (int i = 0; i < 10; ++i) {
        const auto got = gradient();
        mine += battery::same_bits(got.y0, expected.y0) && battery::same_bits(got.theta, expected.theta) ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int mine : right) CHECK(mine == 10);
}
