// Three steppers as a user would write them, against the concept Stepper alone, to show that it holds them: a state with a
// value of f in it, a two-point method that looks at the time before its step, and a multistep method with a ring of states
// and a cache of values. All are floating, reversible to round-off, and for any scalar.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

namespace antistrophe::throwaway {

namespace detail {

using namespace antistrophe::detail;

using antistrophe::detail::scalar;

// What the three have in common: the field, the counts, and what to say of a step that fails.
template <class F, EigenState Y>
class Common {
 public:
  using State = Y;
  using Field = Frozen<F>;
  using Theta = Parameters<Field, Y>;
  static constexpr Reversibility reversibility = Reversibility::to_round_off;
  static constexpr bool with_times = HasTimeGradient<F, Y>;

  static double bit_rate() { return 0; }
  Calls calls() const { return calls_; }
  StepFailure step_failure() const { return {first_not_finite(y1_), "not finite"}; }
  void proposal(const Step&, const auto&, Y& y1) const { y1 = y1_; }

 protected:
  explicit Common(const Y& y0) : y1_(zeros_like(y0)) {}

  // An end of a step that a pull-back meets: its cotangent is added to the double `t_bar`.
  void vjp(const F& field, double t, const Y& y, const Tape<F, Y>& tape, const Y& w, Y& y_bar, Theta& theta_bar,
           double& t_bar) {
    typename Y::Scalar t_bar_here{0};
    pull_back<F, Y>(field, t, y, tape, w, y_bar, theta_bar, t_bar_here);
    ++calls_.vjps;
    if constexpr (with_times) t_bar += static_cast<double>(t_bar_here);
  }
  static double product(const Y& a, const Y& b) {
    if constexpr (with_times)
      return static_cast<double>(dot(a, b));
    else
      return 0;
  }

  Y y1_;
  Calls calls_;
};

}  // namespace detail

// --- Reversible Heun (Kidger et al. 2021) --------------------------------------------------------------------------------
// ŷ1 = 2 y0 − ŷ0 + h f0,   f1 = f(t1, ŷ1),   y1 = y0 + h (f0 + f1)/2. State (y, ŷ, f). Dense: the cubic of Hermite.

template <class F, EigenState Y>
class ReversibleHeunStepper : public detail::Common<F, Y> {
  static_assert(!detail::Freezable<F>, "f lives at a node, between two steps");
  using Base = detail::Common<F, Y>;
  using Base::calls_, Base::y1_;

 public:
  using typename Base::Theta;
  struct Carry {
    Y y, y_hat, f;
    auto parts() { return std::tie(y, y_hat, f); }
    auto parts() const { return std::tie(y, y_hat, f); }
  };
  using CarryBar = Carry;
  static constexpr int error_estimates = 1;
  static constexpr int dense_degree = 3;

  ReversibleHeunStepper(const auto&, const F& field, const Y& y0)
      : Base(y0),
        field_(field),
        tape0_(detail::make_tape<F, Y>(field, y0)),
        tape1_(tape0_),
        y_hat1_(y1_),
        f1_(y1_),
        w_(y1_) {}

  Carry make_carry() const { return {detail::zeros_like(y1_), detail::zeros_like(y1_), detail::zeros_like(y1_)}; }
  CarryBar make_carry_bar() const { return make_carry(); }

  Outcome start(double t0, const Y& y0, Carry& carry) {
    forget();
    carry.y = carry.y_hat = y0;
    evaluate(t0, y0, carry.f, tape0_);
    y1_ = carry.f;
    return detail::all_finite(carry.f) ? Outcome::ok : Outcome::not_finite;
  }
  void read(const Carry& carry, Y& y) const { y = carry.y; }

