// Ensembles: each problem is solved as it would be alone, bit for bit, and the sums do not depend on threads or ranks.
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/ensemble.hpp>
#include <antistrophe/noise/stochastic_field.hpp>
#include <antistrophe/running_cost.hpp>

#include <atomic>
#include <barrier>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::VectorXd;
using Field = problems::LotkaVolterra<>;

namespace {

const Problem<Field, Vector2d> middle{Field{}, Vector2d(1, 1), 0.0, 2.0};

// Another start, parameter and end for each i.
const auto spread = [](std::size_t i, auto& problem) {
  const double x = std::sin(static_cast<double>(i));
  problem.y0[0] += 0.3 * x;
  problem.field.theta[1] += 0.1 * x;
  if (i % 3 == 0) problem.t1 += 0.1 * x;
};

// Of problem i: (1 + i/7) Σ ‖y‖²/2.
const auto weighted_squares = [](std::size_t i, const auto& ys, auto& ys_bar) {
  const double weight = 1 + static_cast<double>(i) / 7;
  double sum = 0;
  for (std::size_t k = 0; k < ys.size(); ++k) {
    sum += weight * ys[k].squaredNorm() / 2;
    ys_bar[k] = weight * ys[k];
  }
  return sum;
};

template <class Result>
bool same_sums(const Result& a, const Result& b) {
  return a.value == b.value && battery::same_bits(a.gradient.theta, b.gradient.theta);
}
template <class Result>
bool same_results(const Result& a, const Result& b) {
  bool same = same_sums(a, b) && a.values == b.values && a.gradient.t0 == b.gradient.t0 &&
              a.gradient.t1 == b.gradient.t1 && a.stats.steps == b.stats.steps &&
              a.stats.evaluations == b.stats.evaluations && a.gradient.stats.vjps == b.gradient.stats.vjps &&
              a.gradient.y0.size() == b.gradient.y0.size();
  for (std::size_t i = 0; same && i < a.gradient.y0.size(); ++i)
    same = battery::same_bits(a.gradient.y0[i], b.gradient.y0[i]);
  return same;
}

template <class E, class M, class StepsType, class... Extras>
void hold_against_single_solves(const E& ensemble, const M& method, const StepsType& steps, const Extras&... extras) {
  const auto together =
      ensemble_value_and_gradient(ensemble, method, steps, weighted_squares, EachTheta{}, Threads{2}, extras...);
  const auto solved = solve_ensemble(ensemble, method, steps, Threads{2});
  REQUIRE(together.values.size() == ensemble.size());
  REQUIRE(solved.size() == ensemble.size());
  CHECK(together.success());
  double value = 0;
  Eigen::Vector4d theta = Eigen::Vector4d::Zero();
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    const auto problem = ensemble[i];
    const auto alone = value_and_gradient(
        problem, method, steps, [&](const auto& ys, auto& ys_bar) { return weighted_squares(i, ys, ys_bar); },
        extras...);
    CAPTURE(i);
    CHECK(together.values[i] == alone.value);
    CHECK(battery::same_bits(together.gradient.y0[i], alone.gradient.y0));
    CHECK(battery::same_bits(together.gradient.each_theta[i], alone.gradient.theta));
    CHECK(together.gradient.t0[i] == alone.gradient.t0);
    CHECK(together.gradient.t1[i] == alone.gradient.t1);
    CHECK(battery::same_bits(solved[i].ys().back(), solve(problem, method, steps).ys().back()));
    value += alone.value;
    theta += alone.gradient.theta;
  }
  CHECK(together.value == Approx(value).epsilon(1e-13));
  CHECK((together.gradient.theta - theta).norm() <= 1e-12 * theta.norm());
}

// Ranks that are threads of one program.
class Meeting {
 public:
  explicit Meeting(std::size_t ranks) : told_(ranks), barrier_(static_cast<std::ptrdiff_t>(ranks)) {}
  std::vector<std::string> all_gather(std::size_t rank, const std::string& mine) {
    told_[rank] = mine;
    barrier_.arrive_and_wait();
    std::vector<std::string> all = told_;
    barrier_.arrive_and_wait();
    return all;
  }
  std::size_t size() const { return told_.size(); }

