// expect: the vjp of a controlled field's F takes a cotangent by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/linear_path.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::VectorXd&;
#else
using Cotangent = Eigen::VectorXd;
#endif
struct Decay {
  void operator()(double, const auto& y, const auto& dX, auto& dy) const { dy = -dX[0] * y; }
  void vjp(double, const auto&, const auto& dX, const auto& w, Cotangent y_bar, auto&) const { y_bar -= dX[0] * w; }
};
const LinearPath path{Eigen::Vector2d(0, 1), Eigen::RowVector2d(0, 1)};
const Problem problem{ControlledField{Decay{}, path}, Eigen::VectorXd{Eigen::Vector2d{1.0, 2.0}}, 0.0, 1.0};

auto gradient() {
  return value_and_gradient(
      problem, RK4{}, FixedSteps{10}, [](const auto&, auto&) { return 0.0; }, DirectAdjoint{});
}
