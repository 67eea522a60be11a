// The increment Ψ of an explicit Runge–Kutta method, and its pull-back (Hairer, Nørsett & Wanner I, II.1):
//   k_i = f(t + c_i h, y + h Σ_{j<i} a_ij k_j),   Ψ = h Σ b_i k_i;
//   k̄_i = h b_i w + κ_i + Σ_{j>i} h a_ji x̄_j,   (x̄_i, θ̄ +=, t̄_i) = vjp of f at stage i applied to k̄_i,   ȳ += Σ x̄_i,
//   h̄ = Σ k̄_iᵀ k_i / h + Σ c_i t̄_i,   since k̄_i is proportional to h.
// w is the cotangent of Ψ, κ_i an optional cotangent of stage i, from a value saved inside the step.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>
#include <antistrophe/method/runge_kutta/tableau/tableau.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// What dy holds before the field writes it: an entry that is left out makes the step fail, instead of passing for 0.
template <EigenState Y>
inline constexpr auto unwritten = std::numeric_limits<RealOf<Y>>::quiet_NaN();

// The stages of one increment: arguments x_i, values k_i, tapes. All tableau stages have room; an increment uses the
// first `used` of them, an error estimate may ask for the rest.
template <class Tableau, class F, EigenState Y>
struct Stages {
  static constexpr auto count = static_cast<std::size_t>(Tableau::stages);
  static constexpr auto used = static_cast<std::size_t>(tableau::increment_stages<Tableau>);

  Stages(const Tape<F, Y>& empty_tape, const Y& like)
      : x(filled(zeros_like(like), std::make_index_sequence<count>{})),
        k(filled(Y(Y::Constant(like.rows(), like.cols(), unwritten<Y>)), std::make_index_sequence<count>{})),
        tape(filled(empty_tape, std::make_index_sequence<count>{})) {}

  std::array<Y, count> x, k;
  std::array<Tape<F, Y>, count> tape;
  bool first_is_known = false;  // k[0] and tape[0] hold f(t, y) already

 private:
  template <class T, std::size_t... I>
  static std::array<T, count> filled(const T& value, std::index_sequence<I...>) {
    return {((void)I, value)...};
  }
};

// The real type in which coefficients are multiplied by h: at least double.
template <EigenState Y>
using Work = std::conditional_t<std::is_same_v<RealOf<Y>, long double>, long double, double>;

// A tableau's weights, converted at compile time.
template <class Tableau, class Real, std::size_t I>
inline constexpr auto row_of_a = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> row{};
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = tableau::coefficient<Real>(Tableau::a[I][j]);
  return row;
}();
template <class Tableau, class Real>
inline constexpr auto weights_b = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> row{};
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = tableau::coefficient<Real>(Tableau::b[j]);
  return row;
}();
template <class Tableau, class Real, std::size_t E>
inline constexpr auto weights_error = [] {
  std::array<Real, static_cast<std::size_t>(Tableau::stages)> row{};
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = tableau::coefficient<Real>(Tableau::error[E][j]);
  return row;
}();

// base + Σ_{j<End} (h w_j) v_j as one lazy expression; zero weights vanish at compile time.
template <const auto& Weights, std::size_t J, std::size_t End, class Scalar, class Real, class Vectors,
          class Expression>
ANTISTROPHE_ALWAYS_INLINE auto plus_weighted(const Expression& base, Real h, const Vectors& v) {
  if constexpr (J == End) {
    return base;
  } else if constexpr (Weights[J] == 0) {
    return plus_weighted<Weights, J + 1, End, Scalar>(base, h, v);
  } else {
    const auto factor = static_cast<Scalar>(static_cast<typename Eigen::NumTraits<Scalar>::Real>(h * Weights[J]));
    return plus_weighted<Weights, J + 1, End, Scalar>(base + factor * v[J], h, v);
  }
}

// Σ_{j<End} (h w_j) v_j, written to `sum`.
template <const auto& Weights, std::size_t J, std::size_t End, class Scalar, class Real, class Vectors, class Y>
ANTISTROPHE_ALWAYS_INLINE void weighted_sum(Real h, const Vectors& v, Y& sum) {
  if constexpr (J == End) {
    sum.setZero();
  } else if constexpr (Weights[J] == 0) {
    weighted_sum<Weights, J + 1, End, Scalar>(h, v, sum);
  } else {
    const auto factor = static_cast<Scalar>(static_cast<typename Eigen::NumTraits<Scalar>::Real>(h * Weights[J]));
    assign(sum, plus_weighted<Weights, J + 1, End, Scalar>(factor * v[J], h, v));
  }
}

