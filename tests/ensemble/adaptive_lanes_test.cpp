// Adaptive steps in lanes: each problem has the bits that it has alone, of its value, its gradient and its counts, whoever was beside
// it; what lanes cannot do is done alone, with the same result.
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/ensemble.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

// How often fields are called with packs, and with numbers.
std::atomic<long> packed_calls = 0, plain_calls = 0;  // by several threads at once
template <class Y>
void count_call(const Y& y) {
  using Scalar = std::remove_cvref_t<decltype(y[0])>;
  ++(std::is_floating_point_v<Scalar> ? plain_calls : packed_calls);
}

template <class T>
struct Field : problems::LotkaVolterra<T> {
  void operator()(double t, const auto& y, auto& dy) const {
    count_call(y);
    problems::LotkaVolterra<T>::operator()(t, y, dy);
  }
};

// Starts, times and directions differ, and so do the numbers of steps.
const Problem<Field<double>, Vector2d> middle{Field<double>{}, Vector2d(1, 1), 0.0, 2.0};
// So many problems, as one type of ensemble whatever makes them differ: each type costs as much to compile as the first.
template <class P, class Vary>
std::vector<P> varied(const P& problem, std::size_t count, const Vary& vary) {
  std::vector<P> problems(count, problem);
  for (std::size_t i = 0; i < count; ++i) vary(i, problems[i]);
  return problems;
}

const auto all_differ = [](std::size_t i, auto& problem) {
  using T = std::remove_cvref_t<decltype(problem.y0[0])>;
  const double x = std::sin(static_cast<double>(i));
  problem.y0[0] += static_cast<T>(0.3 * x);
  problem.t1 += x + (i % 17 == 5 ? 3 : 0);
  if (i % 3 == 1) problem.t1 = -problem.t1;
};

const auto weighted_squares = [](std::size_t i, const auto& ys, auto& ys_bar) {
  using T = typename std::remove_cvref_t<decltype(ys[0])>::Scalar;
  const T weight = static_cast<T>(1 + static_cast<double>(i) / 7);
  T sum = 0;
  for (std::size_t k = 0; k < ys.size(); ++k) {
    sum += weight * ys[k].squaredNorm() / 2;
    ys_bar[k] = weight * ys[k];
  }
  return sum;
};

bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
template <class A>
bool same_entries(const A& a, const A& b) {
  bool same = a.size() == b.size();
  for (Eigen::Index e = 0; same && e < a.size(); ++e)
    same = same_number(static_cast<double>(a.data()[e]), static_cast<double>(b.data()[e]));
  return same;
}

// A compiler that makes one rounding of a product and a sum may do so of numbers and not of packs: the last bits then differ.
const bool bits_are_asked_for = !detail::contracts_products();

// The number of the first problem that is another one in the two results; as many as there are, where there is none.
template <class Result>
std::size_t first_to_differ(const Result& a, const Result& b) {
  if (!bits_are_asked_for) return a.values.size();
  std::size_t i = 0;
  for (; i < a.values.size(); ++i) {
    bool same = same_number(static_cast<double>(a.values[i]), static_cast<double>(b.values[i])) &&
                same_entries(a.gradient.y0[i], b.gradient.y0[i]) &&
                same_entries(a.gradient.each_theta[i], b.gradient.each_theta[i]);
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(a.gradient.t0[0])>, double>)
      same = same && same_number(a.gradient.t0[i], b.gradient.t0[i]) && same_number(a.gradient.t1[i], b.gradient.t1[i]);
    if (!same) break;
  }
  return i;
}

template <class Result>
void check_same(const Result& alone, const Result& result) {
  CHECK(first_to_differ(alone, result) == alone.values.size());
  REQUIRE(alone.failures.size() == result.failures.size());
  for (std::size_t f = 0; f < alone.failures.size(); ++f) {
    CHECK(alone.failures[f].index == result.failures[f].index);
    CHECK(alone.failures[f].failure.status == result.failures[f].failure.status);
    CHECK(alone.failures[f].failure.cause == result.failures[f].failure.cause);
  }
  if (!bits_are_asked_for) return;
  CHECK(same_number(static_cast<double>(alone.value), static_cast<double>(result.value)));
  CHECK(same_entries(alone.gradient.theta, result.gradient.theta));
  CHECK(result.stats.steps == alone.stats.steps);
  CHECK(result.stats.accepted == alone.stats.accepted);
  CHECK(result.stats.rejected == alone.stats.rejected);
  CHECK(result.stats.guarded == alone.stats.guarded);
  CHECK(result.stats.evaluations == alone.stats.evaluations);
  CHECK(result.gradient.stats.vjps == alone.gradient.stats.vjps);
  CHECK(result.gradient.stats.evaluations == alone.gradient.stats.evaluations);
  CHECK(result.gradient.stats.judged == alone.gradient.stats.judged);
  CHECK(same_number(result.gradient.stats.estimated_error, alone.gradient.stats.estimated_error));
  CHECK(same_number(result.gradient.stats.tightened, alone.gradient.stats.tightened));
  CHECK(result.gradient.stats.discarded == alone.gradient.stats.discarded);
}

