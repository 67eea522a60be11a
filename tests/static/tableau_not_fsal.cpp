// expect: a tableau's fsal is true exactly if
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Third : tableau::Bosh3 {
#ifndef ANTISTROPHE_TEST_REPAIRED
  static constexpr bool fsal = false;
#endif
};

auto solution() { return solve(problem, RungeKutta<Third>{}, FixedSteps{10}); }
