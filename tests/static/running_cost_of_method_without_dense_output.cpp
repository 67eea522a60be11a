// expect: a running cost is integrated along the dense output
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Plain {
  static constexpr int order = 4;
  template <class F, class Y>
  struct Stepper : RK4::Stepper<F, Y> {
    Stepper(const Plain&, const F& f, const Y& y0) : RK4::Stepper<F, Y>(RK4{}, f, y0) {}
    void extend() = delete;
  };
};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Solver = RK4;
#else
using Solver = Plain;
#endif

const RunningCost cost{[](auto, const auto& y) { return y[0]; }};

auto solution() { return solve(problem, Solver{}, FixedSteps{10}, cost); }
