// expect: the gradient of an event takes y_bar, theta_bar or t_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Vector2d&;
#else
using Cotangent = Eigen::Vector2d;
#endif
struct Half {
  double operator()(double, const auto& y) const { return y[0] - 0.5; }
  void gradient(double, const auto&, Cotangent y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, SaveAt{}, DirectAdjoint{}, Events{Event{Half{}}});
}
