// SPDX-License-Identifier: MIT
// The stages of the increment Ψ of an explicit Runge–Kutta method (Hairer, Nørsett & Wanner I, II.1), and what is read off them:
//   k_i = f(t + c_i h, y + h Σ_{j<i} a_ij k_j),   Ψ = h Σ b_i k_i;
// error estimates h Σ e_i k_i, the continuous extension y + h Σ ω_i(σ) k_i, and how stiff the step was.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/method/runge_kutta/detail/weighted_sum.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>
#include <antistrophe/method/runge_kutta/tableau/tableau.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// What dy holds before the field writes it: an entry that is left out makes the step fail, instead of passing for 0.
template <EigenState Y>
inline constexpr auto unwritten = std::numeric_limits<RealOf<Y>>::quiet_NaN();

// N copies of a value that may have no default.
template <std::size_t N, class T>
std::array<T, N> array_of(const T& value) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<T, N>{((void)I, value)...};
  }(std::make_index_sequence<N>{});
}

// The order in h of the error that a tableau estimates in a step: one above its embedded method's. Of two estimates, of
// orders p > q, Hairer's combination has 2p − q (8 for Dop853). 0 without one.
template <class Tableau>
inline constexpr int error_order_of = [] {
  if constexpr (Tableau::error_estimates == 0)
    return 0;
  else if constexpr (Tableau::error_estimates == 1)
    return Tableau::embedded_order[0] + 1;
  else
    return 2 * (Tableau::embedded_order[0] + 1) - (Tableau::embedded_order[1] + 1);
}();

// f(t, x) by itself, one function in the machine code: a stage that serves two steps, the last of one and the first of the
// next, has the same bits in whichever it is evaluated.
template <class F, EigenState Y>
ANTISTROPHE_ONE_INSTANCE void evaluate_alone(const F& field, double t, const Y& x, Y& k, Tape<F, Y>& tape) {
  evaluate<F, Y>(field, t, x, k, tape);
}

// What an increment from y is evaluated for: Ψ, or y + Ψ, or, of large states, no sum at all.
enum class Wanted { increment, end, stages };

// Whether it is known what a tape holds: there is none, or it says how many bytes. Tapes of which that is not known are not kept
// from one step to another.
template <class T>
inline constexpr bool tape_is_kept = std::is_empty_v<T> || requires(const T& tape) {
  { tape.bytes() } -> std::convertible_to<std::size_t>;
};

// The stages that one increment used, set aside for the way back.
template <class Tableau, class F, EigenState Y>
struct KeptStages {
  static constexpr auto used = static_cast<std::size_t>(tableau::increment_stages<Tableau>);

  KeptStages(const Tape<F, Y>& empty_tape, const Y& like)
      : x(array_of<used>(zeros_like(like))), k(x), tape(array_of<used>(empty_tape)) {}

  std::size_t bytes() const {
    std::size_t sum = sizeof(*this);
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      sum += 2 * used * static_cast<std::size_t>(x[0].size()) * sizeof(typename Y::Scalar);
    if constexpr (requires { tape[0].bytes(); }) sum += used * tape[0].bytes();
    return sum;
  }

  std::array<Y, used> x, k;
  std::array<Tape<F, Y>, used> tape;
  double from = 0, to = 0;  // as f sees them
  Work<Y> h{0};
};

// Where the increment to a step's end begins at a state that stays where it is until the step is committed, a large one is not copied to
// be the argument of the first stage.
template <class Y, std::size_t used>
inline constexpr bool begins_in_place = Y::SizeAtCompileTime == Eigen::Dynamic && used > 2;

// Arguments x_i, values k_i and tapes of the stages of one increment. All tableau stages have room; an increment uses the
// first `used` of them, an error estimate or dense output may ask for the rest.
template <class Tableau, class F, EigenState Y>
class Stages {
 public:
  static constexpr auto count = static_cast<std::size_t>(Tableau::stages);
  static constexpr auto used = static_cast<std::size_t>(tableau::increment_stages<Tableau>);

  Stages(const Tape<F, Y>& empty_tape, const Y& like)
      : x(array_of<count>(zeros_like(like))),
        k(array_of<count>(filled<Y>(like.rows(), like.cols(), unwritten<Y>))),
        tape(array_of<count>(empty_tape)) {}

  std::array<Y, count> x, k;  // x[0] of an increment alone; argument(0) of any
  std::array<Tape<F, Y>, count> tape;
  bool first_is_known = false;  // k[0] and tape[0] hold f(t, y) already

  // x_i; the first, after evaluate_end, is y itself, which must then be as it was.
  const Y& argument(std::size_t i) const {
    if constexpr (begins_in_place<Y, used>)
      if (i == 0 && begin_ != nullptr) return *begin_;
    return x[i];
  }

