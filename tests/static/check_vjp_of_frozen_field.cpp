// expect: only the frozen field has a vjp
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};
struct Switch {
  Decay frozen(double, double) const { return {}; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
auto report() { return check_vjp(Switch{}.frozen(0.0, 0.1), 0.0, Eigen::Vector2d{1.0, 2.0}); }
#else
auto report() { return check_vjp(Switch{}, 0.0, Eigen::Vector2d{1.0, 2.0}); }
#endif
