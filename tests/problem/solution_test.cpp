// What a solution tells of itself: in a few lines of text, as a table, and by references that stay valid.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/core/detail/first_in_place.hpp>

#include "catch.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <locale>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

struct Circle {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -y[0];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    static_cast<void>(y);
    y_bar[0] -= w[1];
    y_bar[1] += w[0];
  }
};

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

template <class T>
std::string csv(const T& solution) {
  std::ostringstream out;
  write_csv(out, solution);
  return out.str();
}

const Problem circle{Circle{}, Vector2d{1, 0}, 0.0, 1.0};

// Decimal commas and grouped thousands.
struct Commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("a solution, its stats, its status and its failure are printed") {
  const auto solution = solve(circle, RK4{}, FixedSteps{10});
  CHECK(printed(solution) == "success; 10 steps, 40 evaluations; 1 saved, the last at t = 1: [0.540303, -0.84147]");
  CHECK(printed(solution.stats()) == "10 steps, 40 evaluations");
  CHECK(printed(solution.status()) == "success");
  CHECK(printed(solve(circle, RK4{}, FixedSteps{1}).stats()) == "1 step, 4 evaluations");
  const Stats all{.accepted = 9, .rejected = 2, .guarded = 3, .evaluations = 40, .bits = 18, .bytes_kept = 64};
  CHECK(
      printed(all) ==
      "9 steps (2 rejected) (3 kept short by the sensitivity guard), 40 evaluations, 18 bits set aside, 64 bytes kept");

  const auto blow_up = [](double, const Vector2d& y, Vector2d& dy) {
    dy = y * std::numeric_limits<double>::infinity();
  };
  const Problem failing{blow_up, Vector2d{1, 0}, 0.0, 1.0};
  const auto failed = solve(failing, RK4{}, FixedSteps{10}, SaveAt{.t0 = true}, OnFailure::return_status);
  REQUIRE(failed.failed());
  CHECK(printed(failed.failure()).find("not finite at t = 0 (step 0") == 0);
  CHECK(printed(failed).find("not finite at t = 0 (step 0") == 0);
  CHECK(printed(failed).find("1 saved, the last at t = 0: [1, 0]") != std::string::npos);
  try {
    static_cast<void>(solve(failing, RK4{}, FixedSteps{10}));
    FAIL("the solve should have failed");
  } catch (const SolveError& error) {
    CHECK(std::string(error.what()) == "antistrophe: " + printed(failed.failure()));
  }

  // y' = y² goes to infinity at t = 1.
  const auto explodes = [](double, const Vector2d& y, Vector2d& dy) { dy = y.cwiseAbs2(); };
  try {
    static_cast<void>(solve(Problem{explodes, Vector2d{1, 0.5}, 0.0, 3.0}, Dopri5{}, Adaptive{}));
    FAIL("the solve should have failed");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::step_size_vanished);
    CHECK(error.t() == Approx(1).epsilon(1e-4));
    CHECK((error.step() > 10 && error.component() == 0));
    CHECK((error.h() > 0 && error.h() < 1e-12));
    CHECK(error.value() > 1e4);
    CHECK(std::isfinite(error.error_estimate()));
    CHECK(std::string(error.what()).find("the solution going to infinity?") != std::string::npos);
  }
}

// Of what has no operator<<.
TEST_CASE("a saved value that cannot be printed is told as such") {
  struct Opaque {};
  std::ostringstream out;
  detail::print_value(out, Opaque{});
  CHECK(out.str() == "(a value that cannot be printed)");
}

TEST_CASE("every status has words of its own") {
  std::set<std::string> words;
  int statuses = 0;
  for (; to_string(static_cast<Status>(statuses)) != "unknown"; ++statuses) {
    const auto status = static_cast<Status>(statuses);
    CHECK(printed(status) == to_string(status));
    CHECK(words.insert(printed(status)).second);
    CHECK((succeeded(status) + failed(status) + (status == Status::stopped)) == 1);
  }
  CHECK(statuses == 1 + static_cast<int>(Status::unstable));  // the last one
  CHECK(words.count("success") == 1);
}

