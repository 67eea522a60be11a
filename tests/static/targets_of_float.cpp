// expect: the targets of a MeanSquaredError have another scalar type than what is saved
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const auto loss = MeanSquaredError{std::vector<Eigen::VectorXd>(1, Eigen::VectorXd::Ones(1))}.observe({0});
#else
const auto loss = MeanSquaredError{std::vector<Eigen::VectorXf>(1, Eigen::VectorXf::Ones(1))}.observe({0});
#endif

auto gradient() {
  const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss);
}
