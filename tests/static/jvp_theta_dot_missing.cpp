// expect: the field's jvp cannot be called; it needs void jvp(double t, const auto& y, const auto& y_dot
#include <antistrophe/field/check_vjp.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
#ifdef ANTISTROPHE_TEST_REPAIRED
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot = -y_dot; }
#else
  void jvp(double, const auto&, const auto& y_dot, auto& dy_dot) const { dy_dot = -y_dot; }
#endif
};

auto report() { return check_vjp(Decay{}, 0.0, Eigen::Vector2d{1.0, 2.0}); }