// What became of the problems in lanes.
struct Seen {
  Stats stats;
  std::vector<ProblemFailure> failures;
};

template <class LanesType, class E, class M, class L>
Seen hold_against_alone(const LanesType& lanes, const E& ensemble, const M& method, const Adaptive& steps,
                        const L& loss, const SaveAt& save_at = {}, const Threads& threads = {1}) {
  const auto alone =
      ensemble_value_and_gradient(ensemble, method, steps, loss, EachTheta{}, OnFailure::return_status, save_at);
  packed_calls = 0;
  plain_calls = 0;
  const auto result = ensemble_value_and_gradient(ensemble, method, steps, loss, EachTheta{}, OnFailure::return_status,
                                                  save_at, lanes, threads);
  check_same(alone, result);
  return {result.stats, result.failures};
}
template <class E, class M>
Seen hold(const E& ensemble, const M& method, const Adaptive& steps, const SaveAt& save_at = {}) {
  return hold_against_alone(Lanes<4>{}, ensemble, method, steps, weighted_squares, save_at);
}

const Adaptive tight{.rtol = 1e-8, .atol = 1e-9};

}  // namespace

TEST_CASE("Problems in lanes have the bits that they have alone, whatever the width", "[lanes]") {
  const auto ensemble = varied(middle, 101, all_differ);
  hold_against_alone(Lanes<2>{}, ensemble, Dopri5{}, tight, weighted_squares);
  hold_against_alone(Lanes<8>{}, ensemble, Dopri5{}, tight, weighted_squares);
  const auto one = hold(ensemble, Dopri5{}, tight);
  CHECK(packed_calls.load() > 2 * plain_calls.load());  // each for four: alone go starts and ends
  CHECK(one.stats.rejected > 0);
  hold_against_alone(Lanes<4>{}, ensemble, Dopri5{}, tight, weighted_squares, {}, Threads{3});
}

TEST_CASE("Every method with an error estimate goes in lanes", "[lanes]") {
  const auto ensemble = varied(middle, 67, all_differ);
  hold(ensemble, Bosh3{}, Adaptive{});
  hold(ensemble, Dop853{}, tight);
  hold(ensemble, Heun{}, Adaptive{.rtol = 1e-4, .atol = 1e-4});
}

TEST_CASE("What is saved inside steps, at nodes and at the ends is the same in lanes", "[lanes]") {
  const auto positive = [](std::size_t i, auto& problem) {
    all_differ(i, problem);
    problem.t1 = 2 + 0.1 * static_cast<double>(i % 7);
  };
  const auto ensemble = varied(middle, 70, positive);
  hold(ensemble, Dopri5{}, tight, SaveAt{{0.0, 0.3, 0.31, 1.7}});
  hold(ensemble, Dopri5{}, tight, SaveAt{.t0 = true, .t1 = true, .every = 3});
  hold(ensemble, Dop853{}, tight, SaveAt{{0.3, 0.31, 1.7}});
  const auto of_times = [](const std::vector<double>& ts, const auto& ys, std::vector<double>& ts_bar, auto& ys_bar) {
    double sum = 0;
    for (std::size_t k = 0; k < ys.size(); ++k) {
      sum += ts[k] * ts[k] * ys[k].sum();
      ts_bar[k] = 2 * ts[k] * ys[k].sum();
      ys_bar[k].setConstant(ts[k] * ts[k]);
    }
    return sum;
  };
  hold_against_alone(Lanes<4>{}, ensemble, Dopri5{}, tight, of_times, SaveAt{.steps = true});
}

