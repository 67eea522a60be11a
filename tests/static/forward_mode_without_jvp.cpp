// expect: ForwardMode needs the field's jvp
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{0.5};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar -= theta[0] * w;
    theta_bar[0] -= y.dot(w);
  }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    dy_dot = -theta[0] * y_dot - theta_dot[0] * y;
  }
#endif
};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto result() {
  return value_and_gradient(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}, loss,
                            ForwardMode{});
}
