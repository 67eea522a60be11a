// expect: a function saved in the place of the state is called as g(t, y)
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto norm = [](double, const Eigen::Vector2d& y) { return y.norm(); };
#else
const auto norm = [](const Eigen::Vector2d& y) { return y.norm(); };
#endif

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, SaveAt{.steps = true}.of(norm)); }
