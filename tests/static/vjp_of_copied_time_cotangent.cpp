// expect: the field's vjp takes y_bar, theta_bar or t_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>

#include <cmath>

using namespace antistrophe;

struct Forced {
  Eigen::Vector2d theta{0.5, 1.5};
  const auto& parameters() const { return theta; }
  void operator()(double t, const auto& y, auto& dy) const { dy = std::sin(t) * theta - y; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  using Time = double&;
#else
  using Time = double;
#endif
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto& theta_bar, Time t_bar) const {
    y_bar -= w;
    theta_bar += std::sin(t) * w;
    t_bar += std::cos(t) * theta.dot(w);
  }
};
const Problem problem{Forced{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto gradient() { return value_and_gradient(problem, Dopri5{}, FixedSteps{10}, loss); }
