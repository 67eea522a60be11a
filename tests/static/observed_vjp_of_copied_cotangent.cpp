// expect: the vjp of what a MeanSquaredError observes takes y_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

#include <vector>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const std::vector<double> sums{2.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Vector2d&;
#else
using Cotangent = Eigen::Vector2d;
#endif
struct Sum {
  double operator()(const auto& y) const { return y.sum(); }
  void vjp(const auto&, const auto& w, Cotangent y_bar) const { y_bar.array() += w; }
};
const auto loss = MeanSquaredError{sums}.observe(Sum{});

auto gradient() { return value_and_gradient(problem, Reversible<Dopri5>{}, FixedSteps{10}, loss); }
