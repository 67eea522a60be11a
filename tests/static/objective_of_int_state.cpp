// expect: the state y0 must have entries of type double or float
#include <antistrophe/antistrophe.hpp>

#include <vector>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

double value() {
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto y0 = Eigen::Vector2d{1, 2};
#else
  const auto y0 = Eigen::Vector2i{1, 2};
#endif
  const Problem problem{Decay{}, y0, 0.0, 1.0};
  return Objective{problem, Reversible<Midpoint>{}, FixedSteps{10}, MeanSquaredError{std::vector{y0}}}().value;
}
