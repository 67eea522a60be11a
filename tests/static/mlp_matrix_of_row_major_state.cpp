// expect: MlpMatrix takes column-major states
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/mlp_matrix.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using State = Eigen::Matrix<double, 2, 3>;
#else
using State = Eigen::Matrix<double, 2, 3, Eigen::RowMajor>;
#endif

auto solution() {
  const ControlledField field{MlpMatrix<double>{{2, 8}, 1},
                              LinearPath{Eigen::VectorXd::LinSpaced(2, 0.0, 1.0), Eigen::MatrixXd::Ones(1, 2)}};
  return solve(Problem{field, State(State::Ones(2, 3)), 0.0, 1.0}, Dopri5{}, FixedSteps{10});
}
