// What many tests instantiate, compiled once with the precompiled header instead of in each of them (clang's -fpch-codegen,
// tests/CMakeLists.txt): a handful of solves and gradients of the driven pendulum, and with them nearly all that Eigen and the
// standard library contribute. Whatever is missing here a test compiles for itself.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include "support/ball.hpp"
#include "support/battery.hpp"
#include "support/reversible_methods.hpp"

#include <Eigen/Core>

namespace antistrophe::battery {

template <class F, class Y>
void common_gradient(const Problem<F, Y>& problem, const auto& method, const auto& steps, const auto&... extras) {
  auto pass = solve_with_pullback(problem, method, steps, extras...);
  (void)pass.pullback({Y::Ones(problem.y0.rows(), problem.y0.cols())});
}

// Never called: that its body is there is enough.
inline void common_instances() {
  const FixedSteps fixed{1};
  const Adaptive adaptive{};
  const Problem pendulum{problems::DrivenPendulum<>{}, Eigen::Vector2d(1, 0.5), 0.0, 1.0};
  common_gradient(pendulum, RK4{}, fixed);
  common_gradient(pendulum, Dopri5{}, fixed);
  common_gradient(pendulum, Bosh3{}, adaptive);
  common_gradient(pendulum, Dop853{}, fixed);
  common_gradient(pendulum, Reversible<RK4>{}, fixed);
  common_gradient(pendulum, Reversible<Dopri5>{}, adaptive);
  common_gradient(pendulum, Reversible<Dopri5>{}, fixed, DirectAdjoint{});
  common_gradient(pendulum, Reversible<Dop853>{}, fixed);
  common_gradient(pendulum, TwoPoint<Dopri5>{}, fixed);
  common_gradient(pendulum, ReversibleAdams<4>{}, fixed, DirectAdjoint{});
  common_gradient(pendulum, ReversibleAdams<6>{}, fixed);
  common_gradient(pendulum, ReversibleHeun<>{}, adaptive, SaveAt{});
  common_gradient(pendulum, AsynchronousLeapfrog<>{}, fixed);
  (void)solve(pendulum, Dopri5{}, adaptive, SaveAt{});
  (void)assert_reversible(pendulum, Reversible<RK4>{}, fixed);
  (void)value_and_gradient(pendulum, Reversible<Dopri5>{}, adaptive, [](const auto& ys, auto& ys_bar) {
    ys_bar.back().setOnes();
    return ys.back().sum();
  });
  (void)solve(Problem{problems::Ball{}, Eigen::Vector2d(1, 0.5), 0.0, 1.0}, Dopri5{}, adaptive, SaveAt{},
              Events{Event{problems::Ground{}}, JumpEvent{problems::Ground{}, problems::Bounce{}}},
              OnFailure::return_status);
  // States of other kinds.
  common_gradient(Problem{problems::LotkaVolterra<>{}, Eigen::VectorXd(2), 0.0, 1.0}, Reversible<Dopri5>{}, adaptive);
  common_gradient(Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 1.0}, Reversible<RK4>{}, fixed);
}

}  // namespace antistrophe::battery
