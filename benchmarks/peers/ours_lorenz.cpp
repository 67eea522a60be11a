// Lorenz' equations forward to t = 5: 2,000 equal steps, or steps chosen to a tolerance.
#include <antistrophe/antistrophe.hpp>

#include "peers/ours.hpp"
#include "support/problems.hpp"

namespace {

using namespace antistrophe;

peers::Result end_of(const auto& solution) {
  const Eigen::Vector3d& y = solution.ys().back();
  return {y[0], {y[1], y[2]}};
}
const Problem problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 5.0};

peers::Call equal_steps(double) {
  return [] { return end_of(solve(problem, RK4{}, FixedSteps{2000})); };
}
template <class Method>
peers::Call chosen_steps(double tolerance) {
  return [=] { return end_of(solve(problem, Method{}, Adaptive{.rtol = tolerance, .atol = tolerance})); };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(
      count, arguments,
      {{"lorenz_equal_steps", {{"rk4", &equal_steps}}},
       {"lorenz_to_a_tolerance", {{"dop853", &chosen_steps<Dop853>}, {"dopri5", &chosen_steps<Dopri5>}}}},
      peers::our_version());
}
