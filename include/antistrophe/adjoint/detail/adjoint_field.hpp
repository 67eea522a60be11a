// SPDX-License-Identifier: MIT
// What a continuous adjoint solves, as a vector field over one flat vector. In the time of the way forth,
//   y' = f(t, y),   λ' = −(∂f/∂y)ᵀλ,   θ̄' = −(∂f/∂θ)ᵀλ
// (Pontryagin; Chen, Rubanova, Bettencourt & Duvenaud, NeurIPS 2018). Solved backwards from θ̄ = 0 at t1, θ̄(t0) = ∫ λᵀ ∂f/∂θ dt.
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/method/runge_kutta/detail/stages.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace antistrophe::detail {

template <class Y>
using Flat = Eigen::VectorX<typename Y::Scalar>;

// A running cost beside a field: adds w ∂q/∂y and w ∂q/∂θ.
template <class F, class Y>
struct CostTerm {
  void* rate;
  void (*add)(void* rate, double t, const Y& y, double w, Y& y_bar, Parameters<F, Y>& theta_bar);
  double w;
};

// Room for one evaluation of f and its pull-back; it belongs to one way back at a time. λ may be scaled, and with it `scale`, that of
// what a running cost adds to the pull-back.
template <class F, class Y>
struct Linearised {
  using Theta = Parameters<F, Y>;

  const F& field;
  Y y, lambda, dy, y_bar;
  Theta theta_bar;
  Tape<F, Y> tape;
  std::int64_t evaluations = 0, vjps = 0, state_vjps = 0;
  const CostTerm<F, Y>* cost = nullptr;
  double scale = 1;

  Linearised(const F& f, const Y& like)
      : field(f),
        y(zeros_like(like)),
        lambda(y),
        dy(y),
        y_bar(y),
        theta_bar(zero_parameters<F, Y>(f)),
        tape(make_tape<F, Y>(f, like)) {}

  // dy = f(t, y), y_bar = (∂f/∂y)ᵀλ, theta_bar = (∂f/∂θ)ᵀλ.
  void look(double t) {
    dy.setConstant(unwritten<Y>);
    evaluate<F, Y>(field, t, y, dy, tape);
    ++evaluations;
    pull_back_all(t);
  }

  // The same where dy is not asked for: f is evaluated only where its tape is.
  void look_back(double t) {
    if constexpr (uses_tape<F, Y>) {
      look(t);
    } else {
      pull_back_all(t);
    }
  }

  // dy = f(t, y), y_bar = (∂f/∂y)ᵀλ; the rest of the vjp goes nowhere where the field does not offer this alone.
  void look_at_state(double t) {
    if constexpr (HasVjpState<F, Y>) {
      dy.setConstant(unwritten<Y>);
      evaluate<F, Y>(field, t, y, dy, tape);
      y_bar.setZero();
      pull_back_state<F, Y>(field, t, y, tape, lambda, y_bar);
      if (cost != nullptr) add_cost(t, y_bar, set_zero(theta_bar));
      ++evaluations;
      ++vjps;
      ++state_vjps;
    } else {
      look(t);
    }
  }

  // Adds (∂f/∂θ)ᵀλ to sum.
  void add_parameters(double t, Theta& sum) {
    if constexpr (HasVjpParameters<F, Y>) {
      if constexpr (uses_tape<F, Y>) {
        evaluate<F, Y>(field, t, y, dy, tape);
        ++evaluations;
      }
      pull_back_parameters<F, Y>(field, t, y, tape, lambda, sum);
      if (cost != nullptr) add_cost(t, y_bar, sum);
      ++vjps;
    } else {
      look_back(t);
      sum += theta_bar;
    }
  }

  // Adds what was counted since it was last asked.
  void tell(BackwardStats& stats) {
    stats.evaluations += std::exchange(evaluations, 0);
    stats.vjps += std::exchange(vjps, 0);
    stats.state_vjps += std::exchange(state_vjps, 0);
  }

 private:
  void pull_back_all(double t) {
    y_bar.setZero();
    theta_bar.setZero();
    typename Y::Scalar t_bar{0};
    pull_back<F, Y>(field, t, y, tape, lambda, y_bar, theta_bar, t_bar);
    if (cost != nullptr) add_cost(t, y_bar, theta_bar);
    ++vjps;
  }
  void add_cost(double t, Y& to_state, Theta& to_parameters) {
    cost->add(cost->rate, t, y, scale * cost->w, to_state, to_parameters);
  }
  static Theta& set_zero(Theta& theta) {
    theta.setZero();
    return theta;
  }
};

// A part of a flat vector as an array of its own, and back.
template <class Z, class Part>
void get_part(const Z& z, Eigen::Index first, Part& part) {
  std::copy_n(z.data() + first, part.size(), part.data());
}
template <class Z, class Part>
void put_part(Z& z, Eigen::Index first, const Part& part) {
  std::copy_n(part.data(), part.size(), z.data() + first);
}

// (y, λ, θ̄), one after the other.
template <class F, class Y>
class StateAndAdjointField {
 public:
  using Z = Flat<Y>;
  StateAndAdjointField(const F& field, const Y& like) : at_(field, like), n_(like.size()) {}

  Z zero() const { return Z::Zero(2 * n_ + at_.theta_bar.size()); }
  Linearised<F, Y>& at() const { return at_; }

  void operator()(double t, const Z& z, Z& dz) const {
    get_part(z, 0, at_.y);
    get_part(z, n_, at_.lambda);
    at_.lambda = -at_.lambda;
    at_.scale = -1;
    at_.look(t);
    put_part(dz, 0, at_.dy);
    put_part(dz, n_, at_.y_bar);
    put_part(dz, 2 * n_, at_.theta_bar);
  }

 private:
  mutable Linearised<F, Y> at_;
  Eigen::Index n_;
};

// (y, λ), one after the other.
template <class F, class Y>
class StateAndCotangentField {
 public:
  using Z = Flat<Y>;
  StateAndCotangentField(const F& field, const Y& like) : at_(field, like), n_(like.size()) {}

  Z zero() const { return Z::Zero(2 * n_); }
  Linearised<F, Y>& at() const { return at_; }

  void operator()(double t, const Z& z, Z& dz) const {
    take(z);
    at_.lambda = -at_.lambda;
    at_.scale = -1;
    at_.look_at_state(t);
    put_part(dz, 0, at_.dy);
    put_part(dz, n_, at_.y_bar);
  }
  void take(const Z& z) const {
    get_part(z, 0, at_.y);
    get_part(z, n_, at_.lambda);
    at_.scale = 1;
  }

 private:
  mutable Linearised<F, Y> at_;
  Eigen::Index n_;
};

}  // namespace antistrophe::detail
