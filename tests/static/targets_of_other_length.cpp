// expect: the targets of a MeanSquaredError are not of the type of what is saved
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const MeanSquaredError loss{std::vector<Eigen::Vector2d>(1)};
#else
const MeanSquaredError loss{std::vector<Eigen::Vector3d>(1)};
#endif

auto gradient() {
  const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
