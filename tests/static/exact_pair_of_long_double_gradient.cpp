// expect: exact arithmetic holds states of double or float
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

#ifdef ANTISTROPHE_TEST_REPAIRED
using State = Eigen::Vector2d;
#else
using State = Eigen::Vector<long double, 2>;
#endif

auto gradient() {
  return value_and_gradient(Problem{Decay{}, State::Ones(), 0.0, 1.0}, Reversible<Dopri5>{}, FixedSteps{10}, loss);
}
