// expect: SemiImplicitEuler, Verlet and Suzuki4 need a split field
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Oscillator {
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -y[0]; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= w[1];
    y_bar[1] += w[0];
  }
};
struct Halves {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void velocity_vjp(double, const auto&, const auto& dv_bar, auto& w_bar, auto&) const { w_bar += dv_bar; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
  void force_vjp(double, const auto&, const auto& dw_bar, auto& v_bar, auto&) const { v_bar -= dw_bar; }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

#ifdef ANTISTROPHE_TEST_REPAIRED
const SplitField field{Halves{}};
#else
const Oscillator field;
#endif

auto gradient() {
  return value_and_gradient(Problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Verlet<>{}, FixedSteps{10}, loss);
}
