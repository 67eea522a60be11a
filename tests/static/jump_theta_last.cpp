// expect: a jump is called as jump(t, y, y_new), or jump(t, y, theta, y_new), and writes y_new
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  Eigen::Vector2d theta{1.0, 2.0};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -theta[0] * y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() {
  const auto half = [](double, const auto& y) { return y[0] - 0.5; };
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto jump = [](auto, const auto& y, const auto& theta, auto& y_new) { y_new[0] = theta[0] * y[0]; };
#else
  const auto jump = [](auto, const auto& y, auto& y_new, const auto& theta) { y_new[0] = theta[0] * y[0]; };
#endif
  return solve(problem, Dopri5{}, FixedSteps{10}, Events{JumpEvent{half, jump}});
}