TEST_CASE("Every option of adaptive steps means the same in lanes", "[lanes]") {
  const auto ensemble = varied(middle, 66, all_differ);
  hold(ensemble, Dopri5{}, pi_controller(1e-7, 1e-7));
  hold(ensemble, Dopri5{}, h211b(1e-7, 1e-7));
  hold(ensemble, Dopri5{}, Adaptive{.rtol = 0, .atol = Vector2d(1e-7, 1e-5)});
  hold(ensemble, Dopri5{}, Adaptive{.rtol = 1e-7, .atol = 0});
  hold(ensemble, Dopri5{}, Adaptive{.dtmin = 1e-6, .dtmax = 0.1, .step_to = {-1.0, 0.5, 1.0}});
  hold(ensemble, Dopri5{}, Adaptive{.jumps = {-1.0, 0.5, 1.0}});
  for (const std::int64_t most : {20, 31, 45}) {
    Adaptive few = tight;
    few.max_steps = most;
    CHECK(!hold(ensemble, Dopri5{}, few).failures.empty());
  }
  Adaptive unguarded = tight;
  unguarded.sensitivity_guard = false;
  hold(ensemble, Dopri5{}, unguarded);
  Adaptive unasked = tight;
  unasked.gradient_rtol = std::numeric_limits<double>::infinity();
  hold(ensemble, Bosh3{}, unasked);
  Adaptive largest;
  largest.norm = [](const auto& scaled) { return scaled.maxCoeff(); };
  hold(ensemble, Dopri5{}, largest);
}

TEST_CASE("States of float go in lanes", "[lanes]") {
  const Problem<Field<float>, Eigen::Vector2f> problem{Field<float>{}, Eigen::Vector2f(1, 1), 0.0, 2.0};
  hold_against_alone(Lanes<8>{}, varied(problem, 67, all_differ), Tsit5{}, Adaptive{.rtol = 1e-4, .atol = 1e-4},
                     weighted_squares);
}

namespace {
struct Oscillator {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    using std::cos, std::sin;
    count_call(y);
    dy[0] = y[1];
    dy[1] = -theta[0] * sin(y[0]) - theta[1] * y[1] + cos(t);
  }
};
const auto own_parameters = [](std::size_t i, auto& p) {
  using T = std::remove_cvref_t<decltype(p.y0[0])>;
  p.y0[1] = static_cast<T>(std::cos(static_cast<double>(i)));
  p.field.parameters()[0] += static_cast<T>(0.01 * static_cast<double>(i));
  p.t0 = 0.1 * static_cast<double>(i % 10);
};
}  // namespace

// States of one size are beside each other, and the next batch has another, larger or smaller.
TEST_CASE("States of several sizes go in lanes", "[lanes]") {
  const auto ring = [](auto, const auto& y, const auto& theta, auto& dy) {
    const Eigen::Index n = y.size();
    for (Eigen::Index i = 0; i < n; ++i) dy[i] = theta[0] * y[(i + 1) % n] - theta[1] * y[i] * y[i] * y[i];
  };
  const Problem<decltype(automatic_vjp(ring, Vector2d(1, 1))), Eigen::VectorXd> one{
      automatic_vjp(ring, Vector2d(0.7, 0.3)), Eigen::VectorXd::Constant(1, 1.0), 0.0, 3.0};
  const auto vary = [](std::size_t i, auto& problem) {
    constexpr std::array<Eigen::Index, 5> sizes{2, 1, 5, 3, 4};
    problem.y0 = Eigen::VectorXd::LinSpaced(sizes[i / 64 % 5], 0.5, 1 + 0.01 * static_cast<double>(i));
  };
  hold_against_alone(Lanes<4>{}, varied(one, 330, vary), Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6},
                     weighted_squares);
  const auto mixed = [](std::size_t i, auto& problem) {
    problem.y0 =
        Eigen::VectorXd::LinSpaced(1 + static_cast<Eigen::Index>(i % 5), 0.5, 1 + 0.01 * static_cast<double>(i));
  };
  hold_against_alone(Lanes<4>{}, varied(one, 330, mixed), Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6},
                     weighted_squares);
}

TEST_CASE("Each lane has its own time and its own parameters", "[lanes]") {
  const Problem problem{automatic_vjp(Oscillator{}, Vector2d(1, 0.1)), Vector2d(1, 0), 0.0, 3.0};
  hold(varied(problem, 70, own_parameters), Dopri5{}, tight);
  CHECK(packed_calls.load() > 2 * plain_calls.load());
  const Problem floats{automatic_vjp(Oscillator{}, Eigen::Vector2f(1, 0.1F)), Eigen::Vector2f(1, 0), 0.0, 3.0};
  hold(varied(floats, 66, own_parameters), Dopri5{}, Adaptive{.rtol = 1e-4, .atol = 1e-4});
  const Problem dynamic{automatic_vjp(Oscillator{}, Eigen::VectorXd(Vector2d(1, 0.1))), Eigen::VectorXd(Vector2d(1, 0)),
                        0.0, 3.0};
  hold(varied(dynamic, 66, own_parameters), Dopri5{}, tight, SaveAt{{1.0, 1.5}});
}

