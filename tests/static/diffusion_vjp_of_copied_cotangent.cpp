// expect: the diffusion's vjp takes y_bar or theta_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Vector2d&;
#else
using Cotangent = Eigen::Vector2d;
#endif
struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
struct Noisy {
  void operator()(double, const auto& y, const auto& dW, auto& dy) const { dy = dW[0] * y; }
  void vjp(double, const auto&, const auto& dW, const auto& w, Cotangent y_bar, auto&) const { y_bar += dW[0] * w; }
};
const Problem problem{StochasticField{Decay{}, Noisy{}, BrownianPath{.channels = 1}}, Eigen::Vector2d{1.0, 2.0}, 0.0,
                      1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Midpoint{}, FixedSteps{100}, loss); }
