// expect: the loss of an ensemble takes cotangents by value, and what it writes to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const Ensemble ensemble{problem, 4, [](std::size_t i, auto& p) { p.y0[0] = static_cast<double>(i); }};
#ifdef ANTISTROPHE_TEST_REPAIRED
const auto square = [](std::size_t, const auto& ys, auto& ys_bar) {
#else
const auto square = [](std::size_t, const auto& ys, auto ys_bar) {
#endif
  ys_bar[0] = ys[0];
  return ys[0].squaredNorm() / 2;
};

auto result() { return ensemble_value_and_gradient(ensemble, Dopri5{}, FixedSteps{10}, square).value; }
