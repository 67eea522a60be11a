// expect: a gradient call requires a problem, a method, steps and a loss
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) { return y_bar.setOnes(), y.sum(); }};

#ifdef ANTISTROPHE_TEST_REPAIRED
Objective objective{problem, Dopri5{}, FixedSteps{10}, loss};
#else
Objective objective{problem, Dopri5{}, FixedSteps{10}};
#endif
