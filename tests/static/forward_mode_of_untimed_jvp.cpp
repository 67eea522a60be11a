// expect: the field's vjp knows df/dt and its jvp does not
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Driven {
  void operator()(double t, const auto& y, auto& dy) const { dy = -t * y; }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto&, auto& t_bar) const {
    y_bar -= t * w;
    t_bar -= y.dot(w);
  }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void jvp(double t, const auto& y, const auto& y_dot, const auto&, const auto& t_dot, auto& dy_dot) const {
    dy_dot = -t * y_dot - t_dot * y;
  }
#else
  void jvp(double t, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -t * y_dot; }
#endif
};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto result() {
  return value_and_gradient(Problem{Driven{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}, loss,
                            ForwardMode{});
}
