// On the plane of time and memory: a gradient by few checkpoints, of several numbers of slots (revolve), by compressed carries and by
// compressed checkpoints, in times of DirectAdjoint's. The steps are laid out before the solve, as suits checkpoints best: those that
// Adaptive takes to the tolerance, or equal ones. Memory is that of carries and stages, without the times of steps, which all keep; direct's
// is that of the states alone. Time is a processor's, the median of turns in which all alternate. Compressed carries lie below the curve
// of checkpoints from the memory that they take up to that with which checkpoints first take no longer.
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/compressed_checkpoints.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/field/mlp.hpp>

#include "../../tests/support/workloads.hpp"
#include "../cpu_seconds.hpp"
#include "../tried.hpp"
#include "../turning_network.hpp"
#include "support/expect.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using benchmarks::measured_or_tried;

struct Squares {
  double operator()(const auto& ys, auto& ys_bar) const {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  }
};

// An adjoint on the plane.
struct Point {
  std::string name;
  std::int64_t slots = 0;  // of checkpoints
  bool coded = false;      // compressed carries
  std::function<double()> run;
  double bytes = 0, off = 0;
  std::vector<double> seconds = {};
};

double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}

template <class P, class Method, class StepsType>
void compare(const char* title, const P& problem, const Method& method, const StepsType& steps, double tolerance,
             double resolution, int turns, support::Expectations& expectations) {
  const auto gradient = [&](const auto& adjoint) {
    return value_and_gradient(problem, method, steps, Squares{}, adjoint);
  };
  const auto told = [](const auto& got) {
    return static_cast<double>(std::max(got.stats.bytes_kept, got.gradient.stats.checkpoint_bytes));
  };
  const DirectAdjoint states{.memory_budget = 0};
  const auto expected = gradient(states);
  const auto n = expected.stats.accepted;
  const double all = static_cast<double>(n * problem.y0.size()) * sizeof(double), times = told(expected) - all;

  std::vector<Point> points;
  const auto add = [&](std::string name, std::int64_t slots, bool coded, const auto& adjoint) {
    const auto got = gradient(adjoint);
    const double off =
        std::max((got.gradient.y0 - expected.gradient.y0).cwiseAbs().maxCoeff(),
                 (got.gradient.theta - expected.gradient.theta).cwiseAbs().maxCoeff()) /
        std::max(expected.gradient.y0.cwiseAbs().maxCoeff(), expected.gradient.theta.cwiseAbs().maxCoeff());
    points.push_back({std::move(name), slots, coded, [=] { return gradient(adjoint).value; }, told(got) - times, off});
    expectations.expect(off <= (coded ? tolerance : 0), points.back().name + ": the gradient is another one");
  };
  add("direct, states", 0, false, states);
  add("direct, as by default", 0, false, DirectAdjoint{});
  for (const double percent :
       {0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 60.0, 100.0}) {
    const auto slots = static_cast<std::int64_t>(percent / 100 * static_cast<double>(n));
    if (slots < 2 || slots == points.back().slots || (benchmarks::tried && percent != 3 && percent != 12)) continue;
    add("checkpoints", slots, false, CheckpointedAdjoint{.slots = slots});
    if (points.back().bytes > 1.1 * all) points.pop_back();  // of small states a slot's bookkeeping is most of it
  }
  for (const std::int64_t slots : {n / 30 + 1, n / 10 + 1})
    add("compressed checkpoints", slots, false, CompressedCheckpointsAdjoint{.slots = slots});
  const double never = std::numeric_limits<double>::infinity();
  add("compressed", 0, true, CompressedAdjoint{.resolution = resolution});
  add("compressed, no steps back", 0, true, CompressedAdjoint{.resolution = resolution, .worth_a_step = never});

  for (int turn = 0; turn < turns; ++turn)
    for (Point& point : points) {
      const double begin = benchmarks::cpu_seconds();
      const double value = point.run();
      point.seconds.push_back(benchmarks::cpu_seconds() - begin);
      expectations.expect(value == expected.value, point.name + ": the value is another one");
    }

  const double unit = median(points[0].seconds);
  std::printf("%s: %lld steps, direct %.3g ms and %.4g kB\n", title, static_cast<long long>(n), 1e3 * unit, all / 1000);
  std::printf("  %-28s %8s %8s %8s\n", "", "memory", "time", "off");
  for (const Point& point : points) {
    const std::string name = point.slots > 0 ? std::to_string(point.slots) + " " + point.name : point.name;
    std::printf("  %-28s %6.1f %% %8.2f %8.0e\n", name.c_str(), 100 * point.bytes / all, median(point.seconds) / unit,
                point.off);
  }
  for (const Point& coded : points) {
    if (!coded.coded) continue;
    const double time = median(coded.seconds);
    // In as much memory, and the least with which checkpoints take no longer.
    const Point* beside = nullptr;
    const Point* as_fast = nullptr;
    for (const Point& point : points) {
      if (point.slots == 0 || point.name != "checkpoints") continue;
      if (point.bytes <= coded.bytes) beside = &point;
      if (as_fast == nullptr && median(point.seconds) <= time) as_fast = &point;
    }
    if (coded.bytes >= all)
      std::printf("  %s: takes more memory than all states\n", coded.name.c_str());
    else if (beside != nullptr && median(beside->seconds) <= time)
      std::printf("  %s: above the curve; checkpoints in its memory take %.2f\n", coded.name.c_str(),
                  median(beside->seconds) / unit);
    else
      std::printf("  %s: below the curve from %.1f to %.0f %% of direct's memory\n", coded.name.c_str(),
                  100 * coded.bytes / all, as_fast == nullptr ? 100 : 100 * as_fast->bytes / all);
  }
}

