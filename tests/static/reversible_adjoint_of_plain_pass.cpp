// expect: ReversibleAdjoint needs a reversible method, such as Reversible<Dopri5>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = Reversible<Dopri5>;
#else
using Solver = Dopri5;
#endif

auto pass() { return solve_with_pullback(problem, Solver{}, FixedSteps{10}, SaveAt{}, ReversibleAdjoint{}); }
