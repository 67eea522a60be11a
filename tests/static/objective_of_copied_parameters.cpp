// expect: an objective that is called with theta needs a field whose parameters() can be written
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  Eigen::Vector<double, 1> theta{0.5};
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
#else
  auto parameters() const { return theta; }
#endif
  void operator()(double, const auto& y, auto& dy) const { dy = -theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar -= theta[0] * w;
    theta_bar[0] -= y.dot(w);
  }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};

auto result() { return Objective{problem, Dopri5{}, FixedSteps{10}, loss}(Eigen::Vector<double, 1>{0.7}); }
