// expect: the velocity_vjp or the force_vjp of a split field takes a cotangent by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Matrix<double, 1, 1>&;
#else
using Cotangent = Eigen::Matrix<double, 1, 1>;
#endif
struct Halves {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
  void velocity_vjp(double, const auto&, const auto& dv_bar, Cotangent w_bar, auto&) const { w_bar += dv_bar; }
  void force_vjp(double, const auto&, const auto& dw_bar, auto& v_bar, auto&) const { v_bar -= dw_bar; }
};
const Problem problem{SplitField{Halves{}}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
