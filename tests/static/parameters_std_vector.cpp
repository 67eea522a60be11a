// expect: the field's parameters() must return one flat Eigen column vector with the state's scalar
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

#include <vector>

struct Decay {
#ifdef ANTISTROPHE_TEST_REPAIRED
  Eigen::VectorXd theta{};
#else
  std::vector<double> theta{};
#endif
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

auto solution() { return solve(Problem{Decay{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Dopri5{}, FixedSteps{10}); }
