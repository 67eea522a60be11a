// A long series by windows. 128 paths of 5000 observations each wander slowly, and tremble: small circles, clockwise or not, some five
// turns in every window of 50 observations. Which way do they turn? A controlled equation could go through all 5000 observations; the
// log-ODE method (Morrill et al., arXiv 2009.08295) takes each window's log-signature instead, once, and goes through 100 windows:
//   z' = F(z) L/h,   L the log-signature of (t, x, y) over the window, h its length, z of 8 numbers, F a network.
// Of depth 1, L is where the window led, and the circles are gone; of depth 2 it has their area, and that says which way. So depth 1 can
// but guess, and depths 2 and 3 (6 and 14 channels) are right.
#include "support/cde_classifier.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/labelled_series.hpp"
#include "support/minibatches.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/log_signature_path.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

constexpr double pi = 3.14159265358979323846;
const VectorXd times = VectorXd::LinSpaced(5000, 0, 10);
constexpr Index window = 50;

// 1: clockwise.
support::LabelledSeries tremors(int count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> angle(0, 2 * pi), turns_a_window(4, 6);
  support::LabelledSeries result;
  for (int i = 0; i < count; ++i) {
    const int clockwise = i < count / 2 ? 1 : 0;
    const double start = angle(engine), speed = turns_a_window(engine) * 2 * pi / static_cast<double>(window);
    Eigen::Vector2d slow = Eigen::Vector2d::Zero();
    MatrixXd series(2, times.size());
    for (Index j = 0; j < times.size(); ++j) {
      slow += 0.01 * Eigen::Vector2d(normal(engine), normal(engine));
      const double phase = start + (clockwise == 1 ? -1 : 1) * speed * static_cast<double>(j);
      series.col(j) = slow + 0.1 * Eigen::Vector2d(std::cos(phase), std::sin(phase));
    }
    result.series.push_back(with_time(times, series));
    result.labels.push_back(clockwise);
  }
  return result;
}

// A path of log-signatures, of some of the series: they were taken once for all.
LinearPath some_of(const LogSignaturePath& all, const std::vector<std::size_t>& chosen) {
  std::vector<MatrixXd> batch;
  for (const std::size_t i : chosen)
    batch.push_back(all.values().middleRows(static_cast<Index>(i) * all.channels(), all.channels()));
  return LinearPath{all.knots(), batch};
}

struct Learnt {
  double accuracy = 0, seconds = 0;
  std::vector<double> losses;
};

Learnt learn(const support::LabelledSeries& training, const support::LabelledSeries& testing, int depth) {
  const support::Stopwatch stopwatch;
  const LogSignaturePath path{times, training.series, window, depth}, test_path{times, testing.series, window, depth};
  support::CdeClassifier<Tanh> model(path.channels(), 8, 32, 2, 3);
  const Reversible<Midpoint> method;
  const FixedSteps steps{100};  // one a window
  Learnt learnt;
  learnt.losses = support::train(
      model.parameters(), {.samples = 128, .batch = 32, .epochs = 15, .adamw = {.rate = 3e-3, .decay = 0}, .seed = 4},
      "depth " + std::to_string(depth), [&](const std::vector<std::size_t>& chosen) {
        return model.gradient(some_of(path, chosen), training[chosen].labels, method, steps);
      });
  learnt.accuracy = model.accuracy(test_path, testing.labels, method, steps);
  learnt.seconds = stopwatch.seconds();
  return learnt;
}

void write_tables(const support::LabelledSeries& some, const std::array<Learnt, 3>& learnt) {
  support::write_epochs("log_ode.csv", {"epoch", "depth 1", "depth 2", "depth 3"},
                        {learnt[0].losses, learnt[1].losses, learnt[2].losses});
  support::Csv series("log_ode_series.csv", {"t", "x", "y"});
  const MatrixXd& first = some.series[0];
  for (Index j = 0; j <= 4 * window; ++j) series.row({first(0, j), first(1, j), first(2, j)});
}

int main() try {
  const support::LabelledSeries training = tremors(128, 1), testing = tremors(128, 2);
  std::array<Learnt, 3> learnt;
  double seconds = 0;
  for (int depth = 1; depth <= 3; ++depth) {
    Learnt& of_depth = learnt[static_cast<std::size_t>(depth - 1)];
    of_depth = learn(training, testing, depth);
    seconds += of_depth.seconds;
    std::printf("depth %d: %.1f %% of 128 new series right, loss %.3g, %.1f s\n", depth, 100 * of_depth.accuracy,
                of_depth.losses.back(), of_depth.seconds);
  }
  write_tables(testing, learnt);
  support::draw("log_ode", 900, 380);

  support::Expectations result;
  result.expect(learnt[0].accuracy < 0.7, "depth 1 sees what it cannot see");
  result.expect(learnt[1].accuracy >= 0.99, "depth 2 has fewer than 99 % right");
  result.expect(learnt[2].accuracy >= 0.99, "depth 3 has fewer than 99 % right");
  result.expect(seconds < 30 || !support::judge_speed, "it took more than 30 s");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
