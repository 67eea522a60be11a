// expect: a tableau with stages dense_a for dense output says what they are for
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Third : tableau::Bosh3 {
#ifndef ANTISTROPHE_TEST_REPAIRED
  static constexpr std::array<std::array<tableau::Rational, 5>, 1> dense_a{{{{1}}}};
#endif
};

auto solution() { return solve(problem, RungeKutta<Third>{}, FixedSteps{10}); }
