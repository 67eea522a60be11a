// expect: this method estimates no error, so its steps cannot be adaptive
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Halves {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const FixedSteps steps{10};
#else
const Adaptive steps;
#endif

auto solution() { return solve(Problem{SplitField{Halves{}}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Verlet<>{}, steps); }
