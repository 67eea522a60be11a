// expect: check_vjp is for real states
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
const Eigen::Vector2d y{1.0, 2.0};
#else
const Eigen::Vector2cd y{1.0, 2.0};
#endif

auto report() { return check_vjp(Decay{}, 0.0, y); }
