// expect: the function of a TerminalLoss takes y_bar by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
const TerminalLoss loss {
  [](const auto& y, auto& y_bar) {
#else
const TerminalLoss loss{[](const auto& y, auto y_bar) {
#endif
    y_bar = y;
    return y.squaredNorm() / 2;
  }
};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
