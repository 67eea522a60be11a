// expect: Lanes are for states of float or double
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
#else
const Problem problem{Decay{}, Eigen::Vector2cd{1.0, 2.0}, 0.0, 1.0};
#endif
const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
const auto loss = [](const auto& ys, auto& ys_bar) {
  ys_bar.back() = ys.back();
  return ys.back().squaredNorm() / 2;
};

auto result() { return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, loss, Lanes<4>{}); }
