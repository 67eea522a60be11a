// expect: tangents go through an event by g.gradient(t, y, y_bar, theta_bar, t_bar)
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

const auto field = automatic_vjp([](auto, const auto& y, auto& dy) { dy = -y; });
const Problem problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

struct Half {
  double operator()(double, const auto& y) const { return y[0] - 0.5; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
#endif
};

auto result() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, Events{Event{Half{}}}, ForwardMode{});
}
