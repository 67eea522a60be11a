// expect: the loss returns an integer, which has lost its fraction
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Value = double;
#else
using Value = int;
#endif
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar.setOnes();
  return static_cast<Value>(y.sum());
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
