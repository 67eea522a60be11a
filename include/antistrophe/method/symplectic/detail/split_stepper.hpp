// SPDX-License-Identifier: MIT
// The stepper of split fields; method/symplectic/symplectic.hpp says what the methods are.
#pragma once

#include <antistrophe/field/split.hpp>
#include <antistrophe/method/detail/node_cache.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/stages.hpp>
#include <antistrophe/method/symplectic/splitting.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// One function in the machine code, for both passes.
template <tableau::Moves Half, class F, EigenState H>
ANTISTROPHE_ONE_INSTANCE void evaluate_half(const F& field, double t, const H& x, H& dx) {
  if constexpr (Half == tableau::Moves::v)
    field.velocity(t, x, dx);
  else
    field.force(t, x, dx);
}

template <class Scheme, class Arithmetic, class F, class Y>
class SplitStepper : public StoredStepper<Arithmetic, F, Y, HalfOf<Y>> {
  using Half = HalfOf<Y>;
  using Common = StoredStepper<Arithmetic, F, Y, Half>;
  using Common::calls_, Common::field_, Common::failure_, Common::psi_, Common::real_;
  using Common::holds, Common::product;

 public:
  using typename Common::Field, typename Common::Stored, typename Common::Numbers, typename Common::Theta;
  struct Carry {
    static constexpr bool of_states = true;
    Stored v, w;
    auto parts() { return std::tie(v, w); }
    auto parts() const { return std::tie(v, w); }
  };
  // Where steps share an evaluation, at a node, its cotangent waits until both have added to it, for one vjp.
  struct CarryBar {
    Half v, w, shared;
    auto parts() { return std::tie(v, w, shared); }
    auto parts() const { return std::tie(v, w, shared); }
  };
  static constexpr bool calls_halves = true;  // their vjps, not that of the whole field
  static constexpr int error_estimates = 0;
  static constexpr int dense_degree = 3;

  template <class Method>
  SplitStepper(const Method& method, const F& field, const Y& y0)
      : Common(field, 1, method_resolution(method), Half(y0.topRows(upper_rows(y0)))),
        rows_(upper_rows(y0)),
        numbers_w_(1, method_resolution_w(method), Half(y0.bottomRows(rows_))),
        x_(array_of<count>(psi_)),
        k_(array_of<count>(Half(Half::Constant(rows_, y0.cols(), unwritten<Half>)))),
        k_bar_(psi_),
        increment_(numbers_v().zeros(psi_)),
        v1_(increment_),
        w1_(increment_),
        y0_(zeros_like(y0)),
        y1_(y0_),
        f0_(y0_),
        f1_(y0_),
        f0_bar_(y0_),
        f1_bar_(y0_),
        y0_bar_(y0_),
        y1_bar_(y0_),
        tape0_(field_.empty_tape(y0)),
        tape1_(tape0_) {}

  // Nothing chooses the resolutions but y0 and the method.
  Resolutions resolutions() const { return {}; }

  // Takes up another first state, on whose size the numbers depend.
  template <class Method>
  void rescale(const Method& method, const Y& y0) {
    psi_ = y0.topRows(rows_);
    Common::numbers_ = Numbers(1, method_resolution(method), psi_);
    psi_ = y0.bottomRows(rows_);
    numbers_w_ = Numbers(1, method_resolution_w(method), psi_);
  }

  Carry make_carry() const { return {increment_, increment_}; }
  CarryBar make_carry_bar() const { return {zeros_like(psi_), zeros_like(psi_), zeros_like(psi_)}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    psi_ = y0.topRows(rows_);
    if (!numbers_v().store(psi_, carry.v)) return classify<Moves::v>();
    psi_ = y0.bottomRows(rows_);
    return numbers_w_.store(psi_, carry.w) ? Outcome::ok : classify<Moves::w>();
  }

  void read(const Carry& carry, Y& y) { read(carry.v, carry.w, y); }

  Outcome attempt(const Step& step, const Carry& carry) { return advance(step, carry, false); }

  void proposal(const Step&, const Carry&, Y& y1) { read(v1_, w1_, y1); }
  void error(const Step&, const Carry&, std::array<Y, 0>&) const {}

