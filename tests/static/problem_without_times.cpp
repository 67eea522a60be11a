// expect: a problem is a field, the first state and both times
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Decay {
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
#else
const Problem problem{Decay{}, Eigen::Vector2d{1.0, 2.0}};
#endif