  // psi := Ψ from y, which may be x[0], the way through a step.
  Calls evaluate(const F& field, const WayThrough& way, const Y& y, Y& psi) {
    return evaluate(field, way, y, psi, Wanted::increment);
  }
  // end := y + Ψ.
  Calls evaluate_end(const F& field, const WayThrough& way, const Y& y, Y& end) {
    return evaluate(field, way, y, end, Wanted::end);
  }

  // The stages of Ψ from y alone; Ψ itself is then asked for a few entries at a time, which stay near: sum := entries begin to
  // begin + size − 1 of it.
  Calls evaluate_stages(const F& field, const WayThrough& way, const Y& y) {
    return evaluate(field, way, y, x[0], Wanted::stages);
  }
  void increment_entries(Eigen::Index begin, Eigen::Index size, typename Y::Scalar* sum) const;

  // Evaluates the first stage, which may belong to another step too, by itself.
  Calls evaluate_first(const F& field, double t, const Y& y) {
    evaluate_alone<F, Y>(field, t, y, k[0], tape[0]);
    first_is_known = true;
    return {1, 0};
  }

  // Evaluates what stages the increment left out, up to the first `needed`.
  Calls complete(const F& field, std::size_t needed);

  // Stage `end`, the next to be evaluated, is f at y1, the step's end, which the next step begins with: by itself too.
  Calls complete_end(const F& field, const Y& y1, std::size_t end) {
    assign(x[end], y1);
    evaluate_alone<F, Y>(field, to_, y1, k[end], tape[end]);
    ++known_;
    return {1, 0};
  }
  // Stage `end` becomes the first of the next step.
  void end_becomes_first(std::size_t end) {
    std::swap(k.front(), k[end]);
    std::swap(tape.front(), tape[end]);
  }
  // Those that the increment used change places with kept ones, of a step from y; what else was known is so no longer.
  void exchange(KeptStages<Tableau, F, Y>& kept, [[maybe_unused]] const Y& y) {
    for (std::size_t i = 0; i < used; ++i) {
      x[i].swap(kept.x[i]);
      k[i].swap(kept.k[i]);
      std::swap(tape[i], kept.tape[i]);
    }
    std::swap(from_, kept.from);
    std::swap(to_, kept.to);
    std::swap(h_, kept.h);
    known_ = used;
    if constexpr (begins_in_place<Y, used>) begin_ = &y;
  }
  // The same before the step is committed, whose end, where it was evaluated, the next step still begins with.
  void set_aside(KeptStages<Tableau, F, Y>& kept, const Y& y) {
    const std::size_t known = known_;
    exchange(kept, y);
    known_ = known;
  }
  std::size_t known() const { return known_; }
  Work<Y> h() const { return h_; }
  // What f was given at the two ends.
  double from() const { return from_; }
  double to() const { return to_; }

  // The error estimates h Σ e_i k_i, as many as there is room for.
  template <std::size_t N>
  void estimate(std::array<Y, N>& estimates) const {
    const Work<Y> h = h_;
    [&]<std::size_t... E>(std::index_sequence<E...>) ANTISTROPHE_INLINE_LAMBDA {
      if constexpr (fits_registers<Y>) {
        const std::array<Y, count> values = [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
          return std::array<Y, count>{loaded(k[I])...};
        }(std::make_index_sequence<count>{});
        (weighted_sum<weights_error<Tableau, Work<Y>, E>, 0, count>(h, values, estimates[E]), ...);
        (keep_apart(estimates[E]), ...);
      } else {
        (weighted_sum<weights_error<Tableau, Work<Y>, E>, 0, count>(h, k, estimates[E]), ...);
      }
    }(std::make_index_sequence<N>{});
  }

  // h‖k_a − k_b‖/‖x_a − x_b‖ of the last two stages of the increment: h times about the largest |eigenvalue| of ∂f/∂y that
  // the step can feel (Hairer & Wanner, Solving ODEs II, IV.2). 0 where there is one stage.
  double stiffness() const {
    if constexpr (used < 2) {
      return 0;
    } else {
      const double distance = norm_of_difference(x[used - 1], x[used - 2]);
      const double difference = norm_of_difference(k[used - 1], k[used - 2]);
      return distance > 0 ? std::fabs(static_cast<double>(h_)) * difference / distance : 0;
    }
  }

  // y + h Σ ω_i(σ) k_i as a polynomial in σ, of all stages.
  template <int Degree>
  void extend(StepPolynomial<Y, Degree>& polynomial) const {
    using Real = Work<Y>;
    auto& c = polynomial.coefficients;
    c[0] = argument(0);
    for (std::size_t p = 1; p < c.size(); ++p) {
      c[p].resize(c[0].rows(), c[0].cols());
      set_zero(c[p]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t p = 1; p <= Tableau::dense_weights[i].size(); ++p) {
        const Real weight = tableau::coefficient<Real>(Tableau::dense_weights[i][p - 1]);
        if (weight != 0) add_scaled(c[p], scalar<Y>(h_ * weight), k[i]);
      }
    }
  }

