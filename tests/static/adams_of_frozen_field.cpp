// expect: a field frozen to one step by frozen(t0, t1) cannot go with it
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

// y' = −y + ξ, ξ constant over each step.
struct Noisy {
  struct Step {
    double xi;
    void operator()(double, const auto& y, auto& dy) const { dy = (-y.array() + xi).matrix(); }
    void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  };
  Step frozen(double t0, double t1) const { return {t1 - t0}; }
};
const Problem problem{Noisy{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = Reversible<RK4>;
#else
using Solver = ReversibleAdams<4>;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{100}); }