  Outcome attempt(const Step& step, const Carry& c) {
    forget();
    const auto h = detail::scalar<Y>(step.h()), half = h / detail::scalar<Y>(2);
    y_hat1_ = c.y + c.y - c.y_hat + h * c.f;
    evaluate(step.t1, y_hat1_, f1_, tape1_);
    y1_ = c.y + half * (c.f + f1_);
    return detail::all_finite(y1_) ? Outcome::ok : Outcome::not_finite;
  }
  void error(const Step& step, const Carry& c, std::array<Y, 1>& estimates) const {
    estimates[0] = detail::scalar<Y>(step.h() / 2) * (f1_ - c.f);
  }
  void extend(const Step& step, const Carry& c, StepPolynomial<Y, dense_degree>& polynomial) const {
    const auto h = detail::scalar<Y>(step.h()), two = detail::scalar<Y>(2), three = detail::scalar<Y>(3);
    polynomial.coefficients = {c.y, h * c.f, three * (y1_ - c.y) - h * (two * c.f + f1_),
                               two * (c.y - y1_) + h * (c.f + f1_)};
  }
  template <class Bits>
  Outcome commit(const Step&, Carry& carry, Bits&) {
    carry = {y1_, y_hat1_, f1_};
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    attempt(step, before);
    pull_back(step, before, bar, theta_bar, t_bar, saves);
  }

  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    if (tape0_of_ != step.n + 1) evaluate(step.t1, carry.y_hat, f1_, tape0_);
    std::swap(tape0_, tape1_);
    y1_ = carry.y, y_hat1_ = carry.y_hat, f1_ = carry.f;
    if (const Outcome outcome = reconstruct(step, carry, bits); outcome != Outcome::ok) return outcome;
    pull_back(step, carry, bar, theta_bar, t_bar, saves);
    return Outcome::ok;
  }
  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& c, Cursor&) {
    const auto h = detail::scalar<Y>(step.h()), half = h / detail::scalar<Y>(2);
    c.y_hat = (c.y + c.y - c.y_hat - h * c.f).eval();
    w_ = c.f;
    forget();
    evaluate(step.t0, c.y_hat, c.f, tape0_);
    tape0_of_ = step.n;
    c.y -= half * (c.f + w_);
    return Outcome::ok;
  }

  void finish(double t0, const Carry& carry, CarryBar& bar, Y& y0_bar, Theta& theta_bar, TimeCotangents& t_bar) {
    evaluate(t0, carry.y, f1_, tape0_);
    y0_bar = bar.y + bar.y_hat;
    this->vjp(field_, t0, carry.y, tape0_, bar.f, y0_bar, theta_bar, t_bar.t0);
  }
  void forget() { tape0_of_ = -1; }
  static bool same(const Carry& a, const Carry& b) { return a.y == b.y && a.y_hat == b.y_hat && a.f == b.f; }

 private:
  struct Hermite {
    double y0, y1, f0, f1, slope0, slope1;  // slope: the weights of f for h = 1
    Hermite(double s, double h)
        : y0((1 + 2 * s) * (1 - s) * (1 - s)),
          y1(s * s * (3 - 2 * s)),
          slope0(s * (1 - s) * (1 - s)),
          slope1(s * s * (s - 1)) {
      f0 = h * slope0, f1 = h * slope1;
    }
  };

  void evaluate(double t, const Y& y, Y& f, Tape<F, Y>& tape) {
    detail::evaluate<F, Y>(field_, t, y, f, tape);
    ++calls_.evaluations;
  }

  // Through the step whose end is in y1_, ŷ1_, f1_ and tape1_; bar goes from its end to its start.
  void pull_back(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const auto h = detail::scalar<Y>(step.h()), half = h / detail::scalar<Y>(2);
    Y y0_bar = detail::zeros_like(y1_), f0_bar = y0_bar;
    double h_bar = 0;
    for (const auto& [sigma, w] : saves) {
      const Hermite u(sigma, step.h());
      y0_bar += detail::scalar<Y>(u.y0) * *w, bar.y += detail::scalar<Y>(u.y1) * *w;
      f0_bar += detail::scalar<Y>(u.f0) * *w, bar.f += detail::scalar<Y>(u.f1) * *w;
      h_bar += u.slope0 * this->product(*w, before.f) + u.slope1 * this->product(*w, f1_);
    }
    bar.f += half * bar.y;
    this->vjp(field_, step.t1, y_hat1_, tape1_, bar.f, bar.y_hat, theta_bar, t_bar.t1);
    h_bar += this->product(bar.y, before.f) / 2 + this->product(bar.y, f1_) / 2 + this->product(bar.y_hat, before.f);
    bar.f = half * bar.y + h * bar.y_hat + f0_bar;
    bar.y += bar.y_hat + bar.y_hat + y0_bar;
    bar.y_hat = -bar.y_hat;
    t_bar.t0 -= h_bar, t_bar.t1 += h_bar;
  }

  const F& field_;
  Tape<F, Y> tape0_, tape1_;
  Y y_hat1_, f1_, w_;
  std::int64_t tape0_of_ = -1;
};

