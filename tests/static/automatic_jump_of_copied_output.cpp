// expect: a jump takes y_new by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_event.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

auto solution() {
  const auto half = [](double, const auto& y) { return y[0] - 0.5; };
#ifdef ANTISTROPHE_TEST_REPAIRED
  const auto jump = automatic_jump([](auto, const auto& y, auto& y_new) { y_new = 2 * y; });
#else
  const auto jump = automatic_jump([](auto, const auto& y, auto y_new) { y_new = 2 * y; });
#endif
  return solve(problem, Dopri5{}, FixedSteps{10}, Events{JumpEvent{half, jump}});
}