// The time of stage I of a step from `from` to `to`: its ends are the stored times, and no stage leaves the step.
template <class Tableau, std::size_t I>
ANTISTROPHE_ALWAYS_INLINE double stage_time(double from, double to) {
  constexpr double c = tableau::coefficient<double>(Tableau::c[I]);
  if constexpr (c == 0)
    return from;
  else if constexpr (c == 1)
    return to;
  else
    return std::clamp(from + c * (to - from), std::min(from, to), std::max(from, to));
}

// Stage I into s, from the values k of those before it.
template <class Tableau, std::size_t I, class F, EigenState Y, std::size_t N>
ANTISTROPHE_ALWAYS_INLINE void evaluate_stage(const F& field, double from, double to, const Y& y,
                                              Stages<Tableau, F, Y>& s, std::array<Y, N>& k) {
  using Real = Work<Y>;
  const Real h = static_cast<Real>(to) - static_cast<Real>(from);
  const auto argument = [&](Y& x) ANTISTROPHE_INLINE_LAMBDA {
    if constexpr (I == 0)
      assign(x, y);
    else
      assign(x, plus_weighted<row_of_a<Tableau, Real, I>, 0, I, typename Y::Scalar>(y, h, k));
  };
  if constexpr (fits_registers<Y>) {
    Y x;
    argument(x);
    k[I].setConstant(unwritten<Y>);  // the compiler drops what the field overwrites
    evaluate<F, Y>(field, stage_time<Tableau, I>(from, to), x, k[I], s.tape[I]);
    assign(s.x[I], x);
    assign(s.k[I], k[I]);
  } else {
    argument(s.x[I]);
    evaluate<F, Y>(field, stage_time<Tableau, I>(from, to), s.x[I], k[I], s.tape[I]);
  }
}

// f(t, x) by itself, one function in the machine code: a stage that serves two steps, the last of one and the first of the
// next, has the same bits in whichever it is evaluated.
template <class F, EigenState Y>
ANTISTROPHE_ONE_INSTANCE void evaluate_alone(const F& field, double t, const Y& x, Y& k, Tape<F, Y>& tape) {
  evaluate<F, Y>(field, t, x, k, tape);
}

// The stages from `first` to before `last`, which an increment leaves out: for an error estimate or dense output.
template <class Tableau, class F, EigenState Y>
void evaluate_rest(const F& field, double from, double to, const Y& y, Stages<Tableau, F, Y>& s, std::size_t first,
                   std::size_t last) {
  constexpr std::size_t used = Stages<Tableau, F, Y>::used, count = Stages<Tableau, F, Y>::count;
  const auto evaluate_one = [&]<std::size_t I>() {
    if (I >= first && I < last) evaluate_stage<Tableau, I>(field, from, to, y, s, s.k);
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (evaluate_one.template operator()<used + I>(), ...);
  }(std::make_index_sequence<count - used>{});
}

// Ψ from time `from` at y to time `to`, its stages left in s. The way back must repeat the way forth bit for bit, so
// this is one function in the machine code, called by both (tests look at the symbol table).
template <class Tableau, class F, EigenState Y>
ANTISTROPHE_ONE_INSTANCE void evaluate_increment(const F& field, double from, double to, const Y& y,
                                                 Stages<Tableau, F, Y>& s, Y& psi) {
  using Real = Work<Y>;
  constexpr std::size_t used = Stages<Tableau, F, Y>::used;
  const auto into = [&](auto& k) ANTISTROPHE_INLINE_LAMBDA {
    if (s.first_is_known) {
      assign(s.x[0], y);
      if constexpr (fits_registers<Y>) assign(k[0], s.k[0]);
    } else {
      evaluate_stage<Tableau, 0>(field, from, to, y, s, k);
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
      (evaluate_stage<Tableau, I + 1>(field, from, to, y, s, k), ...);
    }(std::make_index_sequence<used - 1>{});
    weighted_sum<weights_b<Tableau, Real>, 0, used, typename Y::Scalar>(static_cast<Real>(to) - static_cast<Real>(from),
                                                                        k, psi);
  };
  if constexpr (fits_registers<Y>) {
    std::array<Y, used> k;
    into(k);
  } else {
    into(s.k);
  }
}

// Room for the cotangents of stages, allocated once.
template <class Tableau, class F, EigenState Y>
struct StageCotangents {
  static constexpr std::size_t count = Stages<Tableau, F, Y>::count;
  explicit StageCotangents(const Y& like)
      : x_bar(filled(zeros_like(like), std::make_index_sequence<count>{})), k_bar(zeros_like(like)), kappa(x_bar) {}

