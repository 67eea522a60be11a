// expect: an extra argument of check_gradient is unknown
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() {
  return check_gradient(problem, Dopri5{}, FixedSteps{10}, loss, GradientCheckOptions{.tolerance = 1e-6});
}
#else
auto result() { return check_gradient(problem, Dopri5{}, FixedSteps{10}, loss, 1e-6); }
#endif
