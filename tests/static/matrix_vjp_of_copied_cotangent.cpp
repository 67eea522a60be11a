// expect: the matrix_vjp of a MatrixField takes y_bar or theta_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/matrix_field.hpp>

using namespace antistrophe;

struct Decay {
  void matrix(double, const auto& y, auto& A) const { A.col(0) = -y; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void matrix_vjp(double, const auto&, const auto& A_bar, auto& y_bar, auto&) const { y_bar -= A_bar.col(0); }
#else
  void matrix_vjp(double, const auto&, const auto& A_bar, auto y_bar, auto&) const { y_bar -= A_bar.col(0); }
#endif
};
const LinearPath path{Eigen::Vector2d(0, 1), Eigen::RowVector2d(0, 1)};
const Problem problem{ControlledField{MatrixField{Decay{}}, path}, Eigen::VectorXd{Eigen::Vector2d{1.0, 2.0}}, 0.0,
                      1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, RK4{}, FixedSteps{10}, loss, DirectAdjoint{}); }
