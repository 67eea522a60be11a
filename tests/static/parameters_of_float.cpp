// expect: the field's parameters() must return one flat Eigen column vector with the state's scalar
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  Eigen::VectorXd theta{};
#else
  Eigen::VectorXf theta{};
#endif
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}, loss);
}
