// expect: an objective is called with a y0 of the shape of the problem's y0
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  Eigen::Vector3d theta{0.5, 0.25, 0.125};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -theta.sum() * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar -= theta.sum() * w;
    theta_bar.array() -= w.dot(y);
  }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::Vector2d other{1, 2};
#else
const Eigen::Vector3d other{1, 2, 3};
#endif

double value() {
  const TerminalLoss loss{[](const auto& y, auto& y_bar) { return y_bar.setOnes(), y.sum(); }};
  Objective objective{Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, RK4{}, FixedSteps{10}, loss};
  return objective.at(other).value;
}
