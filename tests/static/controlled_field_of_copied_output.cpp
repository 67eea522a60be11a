// expect: the F of a controlled field takes dy, or its tape, by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/linear_path.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  void operator()(double, const auto& y, const auto& dX, auto& dy) const { dy = -dX[0] * y; }
#else
  void operator()(double, const auto& y, const auto& dX, auto dy) const { dy = -dX[0] * y; }
#endif
};
const LinearPath path{Eigen::Vector2d(0, 1), Eigen::RowVector2d(0, 1)};
const Problem problem{ControlledField{Decay{}, path}, Eigen::VectorXd{Eigen::Vector2d{1.0, 2.0}}, 0.0, 1.0};

auto solution() { return solve(problem, RK4{}, FixedSteps{10}); }