  // wᵀ h Σ ω_i'(σ) k_i: the cotangent of σ, of a value saved there.
  double slope_along(const Y& w, double sigma) const {
    const auto weights = tableau::dense_derivative_weights_at<Work<Y>, Tableau>(sigma);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      sum += static_cast<double>(h_) * static_cast<double>(weights[i]) * static_cast<double>(dot(w, k[i]));
    return sum;
  }

  // Why dense output is not finite although the step's end is: by a stage of its own.
  StepFailure failure_inside() const {
    Eigen::Index component = -1;
    for (std::size_t i = used; i < count && component < 0; ++i) component = first_not_finite(k[i]);
    return {component,
            "a stage of the dense output is not finite: the field returned NaN or infinity or left an entry of dy "
            "unwritten, or the step is too long"};
  }

 private:
  Calls evaluate(const F& field, const WayThrough& way, const Y& y, Y& result, Wanted wanted);

  const Y* begin_ = nullptr;  // where the increment began, if that is not x[0]
  // The two times of the increment evaluated last, as f sees them. They stand apart, so that no compiler copies both in one
  // packet: a packet loaded from times just written must wait for the stores.
  double from_ = 0;
  std::size_t known_ = used;  // stages
  double to_ = 0;
  Work<Y> h_{0};  // its signed length
};

// Stage I into s, from the values k of those before it.
template <class Tableau, std::size_t I, class F, EigenState Y, std::size_t N>
ANTISTROPHE_ALWAYS_INLINE void evaluate_stage(const F& field, Work<Y> h, double from, double to, const Y& y,
                                              Stages<Tableau, F, Y>& s, std::array<Y, N>& k) {
  using Real = Work<Y>;
  const auto argument = [&](Y& x) ANTISTROPHE_INLINE_LAMBDA {
    if constexpr (I == 0)
      assign(x, y);
    else if constexpr (fits_registers<Y>)
      sum_entries<row_of_a<Tableau, Real, I>, 0, I>(
          x, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { return y.coeff(e); }, h, k);
    else
      assign(x, plus_weighted<row_of_a<Tableau, Real, I>, 0, I, Y>(y, h, k));
  };
  if constexpr (fits_registers<Y>) {
    Y x;
    argument(x);
    keep_apart(x);
    // One by one, for a packet would put them into memory; the compiler drops what the field overwrites.
    for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { k[I].coeffRef(e) = unwritten<Y>; });
    evaluate<F, Y>(field, stage_time<Tableau, I>(from, to), x, k[I], s.tape[I]);
    keep_apart(k[I]);
    assign(s.x[I], x);
    assign(s.k[I], k[I]);
  } else if constexpr (I == 0 && begins_in_place<Y, Stages<Tableau, F, Y>::used>) {
    evaluate<F, Y>(field, stage_time<Tableau, I>(from, to), y, k[I], s.tape[I]);
  } else {
    argument(s.x[I]);
    evaluate<F, Y>(field, stage_time<Tableau, I>(from, to), s.x[I], k[I], s.tape[I]);
  }
}

template <class Tableau, class F, EigenState Y>
ANTISTROPHE_ALWAYS_INLINE void write_increment(const F& field, Work<Y> h, double from, double to, const Y& y,
                                               Stages<Tableau, F, Y>& s, Y& result, Wanted wanted) {
  using Real = Work<Y>;
  constexpr std::size_t used = Stages<Tableau, F, Y>::used;
  const Y& start = loaded(y);
  const auto into = [&](auto& k) ANTISTROPHE_INLINE_LAMBDA {
    if constexpr (begins_in_place<Y, used>)
      if (wanted != Wanted::end && &start != &s.x[0]) s.x[0] = start;
    if (s.first_is_known) {
      if constexpr (!begins_in_place<Y, used>) assign(s.x[0], start);
      if constexpr (fits_registers<Y>) copy(s.k[0], k[0]);
    } else {
      evaluate_stage<Tableau, 0>(field, h, from, to, start, s, k);
    }
    keep_apart(k[0]);  // in registers, whichever way it came
    [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
      (evaluate_stage<Tableau, I + 1>(field, h, from, to, start, s, k), ...);
    }(std::make_index_sequence<used - 1>{});
    if constexpr (fits_registers<Y>) {
      Y sum;
      weighted_sum<weights_b<Tableau, Real>, 0, used>(h, k, sum);
      keep_apart(sum);
      if (wanted == Wanted::end)
        for_entries<Y>([&](Eigen::Index e)
                           ANTISTROPHE_INLINE_LAMBDA { sum.coeffRef(e) = start.coeff(e) + sum.coeff(e); });
      keep_apart(sum);
      assign(result, sum);
    } else {
      if (wanted == Wanted::end)
        base_and_weighted_sum<weights_b<Tableau, Real>, 0, used>(start, h, k, result);
      else if (wanted == Wanted::increment)
        weighted_sum<weights_b<Tableau, Real>, 0, used>(h, k, result);
    }
  };
  if constexpr (fits_registers<Y>) {
    std::array<Y, used> k;
    into(k);
  } else {
    into(s.k);
  }
}