 private:
  std::vector<std::string> told_;
  std::barrier<> barrier_;
};
struct ThreadRanks {
  static constexpr bool is_ensemble_extra = true, is_ranks = true;
  Meeting* meeting;
  std::size_t number;
  bool gather = true;
  std::size_t rank() const { return number; }
  std::size_t size() const { return meeting->size(); }
  std::vector<std::string> all_gather(const std::string& mine) const { return meeting->all_gather(number, mine); }
};
// What each of so many ranks makes of function(ranks).
template <class Function>
auto on_ranks(std::size_t count, bool gather, const Function& function) {
  Meeting meeting(count);
  using Result = decltype(function(ThreadRanks{&meeting, 0, gather}));
  std::vector<Result> results(count);
  {
    std::vector<std::jthread> threads;
    for (std::size_t r = 0; r < count; ++r)
      threads.emplace_back([&, r] { results[r] = function(ThreadRanks{&meeting, r, gather}); });
  }
  return results;
}

struct Nothing {
  double sum = 0;
  void add(const Nothing& other) { sum += other.sum; }
};

}  // namespace

TEST_CASE("A sum in a fixed order has the same bits whoever adds when", "[ensemble]") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const std::size_t n : {1u, 2u, 3u, 7u, 8u, 100u, 1000u}) {
    std::vector<double> terms(n);
    for (double& term : terms) term = uniform(random) * std::exp(20 * uniform(random));
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    double first = 0;
    for (int trial = 0; trial < 20; ++trial) {
      // Some on each of a few ranks, in any order; then all of them together.
      const std::size_t ranks = 1 + static_cast<std::size_t>(trial) % 5;
      std::vector<detail::OrderedSum<Nothing>> parts(ranks);
      for (const std::size_t i : order) parts[i * ranks / n].add({0, i}, {terms[i]});
      detail::OrderedSum<Nothing> whole;
      for (const auto& part : parts) part.each_node([&](auto node, const Nothing& sum) { whole.add(node, sum); });
      const double total = whole.total({}).sum;
      if (trial == 0) {
        first = total;
        CHECK(total == Approx(std::accumulate(terms.begin(), terms.end(), 0.0)).epsilon(1e-12));
      }
      CHECK(total == first);
      std::shuffle(order.begin(), order.end(), random);
    }
  }
  CHECK(detail::OrderedSum<Nothing>{}.total({4}).sum == 4);
}