// The steps that it takes to the tolerance, on a grid of a 64th of that.
template <class P>
void compare(const char* title, const P& problem, double tolerance, int turns, support::Expectations& expectations) {
  const auto found = solve(problem, Dopri5{}, Adaptive{.rtol = tolerance, .atol = tolerance});
  compare(title, problem, Dopri5{}, StepTo{found.steps()}, tolerance, tolerance / 64, turns, expectations);
}

int main() {
  support::Expectations expectations;
  {
    const auto f = [](auto, const auto& y, const auto& theta, auto& dy) {
      dy[0] = theta[0] * y[0] - theta[1] * y[0] * y[1];
      dy[1] = theta[3] * y[0] * y[1] - theta[2] * y[1];
    };
    const Problem problem{automatic_vjp(f, Eigen::Vector4d(1.5, 1, 3, 1)), Eigen::Vector2d(1, 1), 0.0,
                          measured_or_tried(100.0, 5.0)};
    compare("Lotka-Volterra, Dopri5 to 1e-9", problem, 1e-9, measured_or_tried(61, 1), expectations);
  }
  {
    using workloads::W1;
    constexpr std::int64_t n = measured_or_tried(100'000, 1'000);
    const Problem problem{W1::field(), W1::y0(), 0.0, W1::h * static_cast<double>(n)};
    compare("W1, midpoint rule", problem, Midpoint{}, FixedSteps{n}, 1e-6, 0x1p-42, measured_or_tried(15, 1),
            expectations);
  }
  {
    using State = Eigen::Matrix<double, 2, measured_or_tried(64, 4)>;
    const State y0 =
        State::NullaryExpr([](Eigen::Index i, Eigen::Index j) { return 0.01 * static_cast<double>(2 * j + i) - 0.6; });
    for (const double t1 : {measured_or_tried(600.0, 20.0), measured_or_tried(6000.0, 40.0)}) {
      const Problem problem{benchmarks::turning_network(), y0, 0.0, t1};
      compare("neural field of 4,218 parameters, Dopri5 to 1e-6", problem, 1e-6,
              measured_or_tried(t1 > 1000 ? 7 : 21, 1), expectations);
    }
  }
  return expectations.exit_code();
}