struct ReversibleHeun {
  template <class F, EigenState Y>
  using Stepper = ReversibleHeunStepper<F, Y>;
};

// --- The two-point coupling of the midpoint rule ---------------------------------------------------------------------------
// D = y0 − y1 − Ψ_{−h0}(t1, y1),   y2 = y1 + Ψ_h(t1, y1) + λ D; first y1 = y0 + Ψ_h(t0, y0). State (y_{n−1}, y_n). Dense:
// that of the base method, and σ λ D.

template <class Plain, class F, EigenState Y>
class TwoPointStepper : public detail::Common<F, Y> {
  using Base = detail::Common<F, Y>;
  using Base::calls_, Base::y1_;
  using Tableau = tableau::Extended<Plain>;

 public:
  using typename Base::Field, typename Base::Theta;
  struct Carry {
    Y older, y;
    auto parts() { return std::tie(older, y); }
    auto parts() const { return std::tie(older, y); }
  };
  using CarryBar = Carry;
  static constexpr int error_estimates = Tableau::error_estimates;
  static constexpr int dense_degree = Tableau::dense_degree;

  TwoPointStepper(const auto& method, const F& field, const Y& y0)
      : Base(y0),
        lambda_(detail::scalar<Y>(method.lambda)),
        ahead_(field),
        behind_(field),
        increment_(ahead_.empty_tape(y0), y0),
        mirror_(increment_),
        psi_(y1_),
        mirror_psi_(y1_),
        d_(y1_) {}

  Carry make_carry() const { return {detail::zeros_like(y1_), detail::zeros_like(y1_)}; }
  CarryBar make_carry_bar() const { return make_carry(); }

  Outcome start(double, const Y& y0, Carry& carry) {
    carry = {y0, y0};
    return Outcome::ok;
  }
  void read(const Carry& carry, Y& y) const { y = carry.y; }

