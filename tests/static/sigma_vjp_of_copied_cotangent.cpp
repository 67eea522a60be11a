// expect: the vjp of the drift, or of the sigma of DiagonalNoise or ScalarNoise, takes a cotangent by value
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
#else
  void vjp(double, const auto&, const auto& w, auto y_bar, auto&) const { y_bar -= w; }
#endif
};
struct Grown {
  void operator()(double, const auto& y, auto& dy) const { dy = y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += w; }
};
const Problem problem{StochasticField{Grown{}, ScalarNoise{Decay{}}, BrownianPath{.channels = 1}},
                      Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Midpoint{}, FixedSteps{100}, loss); }
