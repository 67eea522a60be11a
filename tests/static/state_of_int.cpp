// expect: the state y0 must have entries of type double or float, not of an integer type
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::Vector2d start{1, 2};
#else
const Eigen::Vector2i start{1, 2};
#endif

auto solution() { return solve(Problem{Decay{}, start, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
