// The program of the README, word for word; lines marked (check) are the example's own test and left out there. A test
// compares the two.
#include <antistrophe/antistrophe.hpp>

#include <cmath>  // (check)
#include <iostream>

// u1' = α u1 − β u1 u2, u2' = −γ u2 + δ u1 u2; θ = (α, β, γ, δ).
struct LotkaVolterra {
  Eigen::Vector4d theta{1.5, 1.0, 3.0, 1.0};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }  // an optimiser steps these

  // du = f(t, u)
  void operator()(double, const auto& u, auto& du) const {
    du[0] = theta[0] * u[0] - theta[1] * u[0] * u[1];
    du[1] = -theta[2] * u[1] + theta[3] * u[0] * u[1];
  }

  // u_bar += (∂f/∂u)ᵀ w,   theta_bar += (∂f/∂θ)ᵀ w
  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    u_bar[0] += (theta[0] - theta[1] * u[1]) * w[0] + theta[3] * u[1] * w[1];
    u_bar[1] += -theta[1] * u[0] * w[0] + (theta[3] * u[0] - theta[2]) * w[1];
    theta_bar[0] += u[0] * w[0];
    theta_bar[1] -= u[0] * u[1] * w[0];
    theta_bar[2] -= u[1] * w[1];
    theta_bar[3] += u[0] * u[1] * w[1];
  }
};

int main() {
  using namespace antistrophe;

  // From u = (1, 1) at t = 0 to t = 10.
  Problem problem{LotkaVolterra{}, Eigen::Vector2d{1, 1}, 0.0, 10.0};

  // The loss is a function of the last state, and writes its own derivative: L = u1 + u2.
  TerminalLoss loss{[](const auto& u, auto& u_bar) {
    u_bar.setOnes();
    return u.sum();
  }};

  // 1000 steps there, 1000 steps back: no state is stored, and the gradient is that of these very steps.
  auto [value, gradient] = value_and_gradient(problem, Reversible<Dopri5>{}, FixedSteps{1000}, loss);

  std::cout << "L         = " << value << "\n"
            << "dL/du(0)  = " << gradient.y0.transpose() << "\n"
            << "dL/dtheta = " << gradient.theta.transpose() << "\n";
  // Known to the digits written, which half a unit in the last, 5e-9, is off; the pair's own error is below 1e-9. (check)
  const Eigen::Vector4d known{-4.09621299, -0.50940881, -1.14583489, -1.80432787};   // (check)
  const double off = std::fmax(std::fabs(value - 1.9360358457111),                   // (check)
                               (gradient.theta - known).cwiseAbs().maxCoeff());      // (check)
  if (off > 1e-8) std::cerr << "This is off: value or gradient by " << off << '\n';  // (check)
  return off > 1e-8 ? 1 : 0;                                                         // (check)
}
