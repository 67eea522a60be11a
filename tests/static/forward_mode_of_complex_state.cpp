// expect: ForwardMode is for real states; of complex ones take DirectAdjoint
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
using State = Eigen::Vector2d;
#else
using State = Eigen::Vector2cd;
#endif
const Problem problem{Decay{}, State{1.0, 2.0}, 0.0, 1.0};
const auto loss = [](const auto& ys, auto& ys_bar) {
  ys_bar.back() = ys.back();
  return ys.back().squaredNorm() / 2;
};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss, ForwardMode{}); }
