// expect: Mlp: the state has not as many rows as the network has outputs
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using State = Eigen::Vector2d;
#else
using State = Eigen::Vector3d;
#endif

auto solution() {
  const Problem problem{Mlp<double, Layers<2, 8, 2>>{}, State(State::Ones()), 0.0, 1.0};
  return solve(problem, Dopri5{}, FixedSteps{10});
}
