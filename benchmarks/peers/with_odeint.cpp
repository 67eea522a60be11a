// Boost's odeint: Lorenz forward. It has no gradients.
#include <array>
#include <boost/numeric/odeint.hpp>
#include <boost/version.hpp>

#include "peers/worker.hpp"

namespace {

namespace odeint = boost::numeric::odeint;
using State = std::array<double, 3>;

void lorenz(const State& y, State& dy, double) {
  dy[0] = 10 * (y[1] - y[0]);
  dy[1] = y[0] * (28 - y[2]) - y[1];
  dy[2] = y[0] * y[1] - 8.0 / 3 * y[2];
}
struct Lorenz {  // a type of its own, so that it is inlined
  void operator()(const State& y, State& dy, double t) const { lorenz(y, dy, t); }
};

peers::Call equal_steps(double) {
  return []() -> peers::Result {
    State y{1, 1, 1};
    odeint::integrate_n_steps(odeint::runge_kutta4<State>{}, Lorenz{}, y, 0.0, 5.0 / 2000, 2000);
    return {y[0], {y[1], y[2]}};
  };
}
template <class Stepper>
peers::Call chosen_steps(double tolerance) {
  return [=]() -> peers::Result {
    State y{1, 1, 1};
    odeint::integrate_adaptive(odeint::make_controlled<Stepper>(tolerance, tolerance), Lorenz{}, y, 0.0, 5.0, 1e-3);
    return {y[0], {y[1], y[2]}};
  };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments,
                      {{"lorenz_equal_steps", {{"rk4", &equal_steps}}},
                       {"lorenz_to_a_tolerance",
                        {{"dopri5", &chosen_steps<odeint::runge_kutta_dopri5<State>>},
                         {"fehlberg78", &chosen_steps<odeint::runge_kutta_fehlberg78<State>>}}}},
                      "Boost " BOOST_LIB_VERSION " (headers)");
}
