// expect: an ensemble is Ensemble{problem, count, vary}
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
void result() {
  (void)solve_ensemble(Ensemble{problem, 4, [](std::size_t, auto&) {}}, Dopri5{}, FixedSteps{10});
}
#else
void result() { (void)solve_ensemble(problem, Dopri5{}, FixedSteps{10}); }
#endif
