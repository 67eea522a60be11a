// expect: what a MeanSquaredError observes is called as h(y), and returns a value of the type of the targets
#include <antistrophe/antistrophe.hpp>

#include <vector>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const std::vector<double> sums{2.0};

struct Sum {
#ifdef ANTISTROPHE_TEST_REPAIRED
  double operator()(const Eigen::Vector2d& y) const { return y.sum(); }
#else
  double operator()(double, const Eigen::Vector2d& y) const { return y.sum(); }
#endif
  void vjp(const auto&, const auto& w, auto& y_bar) const { y_bar.array() += w; }
};

auto gradient() {
  return value_and_gradient(problem, Reversible<Dopri5>{}, FixedSteps{10}, MeanSquaredError{sums}.observe(Sum{}));
}