  void extend(const Step& step, const Carry& carry, StepPolynomial<Y, dense_degree>& polynomial) {
    evaluate_ends(step, carry);
    const auto h = scalar<Y>(step.h()), two = scalar<Y>(2), three = scalar<Y>(3);
    polynomial.coefficients[0] = y0_;
    polynomial.coefficients[1] = h * f0_;
    polynomial.coefficients[2] = three * (y1_ - y0_) - h * (two * f0_ + f1_);
    polynomial.coefficients[3] = two * (y0_ - y1_) + h * (f0_ + f1_);
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits&) {
    carry.v = v1_;
    carry.w = w1_;
    turn_over();
    if (shares_nodes) node_.learn_end(step);
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& y_bar) const {
    bar.v += y_bar.topRows(rows_);
    bar.w += y_bar.bottomRows(rows_);
  }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    const bool knows_end = turn_back(step);
    advance(step, before, knows_end);
    pull_back(step, before, bar, theta_bar, t_bar, saves);
  }

  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) pull_back(step, carry, bar, theta_bar, t_bar, saves);
    return outcome;
  }

  // The substeps from the last to the first, each undone.
  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& carry, Cursor&) {
    const bool knows_end = turn_back(step);
    v1_ = carry.v;
    w1_ = carry.w;
    Outcome outcome = Outcome::ok;
    const Field& field = this->field_over(step);
    const auto back = [&]<std::size_t I>() {
      if (!(I == count - 1 && knows_end)) evaluate<I>(field, step, carry.v, carry.w);
      return move<I>(step, carry.v, carry.w, false, outcome);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (void)(back.template operator()<count - 1 - I>() && ...);
    }(Indices{});
    if (shares_nodes && outcome == Outcome::ok) node_.learn(step.n);
    return outcome;
  }

  // What waits for the evaluation at t0 is pulled back.
  void finish(double t0, const Carry& carry, CarryBar& bar, Y& y0_bar, Theta& theta_bar, TimeCotangents& t_bar) {
    if constexpr (shares_nodes) {
      x_[0] = moves<0> == Moves::v ? numbers_w_.real(carry.w, x_[0]) : numbers_v().real(carry.v, x_[0]);
      t_bar.t0 += vjp<0>(field_(t0, t0), t0, bar.shared, bar, theta_bar);
    }
    y0_bar.resize(2 * rows_, bar.v.cols());
    y0_bar.topRows(rows_) = bar.v;
    y0_bar.bottomRows(rows_) = bar.w;
    forget();
  }

  static bool same(const Carry& a, const Carry& b) { return Numbers::same(a.v, b.v) && Numbers::same(a.w, b.w); }

  void forget() { node_.forget(); }

 private:
  using Moves = tableau::Moves;
  static constexpr std::size_t count = Scheme::substeps.size();
  using Indices = std::make_index_sequence<count>;
  template <std::size_t I>
  static constexpr Moves moves = Scheme::substeps[I].moves;
  // A field frozen to a step has two values at a node, one for each step; and so has one that jumps there.
  static constexpr bool shares_nodes = moves<0> == moves<count - 1> && !Freezable<F>;

  // Throws std::invalid_argument where the rows of a dynamic state are odd in number.
  static Eigen::Index upper_rows(const Y& y0) {
    if (y0.rows() % 2 != 0) refuse("the number of rows of y0", y0.rows(), "even, for a split state is two halves");
    return y0.rows() / 2;
  }

  template <class Method>
  static Resolution method_resolution_w(const Method& method) {
    if constexpr (requires { method.resolution_w; })
      return second_resolution(method, "resolution_w", method.resolution_w);
    else
      return {};
  }

  void read(const Stored& v, const Stored& w, Y& y) {
    y.resize(2 * rows_, psi_.cols());
    y.topRows(rows_) = numbers_v().real(v, real_);
    y.bottomRows(rows_) = numbers_w_.real(w, real_);
  }

  template <std::size_t I>
  static double time(const Step& step) {
    constexpr auto c = static_cast<double>(Scheme::substeps[I].c);
    const double from = step.sees_t0(), to = step.sees_t1();
    if constexpr (c == 0)
      return from;
    else if constexpr (c == 1)
      return to;
    else
      return std::clamp(step.t0 + c * step.h(), std::min(from, to), std::max(from, to));
  }

  // k_I at the half that does not move.
  template <std::size_t I>
  void evaluate(const Field& field, const Step& step, const Stored& v, const Stored& w) {
    x_[I] = moves<I> == Moves::v ? numbers_w_.real(w, x_[I]) : numbers_v().real(v, x_[I]);
    evaluate_half<moves<I>>(field, time<I>(step), x_[I], k_[I]);
    ++calls_.evaluations;
  }

  // ±[h b_I k_I], to the half that moves; one product for each entry, which every compiler rounds alike.
  template <std::size_t I>
  bool move(const Step& step, Stored& v, Stored& w, bool forth, Outcome& outcome) {
    const Numbers& numbers = moves<I> == Moves::v ? numbers_v() : numbers_w_;
    Stored& half = moves<I> == Moves::v ? v : w;
    psi_ = substep<I>(step) * k_[I];
    if (!numbers.store(psi_, increment_)) {
      outcome = classify<moves<I>>();
      return false;
    }
    if (forth)
      half += increment_;
    else
      half -= increment_;
    if (holds(numbers, half)) return true;
    outcome = this->left_range(numbers, half, option<moves<I>>);
    place<moves<I>>();
    return false;
  }

  template <std::size_t I>
  static typename Y::Scalar substep(const Step& step) {
    using Real = Work<Y>;
    return scalar<Y>((static_cast<Real>(step.t1) - static_cast<Real>(step.t0)) *
                     static_cast<Real>(Scheme::substeps[I].weight));
  }

  template <Moves H>
  static constexpr const char* option = H == Moves::v ? ".resolution" : ".resolution_w";

  template <Moves H>
  Outcome classify() {
    const Outcome outcome = Common::classify(H == Moves::v ? numbers_v() : numbers_w_, psi_, option<H>);
    place<H>();
    return outcome;
  }
  // From an entry of a half to that of the state.
  template <Moves H>
  void place() {
    if (failure_.component < 0 || rows_ == 0) return;
    const bool by_rows = Half::IsRowMajor && Half::RowsAtCompileTime != 1;
    const Eigen::Index row = by_rows ? failure_.component / psi_.cols() : failure_.component % rows_;
    const Eigen::Index column = by_rows ? failure_.component % psi_.cols() : failure_.component / rows_;
    const Eigen::Index whole_row = row + (H == Moves::v ? 0 : rows_);
    failure_.component = Y::IsRowMajor ? whole_row * psi_.cols() + column : whole_row + column * 2 * rows_;
  }

  // The substeps of an attempt; on the way back the last one's evaluation may be known.
  Outcome advance(const Step& step, const Carry& carry, bool knows_end) {
    v1_ = carry.v;
    w1_ = carry.w;
    Outcome outcome = Outcome::ok;
    const Field& field = this->field_over(step);
    const auto forth = [&]<std::size_t I>() {
      if (!(I == 0 && node_.knows(step.n)) && !(I == count - 1 && knows_end)) evaluate<I>(field, step, v1_, w1_);
      if constexpr (I == 0 && shares_nodes) node_.learn(step.n);
      return move<I>(step, v1_, w1_, true, outcome);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (void)(forth.template operator()<I>() && ...); }(Indices{});
    return outcome;
  }

  // True where the evaluation at the step's end is known on the way back.
  bool turn_back(const Step& step) {
    const bool known = node_.knows_end(step);
    if (known) turn_over();
    node_.forget();
    return known;
  }

  // What the end of a step shares with the next becomes what that begins with; the reverse on the way back.
  void turn_over() {
    if constexpr (shares_nodes) {
      x_.front().swap(x_.back());
      k_.front().swap(k_.back());
    }
  }

  // The whole field at both ends.
  void evaluate_ends(const Step& step, const Carry& before) {
    read(before.v, before.w, y0_);
    read(v1_, w1_, y1_);
    const Field& field = this->field_over(step);
    detail::evaluate<Field, Y>(field, step.sees_t0(), y0_, f0_, tape0_);
    detail::evaluate<Field, Y>(field, step.sees_t1(), y1_, f1_, tape1_);
    calls_.evaluations += 2;
  }

  // What of k̄ flows to the half that k was taken at, to θ, and, returned, to the time.
  template <std::size_t I>
  double vjp(const Field& field, double t, const Half& k_bar, CarryBar& bar, Theta& theta_bar) {
    ++calls_.vjps;
    constexpr bool timed = HasTimedHalfVjps<Field, Y>;
    typename Y::Scalar t_bar{0};
    const Half& x = x_[I];
    if constexpr (moves<I> == Moves::v && timed)
      field.velocity_vjp(t, x, k_bar, bar.w, theta_bar, t_bar);
    else if constexpr (moves<I> == Moves::v)
      field.velocity_vjp(t, x, k_bar, bar.w, theta_bar);
    else if constexpr (timed)
      field.force_vjp(t, x, k_bar, bar.v, theta_bar, t_bar);
    else
      field.force_vjp(t, x, k_bar, bar.v, theta_bar);
    return Common::in_time(t_bar);
  }

  // Of a substep v1 = v0 + h b k(t, w): k̄ = h b v̄,   w̄ += J(w)ᵀ k̄,   h̄ += b kᵀ v̄; and so of one that moves w.
  void pull_back(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const Field& field = this->field_over(step);
    if (!saves.empty()) {
      this->show_inside(*this, step, before);
      take_saves(step, before, bar, theta_bar, t_bar, saves);
    }
    double h_bar = 0;
    const auto through = [&]<std::size_t I>() {
      constexpr auto weight = static_cast<double>(Scheme::substeps[I].weight),
                     c = static_cast<double>(Scheme::substeps[I].c);
      const Half& moved = moves<I> == Moves::v ? bar.v : bar.w;
      k_bar_ = substep<I>(step) * moved;
      h_bar += weight * product(k_[I], moved);
      if (shares_nodes && I == 0 && !step.begins_at_jump()) {
        bar.shared = k_bar_;
      } else {
        if constexpr (shares_nodes && I == count - 1) k_bar_ += bar.shared;
        if constexpr (shares_nodes && I == 0) bar.shared.setZero();
        const double time_bar = vjp<I>(field, time<I>(step), k_bar_, bar, theta_bar);
        t_bar.t0 += (1 - c) * time_bar;
        t_bar.t1 += c * time_bar;
      }
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (through.template operator()<count - 1 - I>(), ...);
    }(Indices{});
    t_bar.t0 -= h_bar;
    t_bar.t1 += h_bar;
    if (saves.empty()) return;
    t_bar.t0 += Common::vjp(field, step.sees_t0(), y0_, tape0_, f0_bar_, y0_bar_, theta_bar);
    add_to_state(bar, y0_bar_);
  }

  // Of values saved at σ off the cubic of Hermite, H00 y0 + H10 h f0 + H01 y1 + H11 h f1: what flows to the end goes there at
  // once, what flows to the start is kept in y0_bar_ and f0_bar_.
  void take_saves(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                  std::span<const SavedInside<Y>> saves) {
    evaluate_ends(step, before);
    const double h = step.h();
    y0_bar_.setZero(), y1_bar_.setZero(), f0_bar_.setZero(), f1_bar_.setZero();
    double h_bar = 0;
    for (const auto& [s, w] : saves) {
      const double h01 = s * s * (3 - 2 * s), h10 = s * (1 - s) * (1 - s), h11 = s * s * (s - 1);
      y0_bar_ += scalar<Y>(1 - h01) * *w;
      y1_bar_ += scalar<Y>(h01) * *w;
      f0_bar_ += scalar<Y>(h * h10) * *w;
      f1_bar_ += scalar<Y>(h * h11) * *w;
      if constexpr (Common::with_times) {
        const auto along0 = static_cast<double>(dot(*w, f0_)), along1 = static_cast<double>(dot(*w, f1_));
        const double across = static_cast<double>(dot(*w, y1_)) - static_cast<double>(dot(*w, y0_));
        h_bar += h10 * along0 + h11 * along1;
        move_save(6 * s * (1 - s) * across + h * ((1 - s) * (1 - 3 * s) * along0 + s * (3 * s - 2) * along1), s, h,
                  t_bar);
      }
    }
    t_bar.t0 -= h_bar;
    t_bar.t1 += h_bar + Common::vjp(this->field_over(step), step.sees_t1(), y1_, tape1_, f1_bar_, y1_bar_, theta_bar);
    add_to_state(bar, y1_bar_);
  }

  const Numbers& numbers_v() const { return Common::numbers_; }

  Eigen::Index rows_;  // of a half
  Numbers numbers_w_;
  std::array<Half, count> x_, k_;  // of each substep, the half that it is taken at and what it is
  NodeCache node_;                 // where the first substep is evaluated
  Half k_bar_;
  Stored increment_, v1_, w1_;
  Y y0_, y1_, f0_, f1_, f0_bar_, f1_bar_, y0_bar_, y1_bar_;  // of saves
  Tape<Field, Y> tape0_, tape1_;
};

}  // namespace antistrophe::detail
