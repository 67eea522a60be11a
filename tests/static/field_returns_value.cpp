// expect: the field returns its value, but must write it to its third argument
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
#else
  auto operator()(double, const auto& y) const { return (-y).eval(); }
#endif
};

auto solution() { return solve(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
