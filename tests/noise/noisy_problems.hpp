// Stochastic equations for the tests, in any scalar.
#pragma once

#include <antistrophe/noise/stochastic_field.hpp>

#include <array>
#include <cmath>

namespace noisy {

template <class S>
using VectorOf = Eigen::Matrix<S, Eigen::Dynamic, 1>;

// f_i = θ0 sin y_{i+1} − θ1 y_i + θ2 sin t, round a ring.
template <class S = double>
struct Ring {
  VectorOf<S> theta = VectorOf<S>::Map(std::array<S, 3>{S(1.5), S(0.5), S(0.25)}.data(), 3);
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double t, const auto& y, auto& dy) const {
    using std::sin;
    for (Eigen::Index j = 0; j < y.cols(); ++j)
      for (Eigen::Index i = 0, n = y.rows(); i < n; ++i)
        dy(i, j) = theta[0] * sin(y((i + 1) % n, j)) - theta[1] * y(i, j) + theta[2] * S(std::sin(t));
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    using std::cos, std::sin;
    for (Eigen::Index j = 0; j < y.cols(); ++j)
      for (Eigen::Index i = 0, n = y.rows(); i < n; ++i) {
        const Eigen::Index next = (i + 1) % n;
        y_bar(next, j) += theta[0] * cos(y(next, j)) * w(i, j);
        y_bar(i, j) -= theta[1] * w(i, j);
        theta_bar[0] += sin(y(next, j)) * w(i, j);
        theta_bar[1] -= y(i, j) * w(i, j);
        theta_bar[2] += S(std::sin(t)) * w(i, j);
      }
  }
};

// g_ik = θ_k cos(y_i + k i), for any number of channels: columns that do not commute.
template <class S = double>
struct Waves {
  VectorOf<S> theta = VectorOf<S>::Map(std::array<S, 3>{S(0.4), S(-0.3), S(0.2)}.data(), 3);
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  static double shift(Eigen::Index i, Eigen::Index k) { return static_cast<double>(k * i); }
  void operator()(double, const auto& y, const auto& dw, auto& dy) const {
    using std::cos;
    dy.setZero();
    for (Eigen::Index j = 0; j < y.cols(); ++j)
      for (Eigen::Index i = 0; i < y.rows(); ++i)
        for (Eigen::Index k = 0; k < theta.size(); ++k) dy(i, j) += theta[k] * cos(y(i, j) + S(shift(i, k))) * dw(k, j);
  }
  void vjp(double, const auto& y, const auto& dw, const auto& w, auto& y_bar, auto& theta_bar) const {
    using std::cos, std::sin;
    for (Eigen::Index j = 0; j < y.cols(); ++j)
      for (Eigen::Index i = 0; i < y.rows(); ++i)
        for (Eigen::Index k = 0; k < theta.size(); ++k) {
          const S at = y(i, j) + S(shift(i, k));
          y_bar(i, j) -= theta[k] * sin(at) * dw(k, j) * w(i, j);
          theta_bar[k] += cos(at) * dw(k, j) * w(i, j);
        }
  }
};

// σ_i = θ0 + θ1 sin y_i, a field of the state's shape.
template <class S = double>
struct Swell {
  VectorOf<S> theta = VectorOf<S>::Map(std::array<S, 2>{S(0.5), S(0.25)}.data(), 2);
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& s) const { s.array() = theta[0] + theta[1] * y.array().sin(); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar.array() += theta[1] * y.array().cos() * w.array();
    theta_bar[0] += w.sum();
    theta_bar[1] += (y.array().sin() * w.array()).sum();
  }
};

// The library's diffusions and Waves, one of them chosen when the program runs, so that what solves with them is compiled once.
enum class Kind { diagonal, scalar, additive, general };
template <class S = double>
struct AnyNoise {
  Kind kind;
  VectorOf<S> theta;

  AnyNoise(Kind of, Eigen::Index rows) : kind(of) {
    if (kind == Kind::additive) {
      theta = VectorOf<S>(rows * channels(kind, rows));
      for (Eigen::Index i = 0; i < theta.size(); ++i) theta[i] = S(0.1 + 0.3 * std::sin(static_cast<double>(3 * i)));
    } else {
      with([&](const auto& g) { theta = g.parameters(); });
    }
  }
  static Eigen::Index channels(Kind kind, Eigen::Index rows) {
    return kind == Kind::diagonal ? rows : kind == Kind::scalar ? 1 : kind == Kind::additive ? 2 : 3;
  }

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double t, const auto& y, const auto& dw, auto& dy) const {
    with([&](const auto& g) { g(t, y, dw, dy); });
  }
  void vjp(double t, const auto& y, const auto& dw, const auto& w, auto& y_bar, auto& theta_bar) const {
    with([&](const auto& g) {
      if constexpr (requires { g.make_tape(y); }) {
        auto tape = g.make_tape(y);
        auto dy = y;
        g(t, y, dw, dy, tape);
        g.vjp(t, y, dw, tape, w, y_bar, theta_bar);
      } else {
        g.vjp(t, y, dw, w, y_bar, theta_bar);
      }
    });
  }
  void check(const auto& y, Eigen::Index of_path) const {
    with([&](const auto& g) {
      if constexpr (requires { g.check(y, of_path); }) g.check(y, of_path);
    });
  }

 private:
  // use(g), of the chosen kind and with these parameters.
  void with(const auto& use) const {
    const auto with_theta = [&](auto g) {
      if (theta.size() > 0) g.parameters() = theta;
      use(g);
    };
    if (kind == Kind::diagonal)
      with_theta(antistrophe::DiagonalNoise{Swell<S>{}});
    else if (kind == Kind::scalar)
      with_theta(antistrophe::ScalarNoise{Swell<S>{}});
    else if (kind == Kind::general)
      with_theta(Waves<S>{});
    else
      with_theta(antistrophe::AdditiveNoise{
          Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>(theta.size() / channels(kind, 0), channels(kind, 0))});
  }
};

// y' = θ y, of as many entries as there are.
template <class S = double>
struct Growth {
  VectorOf<S> theta = VectorOf<S>::Constant(1, S(0.5));
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar += theta[0] * w;
    theta_bar[0] += (w.array() * y.array()).sum();
  }
};

template <class S = double>
Growth<S> growth(double rate) {
  return {VectorOf<S>::Constant(1, S(rate))};
}

}  // namespace noisy
