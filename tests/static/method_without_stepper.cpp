// expect: does not satisfy the concept Stepper
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Lazy {
  template <class F, class Y>
  struct Stepper {
    Stepper(const Lazy&, const F&, const Y&) {}
  };
};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = Dopri5;
#else
using Solver = Lazy;
#endif

auto solution() { return solve(problem, Solver{}, FixedSteps{10}); }
