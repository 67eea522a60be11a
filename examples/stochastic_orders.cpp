// How fast stochastic methods come closer to the solution along one Brownian path: strong errors against the step, of 2000 paths, for noise
// of one channel (geometric Brownian motion), additive noise and noise whose channels do not commute. The slopes are the orders of the
// textbooks: ½ and 1 for what sees of a step no more than ΔW, 3/2 for SRA1, which sees the space-time area too.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>

#include <cmath>
#include <cstdio>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::MatrixXd;

constexpr double mu = 0.8, sigma = 0.6;
constexpr Eigen::Index paths = 2000;
const std::vector<int> counts{8, 16, 32, 64, 128, 256};

struct Growth {
  double rate;
  void operator()(double, const auto& y, auto& dy) const { dy = rate * y; }
};
struct Wave {
  void operator()(double, const auto& y, auto& dy) const { dy.array() = (2 * y.array()).cos(); }
};
struct Still {
  void operator()(double, const auto&, auto& dy) const { dy.setZero(); }
};
// dx = dW0, dy = cos x ∘ dW1.
struct Turning {
  void operator()(double, const auto& y, const auto& dw, auto& dy) const {
    dy.row(0) = dw.row(0);
    dy.row(1).array() = y.row(0).array().cos() * dw.row(1).array();
  }
};

// One line of the picture: √E |y_h(1) − y(1)|² for each number of steps, and the slope between the ends.
class Line {
 public:
  template <class F, class M>
  Line(std::string name, const F& field, const MatrixXd& y0, const M& method, const MatrixXd& exact)
      : name_(std::move(name)) {
    for (const int n : counts) {
      const MatrixXd y = solve(Problem{field, y0, 0.0, 1.0}, method, FixedSteps{n}).ys().back();
      errors_.push_back(std::sqrt((y - exact).squaredNorm() / static_cast<double>(paths)));
    }
    order_ = std::log2(errors_.front() / errors_.back()) / static_cast<double>(counts.size() - 1);
  }
  bool judge(double expected) const {
    std::printf("%-34s %8.1e to %8.1e, order %.2f\n", name_.c_str(), errors_.front(), errors_.back(), order_);
    return std::fabs(order_ - expected) < 0.15;
  }
  const std::string& name() const { return name_; }
  double error(std::size_t i) const { return errors_[i]; }

 private:
  std::string name_;
  std::vector<double> errors_;
  double order_;
};

int main() {
  const BrownianPath one{.seed = 1, .samples = paths, .tolerance = 1.0 / 4096, .area = true};
  const MatrixXd w = one(1.0), y0 = MatrixXd::Ones(1, paths);
  const StochasticField stratonovich{Growth{mu}, DiagonalNoise{Growth{sigma}}, one};
  const ItoField ito{Growth{mu}, DiagonalNoise{Growth{sigma}}, one};
  const MatrixXd of_stratonovich = (mu + sigma * w.array()).exp();
  const MatrixXd of_ito = (mu - sigma * sigma / 2 + sigma * w.array()).exp();

  const ItoField additive{Wave{}, AdditiveNoise{MatrixXd::Ones(1, 1)}, one};
  const MatrixXd of_additive = solve(Problem{additive, y0, 0.0, 1.0}, SRA1{}, FixedSteps{4096}).ys().back();

  const BrownianPath two{.seed = 2, .channels = 2, .samples = paths, .tolerance = 1.0 / 4096};
  const StochasticField turning{Still{}, Turning{}, two};
  const MatrixXd origin = MatrixXd::Zero(2, paths);
  const MatrixXd of_turning = solve(Problem{turning, origin, 0.0, 1.0}, Heun{}, FixedSteps{4096}).ys().back();

  const Line lines[] = {
      {"EulerMaruyama, one channel", ito, y0, EulerMaruyama{}, of_ito},
      {"Milstein, one channel", ito, y0, Milstein{}, of_ito},
      {"Reversible<Midpoint>, one channel", stratonovich, y0, Reversible<Midpoint>{}, of_stratonovich},
      {"TwoPoint<Heun>, one channel", stratonovich, y0, TwoPoint<Heun>{}, of_stratonovich},
      {"ReversibleHeun, one channel", stratonovich, y0, ReversibleHeun{}, of_stratonovich},
      {"EulerMaruyama, additive", additive, y0, EulerMaruyama{}, of_additive},
      {"Reversible<Midpoint>, additive", additive, y0, Reversible<Midpoint>{}, of_additive},
      {"SRA1, additive", additive, y0, SRA1{}, of_additive},
      {"ReversibleHeun, two channels", turning, origin, ReversibleHeun{}, of_turning},
  };
  const double orders[] = {0.5, 1, 1, 1, 1, 1, 1, 1.5, 0.5};

  support::Expectations result;
  for (std::size_t i = 0; i < std::size(lines); ++i)
    result.expect(lines[i].judge(orders[i]), "the order of " + lines[i].name() + " is not the known one");

  {
    support::Csv csv("stochastic_orders.csv", {"h", "em", "milstein", "reversible", "two_point", "heun", "additive_em",
                                               "additive_reversible", "sra1", "turning"});
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto e = [&](std::size_t line) { return lines[line].error(i); };
      csv.row({1.0 / counts[i], e(0), e(1), e(2), e(3), e(4), e(5), e(6), e(7), e(8)});
    }
  }
  support::draw("stochastic_orders", 860, 430);
  return result.exit_code();
}