TEST_CASE("Chunks cover all problems once, and depend on their number alone", "[ensemble]") {
  for (const std::size_t n : {1u, 5u, 63u, 64u, 130u, 4096u, 5000u, 100'000u}) {
    const detail::Chunks chunks(n);
    std::size_t next = 0;
    for (std::size_t c = 0; c < chunks.count(); ++c) {
      CHECK(chunks.begin(c) == next);
      CHECK(chunks.end(c) > next);
      next = chunks.end(c);
    }
    CHECK(next == n);
    for (const std::size_t ranks : {1u, 2u, 3u, 7u, 200u}) {
      std::size_t at = 0;
      for (std::size_t r = 0; r < ranks; ++r) {
        const detail::Part part = detail::part_of_rank(chunks.count(), r, ranks);
        CHECK(part.first == at);
        at = part.end;
      }
      CHECK(at == chunks.count());
    }
  }
}

TEMPLATE_TEST_CASE("Each problem of an ensemble is solved as it would be alone", "[ensemble]", Dopri5,
                   Reversible<Dopri5>, (Reversible<Bosh3, Floating>), TwoPoint<Midpoint>, ReversibleAdams<4>,
                   ReversibleHeun<>, NearlyReversible<EES25>) {
  const Ensemble ensemble{middle, 11, spread};
  hold_against_single_solves(ensemble, TestType{}, FixedSteps{64});
}

TEMPLATE_TEST_CASE("Each problem of an ensemble has adaptive steps of its own", "[ensemble]", Dopri5, Reversible<Bosh3>,
                   ReversibleAdams<4>) {
  const Ensemble ensemble{middle, 7, spread};
  hold_against_single_solves(ensemble, TestType{}, Adaptive{.rtol = 1e-5, .atol = 1e-5});
}

TEST_CASE("Adjoints, saves and running costs go with an ensemble", "[ensemble]") {
  const Ensemble ensemble{middle, 5, spread};
  hold_against_single_solves(ensemble, Dopri5{}, FixedSteps{20}, CheckpointedAdjoint{.slots = 3});
  hold_against_single_solves(ensemble, Reversible<RK4>{}, FixedSteps{20}, DirectAdjoint{}, SaveAt{{0.5, 1.0}});
  const RunningCost cost{[](auto, const auto& y, const auto&) { return y[0] * y[0]; }};
  hold_against_single_solves(ensemble, Dopri5{}, FixedSteps{20}, cost);
}

TEST_CASE("The result of an ensemble does not depend on threads", "[ensemble]") {
  for (const std::size_t n : {3u, 64u, 1000u}) {
    const Ensemble ensemble{middle, n, spread};
    const auto one = ensemble_value_and_gradient(ensemble, Reversible<RK4>{}, FixedSteps{10}, weighted_squares);
    for (const std::size_t threads : {2u, 5u}) {
      const auto many =
          ensemble_value_and_gradient(ensemble, Reversible<RK4>{}, FixedSteps{10}, weighted_squares, Threads{threads});
      CHECK(same_results(one, many));
    }
    CHECK(same_results(one, ensemble_value_and_gradient(ensemble, Reversible<RK4>{}, FixedSteps{10}, weighted_squares,
                                                        Threads{})));  // as many as there are processors
  }
}

TEST_CASE("The result of an ensemble does not depend on ranks", "[ensemble]") {
  for (const std::size_t n : {2u, 5u, 500u}) {
    const Ensemble ensemble{middle, n, spread};
    const auto one = ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, weighted_squares, EachTheta{});
    for (const std::size_t count : {1u, 2u, 3u, 4u}) {
      const auto all = on_ranks(count, true, [&](const ThreadRanks& ranks) {
        return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, weighted_squares, EachTheta{}, ranks);
      });
      for (const auto& result : all) {
        CHECK(same_results(one, result));
        REQUIRE(result.gradient.each_theta.size() == n);
        CHECK(battery::same_bits(result.gradient.each_theta.back(), one.gradient.each_theta.back()));
      }
      const auto parts = on_ranks(count, false, [&](const ThreadRanks& ranks) {
        return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, weighted_squares, ranks);
      });
      std::size_t next = 0;
      for (const auto& result : parts) {
        CHECK(same_sums(one, result));
        CHECK((result.values.empty() || result.first == next));
        for (const double value : result.values) CHECK(value == one.values[next++]);
      }
      CHECK(next == n);
    }
  }
}

TEST_CASE("Solutions stay on their ranks, and failures are known on all", "[ensemble]") {
  const Ensemble ensemble{middle, 6, [](std::size_t i, auto& problem) {
                            problem.y0[0] += static_cast<double>(i);
                            if (i == 4) problem.field.theta[0] = 1e300;
                          }};
  const auto all = on_ranks(3, true, [&](const ThreadRanks& ranks) {
    return solve_ensemble(ensemble, RK4{}, FixedSteps{10}, OnFailure::return_status, ranks);
  });
  std::size_t next = 0;
  for (const auto& result : all) {
    CHECK(result.first == next);
    for (std::size_t i = next; i < next + result.size(); ++i)
      if (i != 4) CHECK(battery::same_bits(result[i].ys()[0], solve(ensemble[i], RK4{}, FixedSteps{10}).ys()[0]));
    next += result.size();
    REQUIRE(result.failures.size() == 1);
    CHECK(result.failures[0].index == 4);
    CHECK(result.failures[0].failure.status == Status::not_finite);
    CHECK(!result.failures[0].failure.cause.empty());
    CHECK(result.stats.steps == all[0].stats.steps);
  }
  CHECK(next == 6);
}

