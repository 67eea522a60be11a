// expect: one of the last state alone, loss(y, y_bar), is wrapped in TerminalLoss{loss}
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

double of_end(const Eigen::Vector2d& y, Eigen::Vector2d& y_bar) {
  y_bar.setOnes();
  return y.sum();
}
#ifdef ANTISTROPHE_TEST_REPAIRED
const TerminalLoss loss{of_end};
#else
const auto loss = of_end;
#endif

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
