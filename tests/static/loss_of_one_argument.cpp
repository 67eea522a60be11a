// expect: a loss is called as loss(ys, ys_bar) and returns a number
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
double loss(const std::vector<Eigen::Vector2d>& ys, std::vector<Eigen::Vector2d>& ys_bar) {
  ys_bar.back().setOnes();
  return ys.back().sum();
}
#else
double loss(const std::vector<Eigen::Vector2d>& ys) { return ys.back().sum(); }
#endif

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