// Ψ of length h from y, where f sees the times from `from` to `to`; its stages are left in s. The backward pass must repeat the
// forward pass bit for bit, so this is one function in the machine code, called by both (tests look at the symbol table). Where
// state and parameters fit registers f is written out in it, for a call puts them into memory.
template <class Tableau, class F, EigenState Y>
ANTISTROPHE_ONE_INSTANCE void evaluate_increment(const F& field, Work<Y> h, double from, double to, const Y& y,
                                                 Stages<Tableau, F, Y>& s, Y& result, Wanted wanted) {
  write_increment<Tableau>(field, h, from, to, y, s, result, wanted);
}
template <class Tableau, class F, EigenState Y>
  requires(fits_registers<Y> && fits_registers<Parameters<F, Y>>)
ANTISTROPHE_ONE_INSTANCE ANTISTROPHE_WITH_ALL_IT_CALLS void evaluate_increment(const F& field, Work<Y> h, double from,
                                                                               double to, const Y& y,
                                                                               Stages<Tableau, F, Y>& s, Y& result,
                                                                               Wanted wanted) {
  write_increment<Tableau>(field, h, from, to, y, s, result, wanted);
}

template <class Tableau, class F, EigenState Y>
ANTISTROPHE_ALWAYS_INLINE Calls Stages<Tableau, F, Y>::evaluate(const F& field, const WayThrough& way, const Y& y,
                                                                Y& result, Wanted wanted) {
  const Calls calls{static_cast<std::int64_t>(used) - (first_is_known ? 1 : 0), 0};
  const Work<Y> h = static_cast<Work<Y>>(way.to) - static_cast<Work<Y>>(way.from);
  from_ = way.sees_from;
  to_ = way.sees_to;
  h_ = h;
  known_ = used;
  if constexpr (begins_in_place<Y, used>) begin_ = wanted == Wanted::end ? &y : nullptr;
  evaluate_increment<Tableau>(field, h, way.sees_from, way.sees_to, y, *this, result, wanted);
  return calls;
}

// Some entries of Ψ, in one function for both passes.
template <class Tableau, EigenState Y, std::size_t count>
ANTISTROPHE_ONE_INSTANCE void sum_increment_entries(Work<Y> h, const std::array<Y, count>& k, Eigen::Index begin,
                                                    Eigen::Index size, typename Y::Scalar* sum) {
  using Scalar = typename Y::Scalar;
  constexpr const auto& weights = weights_b<Tableau, Work<Y>>;
  std::array<const Scalar*, count> from;
  std::array<Scalar, count> factors;
  for (std::size_t j = 0; j < count; ++j) {
    from[j] = k[j].data() + begin;
    factors[j] = scalar<Y>(h * weights[j]);
  }
  [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
    ANTISTROPHE_INDEPENDENT_PASSES
    for (Eigen::Index i = 0; i < size; ++i) {
      Scalar x{0};
      ((weights[J] != 0 ? void(x += factors[J] * from[J][i]) : void()), ...);
      sum[i] = x;
    }
  }(std::make_index_sequence<count>{});
}
template <class Tableau, class F, EigenState Y>
void Stages<Tableau, F, Y>::increment_entries(Eigen::Index begin, Eigen::Index size, typename Y::Scalar* sum) const {
  sum_increment_entries<Tableau>(h_, k, begin, size, sum);
}

template <class Tableau, class F, EigenState Y>
Calls Stages<Tableau, F, Y>::complete(const F& field, std::size_t needed) {
  if (known_ >= needed) return {};
  const std::size_t first = known_;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] const auto complete_one = [&]<std::size_t Stage>() {
      if (Stage >= first && Stage < needed)
        evaluate_stage<Tableau, Stage>(field, h_, from_, to_, argument(0), *this, k);
    };
    (complete_one.template operator()<used + I>(), ...);
  }(std::make_index_sequence<count - used>{});
  known_ = needed;
  return {static_cast<std::int64_t>(needed - first), 0};
}

}  // namespace antistrophe::detail