TEST_CASE("A problem that fails in a lane fails as it does alone, and the others are what they were", "[lanes]") {
  const auto some_fail = [](std::size_t i, auto& p) {
    all_differ(i, p);
    if (i % 10 == 3) p.y0[0] = 1e200;
    if (i % 10 == 7) p.t1 = 40;
  };
  const auto result = hold(varied(middle, 71, some_fail), Dopri5{}, Adaptive{.max_steps = 200});
  REQUIRE(result.failures.size() == 14);
  CHECK(result.failures[1].failure.status == Status::max_steps);
  // Where nothing is there to be gone through, and where all is the same at once.
  hold(varied(middle, 65, [](std::size_t i, auto& p) { p.t1 = i % 4 == 0 ? p.t0 : 1; }), Dopri5{}, tight);
  const auto none =
      hold(Ensemble{middle, 64, [](std::size_t, auto& p) { p.t1 = 40; }}, Dopri5{}, Adaptive{.max_steps = 20});
  CHECK(none.failures.size() == 64);
}

namespace {
// Rests at 1, where the guard keeps steps short for the sensitivities.
const auto relaxing = [](auto, const auto& y, const auto& theta, auto& dy) {
  dy[0] = theta[0] * (y[1] - y[0]);
  dy[1] = 0 * y[1];
};
struct Branching {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    count_call(y);
    dy = y * (y[0] > 1 ? 0.5 : -0.5);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const { y_bar += w * (y[0] > 1 ? 0.5 : -0.5); }
};
// Eigen adds up a vector of numbers in packets, and one of packs of them one by one, which rounds to the same bits here and there.
struct AddingUp {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -(y.sum() / 3) * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    y_bar -= (y.sum() / 3) * w;
    y_bar.array() -= w.dot(y) / 3;
  }
};
}  // namespace

TEST_CASE("The sensitivities of a state that rests bound the same steps in lanes", "[lanes]") {
  const Problem problem{automatic_vjp(relaxing, Eigen::Vector<double, 1>(5.0)), Vector2d(1, 1), 0.0, 10.0};
  const auto near_rest = [](std::size_t i, auto& p) { p.y0[0] += i % 2 == 0 ? 0.0 : 1e-3 * static_cast<double>(i); };
  const auto result = hold(varied(problem, 66, near_rest), Dopri5{}, Adaptive{});
  CHECK(result.stats.guarded > 0);
}

TEST_CASE("A gradient that errors of steps have spoilt is refused in lanes as it is alone", "[lanes]") {
  // Years of predators and prey, whose period is not known well enough.
  const auto some_are_long = [](std::size_t i, auto& p) {
    all_differ(i, p);
    if (i % 8 == 2) p.t1 = 240;
  };
  const auto once =
      hold(varied(middle, 66, some_are_long), Dopri5{}, Adaptive{.rtol = 1e-3, .atol = 1e-3, .repeats = 0});
  REQUIRE(once.failures.size() == 8);
  for (const ProblemFailure& failure : once.failures) CHECK(failure.failure.status == Status::not_accurate);
  // Taken again, it is good.
  const auto again = hold(varied(middle, 66, some_are_long), Dopri5{}, Adaptive{.rtol = 1e-3, .atol = 1e-3});
  CHECK(again.failures.empty());
}

TEST_CASE("Gradients in doubt are taken again in lanes", "[lanes]") {
  const auto years = [](std::size_t i, auto& p) {
    all_differ(i, p);
    p.t1 = i % 16 == 2 ? 60 : 10 + std::cos(static_cast<double>(i));
  };
  const auto problems = varied(middle, 66, years);
  const Adaptive steps{.rtol = 1e-5, .atol = 1e-5};
  // Looser tolerances show some to be good, others need tighter ones.
  std::size_t shown_good = 0, tightened = 0;
  plain_calls = 0;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const auto loss = [i](const auto& ys, auto& ys_bar) { return weighted_squares(i, ys, ys_bar); };
    const BackwardStats stats = value_and_gradient(problems[i], Dopri5{}, steps, loss).gradient.stats;
    tightened += stats.tightened < 1 ? 1U : 0U;
    shown_good += stats.discarded > 0 && !(stats.tightened < 1) ? 1U : 0U;
  }
  const long alone = plain_calls;
  REQUIRE(shown_good > 10);
  REQUIRE(tightened > 10);
  hold(problems, Dopri5{}, steps);
  CHECK(plain_calls.load() < alone / 4);  // once in lanes and then alone would be more than half
}