TEST_CASE("A problem that fails is named, and leaves the others as they are", "[ensemble]") {
  const auto vary = [](std::size_t i, auto& problem) {
    spread(i, problem);
    if (i % 5 == 2) problem.field.theta[0] = 1e300;
  };
  const Ensemble ensemble{middle, 13, vary};
  const auto result = ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, weighted_squares, Threads{2},
                                                  OnFailure::return_status);
  CHECK(!result.success());
  REQUIRE(result.failures.size() == 3);
  CHECK(result.failures[0].index == 2);
  CHECK(result.failures[1].index == 7);
  CHECK(result.failures[2].index == 12);
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    if (i % 5 == 2) {
      CHECK(std::isnan(result.values[i]));
      continue;
    }
    const auto alone = value_and_gradient(ensemble[i], Dopri5{}, FixedSteps{10},
                                          [&](const auto& ys, auto& bar) { return weighted_squares(i, ys, bar); });
    CHECK(result.values[i] == alone.value);
    CHECK(battery::same_bits(result.gradient.y0[i], alone.gradient.y0));
  }
}

TEST_CASE("Where a problem fails, the ensemble throws after the others are solved", "[ensemble]") {
  const auto vary = [](std::size_t i, auto& problem) {
    if (i == 3) problem.field.theta[0] = 1e300;
  };
  const Ensemble ensemble{middle, 5, vary};
  using Result = decltype(ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, weighted_squares));
  try {
    (void)ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, weighted_squares);
    FAIL("nothing was thrown");
  } catch (const EnsembleError& error) {
    CHECK_THAT(error.what(),
               Catch::Matchers::ContainsSubstring("antistrophe: 1 of 5 problems failed; the first of them, "
                                                  "problem 3: not finite"));
    REQUIRE(error.failures().size() == 1);
    CHECK(error.failures()[0].index == 3);
    CHECK(error.failures()[0].failure.status == Status::not_finite);
    const auto& result = error.result<Result>();
    CHECK(std::isnan(result.values[3]));
    CHECK(std::isnan(result.gradient.y0[3][0]));
    double sum = 0;
    for (const std::size_t i : {0u, 1u, 2u, 4u}) sum += result.values[i];
    CHECK(result.value == Approx(sum).epsilon(1e-14));
    CHECK(result.gradient.theta.allFinite());
  }
  CHECK_THROWS_AS(solve_ensemble(ensemble, Dopri5{}, FixedSteps{10}), EnsembleError);
}

TEST_CASE("Bad arguments of a problem are thrown with the lowest number, however many threads", "[ensemble]") {
  const Ensemble ensemble{middle, 100, [](std::size_t i, auto& problem) {
                            if (i >= 37 && i % 2 == 1) problem.y0[1] = std::numeric_limits<double>::quiet_NaN();
                          }};
  const auto sentence =
      Catch::Matchers::ContainsSubstring("antistrophe: problem 37 of the ensemble: y0[1] is nan; it must be finite");
  for (const std::size_t threads : {1u, 2u, 7u}) {
    CHECK_THROWS_WITH(
        ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{4}, weighted_squares, Threads{threads}), sentence);
    CHECK_THROWS_WITH(solve_ensemble(ensemble, Dopri5{}, FixedSteps{4}, Threads{threads}), sentence);
  }
  const auto thrown = on_ranks(3, true, [&](const ThreadRanks& ranks) {
    std::string text;
    try {
      (void)ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{4}, weighted_squares, ranks);
    } catch (const std::invalid_argument& error) {
      text = error.what();
    }
    return text;
  });
  for (const std::string& text : thrown) CHECK_THAT(text, sentence);
}

