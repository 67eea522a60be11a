// expect: the vary of an Ensemble takes the problem by value, and what it changes of a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
#ifdef ANTISTROPHE_TEST_REPAIRED
const auto vary = [](std::size_t i, auto& p) { p.y0[0] = static_cast<double>(i); };
#else
const auto vary = [](std::size_t i, auto p) { p.y0[0] = static_cast<double>(i); };
#endif

auto result() { return solve_ensemble(Ensemble{problem, 4, vary}, Dopri5{}, FixedSteps{10}).size(); }
