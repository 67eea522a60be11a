// expect: the field's vjp cannot be called
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
#else
  void vjp(double, const auto&, const auto& w, auto& y_bar) const { y_bar -= w; }
#endif
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}, loss);
}
