// expect: log_ode's function takes A by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/log_ode.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto matrix = [](const auto& y, const auto& theta, auto& A) { A.col(0) = theta[0] * y; };
#else
const auto matrix = [](const auto& y, const auto& theta, auto A) { A.col(0) = theta[0] * y; };
#endif

auto solution(const LogSignaturePath& path) {
  return solve(Problem{log_ode(matrix, path, Eigen::Vector2d{1.0, 2.0}), Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, RK4{},
               FixedSteps{10});
}
