// expect: the field's vjp that is given a tape takes a cotangent by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

#include <cmath>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Vector2d&;
#else
using Cotangent = Eigen::Vector2d;
#endif
struct Saturating {
  struct Tape {
    Eigen::Vector2d slope;
  };
  void operator()(double, const auto& y, auto& dy) const { dy = -y.array().tanh(); }
  void operator()(double, const auto& y, auto& dy, Tape& tape) const {
    dy = -y.array().tanh();
    tape.slope = dy.array().square() - 1;
  }
  void vjp(double, const auto&, const Tape& tape, const auto& w, Cotangent y_bar, auto&) const {
    y_bar += tape.slope.cwiseProduct(w);
  }
};
const Problem problem{Saturating{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