  std::array<Y, count> x_bar;
  Y k_bar;
  std::array<Y, count> kappa;  // cotangents of stages from saves inside the step

 private:
  template <std::size_t... I>
  static std::array<Y, count> filled(const Y& zero, std::index_sequence<I...>) {
    return {((void)I, zero)...};
  }
};

// Σ_{j>I} (h a_jI) x̄_j added to `expression`.
template <class Tableau, std::size_t I, std::size_t J, std::size_t Used, class Scalar, class Real, class Vectors,
          class Expression>
ANTISTROPHE_ALWAYS_INLINE auto plus_column(const Expression& base, Real h, const Vectors& x_bar) {
  if constexpr (J == Used) {
    return base;
  } else if constexpr (row_of_a<Tableau, Real, J>[I] == 0) {
    return plus_column<Tableau, I, J + 1, Used, Scalar>(base, h, x_bar);
  } else {
    const auto factor =
        static_cast<Scalar>(static_cast<typename Eigen::NumTraits<Scalar>::Real>(h * row_of_a<Tableau, Real, J>[I]));
    return plus_column<Tableau, I, J + 1, Used, Scalar>(base + factor * x_bar[J], h, x_bar);
  }
}

// k̄_I, the cotangent of stage I's value, from those of the arguments of the stages after it.
template <class Tableau, std::size_t I, std::size_t N, bool WithKappa, class F, EigenState Y, class Real, class XBar>
ANTISTROPHE_ALWAYS_INLINE void cotangent_of_stage(Real h, int sign, const Y& w,
                                                  const StageCotangents<Tableau, F, Y>& bar, const XBar& x_bar,
                                                  Y& k_bar) {
  using Scalar = typename Y::Scalar;
  const auto factor = static_cast<Scalar>(static_cast<RealOf<Y>>(sign * h * weights_b<Tableau, Real>[I]));
  assign(k_bar, plus_column<Tableau, I, I + 1, N, Scalar>(factor * w, h, x_bar));
  if constexpr (WithKappa) k_bar += bar.kappa[I];
}

// The cotangent of stage I's argument into x_bar[I], from those of the stages after it. h_bar gathers Σ k̄ᵀk and c_bar
// Σ c_i t̄_i: together (Σ k̄ᵀk)/h + c_bar is the cotangent of h.
template <class Tableau, std::size_t I, std::size_t N, bool WithKappa, class F, EigenState Y, class XBar>
ANTISTROPHE_ALWAYS_INLINE void pull_back_stage(const F& field, double from, double to, const Stages<Tableau, F, Y>& s,
                                               int sign, const Y& w, StageCotangents<Tableau, F, Y>& bar, Y& k_bar,
                                               XBar& x_bar, Parameters<F, Y>& theta_bar, double& h_bar, double& c_bar,
                                               double& t_bar) {
  using Scalar = typename Y::Scalar;
  using Real = Work<Y>;
  cotangent_of_stage<Tableau, I, N, WithKappa>(static_cast<Real>(to) - static_cast<Real>(from), sign, w, bar, x_bar,
                                               k_bar);
  assign(x_bar[I], Y::Zero(w.rows(), w.cols()));
  Scalar stage_t_bar{0};
  pull_back<F, Y>(field, stage_time<Tableau, I>(from, to), s.x[I], s.tape[I], k_bar, x_bar[I], theta_bar, stage_t_bar);
  if constexpr (TimeDifferentiable<F, Y> && is_real_scalar<Scalar>) {
    h_bar += static_cast<double>(dot(k_bar, s.k[I]));
    if constexpr (!DeclaredAutonomous<F>) {
      constexpr double c = tableau::coefficient<double>(Tableau::c[I]);
      c_bar += c * static_cast<double>(stage_t_bar);
      t_bar += static_cast<double>(stage_t_bar);
    }
  }
}

// Where the cotangent of an increment's first stage goes: through its vjp at once, or to a sum with that of another
// increment from the same point, for one vjp of both.
struct ThroughFirst {};
template <EigenState Y>
struct HandOverFirst {
  Y& k_bar;
};

