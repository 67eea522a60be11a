// expect: takes no Observer
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const Ensemble ensemble{problem, 4, [](std::size_t i, auto& p) { p.y0[0] = static_cast<double>(i); }};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto result() { return solve_ensemble(ensemble, Dopri5{}, FixedSteps{10}, Threads{2}).size(); }
#else
auto result() {
  return solve_ensemble(ensemble, Dopri5{}, FixedSteps{10}, Observer{[](double, const auto&) {}}).size();
}
#endif
