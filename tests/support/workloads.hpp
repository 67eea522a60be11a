// The workloads on which values and speed are compared: small neural fields whose weights follow a rule that any
// language can repeat, with their reference values.
#pragma once

#include <antistrophe/field/mlp.hpp>

#include <Eigen/Core>

#include <cmath>
#include <utility>

namespace antistrophe::workloads {

// w_i = 0.5 sin(1.3 i + 0.7) / √(fan in), i running over all parameters; biases with fan in 1.
template <class Network>
Network sine_weights(Network mlp) {
  mlp.initialise([](const MlpParameter& p) {
    const double fan_in = p.is_bias ? 1.0 : double(p.fan_in);
    return 0.5 * std::sin(1.3 * double(p.index) + 0.7) / std::sqrt(fan_in);
  });
  return mlp;
}

// W1: y' = MLP 1–10–1 (y), y(0) = 1, h = 0.01, L = y(T)². References: n = 1000 steps of the plain midpoint rule.
struct W1 {
  using Field = Mlp<double, Layers<1, 10, 1>>;
  using State = Eigen::Vector<double, 1>;
  static Field field() { return sine_weights(Field{}); }
  static State y0() { return State::Ones(); }
  static constexpr double h = 0.01;
  static constexpr double loss = 149.766989272;
  static constexpr double sum_of_theta_gradient = 99.323964005;
  static constexpr double y0_gradient = 28.955217359;
};

// W2: y' = MLP 3–10–2 (t, y), y(0) = (1, 0), T = 5, n = 1000 steps of Dopri5, L = mean of y(T)².
struct W2 {
  using Field = Mlp<double, Layers<3, 10, 2>, Tanh, TimeAndState>;
  using State = Eigen::Vector2d;
  static Field field() { return sine_weights(Field{}); }
  static State y0() { return {1.0, 0.0}; }
  static constexpr double t1 = 5.0;
  static constexpr int n = 1000;
  static constexpr double loss = 2.64712413538;
  static constexpr double sum_of_theta_gradient = -2.18945437757;
};

// W3: y' = MLP d–d–d (y), float, a batch of 128, T = 1, n = 100 steps of Dopri5, L = mean of squares.
template <int D>
struct W3 {
  using Field = Mlp<float, Layers<D, D, D>>;
  using State = Eigen::MatrixXf;
  static constexpr int batch = 128;
  static Field field() { return sine_weights(Field{}); }
  static constexpr double t1 = 1.0;
  static constexpr int n = 100;
};

}  // namespace antistrophe::workloads
