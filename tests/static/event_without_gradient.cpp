// expect: a gradient through an event needs g.gradient(t, y, y_bar, theta_bar, t_bar)
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Half {
  double operator()(double, const auto& y) const { return y[0] - 0.5; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
#endif
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, SaveAt{}, DirectAdjoint{}, Events{Event{Half{}}});
}
