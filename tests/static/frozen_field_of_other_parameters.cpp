// expect: what the field's frozen(t0, t1) returns must have the same parameters() as the field
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
struct Switch {
#ifndef ANTISTROPHE_TEST_REPAIRED
  Eigen::VectorXd theta = Eigen::VectorXd::Ones(2);
  const Eigen::VectorXd& parameters() const { return theta; }
#endif
  Decay frozen(double, double) const { return {}; }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(Problem{Switch{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}, loss);
}
