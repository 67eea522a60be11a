// A ball that falls through air bounces twice, to a tolerance; the gradient of its last height goes through the bounces.
#include <antistrophe/antistrophe.hpp>

#include <iostream>

// x' = v, v' = −g − c v; θ = (g, c, restitution).
struct Fall {
  static constexpr bool autonomous = true;
  Eigen::Vector3d theta{9.81, 0.1, 0.8};
  const auto& parameters() const { return theta; }

  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -theta[0] - theta[1] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[0] -= w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};

struct Height {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

struct Bounce {
  void operator()(double, const auto& y, const auto& theta, auto& y_new) const {
    y_new[0] = 0;
    y_new[1] = -theta[2] * y[1];
  }
  void vjp(double, const auto& y, const auto& theta, const auto& w, auto& y_bar, auto& theta_bar, auto&) const {
    y_bar[1] -= theta[2] * w[1];
    theta_bar[2] -= y[1] * w[1];
  }
};

int main() {
  using namespace antistrophe;
  Problem problem{Fall{}, Eigen::Vector2d{1, 0}, 0.0, 1.2};
  TerminalLoss height{[](const auto& y, auto& y_bar) {
    y_bar[0] = 1;
    return y[0];
  }};
  auto [value, gradient] =
      value_and_gradient(problem, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-9, .atol = 1e-9}, height, SaveAt{},
                         ReversibleAdjoint{}, Events{JumpEvent{Height{}, Bounce{}, Crossing::falling}});
  std::cout << value << '\n' << gradient.theta << '\n';
}