TEST_CASE("events, saved functions and long states are printed in short") {
  const auto through_zero = [](double, const Vector2d& y) { return y[0]; };
  const Problem problem{Circle{}, Vector2d{1, 0}, 0.0, 100.0};
  const auto solution =
      solve(problem, Dopri5{}, Adaptive{}, SaveAt{}, Events{Event{through_zero, Crossing::any, false}});
  CHECK(printed(solution.events()[0]).find("event 0 at t = 1.5708, y = [") == 0);
  const std::string text = printed(solution);
  CHECK(text.find("\nevent 0 at t = 1.5708, y = [") != std::string::npos);
  CHECK(text.find("\nand " + std::to_string(solution.events().size() - 8) + " more events") != std::string::npos);

  const auto energy = [](double, const Vector2d& y) { return y.squaredNorm() / 2; };
  CHECK(printed(solve(circle, RK4{}, FixedSteps{10}, SaveAt{}.of(energy))).find("the last at t = 1: 0.5") !=
        std::string::npos);

  const auto still = [](double, const Eigen::VectorXd&, Eigen::VectorXd& dy) { dy.setZero(); };
  const Problem wide{still, Eigen::VectorXd(Eigen::VectorXd::LinSpaced(20, 1, 20)), 0.0, 1.0};
  CHECK(printed(solve(wide, Euler{}, FixedSteps{1})).find("[1, 2, 3, 4, 5, 6, …, 19, 20] (20 entries)") !=
        std::string::npos);
  CHECK(printed(Solution<Vector2d>{}) == "success; 0 steps, 0 evaluations; 0 saved");
}

TEST_CASE("a gradient and what it cost are printed") {
  const TerminalLoss loss{[](const Vector2d& y, Vector2d& y_bar) {
    y_bar[0] = 1;
    return y[0];
  }};
  const auto [value, gradient] = value_and_gradient(circle, Reversible<Midpoint>{}, FixedSteps{100}, loss);
  CHECK(printed(gradient).find("dL/dy0 = [0.540") == 0);
  CHECK(printed(gradient).find(", dL/dt0 = 0.84") != std::string::npos);
  CHECK(printed(gradient).find("; " + printed(gradient.stats)) != std::string::npos);
  CHECK(printed(gradient).find("theta") == std::string::npos);
  CHECK(printed(BackwardStats{.evaluations = 1, .vjps = 2, .drift = 0.5}) == "1 evaluation, 2 vjps, drift 0.5");
  CHECK(printed(BackwardStats{.evaluations = 9, .vjps = 4, .state_vjps = 3, .recomputed = 1, .checkpoints = 7}) ==
        "9 evaluations, 4 vjps (3 of the state alone), 1 step recomputed from 7 checkpoints");
  CHECK(printed(BackwardStats{.evaluations = 9, .vjps = 9, .chosen = "DirectAdjoint", .why = "all carries fit"}) ==
        "9 evaluations, 9 vjps, DirectAdjoint: all carries fit");
}

TEST_CASE("write_csv writes times and entries that read back as the same numbers") {
  const auto solution = solve(circle, RK4{}, FixedSteps{7}, SaveAt{.t0 = true, .steps = true});
  std::istringstream in(csv(solution));
  std::string line;
  std::getline(in, line);
  CHECK(line == "t,y0,y1");
  for (std::size_t i = 0; i < solution.ts().size(); ++i) {
    double t = 0, y0 = 0, y1 = 0;
    char comma = 0;
    in >> t >> comma >> y0 >> comma >> y1;
    CHECK(t == solution.ts()[i]);
    CHECK(y0 == solution.ys()[i][0]);
    CHECK(y1 == solution.ys()[i][1]);
  }
  std::getline(in, line);
  CHECK_FALSE(std::getline(in, line));
}

TEST_CASE("write_csv writes numbers, matrices in storage order, complex and ragged values") {
  const SaveAt both{.t0 = true, .t1 = true};
  const auto one = [](double, const Vector2d&) { return 0.25; };
  CHECK(csv(solve(circle, Euler{}, FixedSteps{1}, both.of(one))) == "t,y0\n0,0.25\n1,0.25\n");
  CHECK(csv(solve(circle, Euler{}, FixedSteps{1}, SaveAt{.times = {}, .t1 = true}.of(one))) == "t,y0\n1,0.25\n");

  const auto matrix = [](double, const Vector2d&) { return Eigen::Matrix2d{{1, 2}, {3, 4}}; };
  CHECK(csv(solve(circle, Euler{}, FixedSteps{1}, SaveAt{}.of(matrix))) == "t,y0,y1,y2,y3\n1,1,3,2,4\n");

  const auto phase = [](double t, const Vector2d&) { return std::complex<double>{0.5, t}; };
  CHECK(csv(solve(circle, Euler{}, FixedSteps{1}, SaveAt{}.of(phase))) == "t,y0_re,y0_im\n1,0.5,1\n");

  const auto ragged = [](double t, const Vector2d&) -> Eigen::VectorXd {
    return Eigen::VectorXd::Constant(t == 0 ? 2 : 1, 7);
  };
  CHECK(csv(solve(circle, Euler{}, FixedSteps{1}, both.of(ragged))) == "t,y0,y1\n0,7,7\n1,7,\n");
  CHECK(csv(Solution<Vector2d>{}) == "t\n");
}