TEST_CASE("An ensemble tells what looking at gradients has cost, and which tolerances they needed", "[lanes]") {
  const auto some_are_long = [](std::size_t i, auto& p) {
    all_differ(i, p);
    if (i % 8 == 2) p.t1 = 240;
  };
  const auto problems = varied(middle, 66, some_are_long);
  const Adaptive loose{.rtol = 1e-3, .atol = 1e-3};
  BackwardStats expected;
  std::size_t taken_again = 0;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const auto loss = [i](const auto& ys, auto& ys_bar) { return weighted_squares(i, ys, ys_bar); };
    const BackwardStats one = value_and_gradient(problems[i], Dopri5{}, loose, loss).gradient.stats;
    expected.judged += one.judged;
    expected.discarded += one.discarded;
    expected.estimated_error = std::max(expected.estimated_error, one.estimated_error);
    expected.tightened = std::min(expected.tightened, one.tightened);
    if (one.discarded > 0) ++taken_again;
  }
  REQUIRE(taken_again >= 8);
  REQUIRE(taken_again < 66);
  REQUIRE(expected.tightened < 1);
  const auto check = [&](const auto&... extras) {
    const BackwardStats stats =
        ensemble_value_and_gradient(problems, Dopri5{}, loose, weighted_squares, extras...).gradient.stats;
    CHECK(stats.judged == expected.judged);
    CHECK(stats.discarded == expected.discarded);
    CHECK(stats.estimated_error == expected.estimated_error);
    CHECK(stats.tightened == expected.tightened);
  };
  check();
  check(Threads{2});
  if (bits_are_asked_for) check(Lanes<4>{});
}

TEST_CASE("A field that rounds otherwise in lanes gives what it gives alone to round-off", "[lanes]") {
  const auto vary = [](std::size_t i, auto& p) { p.y0 *= 1 + 0.3 * std::sin(static_cast<double>(i)); };
  const Ensemble ensemble{Problem{AddingUp{}, Eigen::Vector4d(0.7, 1.3, 2.1, 0.3), 0.0, 1.0}, 70, vary};
  const auto alone = ensemble_value_and_gradient(ensemble, Dopri5{}, tight, weighted_squares);
  const auto lanes = ensemble_value_and_gradient(ensemble, Dopri5{}, tight, weighted_squares, Lanes<4>{});
  for (std::size_t i = 0; i < 70; ++i) {
    CHECK(std::abs(lanes.values[i] - alone.values[i]) < 1e-12 * alone.values[i]);
    CHECK((lanes.gradient.y0[i] - alone.gradient.y0[i]).norm() < 1e-12 * alone.gradient.y0[i].norm());
  }
}

TEST_CASE("What lanes cannot do in adaptive steps is done alone", "[lanes]") {
  const auto both_sides = [](std::size_t i, auto& p) { p.y0 = Vector2d(0.5 + 0.1 * static_cast<double>(i % 10), 1.0); };
  hold(varied(Problem{Branching{}, Vector2d(1, 1), 0.0, 1.0}, 70, both_sides), Dopri5{}, tight);
  CHECK(plain_calls.load() > 10 * packed_calls.load());
  // Parameters that differ where the field cannot be made of others.
  const auto other = [](std::size_t i, auto& p) { p.field.theta[1] += 0.01 * static_cast<double>(i); };
  hold(varied(middle, 70, other), Dopri5{}, tight);
  // Fewer than 64 are not put into lanes.
  hold(varied(middle, 5, all_differ), Dopri5{}, tight);
  CHECK(packed_calls.load() == 0);
}

TEST_CASE("Mistakes meet the same sentences in lanes of adaptive steps", "[lanes]") {
  const auto ensemble = varied(middle, 70, all_differ);
  auto wrong = ensemble;
  wrong[37].y0[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(ensemble_value_and_gradient(wrong, Dopri5{}, tight, weighted_squares, Lanes<4>{}),
                    Catch::Matchers::ContainsSubstring("problem 37 of the ensemble: y0[1] is nan"));
  const auto silent = [](const auto& ys, auto&) { return ys[0].sum(); };
  CHECK_THROWS_WITH(ensemble_value_and_gradient(ensemble, Dopri5{}, tight, silent, Lanes<4>{}),
                    Catch::Matchers::ContainsSubstring("writes nothing to ys_bar"));
  CHECK_THROWS_WITH(ensemble_value_and_gradient(ensemble, Dopri5{}, Adaptive{.rtol = -1}, weighted_squares, Lanes<4>{}),
                    Catch::Matchers::ContainsSubstring("Adaptive::rtol is -1"));
}
