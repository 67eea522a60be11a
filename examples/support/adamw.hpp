// AdamW (Loshchilov & Hutter, ICLR 2019): m and v are running means of the gradient g and of its square,
//   m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,
//   θ ← θ − rate (m / (1 − β1ⁿ) / (√(v / (1 − β2ⁿ)) + ε) + decay θ)   after the n-th gradient.
#pragma once

#include <Eigen/Core>

#include <cmath>

namespace support {

struct AdamWOptions {
  double rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double decay = 1e-2;
};

class AdamW {
 public:
  AdamW(const AdamWOptions& options, Eigen::Index size)
      : options_(options), m_(Eigen::ArrayXd::Zero(size)), v_(Eigen::ArrayXd::Zero(size)) {}

  // For the steps to come: rates that go down end nearer to a minimum.
  void set_rate(double rate) { options_.rate = rate; }

  template <class Theta, class Gradient>
  void step(Theta& theta, const Gradient& gradient) {
    const auto& [rate, beta1, beta2, epsilon, decay] = options_;
    ++n_;
    m_ = beta1 * m_ + (1 - beta1) * gradient.array();
    v_ = beta2 * v_ + (1 - beta2) * gradient.array().square();
    const double m_scale = 1 - std::pow(beta1, n_), v_scale = 1 - std::pow(beta2, n_);
    theta.array() -= rate * (m_ / m_scale / ((v_ / v_scale).sqrt() + epsilon) + decay * theta.array());
  }

 private:
  AdamWOptions options_;
  Eigen::ArrayXd m_, v_;
  int n_ = 0;
};

}  // namespace support
