// What a latent stochastic equation is made of (Li, Wong, Chen & Duvenaud, AISTATS 2020, arXiv 2001.01328), here for series of three numbers: latent z of
// 4 numbers, the posterior's drift f(z, X), X the series at t and 0.1 later, the prior's h(z), a deviation for each row, their divergence, and what is
// read off linearly, seen with a deviation of seen_to.
#pragma once

#include "dense.hpp"
#include "random.hpp"

#include <antistrophe/control/linear_path.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

namespace support {

inline constexpr Eigen::Index latent = 4, width = 32;
inline constexpr double seen_to = 0.1;
inline const Dense posterior_net(latent + 6, width, latent), prior_net(latent, width, latent);

// f, and the parameters of h beside its own: what the prior does is in the cost.
struct PosteriorDrift {
  Eigen::VectorXd theta;
  std::shared_ptr<const antistrophe::LinearPath> context;
  const Eigen::VectorXd& parameters() const { return theta; }
  Eigen::VectorXd& parameters() { return theta; }
  Eigen::MatrixXd input(double t, const Eigen::MatrixXd& z) const {
    Eigen::MatrixXd x(latent + 6, z.cols());
    x << z, (*context)(t), (*context)(std::min(t + 0.1, 2.0));
    return x;
  }
  void operator()(double t, const Eigen::MatrixXd& z, Eigen::MatrixXd& dz) const {
    Eigen::MatrixXd hidden;
    dz = posterior_net(theta.data(), input(t, z), hidden);
  }
  void vjp(double t, const Eigen::MatrixXd& z, const Eigen::MatrixXd& w, Eigen::MatrixXd& z_bar,
           Eigen::VectorXd& theta_bar) const {
    Eigen::MatrixXd hidden;
    const Eigen::MatrixXd x = input(t, z);
    posterior_net(theta.data(), x, hidden);
    z_bar += posterior_net.pull_back(theta.data(), x, hidden, w, theta_bar.data()).topRows(latent);
  }
};

// σ dW, a channel for each row; the parameters are log σ.
struct Shaking {
  static constexpr bool additive = true, diagonal = true;
  Eigen::VectorXd theta = Eigen::VectorXd::Constant(latent, -1);
  const Eigen::VectorXd& parameters() const { return theta; }
  Eigen::VectorXd& parameters() { return theta; }
  void operator()(double, const Eigen::MatrixXd&, const Eigen::MatrixXd& dW, Eigen::MatrixXd& dz) const {
    dz = Eigen::VectorXd(theta.array().exp()).asDiagonal() * dW;
  }
  void vjp(double, const Eigen::MatrixXd&, const Eigen::MatrixXd& dW, const Eigen::MatrixXd& w, Eigen::MatrixXd&,
           Eigen::VectorXd& theta_bar) const {
    theta_bar.array() += w.cwiseProduct(dW).rowwise().sum().array() * theta.array().exp();
  }
};

// weight · Σ ½ |(f − h)/σ|² over all columns; theta is all of the field's.
struct Divergence {
  PosteriorDrift f;
  double weight;
  double operator()(double t, const Eigen::MatrixXd& z, const Eigen::VectorXd& theta) const {
    Eigen::MatrixXd hidden, of_prior;
    return weight / 2 * apart(t, z, theta, hidden, of_prior).squaredNorm();
  }
  void gradient(double t, const Eigen::MatrixXd& z, const Eigen::VectorXd& theta, Eigen::MatrixXd& z_bar,
                Eigen::VectorXd& theta_bar, double&) const {
    Eigen::MatrixXd hidden, of_prior;
    const Eigen::MatrixXd off = apart(t, z, theta, hidden, of_prior);
    theta_bar.tail(latent).array() -= weight * off.rowwise().squaredNorm().array();
    const Eigen::MatrixXd w = weight * Eigen::VectorXd((-theta.tail(latent).array()).exp()).asDiagonal() * off;
    z_bar += posterior_net.pull_back(theta.data(), f.input(t, z), hidden, w, theta_bar.data()).topRows(latent);
    const Eigen::Index begin = posterior_net.count();
    z_bar += prior_net.pull_back(theta.data() + begin, z, of_prior, -w, theta_bar.data() + begin);
  }

 private:
  Eigen::MatrixXd apart(double t, const Eigen::MatrixXd& z, const Eigen::VectorXd& theta, Eigen::MatrixXd& hidden,
                        Eigen::MatrixXd& of_prior) const {
    const Eigen::MatrixXd off = posterior_net(theta.data(), f.input(t, z), hidden) -
                                prior_net(theta.data() + posterior_net.count(), z, of_prior);
    return Eigen::VectorXd((-theta.tail(latent).array()).exp()).asDiagonal() * off;
  }
};

// −log p of what was seen, the mean over columns; the read-out's cotangent is there after a call.
struct Likelihood {
  const std::vector<Eigen::MatrixXd>& seen;
  Eigen::MatrixXd C;  // 3 × (latent + 1), the last column a constant
  Eigen::MatrixXd* C_bar;
  double operator()(const std::vector<Eigen::MatrixXd>& zs, std::vector<Eigen::MatrixXd>& zs_bar) const {
    double sum = 0;
    const auto columns = static_cast<double>(zs[0].cols());
    C_bar->setZero(3, latent + 1);
    for (std::size_t k = 0; k < zs.size(); ++k) {
      const Eigen::MatrixXd off = ((C.leftCols(latent) * zs[k]).colwise() + C.col(latent)) - seen[k];
      const Eigen::MatrixXd off_bar = off / (seen_to * seen_to * columns);
      sum += off.squaredNorm() / (2 * seen_to * seen_to * columns) +
             3 * std::log(seen_to * std::sqrt(2 * 3.14159265358979));
      zs_bar[k] = C.leftCols(latent).transpose() * off_bar;
      C_bar->leftCols(latent) += off_bar * zs[k].transpose();
      C_bar->col(latent) += off_bar.rowwise().sum();
    }
    return sum;
  }
};

struct LatentModel {
  Eigen::VectorXd
      theta;  // of f, of h, log σ; the encoder, (μ, log s) of (the first five observations, 1); the read-out
  static Eigen::Index of_field() { return posterior_net.count() + prior_net.count() + latent; }
  explicit LatentModel(unsigned seed) : theta(of_field() + 8 * 16 + 3 * (latent + 1)) {
    Random random(seed);
    theta.head(posterior_net.count()) = posterior_net.initial(random);
    theta.segment(posterior_net.count(), prior_net.count()) = prior_net.initial(random);
    theta.segment(of_field() - latent, latent).setConstant(-1);
    for (double& x : theta.tail(theta.size() - of_field())) x = random.uniform(-0.25, 0.25);
  }
  Eigen::MatrixXd encoder() const { return theta.segment(of_field(), 8 * 16).reshaped(8, 16); }
  Eigen::MatrixXd read_out() const { return theta.tail(3 * (latent + 1)).reshaped(3, latent + 1); }
};

}  // namespace support
