// expect: the velocity or the force of a split field takes its result by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Output = Eigen::Matrix<double, 1, 1>&;
#else
using Output = Eigen::Matrix<double, 1, 1>;
#endif
struct Whole {
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -y[0]; }
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, Output dw) const { dw = -v; }
};

auto solution() { return solve(Problem{Whole{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Verlet<>{}, FixedSteps{10}); }
