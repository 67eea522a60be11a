// expect: a loss is called as loss(ys, ys_bar) and returns a number
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Sum {
#ifdef ANTISTROPHE_TEST_REPAIRED
  double operator()(const auto& ys, auto& ys_bar) const {
    ys_bar.back().setOnes();
    return ys.back().sum();
  }
#else
  void operator()(const auto&, auto& ys_bar) const { ys_bar.back().setOnes(); }
#endif
};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, Sum{}); }