  Outcome attempt(const Step& step, const Carry& c) {
    increments(step, c.y);
    d_.setZero();
    if (!is_first(step)) d_ = c.older - c.y - mirror_psi_;
    y1_ = c.y + psi_ + lambda_ * d_;
    return detail::all_finite(y1_) ? Outcome::ok : Outcome::not_finite;
  }
  void error(const Step& step, const Carry&, std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    calls_ += increment_.complete(ahead_(step.t0, step.t1), static_cast<std::size_t>(Tableau::base_stages));
    increment_.estimate(estimates);
  }
  void extend(const Step& step, const Carry&, StepPolynomial<Y, dense_degree>& polynomial) {
    calls_ += increment_.complete(ahead_(step.t0, step.t1), increment_.count);
    increment_.extend(polynomial);
    polynomial.coefficients[1] += lambda_ * d_;
  }
  template <class Bits>
  Outcome commit(const Step&, Carry& carry, Bits&) {
    carry.older = carry.y;
    carry.y = y1_;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    attempt(step, before);
    pull_back(step, bar, theta_bar, t_bar, saves);
  }
  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) pull_back(step, bar, theta_bar, t_bar, saves);
    return outcome;
  }
  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& c, Cursor&) {
    increments(step, c.older);
    if (is_first(step)) {
      c.y = c.older;
    } else {
      d_ = (c.y - c.older - psi_) / lambda_;
      c.y = c.older;
      c.older += mirror_psi_ + d_;
    }
    return Outcome::ok;
  }

  // Before the first step older and y are one.
  void finish(double, const Carry&, CarryBar& bar, Y& y0_bar, Theta&, TimeCotangents&) const {
    y0_bar = bar.older + bar.y;
  }
  void forget() {}
  static bool same(const Carry& a, const Carry& b) { return a.older == b.older && a.y == b.y; }

 private:
  static bool is_first(const Step& step) { return step.n == step.timeline->first(); }

  // Ψ_h and Ψ_{−h0}, both from y at step.t0.
  void increments(const Step& step, const Y& y) {
    calls_ += increment_.evaluate(ahead_(step.t0, step.t1), step.forth(), y, psi_);
    if (is_first(step)) return;
    const Step before = step.step_before();
    calls_ += mirror_.evaluate(behind_(before.t0, before.t1), before.back(), y, mirror_psi_);
  }

  // ȳ0 = D̄, ȳ1 = p + q − D̄ + J[Ψ_h]ᵀ q − J[Ψ_{−h0}]ᵀ D̄, with (p, q) those of (y1, y2) and D̄ = λ q.
  void pull_back(const Step& step, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const Y q = bar.y;
    Y d_bar = lambda_ * q;
    bar.y += bar.older;
    calls_ += increment_.pull_back(ahead_(step.t0, step.t1), q, {bar.y, theta_bar, t_bar.t0, t_bar.t1}, saves);
    for (const auto& [sigma, w] : saves) {
      bar.y += *w;
      d_bar += detail::scalar<Y>(sigma) * lambda_ * *w;
    }
    bar.older.setZero();
    if (is_first(step)) return;
    const double t_before = step.earlier(1);
    double before_bar = 0;
    bar.older = d_bar;
    bar.y -= d_bar;
    calls_ +=
        increment_.pull_back(behind_(t_before, step.t0), mirror_, -1, d_bar, {bar.y, theta_bar, t_bar.t0, before_bar});
    pull_back_earlier(step, 1, before_bar, t_bar);
  }

  typename Y::Scalar lambda_;
  detail::OverStep<F> ahead_, behind_;  // the field frozen to this step, and to the one before
  detail::Increment<Tableau, Field, Y> increment_;
  detail::Stages<Tableau, Field, Y> mirror_;
  Y psi_, mirror_psi_, d_;
};

struct TwoPointMidpoint {
  double lambda = 0.5;
  template <class F, EigenState Y>
  using Stepper = TwoPointStepper<tableau::Midpoint, F, Y>;
};

// --- Reversible multistep, k = 2, equal steps --------------------------------------------------------------------------------
// x3 = x2 + h (b0 f2 + b1 f1) + λ D,   D = x0 − x1 + h (b0 f1 + b1 f2),   b = (3/2, −1/2), after two midpoint steps. State: a
// ring of three; values f with their tapes are cache, by node. A cotangent of f waits in the carry's until all that used
// f lies behind, so that each node has one vjp. Dense: x2 + h (σ f2 + σ² (f2 − f1)/2) + σ λ D.

template <class F, EigenState Y>
class MultistepStepper : public detail::Common<F, Y> {
  static_assert(!detail::Freezable<F>, "f lives at a node, between two steps");
  using Base = detail::Common<F, Y>;
  using Base::calls_, Base::y1_;
  using Start = tableau::Midpoint;

 public:
  using typename Base::Theta;
  struct Carry {
    Y x0, x1, x2;  // the newest is x2
    auto parts() { return std::tie(x2, x1, x0); }
    auto parts() const { return std::tie(x2, x1, x0); }
  };
  struct CarryBar {
    Y x0, x1, x2, f1, f2;
    auto parts() { return std::tie(x2, x1, x0, f1, f2); }
    auto parts() const { return std::tie(x2, x1, x0, f1, f2); }
  };
  static constexpr int error_estimates = 1;
  static constexpr int dense_degree = 2;

