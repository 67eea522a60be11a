// expect: two extra arguments are of one kind
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};

#ifdef ANTISTROPHE_TEST_REPAIRED
void result() { (void)solve_ensemble(ensemble, Dopri5{}, FixedSteps{10}, Threads{2}); }
#else
void result() { (void)solve_ensemble(ensemble, Dopri5{}, FixedSteps{10}, Threads{2}, Threads{3}); }
#endif