TEST_CASE("write_csv does not mind the stream's locale and flags, and leaves them") {
  const auto thousands = [](double, const Vector2d&) { return 1234.5; };
  const auto solution = solve(circle, Euler{}, FixedSteps{1}, SaveAt{}.of(thousands));
  std::ostringstream out;
  out.imbue(std::locale(std::locale::classic(), new Commas));
  out.precision(2);
  out << std::scientific;
  write_csv(out, solution);
  CHECK(out.str() == "t,y0\n1,1234.5\n");
  out.str({});
  out << 0.5;
  CHECK(out.str() == "5,00e-01");
}

TEST_CASE("a solution gives references where it lives on, and values where it does not") {
  using S = Solution<Vector2d>;
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<const S&>().steps()), const StepTimes&>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<S>().steps()), StepTimes>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<const S&>().ys()), const std::vector<Vector2d>&>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<S>().ys()), std::vector<Vector2d>>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<S>().events()), std::vector<EventRecord<Vector2d>>>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<S>().stats()), Stats>);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<S>().failure()), Failure>);

  auto solution = solve(circle, RK4{}, FixedSteps{4});
  const StepTimes& steps = solution.steps();
  CHECK(&steps == &solution.steps());
  CHECK(steps == StepTimes{{0, 0.25, 0.5, 0.75, 1}});
  const auto copy = solution;
  CHECK(&copy.steps() != &steps);
  CHECK(copy.steps() == steps);
  const auto moved = std::move(solution);
  CHECK(&moved.steps() == &steps);
  auto assigned = solve(circle, RK4{}, FixedSteps{3});
  CHECK(assigned.steps().size() == 4);
  assigned = copy;
  CHECK(assigned.steps() == steps);
  assigned = solve(circle, RK4{}, FixedSteps{2});
  CHECK(assigned.steps() == StepTimes{{0, 0.5, 1}});
}

TEST_CASE("threads may ask one solution for its steps at the same time") {
  for (int repeat = 0; repeat < 50; ++repeat) {
    const auto solution = solve(circle, Euler{}, FixedSteps{1000});
    std::array<const StepTimes*, 4> seen{};
    std::vector<std::thread> threads;
    for (auto& mine : seen) threads.emplace_back([&] { mine = &solution.steps(); });
    for (auto& thread : threads) thread.join();
    for (const auto* steps : seen) CHECK(steps == seen[0]);
    CHECK(seen[0]->size() == 1001);
  }
}

// Held against std::vector, under what is done to either.
TEST_CASE("A vector whose first element lies in place does what a vector does", "[solution]") {
  std::mt19937 engine(1);
  for (int trial = 0; trial < 200; ++trial) {
    detail::FirstInPlace<std::string> some;
    std::vector<std::string> model;
    for (int step = 0; step < 12; ++step) {
      const auto choice = engine() % 6;
      const std::size_t n = engine() % 4;
      if (choice < 3) {
        some.push_back("number " + std::to_string(step) + ", long enough for the heap");
        model.push_back("number " + std::to_string(step) + ", long enough for the heap");
      } else if (choice == 3) {
        some.reserve(n);
      } else if (choice == 4) {
        some.shorten(n);
        if (model.size() > n) model.resize(n);
      } else {
        auto copy = some;
        some = detail::FirstInPlace<std::string>{};
        some = std::move(copy);
      }
      REQUIRE(some.size() == model.size());
      REQUIRE(some.empty() == model.empty());
      REQUIRE(std::equal(some.begin(), some.end(), model.begin(), model.end()));
      if (!model.empty()) {
        REQUIRE(some.back() == model.back());
        REQUIRE(&some.front() == some.data());
      }
    }
  }
}

TEST_CASE("What a temporary solution, or a pass, is asked for outlives it", "[solution]") {
  const auto solved = [] { return solve(circle, RK4{}, FixedSteps{4}, {.steps = true}); };
  const auto passed = [] { return solve_with_pullback(circle, RK4{}, FixedSteps{4}, SaveAt{.steps = true}); };
  using Passed = decltype(passed());
  STATIC_REQUIRE(!std::is_reference_v<decltype(std::declval<Passed>().ts())>);
  STATIC_REQUIRE(!std::is_reference_v<decltype(std::declval<Passed>().events())>);
  STATIC_REQUIRE(!std::is_reference_v<decltype(std::declval<Passed>().stats())>);
  STATIC_REQUIRE(!std::is_reference_v<decltype(std::declval<Passed>().solution())>);
  std::vector<Vector2d> of_solution, of_pass;
  for (const Vector2d& y : solved().ys()) of_solution.push_back(y);
  for (const Vector2d& y : passed().ys()) of_pass.push_back(y);
  CHECK(of_solution == solved().ys());
  CHECK(of_pass == of_solution);
  CHECK(passed().solution().ys() == of_solution);
}
