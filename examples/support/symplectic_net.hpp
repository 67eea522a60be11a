// The symplectic ODE-Net of two rods with torques u at their joints (Zhong, Dey & Chakraborty, ICLR 2020, arXiv 1909.12077): a sample, a column each, is
// y = (cos θ, sin θ, θ', u), two of each. One network N, 4–w–w–8, gives of q = (cos θ, sin θ) a triangle L with M⁻¹ = L Lᵀ + 0.1, a potential V and a 2×2
// matrix g, and with p = M θ'
//   H = ½ pᵀ M⁻¹ p + V,   p' = −∂H/∂θ + g u,   θ'' = M⁻¹ p' + (M⁻¹)' p,
// so that f has derivatives of N in it: by the two angles, tangents, which go through N beside the values.
#pragma once

#include "random.hpp"

#include <antistrophe/field/automatic_vjp.hpp>

#include <Eigen/Core>

#include <array>
#include <cmath>
#include <cstddef>

namespace support {

// Of one sample: x is what N says, 8 numbers, the derivatives by θ1 and by θ2 of the first four, and y. y' goes to the place of y.
inline constexpr auto mechanics = [](auto, const auto& x, auto& dx) {
  dx.setZero();
  const auto m11 = x[0] * x[0] + 0.1, m12 = x[0] * x[1], m22 = x[1] * x[1] + x[2] * x[2] + 0.1;
  const auto w1 = x[20], w2 = x[21], det = m11 * m22 - m12 * m12;
  const auto p1 = (m22 * w1 - m12 * w2) / det, p2 = (m11 * w2 - m12 * w1) / det;
  auto p1_dot = x[4] * x[22] + x[5] * x[23], p2_dot = x[6] * x[22] + x[7] * x[23];
  auto of_motion = [&](int d, const auto& w, auto& p_dot) {  // by an angle: p' of it, and its share of (M⁻¹)' p
    const auto d11 = 2 * x[0] * x[d], d12 = x[d] * x[1] + x[0] * x[d + 1],
               d22 = 2 * (x[1] * x[d + 1] + x[2] * x[d + 2]);
    p_dot -= 0.5 * (d11 * p1 * p1 + 2 * d12 * p1 * p2 + d22 * p2 * p2) + x[d + 3];
    dx[20] += w * (d11 * p1 + d12 * p2);
    dx[21] += w * (d12 * p1 + d22 * p2);
  };
  of_motion(8, w1, p1_dot);
  of_motion(12, w2, p2_dot);
  dx[20] += m11 * p1_dot + m12 * p2_dot;
  dx[21] += m12 * p1_dot + m22 * p2_dot;
  dx[16] = -x[18] * w1;
  dx[17] = -x[19] * w2;
  dx[18] = x[16] * w1;
  dx[19] = x[17] * w2;
};

class SymplecticNet {
 public:
  static constexpr bool autonomous = true;

  SymplecticNet(Eigen::Index width, unsigned seed) : sizes_{4, width, width, 8} {
    Random random(seed);
    theta_.resize(begin_of(3));
    for (Eigen::Index l = 0; l < 3; ++l)
      for (double& entry : theta_.segment(begin_of(l), begin_of(l + 1) - begin_of(l)))
        entry = random.uniform(-1, 1) / std::sqrt(static_cast<double>(size(l)));
  }
  const Eigen::VectorXd& parameters() const { return theta_; }
  Eigen::VectorXd& parameters() { return theta_; }

