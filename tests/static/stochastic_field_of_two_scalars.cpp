// expect: the parameters of drift and diffusion must be of one scalar type
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

using namespace antistrophe;

template <class Theta>
struct Growth {
  Theta theta = Theta::Ones();
  const Theta& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = theta[0] * y; }
};
#ifdef ANTISTROPHE_TEST_REPAIRED
using Other = Growth<Eigen::Vector2d>;
#else
using Other = Growth<Eigen::Vector2f>;
#endif

auto solution() {
  const StochasticField field{Growth<Eigen::Vector2d>{}, DiagonalNoise{Other{}}, BrownianPath{.channels = 2}};
  return solve(Problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0}, Midpoint{}, FixedSteps{100});
}
