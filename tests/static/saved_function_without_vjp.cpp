// expect: a gradient through a function saved in the place of the state needs its member vjp(t, y, w, y_bar, t_bar)
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct First {
  double operator()(double, const auto& y) const { return y[0]; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void vjp(double, const auto&, double w, auto& y_bar, auto&) const { y_bar[0] += w; }
#endif
};

const TerminalLoss loss{[](double value, double& bar) {
  bar = 1;
  return value;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, SaveAt{}.of(First{})); }
