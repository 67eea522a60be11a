// expect: save_at comes before the adjoint
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Half {
  double operator()(double, const auto& y) const { return y[0] - 0.5; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, SaveAt{}, Events{Event{Half{}}}); }
#else
auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, Events{Event{Half{}}}); }
#endif
