// expect: a gradient through a jump needs the field's
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_event.hpp>

using namespace antistrophe;

struct Fall {
#ifdef ANTISTROPHE_TEST_REPAIRED
  static constexpr bool autonomous = true;
#endif
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -1.0; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar[1] += w[0]; }
};
const Problem problem{Fall{}, Eigen::Vector2d{1.0, 0.0}, 0.0, 2.0};

const JumpEvent bounce{automatic_event([](auto, const auto& y) { return y[0]; }),
                       automatic_jump([](auto, const auto& y, auto& y_new) { y_new << y[0], -y[1]; })};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, Events{bounce}); }
