// expect: the g of an event returns a bool, which crosses no zero
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

#ifdef ANTISTROPHE_TEST_REPAIRED
const auto half = [](double, const Eigen::Vector2d& y) { return y[0] - 0.5; };
#else
const auto half = [](double, const Eigen::Vector2d& y) { return y[0] < 0.5; };
#endif

auto solution() { return solve(problem, Dopri5{}, FixedSteps{10}, SaveAt{}, Events{Event{half}}); }