template <class Tableau, bool WithKappa, class First, class F, EigenState Y>
ANTISTROPHE_ALWAYS_INLINE void pull_back_stages(const F& field, double from, double to, const Stages<Tableau, F, Y>& s,
                                                int sign, const Y& w, StageCotangents<Tableau, F, Y>& bar, Y& y_bar,
                                                const First& first, Parameters<F, Y>& theta_bar, double& from_bar,
                                                double& to_bar) {
  constexpr std::size_t used = WithKappa ? Stages<Tableau, F, Y>::count : Stages<Tableau, F, Y>::used;
  constexpr bool hands_over = !std::is_same_v<First, ThroughFirst>;
  constexpr std::size_t begin = hands_over ? 1 : 0;
  double h_bar = 0, c_bar = 0, t_bar = 0;
  const auto through = [&](Y& k_bar, auto& x_bar, Parameters<F, Y>& into_theta) ANTISTROPHE_INLINE_LAMBDA {
    [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
      (pull_back_stage<Tableau, used - 1 - I, used, WithKappa>(field, from, to, s, sign, w, bar, k_bar, x_bar,
                                                               into_theta, h_bar, c_bar, t_bar),
       ...);
      if constexpr (hands_over) {
        using Real = Work<Y>;
        cotangent_of_stage<Tableau, 0, used, WithKappa>(static_cast<Real>(to) - static_cast<Real>(from), sign, w, bar,
                                                        x_bar, k_bar);
        if constexpr (TimeDifferentiable<F, Y> && is_real_scalar<typename Y::Scalar>)
          h_bar += static_cast<double>(dot(k_bar, s.k[0]));
        assign(first.k_bar, first.k_bar + k_bar);
      }
      if constexpr (used > begin) assign(y_bar, y_bar + (x_bar[begin + I] + ...));
    }(std::make_index_sequence<used - begin>{});
  };
  if constexpr (fits_registers<Y> && fits_registers<Parameters<F, Y>>) {
    Y k_bar;
    std::array<Y, used> x_bar;
    Parameters<F, Y> into_theta;
    assign(into_theta, theta_bar);
    through(k_bar, x_bar, into_theta);
    assign(theta_bar, into_theta);
  } else if constexpr (fits_registers<Y>) {
    Y k_bar;
    std::array<Y, used> x_bar;
    through(k_bar, x_bar, theta_bar);
  } else {
    through(bar.k_bar, bar.x_bar, theta_bar);
  }
  if constexpr (TimeDifferentiable<F, Y>) {
    const double all = h_bar / (to - from) + c_bar;
    from_bar += t_bar - all;
    to_bar += all;
  }
}

// Pulls sign·w, a cotangent of Ψ, back through the stages that evaluate_increment left in s: adds to y_bar, theta_bar
// and to the cotangents of the two times. w may be y_bar itself: it is read before y_bar is written.
// With `WithKappa` all stages take part, and bar.kappa[i] is added to the cotangent of stage i.
template <class Tableau, bool WithKappa = false, class F, EigenState Y>
ANTISTROPHE_ALWAYS_INLINE void pull_back_increment(const F& field, double from, double to,
                                                   const Stages<Tableau, F, Y>& s, int sign, const Y& w,
                                                   StageCotangents<Tableau, F, Y>& bar, Y& y_bar,
                                                   Parameters<F, Y>& theta_bar, double& from_bar, double& to_bar) {
  pull_back_stages<Tableau, WithKappa>(field, from, to, s, sign, w, bar, y_bar, ThroughFirst{}, theta_bar, from_bar,
                                       to_bar);
}

// The same short of the first stage, whose cotangent is added to first_bar; pull_back_first ends the work.
template <class Tableau, bool WithKappa = false, class F, EigenState Y>
ANTISTROPHE_ALWAYS_INLINE void pull_back_to_first(const F& field, double from, double to,
                                                  const Stages<Tableau, F, Y>& s, int sign, const Y& w,
                                                  StageCotangents<Tableau, F, Y>& bar, Y& y_bar, Y& first_bar,
                                                  Parameters<F, Y>& theta_bar, double& from_bar, double& to_bar) {
  pull_back_stages<Tableau, WithKappa>(field, from, to, s, sign, w, bar, y_bar, HandOverFirst<Y>{first_bar}, theta_bar,
                                       from_bar, to_bar);
}

// Through f(t, y), the first stage of increments from (t, y): the cotangent of h has taken its part of it already.
template <class Tableau, class F, EigenState Y>
ANTISTROPHE_ALWAYS_INLINE void pull_back_first(const F& field, double t, const Stages<Tableau, F, Y>& s,
                                               const Y& first_bar, Y& y_bar, Parameters<F, Y>& theta_bar,
                                               double& t_bar) {
  typename Y::Scalar stage_t_bar{0};
  pull_back<F, Y>(field, t, s.x[0], s.tape[0], first_bar, y_bar, theta_bar, stage_t_bar);
  if constexpr (TimeDifferentiable<F, Y> && is_real_scalar<typename Y::Scalar>)
    t_bar += static_cast<double>(stage_t_bar);
}

