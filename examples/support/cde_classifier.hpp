// A neural controlled equation that tells series apart (Kidger et al., arXiv 2005.08926):
//   z(t0) = W0 X(t0) + b0,   z' = F(z) X'(t),   and the classes by softmax(W1 z(t1) + b1),
// F a network. All parameters are one flat vector: W0, b0, those of F, W1, b1. X is a path through a batch of series.
#pragma once

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/mlp_matrix.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace support {

// Mean over the batch of −log p(label), of p = softmax(W z + b); its cotangents, those of W and b too, are there after a call.
struct CrossEntropy {
  Eigen::MatrixXd W;
  Eigen::VectorXd b;
  std::vector<int> labels;
  Eigen::MatrixXd* W_bar;
  Eigen::VectorXd* b_bar;

  Eigen::MatrixXd logits(const Eigen::MatrixXd& z) const { return (W * z).colwise() + b; }

  double operator()(const std::vector<Eigen::MatrixXd>& saved, std::vector<Eigen::MatrixXd>& saved_bar) const {
    const Eigen::MatrixXd& z = saved.back();
    Eigen::MatrixXd p = logits(z);
    const double share = 1 / static_cast<double>(z.cols());
    double value = 0;
    for (Eigen::Index s = 0; s < z.cols(); ++s) {
      p.col(s).array() -= p.col(s).maxCoeff();
      p.col(s) = p.col(s).array().exp();
      p.col(s) /= p.col(s).sum();
      const int label = labels[static_cast<std::size_t>(s)];
      value -= share * std::log(p(label, s));
      p(label, s) -= 1;
    }
    p *= share;
    *W_bar = p * z.transpose();
    *b_bar = p.rowwise().sum();
    saved_bar.back() = W.transpose() * p;
    return value;
  }
};

// What one batch gives.
struct BatchGradient {
  double value = 0;
  Eigen::VectorXd gradient;
  antistrophe::BackwardStats stats;
};

template <class Activation>
class CdeClassifier {
 public:
  using Network = antistrophe::MlpMatrix<double, Activation>;

  CdeClassifier(Eigen::Index channels, Eigen::Index hidden, Eigen::Index width, Eigen::Index classes, unsigned seed)
      : channels_(channels), hidden_(hidden), classes_(classes), network_({hidden, width}, channels) {
    std::mt19937 engine(seed);
    network_.initialise(antistrophe::FanInUniform{engine});
    theta_.resize(first() + network_.parameters().size() + classes * (hidden + 1));
    const auto uniform = [&](Eigen::Index begin, Eigen::Index count, Eigen::Index fan_in) {
      const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
      for (double& x : theta_.segment(begin, count))
        x = bound * (2 * (static_cast<double>(engine()) / 4294967296.0) - 1);
    };
    uniform(0, first(), channels);
    theta_.segment(first(), network_.parameters().size()) = network_.parameters();
    uniform(last(), theta_.size() - last(), hidden);
  }

  Eigen::VectorXd& parameters() { return theta_; }

  template <class Path, class Method, class Steps, class... Adjoint>
  BatchGradient gradient(const Path& path, const std::vector<int>& labels, const Method& method, const Steps& steps,
                         const Adjoint&... adjoint) {
    Eigen::MatrixXd W_bar;
    Eigen::VectorXd b_bar;
    const CrossEntropy loss{readout(), readout_bias(), labels, &W_bar, &b_bar};
    const auto found = antistrophe::value_and_gradient(problem(path), method, steps, loss, adjoint...);
    const Eigen::MatrixXd& z_bar = found.gradient.y0;
    BatchGradient result{found.value, Eigen::VectorXd(theta_.size()), found.gradient.stats};
    result.gradient << (z_bar * path(start(path)).transpose()).reshaped(), z_bar.rowwise().sum(), found.gradient.theta,
        W_bar.reshaped(), b_bar;
    return result;
  }

  // The share of the series whose class is the likeliest.
  template <class Path, class Method, class Steps>
  double accuracy(const Path& path, const std::vector<int>& labels, const Method& method, const Steps& steps) {
    const auto solution = antistrophe::solve(problem(path), method, steps);
    const Eigen::MatrixXd logits = (readout() * solution.ys().back()).colwise() + readout_bias();
    int right = 0;
    for (Eigen::Index s = 0; s < logits.cols(); ++s) {
      Eigen::Index likeliest = 0;
      logits.col(s).maxCoeff(&likeliest);
      if (likeliest == labels[static_cast<std::size_t>(s)]) ++right;
    }
    return right / static_cast<double>(labels.size());
  }

  template <class Path>
  auto problem(const Path& path) {
    network_.parameters() = theta_.segment(first(), network_.parameters().size());
    const Eigen::MatrixXd W0 = theta_.head(hidden_ * channels_).reshaped(hidden_, channels_);
    const Eigen::VectorXd b0 = theta_.segment(hidden_ * channels_, hidden_);
    const Eigen::MatrixXd z0 = (W0 * path(start(path))).colwise() + b0;
    return antistrophe::Problem{antistrophe::ControlledField{network_, path}, z0, start(path),
                                path.knots()[path.knots().size() - 1]};
  }

 private:
  Eigen::Index first() const { return hidden_ * (channels_ + 1); }
  Eigen::Index last() const { return first() + network_.parameters().size(); }
  Eigen::MatrixXd readout() const { return theta_.segment(last(), classes_ * hidden_).reshaped(classes_, hidden_); }
  Eigen::VectorXd readout_bias() const { return theta_.tail(classes_); }
  template <class Path>
  static double start(const Path& path) {
    return path.knots()[0];
  }

  Eigen::Index channels_, hidden_, classes_;
  Network network_;
  Eigen::VectorXd theta_;
};

}  // namespace support
