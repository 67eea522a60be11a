// expect: y0 must have an even number of rows
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Halves {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
  void operator()(double, const auto& y, auto& dy) const { dy = y; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::Vector4d start{1.0, 2.0, 3.0, 4.0};
#else
const Eigen::Vector3d start{1.0, 2.0, 3.0};
#endif

auto solution() { return solve(Problem{Halves{}, start, 0.0, 1.0}, Verlet<>{}, FixedSteps{10}); }
