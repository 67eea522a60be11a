// expect: gradients with respect to the data need a vjp of F with dX_bar
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/data_as_parameters.hpp>
#include <antistrophe/control/linear_path.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, const auto& dX, auto& dy) const { dy = -dX[0] * y; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void vjp(double, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& dX_bar, auto&) const {
    y_bar -= dX[0] * w;
    dX_bar[0] -= w.dot(y);
  }
#else
  void vjp(double, const auto&, const auto& dX, const auto& w, auto& y_bar, auto&) const { y_bar -= dX[0] * w; }
#endif
};
const LinearPath path{Eigen::Vector2d(0, 1), Eigen::RowVector2d(0, 1)};
const Problem problem{data_as_parameters(ControlledField{Decay{}, path}), Eigen::VectorXd{Eigen::Vector2d{1.0, 2.0}},
                      0.0, 1.0};

auto gradient() {
  return value_and_gradient(
      problem, RK4{}, FixedSteps{10}, [](const auto&, auto&) { return 0.0; }, DirectAdjoint{});
}
