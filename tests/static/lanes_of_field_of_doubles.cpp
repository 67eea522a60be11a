// expect: so it must be generic in its scalar
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
#else
struct Decay {
  void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy = -y; }
#endif
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
const auto loss = [](const auto& ys, auto& ys_bar) {
  ys_bar[0] = ys[0];
  return ys[0].squaredNorm() / 2;
};
auto result() { return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, loss, Lanes<4>{}); }
