// A program that goes forth and back with a multistep method, for check.cmake to look at its machine code.
#include <antistrophe/antistrophe.hpp>

#include <cstdio>
#include <vector>

namespace {

struct Field {
  Eigen::Vector2d theta{-0.1, 1.1};
  const auto& parameters() const { return theta; }
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << theta[0] * y[0] + theta[1] * y[1], theta[0] * y[1] - theta[1] * y[0] + t;
  }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * w[0] - theta[1] * w[1];
    y_bar[1] += theta[0] * w[1] + theta[1] * w[0];
    theta_bar[0] += w.dot(y);
    theta_bar[1] += w[0] * y[1] - w[1] * y[0];
  }
};

}  // namespace

int main() {
  using namespace antistrophe;
  // Constant times and states, the bait for a compiler that likes to specialise functions.
  const Problem problem{Field{}, Eigen::Vector2d(1, 0.5), 0.0, 1.0};
  const auto loss = TerminalLoss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const StepTo unequal{{0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8}};
  const auto back = value_and_gradient(problem, ReversibleAdams<4>{}, FixedSteps{10}, loss);
  const auto stored = value_and_gradient(problem, ReversibleAdams<4>{}, FixedSteps{10}, loss, {}, DirectAdjoint{});
  const auto unequal_back = value_and_gradient(problem, ReversibleAdams<4>{}, unequal, loss);
  const auto trip = assert_reversible(problem, ReversibleAdams<4>{}, unequal);
  const auto plain = solve(problem, ReversibleAdams<4>{}, unequal);
  const bool good = back.value == stored.value && trip.y0 == problem.y0 && trip.y1 == plain.ys().back() &&
                    unequal_back.value == plain.ys().back().sum();
  std::printf("%s\n", good ? "good" : "the ways differ");
  return good ? 0 : 1;
}
