// expect: the state y0 must be an Eigen vector, matrix or array that owns its entries
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::Vector<double, 1> start{1};
#else
const double start = 1;
#endif

auto solution() { return solve(Problem{Decay{}, start, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
