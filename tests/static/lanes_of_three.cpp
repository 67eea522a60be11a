// expect: Lanes<W> are 2, 4 or 8
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
const TerminalLoss loss{[](const auto& y, auto& y_bar) {
  y_bar = y;
  return y.squaredNorm() / 2;
}};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Wide = Lanes<4>;
#else
using Wide = Lanes<3>;
#endif

auto result() { return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, loss, Wide{}); }
