// expect: Lanes solve problems side by side: they take FixedSteps, FixedStep, StepTo or Adaptive
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
const auto loss = [](const auto& ys, auto& ys_bar) {
  ys_bar[0] = ys[0];
  return ys[0].squaredNorm() / 2;
};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() { return ensemble_value_and_gradient(ensemble, Reversible<Dopri5>{}, FixedSteps{10}, loss, Lanes<4>{}); }
#else
auto result() { return ensemble_value_and_gradient(ensemble, ReversibleAdams<4>{}, FixedSteps{10}, loss, Lanes<4>{}); }
#endif
