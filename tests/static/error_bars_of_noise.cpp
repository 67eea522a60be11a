// expect: ErrorBars compare gradients of shorter and shorter steps by Richardson's formula, and a field that is frozen to steps
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += 0.5 * w; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const Growth field;
#else
const StochasticField field{Growth{}, DiagonalNoise{Growth{}}, BrownianPath{.channels = 2}};
#endif
const Problem problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto gradient() {
  return value_and_gradient(
      problem, Midpoint{}, FixedSteps{100},
      [](const auto& ys, auto& bars) {
        bars.back().setOnes();
        return ys.back().sum();
      },
      ErrorBars{});
}
