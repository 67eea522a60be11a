// expect: takes a plain method, such as Dopri5{}
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, BacksolveAdjoint<RK4>{}); }
#else
auto result() {
  return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, BacksolveAdjoint<Reversible<RK4>>{});
}
#endif
