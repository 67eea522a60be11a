// expect: Lanes speed up gradients, of ensemble_value_and_gradient
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
#ifdef ANTISTROPHE_TEST_REPAIRED
const Threads extra{2};
#else
const Lanes<4> extra;
#endif

auto result() { return solve_ensemble(ensemble, Dopri5{}, FixedSteps{10}, extra); }
