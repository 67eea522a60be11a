// expect: Milstein takes an ItoField whose diffusion is diagonal or scalar
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/method/stochastic/ito.hpp>

using namespace antistrophe;

struct Growth {
  void operator()(double, const auto& y, auto& dy) const { dy = 0.5 * y; }
};
struct Shaken {
#ifdef ANTISTROPHE_TEST_REPAIRED
  static constexpr bool diagonal = true;
#endif
  void operator()(double, const auto& y, const auto& dw, auto& dy) const { dy = y.cwiseProduct(dw); }
};
const Problem problem{ItoField{Growth{}, Shaken{}, BrownianPath{.channels = 2}}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() { return solve(problem, Milstein{}, FixedSteps{100}); }
