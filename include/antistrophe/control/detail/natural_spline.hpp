// SPDX-License-Identifier: MIT
// The natural cubic spline through knots: its slopes k at them solve a tridiagonal system, symmetric and linear in the values,
//   k_{i−1}/h_{i−1} + 2 (1/h_{i−1} + 1/h_i) k_i + k_{i+1}/h_i = 3 (m_{i−1}/h_{i−1} + m_i/h_i),   m_i = (x_{i+1} − x_i)/h_i,
// of which terms beyond an end are left out.
#pragma once

#include <Eigen/Core>

#include <utility>

namespace antistrophe::detail {

class NaturalSpline {
 public:
  using Index = Eigen::Index;

  NaturalSpline() = default;
  explicit NaturalSpline(const Eigen::VectorXd& times) {
    const Index n = times.size();
    inverse_h_ = (times.tail(n - 1) - times.head(n - 1)).cwiseInverse();
    pivots_.resize(n);
    for (Index i = 0; i < n; ++i)
      pivots_[i] = 2 * (inverse(i - 1) + inverse(i)) - (i > 0 ? inverse(i - 1) * inverse(i - 1) / pivots_[i - 1] : 0);
  }

  // Of values, one knot a column, the slopes.
  Eigen::MatrixXd slopes(const Eigen::MatrixXd& values) const {
    Eigen::MatrixXd k = Eigen::MatrixXd::Zero(values.rows(), values.cols());
    for (Index i = 0; i + 1 < values.cols(); ++i) {
      k.col(i) += 3 * inverse(i) * inverse(i) * (values.col(i + 1) - values.col(i));
      k.col(i + 1) += 3 * inverse(i) * inverse(i) * (values.col(i + 1) - values.col(i));
    }
    solve(k);
    return k;
  }

  // values_bar += (∂k/∂values)ᵀ k_bar; k_bar is overwritten. One knot a column, or an entry of a row.
  template <class Bar>
  void pull_back(Bar& k_bar, Bar& values_bar) const {
    solve(k_bar);
    for (Index i = 0; i + 1 < k_bar.cols(); ++i) {
      const double factor = 3 * inverse(i) * inverse(i);
      values_bar.col(i + 1) += factor * (k_bar.col(i) + k_bar.col(i + 1));
      values_bar.col(i) -= factor * (k_bar.col(i) + k_bar.col(i + 1));
    }
  }
  // The same of one row, in place, without allocating: k_bar becomes values_bar.
  void pull_back_row(Eigen::RowVectorXd& row) const {
    solve(row);
    double before = 0;
    for (Index i = 0; i < row.size(); ++i) {
      const double after = i + 1 < row.size() ? 3 * inverse(i) * inverse(i) * (row[i] + row[i + 1]) : 0;
      row[i] = before - after;
      before = after;
    }
  }

 private:
  double inverse(Index i) const { return i >= 0 && i < inverse_h_.size() ? inverse_h_[i] : 0; }

  template <class Matrix>
  void solve(Matrix& right) const {
    const Index n = pivots_.size();
    for (Index i = 1; i < n; ++i) right.col(i) -= inverse(i - 1) / pivots_[i - 1] * right.col(i - 1);
    right.col(n - 1) /= pivots_[n - 1];
    for (Index i = n - 1; i-- > 0;) right.col(i) = (right.col(i) - inverse(i) * right.col(i + 1)) / pivots_[i];
  }

  Eigen::VectorXd inverse_h_, pivots_;
};

}  // namespace antistrophe::detail
