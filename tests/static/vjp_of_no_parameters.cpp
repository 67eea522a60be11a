// expect: the field's vjp writes an entry of theta_bar, but the field has no parameters()
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  Eigen::Vector<double, 1> theta{1};
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto& parameters() const { return theta; }
#endif
  void operator()(double, const auto& y, auto& dy) const { dy = -theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar -= theta[0] * w;
    theta_bar[0] -= w.dot(y);
  }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}, loss);
}
