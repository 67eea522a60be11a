// expect: the field's vjp takes y_bar or theta_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
#define COTANGENT auto&
#else
#define COTANGENT auto
#endif

struct Decay {
  Eigen::Vector2d theta{0.5, 1.5};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -theta.cwiseProduct(y); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, COTANGENT theta_bar) const {
    y_bar -= theta.cwiseProduct(w);
    theta_bar -= y.cwiseProduct(w);
  }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