TEST_CASE("Gradients of parameters of several lengths are not added up", "[ensemble]") {
  struct Sum {
    Eigen::VectorXd theta = Eigen::VectorXd::Ones(2);
    const auto& parameters() const { return theta; }
    void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy = -theta.sum() * y; }
    void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar,
             Eigen::VectorXd& theta_bar) const {
      y_bar -= theta.sum() * w;
      theta_bar.array() -= w.dot(y);
    }
  };
  const TerminalLoss sum{[](const auto& y, auto& y_bar) { return y_bar.setOnes(), y.sum(); }};
  std::vector problems(70, Problem{Sum{}, Eigen::Vector2d(1, 2), 0.0, 1.0});
  problems[5].field.theta = Eigen::VectorXd::Ones(3);
  const auto sentence = Catch::Matchers::ContainsSubstring(
      "antistrophe: problem 5 of the ensemble: the length of parameters() is 3; it must be 2, that of the first "
      "problem");
  CHECK_THROWS_WITH(ensemble_value_and_gradient(problems, RK4{}, FixedSteps{4}, sum), sentence);
  CHECK_THROWS_WITH(ensemble_value_and_gradient(problems, RK4{}, FixedSteps{4}, sum, Threads{2}, EachTheta{}),
                    sentence);
}

TEST_CASE("What a field throws comes out of the ensemble as it is", "[ensemble]") {
  struct Thrown {
    int code;
  };
  const auto throwing = [](const auto&, auto&) -> double { throw Thrown{4}; };
  const Ensemble ensemble{middle, 9, spread};
  CHECK_THROWS_AS(ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{4}, throwing, Threads{3}), Thrown);
}

TEST_CASE("An ensemble is stopped between problems", "[ensemble]") {
  std::stop_source source;
  std::atomic<int> begun = 0;
  const Ensemble ensemble{middle, 50, [&](std::size_t i, auto& problem) {
                            spread(i, problem);
                            if (++begun == 10) source.request_stop();
                          }};
  const auto solved = solve_ensemble(ensemble, RK4{}, FixedSteps{10}, source.get_token());
  CHECK(solved.stopped);
  CHECK(!solved.success());
  CHECK(solved.failures.empty());
  REQUIRE(solved.size() == 50);
  CHECK(solved[9].success());
  CHECK(solved[49].status() == Status::stopped);
  CHECK_THAT(solved[49].failure().cause, Catch::Matchers::ContainsSubstring("before this problem was begun"));
  // From the beginning on.
  const auto none = ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{10}, weighted_squares, source.get_token());
  CHECK(none.stopped);
  CHECK(std::isnan(none.values[0]));
  CHECK(none.value == 0);
}

TEST_CASE("Progress of an ensemble tells how many problems are done", "[ensemble]") {
  std::vector<double> told;
  std::int64_t steps = 0;
  const Progress progress{[&](double fraction, const Stats& stats) {
                            told.push_back(fraction);
                            steps = stats.steps;
                          },
                          0};
  const Ensemble ensemble{middle, 40, [](std::size_t, auto&) {}};
  (void)solve_ensemble(ensemble, RK4{}, FixedSteps{10}, Threads{3}, progress);
  CHECK(told.size() == 40);
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK(told.back() == 1);
  CHECK(steps == 400);
}

namespace {
// y[0] reaches a level.
struct Reaches {
  double level;
  double operator()(double, const auto& y) const { return y[0] - level; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};
}  // namespace

TEST_CASE("Events may differ from problem to problem", "[ensemble]") {
  const EachEvents events{[](std::size_t i) { return Events{Event{Reaches{1.2 + 0.1 * static_cast<double>(i)}}}; }};
  const Ensemble ensemble{middle, 4, [](std::size_t, auto& problem) { problem.t1 = 10; }};
  const auto solved = solve_ensemble(ensemble, Dopri5{}, FixedSteps{200}, events, SaveAt{.t1 = true});
  const auto loss = [](const auto&, const auto& ys, const auto& met, auto&, auto& ys_bar, auto& events_bar) {
    ys_bar.back()[0] = 1;
    if (!met.empty()) events_bar[0].t = 1;
    return ys.back()[0] + (met.empty() ? 0.0 : met[0].t);
  };
  const auto result = ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{200}, loss, events, Threads{2});
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(!solved[i].events().empty());
    CHECK(solved[i].events()[0].y[0] == Approx(1.2 + 0.1 * static_cast<double>(i)).epsilon(1e-9));
    const auto alone = value_and_gradient(ensemble[i], Dopri5{}, FixedSteps{200}, loss, events.make(i));
    CHECK(result.values[i] == alone.value);
    CHECK(battery::same_bits(result.gradient.y0[i], alone.gradient.y0));
  }
}

