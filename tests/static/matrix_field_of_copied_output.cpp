// expect: the matrix of a MatrixField takes A by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/matrix_field.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  void matrix(double, const auto& y, auto& A) const { A.col(0) = -y; }
#else
  void matrix(double, const auto& y, auto A) const { A.col(0) = -y; }
#endif
};
const LinearPath path{Eigen::Vector2d(0, 1), Eigen::RowVector2d(0, 1)};
const Problem problem{ControlledField{MatrixField{Decay{}}, path}, Eigen::VectorXd{Eigen::Vector2d{1.0, 2.0}}, 0.0,
                      1.0};

auto solution() { return solve(problem, RK4{}, FixedSteps{10}); }
