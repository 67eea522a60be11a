// expect: SemiImplicitEuler, Verlet and Suzuki4 need a split field
#include <antistrophe/antistrophe.hpp>

using namespace antistrophe;

struct Oscillator {
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -y[0]; }
};
struct Halves {
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void force(double, const auto& v, auto& dw) const { dw = -v; }
};

#ifdef ANTISTROPHE_TEST_REPAIRED
const SplitField field{Halves{}};
#else
const Oscillator field;
#endif

auto solution() { return solve(Problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Verlet<>{}, FixedSteps{10}); }