TEST_CASE("A vector of problems is an ensemble, and so is none", "[ensemble]") {
  std::vector<Problem<Field, Vector2d>> problems;
  const auto none = ensemble_value_and_gradient(problems, RK4{}, FixedSteps{10}, weighted_squares);
  CHECK(none.value == 0);
  CHECK(none.gradient.theta == Eigen::Vector4d::Zero());
  CHECK(none.success());
  CHECK(solve_ensemble(problems, RK4{}, FixedSteps{10}).size() == 0);
  const Ensemble ensemble{middle, 6, spread};
  for (std::size_t i = 0; i < 6; ++i) problems.push_back(ensemble[i]);
  CHECK(same_results(ensemble_value_and_gradient(problems, RK4{}, FixedSteps{10}, weighted_squares),
                     ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{10}, weighted_squares)));
}

namespace {
struct Decay {
  void operator()(double, const VectorXd& y, VectorXd& dy) const { dy = -y; }
  void vjp(double, const VectorXd&, const VectorXd& w, VectorXd& y_bar, auto&) const { y_bar -= w; }
};
}  // namespace

TEST_CASE("Problems of an ensemble may be of different sizes", "[ensemble]") {
  const Problem problem{Decay{}, VectorXd(VectorXd::Ones(1)), 0.0, 1.0};
  const Ensemble ensemble{problem, 5,
                          [](std::size_t i, auto& p) { p.y0 = VectorXd::Ones(static_cast<Eigen::Index>(i) + 1); }};
  const auto loss = [](const auto& ys, auto& ys_bar) {
    ys_bar[0].setOnes();
    return ys[0].sum();
  };
  const auto result = ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{20}, loss);
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(result.gradient.y0[i].size() == static_cast<Eigen::Index>(i) + 1);
    CHECK(result.gradient.y0[i][0] == Approx(std::exp(-1)).epsilon(1e-6));
    CHECK(result.values[i] == Approx(std::exp(-1) * static_cast<double>(i + 1)).epsilon(1e-6));
  }
}

