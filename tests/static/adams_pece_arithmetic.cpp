// expect: the second argument of ReversibleAdamsPece<K, Arithmetic> must be Exact or Floating
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = ReversibleAdamsPece<4, Exact>;
#else
using Solver = ReversibleAdamsPece<4, double>;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{10}); }