  MultistepStepper(const auto& method, const F& field, const Y& y0)
      : Base(y0),
        lambda_(detail::scalar<Y>(method.lambda)),
        field_(field),
        start_(detail::make_tape<F, Y>(field, y0), y0),
        cache_{Known{-1, y1_, detail::make_tape<F, Y>(field, y0)}, Known{-1, y1_, detail::make_tape<F, Y>(field, y0)},
               Known{-1, y1_, detail::make_tape<F, Y>(field, y0)}},
        psi_(y1_) {}

  Carry make_carry() const { return {zero(), zero(), zero()}; }
  CarryBar make_carry_bar() const { return {zero(), zero(), zero(), zero(), zero()}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    carry = {y0, y0, y0};
    return Outcome::ok;
  }
  void read(const Carry& carry, Y& y) const { y = carry.x2; }

  Outcome attempt(const Step& step, const Carry& c) {
    if (is_start(step)) {
      calls_ += start_.evaluate(field_, step.forth(), c.x2, psi_);
      y1_ = c.x2 + psi_;
    } else {
      const Weights b(step.h());
      const Y& f2 = known(step.n, step.t0, c.x2).f;
      const Y& f1 = known(step.n - 1, step.earlier(1), c.x1).f;
      d_ = c.x0 - c.x1 + b.newer * f1 + b.older * f2;
      psi_ = b.newer * f2 + b.older * f1;
      y1_ = c.x2 + psi_ + lambda_ * d_;
    }
    return detail::all_finite(y1_) ? Outcome::ok : Outcome::not_finite;
  }
  // Order 2 less order 1.
  void error(const Step& step, const Carry& c, std::array<Y, 1>& estimates) {
    estimates[0] = psi_ - detail::scalar<Y>(step.h()) * known(step.n, step.t0, c.x2).f;
  }
  void extend(const Step& step, const Carry& c, StepPolynomial<Y, dense_degree>& polynomial) {
    auto& [c0, c1, c2] = polynomial.coefficients;
    c0 = c.x2;
    if (is_start(step)) {
      c1 = psi_;
      c2.setZero();
    } else {
      const auto h = detail::scalar<Y>(step.h()), half = detail::scalar<Y>(step.h() / 2);
      const Y& f2 = known(step.n, step.t0, c.x2).f;
      const Y& f1 = known(step.n - 1, step.earlier(1), c.x1).f;
      c1 = h * f2 + lambda_ * d_;
      c2 = half * (f2 - f1);
    }
  }
  template <class Bits>
  Outcome commit(const Step&, Carry& c, Bits&) {
    c.x0 = c.x1, c.x1 = c.x2, c.x2 = y1_;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.x2 += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    attempt(step, before);
    pull_back_newest(step, y1_, bar, theta_bar, t_bar);
    pull_back(step, before, bar, theta_bar, t_bar, saves);
  }
  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    pull_back_newest(step, carry.x2, bar, theta_bar, t_bar);
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) pull_back(step, carry, bar, theta_bar, t_bar, saves);
    return outcome;
  }
  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& c, Cursor&) {
    Y newest = c.x2;
    c.x2 = c.x1, c.x1 = c.x0;
    if (is_start(step)) {
      calls_ += start_.evaluate(field_, step.forth(), c.x2, psi_);
      return Outcome::ok;
    }
    const Weights b(step.h());
    const Y& f2 = known(step.n, step.t0, c.x2).f;
    const Y& f1 = known(step.n - 1, step.earlier(1), c.x1).f;
    psi_ = b.newer * f2 + b.older * f1;
    d_ = (newest - c.x2 - psi_) / lambda_;
    c.x0 = d_ + c.x1 - b.newer * f1 - b.older * f2;
    return Outcome::ok;
  }

  void finish(double, const Carry&, CarryBar& bar, Y& y0_bar, Theta&, TimeCotangents&) const { y0_bar = bar.x2; }
  void forget() {
    for (Known& known : cache_) known.node = -1;
  }
  static bool same(const Carry& a, const Carry& b) { return a.parts() == b.parts(); }

 private:
  struct Known {
    std::int64_t node;
    Y f;
    Tape<F, Y> tape;
  };
  struct Weights {
    typename Y::Scalar newer, older;
    explicit Weights(double h) : newer(detail::scalar<Y>(1.5 * h)), older(detail::scalar<Y>(-0.5 * h)) {}
    static Weights inside(double s, double h) {
      Weights u(h);
      u.newer = detail::scalar<Y>(h * (s + s * s / 2));
      u.older = detail::scalar<Y>(-h * s * s / 2);
      return u;
    }
  };

  Y zero() const { return detail::zeros_like(y1_); }
  static bool is_start(const Step& step) { return step.n - step.timeline->first() < 2; }

  // f at the node, evaluated where it is not known; the node furthest away gives up its place.
  const Known& known(std::int64_t node, double t, const Y& x) {
    Known* place = &cache_[0];
    for (Known& candidate : cache_) {
      if (candidate.node == node) return candidate;
      if (candidate.node < 0 || (place->node >= 0 && std::abs(candidate.node - node) > std::abs(place->node - node)))
        place = &candidate;
    }
    place->node = -1;
    detail::evaluate<F, Y>(field_, t, x, place->f, place->tape);
    ++calls_.evaluations;
    place->node = node;
    return *place;
  }

  // All that used f at the step's end lies behind: x̄ += Jᵀ f̄.
  void pull_back_newest(const Step& step, const Y& x, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar) {
    const Known& newest = known(step.n + 1, step.t1, x);
    this->vjp(field_, step.t1, x, newest.tape, bar.f2, bar.x2, theta_bar, t_bar.t1);
  }

  void pull_back(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                 std::span<const SavedInside<Y>> saves) {
    const Y q = bar.x2;
    Y psi_bar = q, y_bar = zero();
    if (is_start(step)) {
      for (const auto& [sigma, w] : saves) {
        y_bar += *w;
        psi_bar += detail::scalar<Y>(sigma) * *w;
      }
      const CarryBar after = bar;
      bar = {zero(), after.x0, Y(after.x1 + q + y_bar), zero(), after.f1};
      calls_ += start_.pull_back(field_, psi_bar, {bar.x2, theta_bar, t_bar.t0, t_bar.t1});
      return;
    }
    const Weights b(step.h());
    const Y& f2 = known(step.n, step.t0, before.x2).f;
    const Y& f1 = known(step.n - 1, step.earlier(1), before.x1).f;
    Y d_bar = lambda_ * q, f1_bar = b.older * q, f2_bar = b.newer * q;
    double h_bar = this->product(q, psi_) / step.h();
    for (const auto& [sigma, w] : saves) {
      const Weights u = Weights::inside(sigma, step.h());
      y_bar += *w;
      f1_bar += u.older * *w, f2_bar += u.newer * *w;
      d_bar += detail::scalar<Y>(sigma) * lambda_ * *w;
      if constexpr (Base::with_times)
        h_bar += (u.older * this->product(*w, f1) + u.newer * this->product(*w, f2)) / step.h();
    }
    f1_bar += b.newer * d_bar, f2_bar += b.older * d_bar;
    if constexpr (Base::with_times)
      h_bar += (b.newer * this->product(d_bar, f1) + b.older * this->product(d_bar, f2)) / step.h();
    const CarryBar after = bar;
    bar = {d_bar, Y(after.x0 - d_bar), Y(after.x1 + q + y_bar), f1_bar, Y(after.f1 + f2_bar)};
    t_bar.t0 -= h_bar, t_bar.t1 += h_bar;
  }

  typename Y::Scalar lambda_;
  const F& field_;
  detail::Increment<Start, F, Y> start_;
  std::array<Known, 3> cache_;
  Y psi_, d_;
};

struct Multistep2 {
  double lambda = 0.5;
  template <class F, EigenState Y>
  using Stepper = MultistepStepper<F, Y>;
};

}  // namespace antistrophe::throwaway
