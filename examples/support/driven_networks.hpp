// Drift and diffusion of a number x that noise drives, both of them networks of (t, x).
#pragma once

#include <antistrophe/field/mlp.hpp>

#include <Eigen/Core>

#include <random>
#include <utility>

namespace support {

// f dX_0 + g dX_1 of a path whose first channel is t, as a StochasticField has f dt + g dW.
template <class Network>
struct DrivenNetworks {
  Network f, g;
  Eigen::VectorXd theta;

  DrivenNetworks(const Network& shape, std::mt19937& engine) : f(shape), g(shape) {
    f.initialise(antistrophe::FanInUniform{engine});
    g.initialise(antistrophe::FanInUniform{engine});
    theta.resize(2 * f.parameters().size());
    theta << f.parameters(), g.parameters();
  }
  const Eigen::VectorXd& parameters() const { return theta; }
  Eigen::VectorXd& parameters() { return theta; }
  void operator()(double t, const Eigen::MatrixXd& y, const Eigen::MatrixXd& dX, Eigen::MatrixXd& dy) const {
    const auto [drift, diffusion] = parts();
    Eigen::MatrixXd of_g(1, y.cols());
    drift(t, y, dy);
    diffusion(t, y, of_g);
    dy.array() = dy.array() * dX.row(0).array() + of_g.array() * dX.row(1).array();
  }
  void vjp(double t, const Eigen::MatrixXd& y, const Eigen::MatrixXd& dX, const Eigen::MatrixXd& w,
           Eigen::MatrixXd& y_bar, Eigen::VectorXd& theta_bar) const {
    const auto [drift, diffusion] = parts();
    Eigen::VectorXd f_bar = Eigen::VectorXd::Zero(f.parameters().size()),
                    g_bar = Eigen::VectorXd::Zero(g.parameters().size());
    drift.vjp(t, y, Eigen::MatrixXd(w.cwiseProduct(dX.row(0))), y_bar, f_bar);
    diffusion.vjp(t, y, Eigen::MatrixXd(w.cwiseProduct(dX.row(1))), y_bar, g_bar);
    theta_bar.head(f_bar.size()) += f_bar;
    theta_bar.tail(g_bar.size()) += g_bar;
  }

 private:
  std::pair<Network, Network> parts() const {
    std::pair<Network, Network> both{f, g};
    both.first.parameters() = theta.head(f.parameters().size());
    both.second.parameters() = theta.tail(g.parameters().size());
    return both;
  }
};

}  // namespace support