TEST_CASE("A joint loss reads what all problems saved", "[ensemble]") {
  // The variance of y[0] at t = 2, and its cotangents.
  const JointLoss variance{[](const auto& all, auto& all_bar) {
    double mean = 0, sum = 0;
    for (const auto& ys : all) mean += ys.back()[0] / static_cast<double>(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double off = all[i].back()[0] - mean;
      sum += off * off;
      all_bar[i].back()[0] = 2 * off;
    }
    return sum;
  }};
  const auto vary = [](double move) {
    return [move](std::size_t i, auto& problem) {
      spread(i, problem);
      problem.field.theta[2] += move;
      if (i == 3) problem.y0[1] += move;
    };
  };
  const Ensemble ensemble{middle, 9, vary(0)};
  const auto result = ensemble_value_and_gradient(ensemble, Reversible<Dopri5>{}, FixedSteps{50}, variance, Threads{2});
  const double h = 1e-5;
  const auto value = [&](double move) {
    return ensemble_value_and_gradient(Ensemble{middle, 9, vary(move)}, Dopri5{}, FixedSteps{50}, variance).value;
  };
  CHECK(result.value == Approx(value(0)).epsilon(1e-7));
  CHECK(result.gradient.theta[2] + result.gradient.y0[3][1] == Approx((value(h) - value(-h)) / (2 * h)).epsilon(1e-6));
  CHECK(result.success());

  const JointLoss silent{[](const auto& all, auto&) { return all[0].back()[0]; }};
  CHECK_THROWS_WITH(ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{50}, silent),
                    Catch::Matchers::ContainsSubstring("writes nothing"));
  // One type, and so one program, for all that a loss may do wrong.
  using Saved = std::vector<std::vector<Vector2d>>;
  const auto refusal_of = [&](double value, std::size_t problems, std::size_t saves, Eigen::Index bad) {
    const JointLoss mistaken{std::function<double(const Saved&, Saved&)>([=](const Saved&, Saved& all_bar) {
      all_bar[1][0][bad % 2] = bad < 2 ? 1 : std::numeric_limits<double>::infinity();
      all_bar[2].resize(saves, Vector2d(0, 0));
      all_bar.resize(problems);
      return value;
    })};
    try {
      (void)ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{50}, mistaken);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  using Catch::Matchers::ContainsSubstring;
  CHECK(refusal_of(1, 9, 1, 0).empty());
  CHECK_THAT(refusal_of(std::numeric_limits<double>::quiet_NaN(), 9, 1, 0), ContainsSubstring("the value of the loss"));
  CHECK_THAT(refusal_of(1, 8, 1, 0), ContainsSubstring("all_bar") && ContainsSubstring("that of the ensemble, 9"));
  CHECK_THAT(refusal_of(1, 9, 2, 0), ContainsSubstring("all_bar[i]") && ContainsSubstring("that of all[i], 1"));
  CHECK_THAT(refusal_of(1, 9, 1, 2), ContainsSubstring("all_bar[i]") && ContainsSubstring("inf"));

  std::atomic<int> calls = 0;
  const Ensemble moody{middle, 3, [&](std::size_t, auto& problem) { problem.y0[0] += 0.01 * calls++; }};
  CHECK_THROWS_WITH(ensemble_value_and_gradient(moody, Dopri5{}, FixedSteps{50}, variance),
                    Catch::Matchers::ContainsSubstring("not a pure function"));
  const Ensemble failing{middle, 4, [](std::size_t i, auto& problem) {
                           if (i == 2) problem.field.theta[0] = 1e300;
                         }};
  const auto failed =
      ensemble_value_and_gradient(failing, Dopri5{}, FixedSteps{50}, variance, OnFailure::return_status);
  CHECK(std::isnan(failed.value));
  REQUIRE(failed.failures.size() == 1);
  CHECK(failed.failures[0].index == 2);
  CHECK_THROWS_AS(ensemble_value_and_gradient(failing, Dopri5{}, FixedSteps{50}, variance), EnsembleError);
}

// dy = −θ y dt + σ dW: of each problem along a path of its own, the same at each call.
TEST_CASE("An ensemble of paths is solved along each as it would be alone", "[ensemble]") {
  struct Relax {
    Eigen::Vector<double, 1> theta{1.0};
    const auto& parameters() const { return theta; }
    auto& parameters() { return theta; }
    void operator()(double, const Vector2d& y, Vector2d& dy) const { dy = -theta[0] * y; }
    void vjp(double, const Vector2d& y, const Vector2d& w, Vector2d& y_bar, Eigen::Vector<double, 1>& theta_bar) const {
      y_bar -= theta[0] * w;
      theta_bar[0] -= w.dot(y);
    }
  };
  const StochasticField field{Relax{}, AdditiveNoise{Vector2d(0.5, 0.2)}, BrownianPath{.seed = 1}};
  const Problem problem{field, Vector2d(1, 2), 0.0, 1.0};
  const Ensemble ensemble{problem, 9, [](std::size_t i, auto& p) { p.field.take(BrownianPath{.seed = 10 + i}); }};
  const auto result =
      ensemble_value_and_gradient(ensemble, Reversible<Midpoint>{}, FixedSteps{64}, weighted_squares, Threads{2});
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    const auto alone =
        value_and_gradient(ensemble[i], Reversible<Midpoint>{}, FixedSteps{64},
                           [&](const auto& ys, auto& ys_bar) { return weighted_squares(i, ys, ys_bar); });
    CHECK(result.values[i] == alone.value);
    CHECK(battery::same_bits(result.gradient.y0[i], alone.gradient.y0));
    for (std::size_t j = 0; j < i; ++j) CHECK(result.values[i] != result.values[j]);
  }
}
