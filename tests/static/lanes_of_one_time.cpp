// expect: in adaptive steps each of the Lanes has a time of its own
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

using namespace antistrophe;

struct Driven {
#ifdef ANTISTROPHE_TEST_REPAIRED
  void operator()(auto t, const auto& y, auto& dy) const { dy = -t * y; }
  void vjp(auto t, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= t * w; }
#else
  void operator()(double t, const auto& y, auto& dy) const { dy = -t * y; }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= t * w; }
#endif
};
const Problem problem{Driven{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const Ensemble ensemble{problem, 4, [](std::size_t, auto&) {}};
const auto loss = [](const auto& ys, auto& ys_bar) {
  ys_bar[0] = ys[0];
  return ys[0].squaredNorm() / 2;
};
auto result() { return ensemble_value_and_gradient(ensemble, Dopri5{}, Adaptive{}, loss, Lanes<4>{}); }
