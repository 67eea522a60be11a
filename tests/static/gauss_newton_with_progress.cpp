// expect: a product by second derivatives takes, after the direction, SaveAt{
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/second_order.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const MeanSquaredError loss{std::vector<Eigen::Vector2d>(1)};
#ifdef ANTISTROPHE_TEST_REPAIRED
const DirectAdjoint extra;
#else
const OnFailure extra = OnFailure::return_status;
#endif

auto result() { return gauss_newton_product(problem, Dopri5{}, FixedSteps{10}, loss, {problem.y0, {}}, extra); }