// The tableau's error estimates h Σ e_i k_i of the step whose stages s holds, as many as there is room for.
template <class Tableau, class F, EigenState Y, std::size_t N>
void estimate_errors(double h, const Stages<Tableau, F, Y>& s, std::array<Y, N>& estimates) {
  using Real = Work<Y>;
  constexpr std::size_t all = Stages<Tableau, F, Y>::count;
  [&]<std::size_t... E>(std::index_sequence<E...>) {
    (weighted_sum<weights_error<Tableau, Real, E>, 0, all, typename Y::Scalar>(static_cast<Real>(h), s.k, estimates[E]),
     ...);
  }(std::make_index_sequence<N>{});
}

// h‖k_a − k_b‖/‖x_a − x_b‖ of the last two stages of an increment: h times about the largest |eigenvalue| of ∂f/∂y that
// the step can feel (Hairer & Wanner, Solving ODEs II, IV.2). 0 where there is one stage.
template <class Tableau, class F, EigenState Y>
double stiffness_of(double h, const Stages<Tableau, F, Y>& s) {
  constexpr std::size_t used = Stages<Tableau, F, Y>::used;
  if constexpr (used < 2) {
    return 0;
  } else {
    const double distance = static_cast<double>((s.x[used - 1] - s.x[used - 2]).matrix().norm());
    const double difference = static_cast<double>((s.k[used - 1] - s.k[used - 2]).matrix().norm());
    return distance > 0 ? std::fabs(h) * difference / distance : 0;
  }
}

// base + h Σ ω_i(σ) k_i as a polynomial in σ, of the step whose stages s holds, all of them.
template <class Tableau, class F, EigenState Y, int Degree>
void extend_stages(double h, const Y& base, const Stages<Tableau, F, Y>& s, StepPolynomial<Y, Degree>& polynomial) {
  using Real = Work<Y>;
  auto& c = polynomial.coefficients;
  c[0] = base;
  for (std::size_t p = 1; p < c.size(); ++p) c[p].setZero(base.rows(), base.cols());
  for (std::size_t i = 0; i < s.k.size(); ++i) {
    for (std::size_t p = 1; p < c.size(); ++p) {
      const Real weight = tableau::coefficient<Real>(Tableau::dense_weights[i][p - 1]);
      if (weight != 0)
        c[p] += static_cast<typename Y::Scalar>(static_cast<RealOf<Y>>(static_cast<Real>(h) * weight)) * s.k[i];
    }
  }
}

// The cotangents of values saved inside a step as cotangents κ_i += hω_i(σ) w of its stages.
template <class Tableau, class F, EigenState Y, class Saves>
void gather_saves(double h, const Saves& saves, StageCotangents<Tableau, F, Y>& bar) {
  using Real = Work<Y>;
  for (Y& kappa : bar.kappa) kappa.setZero();
  for (const auto& save : saves) {
    const auto weights = tableau::dense_weights_at<Real, Tableau>(save.sigma);
    for (std::size_t i = 0; i < weights.size(); ++i)
      bar.kappa[i] +=
          static_cast<typename Y::Scalar>(static_cast<RealOf<Y>>(static_cast<Real>(h) * weights[i])) * *save.w;
  }
}

// wᵀ h Σ ω_i'(σ) k_i: what a save's cotangent says of σ.
template <class Tableau, class F, EigenState Y>
double slope_of_save(double h, double sigma, const Y& w, const Stages<Tableau, F, Y>& s) {
  using Real = Work<Y>;
  const auto weights = tableau::dense_derivative_weights_at<Real, Tableau>(sigma);
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i)
    sum += h * static_cast<double>(weights[i]) * static_cast<double>(dot(w, s.k[i]));
  return sum;
}

// What is to blame where dense output is not finite although the step's end is: a stage of its own.
template <class StagesType>
StepFailure failure_inside(const StagesType& stages) {
  Eigen::Index component = -1;
  for (std::size_t i = StagesType::used; i < StagesType::count && component < 0; ++i)
    component = first_not_finite(stages.k[i]);
  return {
      component,
      "a stage of the dense output is not finite: the field returned NaN or infinity or left an entry of dy unwritten"};
}

}  // namespace antistrophe::detail
