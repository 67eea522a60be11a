// SPDX-License-Identifier: MIT
// z = W x + b and its pull-back through Eigen's matrix products, for any number of samples. All sizes are dynamic here, so
// that the products are compiled once for all networks. W is out × in, row by row; its first column belongs to the time
// where `in` exceeds `state_in`.
#pragma once

#include <Eigen/Core>

#include <algorithm>

namespace antistrophe::detail {

// Columns is 1 for a vector and Eigen::Dynamic for a batch; Order is how the batch is stored.
template <class S, int Columns, int Order>
struct LargeLayer {
  using Index = Eigen::Index;
  using Weights = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Vector = Eigen::Matrix<S, Eigen::Dynamic, 1>;
  using Values = Eigen::Matrix<S, Eigen::Dynamic, Columns, Columns == 1 ? Eigen::ColMajor : Order>;

  Index in, state_in, out, columns;

  bool takes_time() const { return in != state_in; }

  void affine(const S* weights, const S* biases, const S& t, const S* x_begin, S* z_begin) const {
    if (columns == 0) return;
    const Eigen::Map<const Weights> w(weights, out, in);
    const Eigen::Map<const Values> x(x_begin, state_in, columns);
    Eigen::Map<Values> z(z_begin, out, columns);
    z.col(0) = Eigen::Map<const Vector>(biases, out);
    if (takes_time()) z.col(0) += t * w.col(0);
    for (Index c = 1; c < columns; ++c) z.col(c) = z.col(0);
    z.noalias() += w.rightCols(state_in) * x;
  }

  // W̄ += z̄ xᵀ, b̄ += z̄, and likewise for t.
  void pull_back_to_parameters(const S& t, const S* x_begin, const S* z_bar_begin, S* weights_bar,
                               S* biases_bar) const {
    const Eigen::Map<const Values> x(x_begin, state_in, columns);
    const Eigen::Map<const Values> z_bar(z_bar_begin, out, columns);
    Eigen::Map<Weights> w_bar(weights_bar, out, in);
    Eigen::Map<Vector> b_bar(biases_bar, out);
    w_bar.rightCols(state_in).noalias() += z_bar * x.transpose();
    // Samples are summed before the sum is added: one by one they would be rounded to the size of what a whole solve has
    // gathered, which in float costs two digits. Column by column, for Eigen's rowwise().sum() adds in an order that depends on
    // alignment; some rows at a time, which need no allocation.
    constexpr Index some = 64;
    for (Index row = 0; row < out; row += some) {
      const Index rows = std::min(some, out - row);
      Eigen::Matrix<S, Eigen::Dynamic, 1, Eigen::ColMajor, some, 1> sum =
          Eigen::Matrix<S, Eigen::Dynamic, 1, Eigen::ColMajor, some, 1>::Zero(rows);
      for (Index c = 0; c < columns; ++c) sum += z_bar.col(c).segment(row, rows);
      b_bar.segment(row, rows) += sum;
      if (takes_time()) w_bar.col(0).segment(row, rows) += t * sum;
    }
  }

  // x̄ += Wᵀ z̄, and likewise for t.
  void pull_back_to_inputs(const S* weights, const S* z_bar_begin, S* x_bar_begin, S& t_bar) const {
    const Eigen::Map<const Weights> w(weights, out, in);
    const Eigen::Map<const Values> z_bar(z_bar_begin, out, columns);
    Eigen::Map<Values> x_bar(x_bar_begin, state_in, columns);
    if (takes_time())
      for (Index c = 0; c < columns; ++c) t_bar += w.col(0).cwiseProduct(z_bar.col(c)).sum();
    x_bar.noalias() += w.rightCols(state_in).transpose() * z_bar;
  }
};

}  // namespace antistrophe::detail
