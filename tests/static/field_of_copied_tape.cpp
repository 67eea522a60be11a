// expect: the field takes dy, or its tape, by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  struct Tape {
    double rate = 0;
  };
#ifdef ANTISTROPHE_TEST_REPAIRED
  using Output = Tape&;
#else
  using Output = Tape;
#endif
  void operator()(double t, const auto& y, auto& dy) const {
    Tape tape;
    (*this)(t, y, dy, tape);
  }
  void operator()(double, const auto& y, auto& dy, Output tape) const {
    tape.rate = 2;
    dy = -tape.rate * y;
  }
  void vjp(double, const auto&, const Tape& tape, const auto& w, auto& y_bar, auto&) const { y_bar -= tape.rate * w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
