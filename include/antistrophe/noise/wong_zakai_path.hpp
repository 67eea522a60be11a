// SPDX-License-Identifier: MIT
// WongZakaiPath{path, terms}: a Brownian path, smoothed to the first terms of its series,
//   X(t) = Σ_{n ≤ N} ξ_n √(2/T) T/ω_n sin(ω_n (t − t0)/T),   X'(t) = √(2/T) Σ_{n ≤ N} ξ_n cos(ω_n (t − t0)/T),   ω_n = (n − ½) π,
// ξ_n = √(2/T) ∫ cos(ω_n (t − t0)/T) dW, independent N(0, 1) (Karhunen and Loève). What X drives is an ODE, whose solution goes to that of the
// stochastic equation in Stratonovich's sense as N grows (Wong & Zakai 1965). It is a path of ControlledField (control/), for any method,
// steps and adjoint, and for gradients of times.
#pragma once

#include <antistrophe/noise/brownian_path.hpp>

#include <cmath>
#include <stdexcept>
#include <string>

namespace antistrophe {

// Whether t itself is a channel, the first, by which a drift enters: F(t, y) dX = f dX_0 + g dX_{1…}.
enum class TimeChannel { none, first };

class WongZakaiPath {
 public:
  // terms: N, at least 1 and at most 1024. Its ξ are those of this very W, by sums over 16 N parts or more.
  WongZakaiPath(const BrownianPath& path, Eigen::Index terms, TimeChannel time = TimeChannel::none)
      : path_((path.check(), path)), time_(time == TimeChannel::first) {
    if (terms < 1 || terms > 1024) detail::refuse("the number of terms of a WongZakaiPath", terms, "from 1 to 1024");
    const Eigen::Index parts = 16 * terms;
    xi_.setZero(path.channels * path.samples, terms);
    BrownianWalk walk(path);
    Eigen::VectorXd dw;
    for (Eigen::Index i = 0; i < parts; ++i) {
      const double at = (static_cast<double>(i) + 0.5) / static_cast<double>(parts);
      walk.increment(time_at(i, parts), time_at(i + 1, parts), dw);
      for (Eigen::Index n = 0; n < terms; ++n) xi_.col(n) += scale() * std::cos(omega(n) * at) * dw;
    }
  }

  Eigen::Index channels() const { return path_.channels + (time_ ? 1 : 0); }
  Eigen::Index samples() const { return path_.samples; }
  // ξ_n: a column for each term, channels of one sample after those of another.
  const Eigen::MatrixXd& coefficients() const { return xi_; }

  // X(t), channels × samples; W's channels after t itself, where that is one, which is t − t0.
  Eigen::MatrixXd operator()(double t) const {
    Eigen::MatrixXd x;
    value(t, x);
    return x;
  }
  template <class D>
  void value(double t, D& x) const {
    const double s = part(t);
    sum(x, t - path_.t0, [&](double omega) { return length() / omega * std::sin(omega * s); });
  }
  template <class D>
  void derivative(double t, D& dX) const {
    const double s = part(t);
    sum(dX, 1, [&](double omega) { return std::cos(omega * s); });
  }
  template <class D>
  void second_derivative(double t, D& ddX) const {
    const double s = part(t);
    sum(ddX, 0, [&](double omega) { return -omega / length() * std::sin(omega * s); });
  }

 private:
  static double omega(Eigen::Index n) { return (static_cast<double>(n) + 0.5) * 3.141592653589793238; }
  double length() const { return path_.t1 - path_.t0; }
  double scale() const { return std::sqrt(2 / length()); }
  double time_at(Eigen::Index i, Eigen::Index parts) const {
    return i == parts ? path_.t1 : path_.t0 + length() * static_cast<double>(i) / static_cast<double>(parts);
  }
  double part(double t) const {
    if (!(t >= path_.t0 && t <= path_.t1))
      throw std::invalid_argument("antistrophe: a WongZakaiPath over [" + detail::in_words(path_.t0) + ", " +
                                  detail::in_words(path_.t1) + "] is asked for X(" + detail::in_words(t) +
                                  "); give its BrownianPath .t0 and .t1 around all times of the solve");
    return (t - path_.t0) / length();
  }

  // Σ ξ_n √(2/T) term(ω_n), below `of_time` where time is a channel.
  template <class D>
  void sum(D& to, double of_time, const auto& term) const {
    using Scalar = typename D::Scalar;
    if constexpr (D::ColsAtCompileTime == 1)
      to.resize(channels() * samples());
    else
      to.resize(channels(), samples());
    to.setZero();
    const Eigen::Index first = time_ ? 1 : 0;
    for (Eigen::Index n = 0; n < xi_.cols(); ++n) {
      const double factor = scale() * term(omega(n));
      for (Eigen::Index j = 0; j < samples(); ++j)
        for (Eigen::Index k = 0; k < path_.channels; ++k)
          to(k + first, j) += static_cast<Scalar>(factor * xi_(j * path_.channels + k, n));
    }
    if (time_) to.row(0).setConstant(static_cast<Scalar>(of_time));
  }

  BrownianPath path_;
  bool time_;
  Eigen::MatrixXd xi_;
};

}  // namespace antistrophe
