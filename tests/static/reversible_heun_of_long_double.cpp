// expect: exact arithmetic holds states of double or float
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = ReversibleHeun<Floating>;
#else
using Solver = ReversibleHeun<>;
#endif

auto solution() {
  return solve(Problem{Decay{}, Eigen::Vector<long double, 2>::Ones(), 0.0, 1.0}, Solver{}, FixedSteps{10});
}