  // Values, tangents by θ1 and tangents by θ2 beside each other: what goes into a layer, and what its matrix makes of it.
  template <class Y>
  struct Tape {
    std::array<Eigen::MatrixXd, 3> in, out;
    Eigen::MatrixXd x;
  };

  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape;
    (*this)(t, y, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    const Eigen::Index n = y.cols();
    tape.in[0].setZero(4, 3 * n);
    tape.in[0].leftCols(n) = y.topRows(4);
    for (Eigen::Index a = 0; a < 2; ++a) {
      tape.in[0].row(a).segment((a + 1) * n, n) = -y.row(a + 2);
      tape.in[0].row(a + 2).segment((a + 1) * n, n) = y.row(a);
    }
    for (Eigen::Index l = 0; l < 3; ++l) {
      Eigen::MatrixXd& out = tape.out[at(l)];
      out.noalias() = weights(l) * tape.in[at(l)];
      out.leftCols(n).colwise() += biases(l);
      if (l == 2) break;
      Eigen::MatrixXd& next = tape.in[at(l + 1)];  // softplus, whose slope is 1 − e^−softplus
      next.resize(out.rows(), 3 * n);
      next.leftCols(n) = out.leftCols(n).array().max(0) + (1 + (-out.leftCols(n).array().abs()).exp()).log();
      const Eigen::MatrixXd slope = 1 - (-next.leftCols(n).array()).exp();
      for (Eigen::Index a = 1; a < 3; ++a) next.middleCols(a * n, n) = slope.cwiseProduct(out.middleCols(a * n, n));
    }
    tape.x.resize(24, n);
    tape.x << tape.out[2].leftCols(n), tape.out[2].block(0, n, 4, n), tape.out[2].block(0, 2 * n, 4, n), y;
    Sample x, dx;
    for (Eigen::Index i = 0; i < n; ++i) {
      x = tape.x.col(i);
      mechanics(t, x, dx);
      dy.col(i) = dx.tail<8>();
    }
  }
  template <class Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Eigen::VectorXd& theta_bar) const {
    const Eigen::Index n = y.cols();
    const auto pointwise = antistrophe::automatic_vjp(mechanics);
    Eigen::MatrixXd out_bar = Eigen::MatrixXd::Zero(8, 3 * n);
    Sample of_w = Sample::Zero(), x_bar, x;
    Eigen::VectorXd none;
    for (Eigen::Index i = 0; i < n; ++i) {
      x_bar.setZero();
      x = tape.x.col(i);
      of_w.tail<8>() = w.col(i);
      pointwise.vjp(t, x, of_w, x_bar, none);
      out_bar.col(i) = x_bar.head<8>();
      out_bar.col(n + i).head<4>() = x_bar.segment<4>(8);
      out_bar.col(2 * n + i).head<4>() = x_bar.segment<4>(12);
      y_bar.col(i) += x_bar.tail<8>();
    }
    for (Eigen::Index l = 2; l >= 0; --l) {
      Eigen::Map<RowMajor>(theta_bar.data() + begin_of(l), size(l + 1), size(l)).noalias() +=
          out_bar * tape.in[at(l)].transpose();
      theta_bar.segment(begin_of(l + 1) - size(l + 1), size(l + 1)) += out_bar.leftCols(n).rowwise().sum();
      const Eigen::MatrixXd in_bar = weights(l).transpose() * out_bar;
      if (l == 0) {
        y_bar.topRows(4) += in_bar.leftCols(n);
        for (Eigen::Index a = 0; a < 2; ++a) {
          y_bar.row(a + 2) -= in_bar.row(a).segment((a + 1) * n, n);
          y_bar.row(a) += in_bar.row(a + 2).segment((a + 1) * n, n);
        }
        return;
      }
      const Eigen::MatrixXd &before = tape.out[at(l - 1)], slope = 1 - (-tape.in[at(l)].leftCols(n).array()).exp();
      out_bar = in_bar;
      Eigen::MatrixXd bends = Eigen::MatrixXd::Zero(slope.rows(), n);  // softplus'' = slope (1 − slope)
      for (Eigen::Index a = 1; a < 3; ++a)
        bends += in_bar.middleCols(a * n, n).cwiseProduct(before.middleCols(a * n, n));
      for (Eigen::Index a = 0; a < 3; ++a) out_bar.middleCols(a * n, n).array() *= slope.array();
      out_bar.leftCols(n).array() += bends.array() * slope.array() * (1 - slope.array());
    }
  }

 private:
  using Sample = Eigen::Vector<double, 24>;
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  static std::size_t at(Eigen::Index l) { return static_cast<std::size_t>(l); }
  Eigen::Index size(Eigen::Index l) const { return sizes_[at(l)]; }
  Eigen::Index begin_of(Eigen::Index l) const { return l == 0 ? 0 : begin_of(l - 1) + (size(l - 1) + 1) * size(l); }
  Eigen::Map<const RowMajor> weights(Eigen::Index l) const {
    return {theta_.data() + begin_of(l), size(l + 1), size(l)};
  }
  Eigen::VectorBlock<const Eigen::VectorXd> biases(Eigen::Index l) const {
    return theta_.segment(begin_of(l + 1) - size(l + 1), size(l + 1));
  }

  std::array<Eigen::Index, 4> sizes_;
  Eigen::VectorXd theta_;
};

}  // namespace support
