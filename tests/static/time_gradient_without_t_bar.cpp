// expect: gradients with respect to t0 and t1 need the field's df/dt
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  static constexpr bool autonomous = true;
#else
#endif
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

double time_gradient() {
  const double t0_gradient = gradient().gradient.t0;
  return t0_gradient;
}
