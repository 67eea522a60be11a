// A network of one hidden layer, tanh, from columns of n numbers to columns of m: y = W1 tanh(W0 x + b0) + b1. Its parameters are a segment of
// someone else's vector: W0, b0, W1, b1, matrices column by column.
#pragma once

#include "random.hpp"

#include <Eigen/Core>

#include <cmath>

namespace support {

class Dense {
 public:
  using Matrix = Eigen::MatrixXd;
  using Vector = Eigen::VectorXd;
  Dense(Eigen::Index in, Eigen::Index width, Eigen::Index out) : in_(in), width_(width), out_(out) {}

  Eigen::Index count() const { return width_ * (in_ + 1) + out_ * (width_ + 1); }
  Vector initial(Random& random) const {
    Vector theta(count());
    const Eigen::Index first = width_ * (in_ + 1);
    for (Eigen::Index i = 0; i < count(); ++i)
      theta[i] = random.uniform(-1, 1) / std::sqrt(static_cast<double>(i < first ? in_ : width_));
    return theta;
  }

  // theta: its own parameters. hidden is what the way back needs.
  Matrix operator()(const double* theta, const Matrix& x, Matrix& hidden) const {
    const Parts<const Matrix, const Vector> at(*this, theta);
    hidden = ((at.W0 * x).colwise() + at.b0).array().tanh();
    return (at.W1 * hidden).colwise() + at.b1;
  }
  // Adds to theta_bar; returns the cotangent of x.
  Matrix pull_back(const double* theta, const Matrix& x, const Matrix& hidden, const Matrix& y_bar,
                   double* theta_bar) const {
    const Parts<const Matrix, const Vector> at(*this, theta);
    Parts<Matrix, Vector> bar(*this, theta_bar);
    bar.W1.noalias() += y_bar * hidden.transpose();
    bar.b1 += y_bar.rowwise().sum();
    const Matrix hidden_bar = (at.W1.transpose() * y_bar).array() * (1 - hidden.array().square());
    bar.W0.noalias() += hidden_bar * x.transpose();
    bar.b0 += hidden_bar.rowwise().sum();
    return at.W0.transpose() * hidden_bar;
  }

 private:
  template <class M, class V>
  struct Parts {
    Eigen::Map<M> W0;
    Eigen::Map<V> b0;
    Eigen::Map<M> W1;
    Eigen::Map<V> b1;
    Parts(const Dense& of, auto* theta)
        : W0(theta, of.width_, of.in_),
          b0(theta + of.width_ * of.in_, of.width_),
          W1(theta + of.width_ * (of.in_ + 1), of.out_, of.width_),
          b1(theta + of.width_ * (of.in_ + 1) + of.out_ * of.width_, of.out_) {}
  };
  Eigen::Index in_, width_, out_;
};

}  // namespace support
