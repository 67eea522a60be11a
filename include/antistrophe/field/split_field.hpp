// SPDX-License-Identifier: MIT
// SplitField{halves}: a whole vector field made of its two halves, v' = velocity(t, w) and w' = force(t, v), y = (v, w) one
// above the other (field/split.hpp). Any method can step it, and check_vjp can check it; symplectic methods use the halves.
#pragma once

#include <antistrophe/field/split.hpp>

#include <utility>

namespace antistrophe {

template <class Halves>
struct SplitField : Halves {
  // Room for both halves, of the state and of what is made of it.
  template <class Y>
  struct Tape {
    HalfOf<Y> v, w;
    mutable HalfOf<Y> first, second;
  };
  template <class Y>
  static Tape<Y> make_tape(const Y& like) {
    const HalfOf<Y> zero = HalfOf<Y>::Zero(like.rows() / 2, like.cols());
    return {zero, zero, zero, zero};
  }

  // Where the halves can be frozen to a step, the field can.
  auto frozen(double t0, double t1) const
    requires detail::Freezable<Halves>
  {
    return SplitField<detail::Frozen<Halves>>{Halves::frozen(t0, t1)};
  }

  // That the halves, and their vjps, write to what they are given.
  struct FieldRequirements : detail::SplitFieldRequirements {
    template <class M, class Y>
    static consteval bool require_method() {
      return require_references<Halves, Y>();
    }
  };

  template <class Y>
    requires detail::HasHalves<Halves, Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <class Y>
    requires detail::HasHalves<Halves, Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    const Eigen::Index rows = y.rows() / 2;
    tape.v = y.topRows(rows);
    tape.w = y.bottomRows(rows);
    this->velocity(t, std::as_const(tape.w), tape.first);
    this->force(t, std::as_const(tape.v), tape.second);
    dy.topRows(rows) = tape.first;
    dy.bottomRows(rows) = tape.second;
  }

  template <class Y>
    requires detail::HasHalfVjps<Halves, Y>
  void vjp(double t, const Y& y, const Y& dy_bar, Y& y_bar, Parameters<Halves, Y>& theta_bar) const {
    vjp(t, y, whole_tape(y), dy_bar, y_bar, theta_bar);
  }
  template <class Y>
    requires detail::HasTimedHalfVjps<Halves, Y>
  void vjp(double t, const Y& y, const Y& dy_bar, Y& y_bar, Parameters<Halves, Y>& theta_bar,
           typename Y::Scalar& t_bar) const {
    vjp(t, y, whole_tape(y), dy_bar, y_bar, theta_bar, t_bar);
  }
  template <class Y>
    requires detail::HasHalfVjps<Halves, Y>
  void vjp(double t, const Y&, const Tape<Y>& tape, const Y& dy_bar, Y& y_bar, Parameters<Halves, Y>& theta_bar) const {
    pull_back(
        tape, dy_bar, y_bar,
        [&](const auto& half_bar, auto& w_bar) { this->velocity_vjp(t, tape.w, half_bar, w_bar, theta_bar); },
        [&](const auto& half_bar, auto& v_bar) { this->force_vjp(t, tape.v, half_bar, v_bar, theta_bar); });
  }
  template <class Y>
    requires detail::HasTimedHalfVjps<Halves, Y>
  void vjp(double t, const Y&, const Tape<Y>& tape, const Y& dy_bar, Y& y_bar, Parameters<Halves, Y>& theta_bar,
           typename Y::Scalar& t_bar) const {
    pull_back(
        tape, dy_bar, y_bar,
        [&](const auto& half_bar, auto& w_bar) { this->velocity_vjp(t, tape.w, half_bar, w_bar, theta_bar, t_bar); },
        [&](const auto& half_bar, auto& v_bar) { this->force_vjp(t, tape.v, half_bar, v_bar, theta_bar, t_bar); });
  }

 private:
  // The tape of an evaluation, as far as a vjp reads it.
  template <class Y>
  static Tape<Y> whole_tape(const Y& y) {
    Tape<Y> tape = make_tape(y);
    tape.v = y.topRows(y.rows() / 2);
    tape.w = y.bottomRows(y.rows() / 2);
    return tape;
  }

  template <class Y>
  static void pull_back(const Tape<Y>& tape, const Y& dy_bar, Y& y_bar, const auto& through_velocity,
                        const auto& through_force) {
    const Eigen::Index rows = y_bar.rows() / 2;
    tape.first = dy_bar.topRows(rows);
    tape.second.setZero();
    through_velocity(std::as_const(tape.first), tape.second);
    y_bar.bottomRows(rows) += tape.second;
    tape.first = dy_bar.bottomRows(rows);
    tape.second.setZero();
    through_force(std::as_const(tape.first), tape.second);
    y_bar.topRows(rows) += tape.second;
  }
};
template <class Halves>
SplitField(Halves) -> SplitField<Halves>;

}  // namespace antistrophe
