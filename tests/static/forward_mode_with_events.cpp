// expect: ForwardMode does not go through events
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
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] = 1; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, Events{Event{Half{}}}); }
#else
auto result() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, Events{Event{Half{}}}, ForwardMode{});
}
#endif
