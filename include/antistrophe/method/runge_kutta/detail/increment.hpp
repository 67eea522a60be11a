// SPDX-License-Identifier: MIT
// The increment Ψ of an explicit Runge–Kutta method with its pull-back, and room for all that both take. With w the cotangent
// of Ψ, and κ_i that of stage i from values saved inside the step,
//   k̄_i = h b_i w + κ_i + Σ_{j>i} h a_ji x̄_j,   (x̄_i, θ̄ +=, t̄_i) = vjp of f at stage i applied to k̄_i,   ȳ += Σ x̄_i,
//   h̄ = Σ k̄_iᵀ k_i / h + Σ c_i t̄_i,   since k̄_i is proportional to h.
#pragma once

#include <antistrophe/method/runge_kutta/detail/stages.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// What a pull-back adds to: the cotangents of the state it starts from, of θ and of its two times.
template <class F, EigenState Y>
struct IncrementBar {
  Y& y;
  Parameters<F, Y>& theta;
  double& from;
  double& to;
};

// Stages, and room for their cotangents, which further Stages of the same step may use in turn. Every pull-back follows the
// evaluation of the stages that it goes through, w may be bar.y itself: it is read before that is written.
template <class Tableau, class F, EigenState Y>
class Increment : public Stages<Tableau, F, Y> {
 public:
  using StagesType = Stages<Tableau, F, Y>;
  using Bar = IncrementBar<F, Y>;
  using Saves = std::span<const SavedInside<Y>>;
  using StagesType::count, StagesType::used;

  Increment(const Tape<F, Y>& empty_tape, const Y& like)
      : StagesType(empty_tape, like),
        x_bar_(array_of<count>(zeros_like(like))),
        k_bar_(zeros_like(like)),
        kappa_(array_of<count>(zeros_like(like))) {}

  // Pulls w, a cotangent of Ψ, back, and with it those of values saved inside the step, as far as they come from its stages.
  ANTISTROPHE_ALWAYS_INLINE Calls pull_back(const F& field, const Y& w, const Bar& bar, Saves saves = {}) {
    return with_saves(field, w, bar, saves, ThroughFirst{});
  }

  // Pulls sign·w back through `stages`.
  ANTISTROPHE_ALWAYS_INLINE Calls pull_back(const F& field, const StagesType& stages, int sign, const Y& w,
                                            const Bar& bar) {
    return through_stages(field, stages, sign, w, bar, ThroughFirst{});
  }

  // The same, written out where it is called, for strides.
  ANTISTROPHE_ALWAYS_INLINE void pull_back_here(const F& field, const StagesType& stages, int sign, const Y& w,
                                                const Bar& bar) {
    through_each(field, stages, sign, w, bar, ThroughFirst{});
  }

  // The same short of the first stage, which two increments share: its cotangent is added to first_bar, and pull_back_first ends
  // the work, by one vjp for both.
  ANTISTROPHE_ALWAYS_INLINE Calls pull_back_to_first(const F& field, const Y& w, const Bar& bar, Y& first_bar,
                                                     Saves saves = {}) {
    return with_saves(field, w, bar, saves, HandOverFirst{first_bar});
  }
  ANTISTROPHE_ALWAYS_INLINE Calls pull_back_to_first(const F& field, const StagesType& stages, int sign, const Y& w,
                                                     const Bar& bar, Y& first_bar) {
    return through_stages(field, stages, sign, w, bar, HandOverFirst{first_bar});
  }

  // Through f(t, y), the first of `stages`, increments from (t, y): the cotangent of h has taken its part of it already.
  ANTISTROPHE_ALWAYS_INLINE Calls pull_back_first(const F& field, double t, const StagesType& stages,
                                                  const Y& first_bar, Y& y_bar, Parameters<F, Y>& theta_bar,
                                                  double& t_bar) {
    typename Y::Scalar stage_t_bar{0};
    detail::pull_back<F, Y>(field, t, stages.argument(0), stages.tape[0], first_bar, y_bar, theta_bar, stage_t_bar);
    if constexpr (HasTimeGradient<F, Y>) t_bar += static_cast<double>(stage_t_bar);
    return {0, 1};
  }

 private:
  // Where the cotangent of the first stage goes: through its vjp at once, or to a sum with that of another increment from the
  // same point.
  struct ThroughFirst {};
  struct HandOverFirst {
    Y& k_bar;
  };

  template <class First>
  ANTISTROPHE_ALWAYS_INLINE Calls with_saves(const F& field, const Y& w, const Bar& bar, Saves saves,
                                             const First& first) {
    if (saves.empty()) return through_stages(field, *this, 1, w, bar, first);
    Calls calls = this->complete(field, count);
    gather(saves);
    calls += through_all_stages(field, w, bar, first);
    return calls;
  }

  // The cotangents of values saved inside the step as cotangents κ_i += hω_i(σ) w of its stages.
  void gather(Saves saves) {
    using Real = Work<Y>;
    const Real h = this->h();
    for (Y& kappa : kappa_) set_zero(kappa);
    for (const auto& save : saves) {
      const auto weights = tableau::dense_weights_at<Real, Tableau>(save.sigma);
      for (std::size_t i = 0; i < count; ++i) add_scaled(kappa_[i], scalar<Y>(h * weights[i]), *save.w);
    }
  }

  // Through all stages, κ_i added to the cotangent of stage i. A loop, out of line: few steps have values saved inside them,
  // and unrolled it would be as much to compile again as the way back without. Sums are in the order of through_stages.
  template <class First>
  ANTISTROPHE_OUT_OF_LINE Calls through_all_stages(const F& field, const Y& w, const Bar& bar, const First& first) {
    using Real = Work<Y>;
    constexpr bool hands_over = std::is_same_v<First, HandOverFirst>;
    constexpr std::size_t begin = hands_over ? 1 : 0;
    const double from = this->from(), to = this->to();
    const Real h = this->h();
    double h_bar = 0, c_bar = 0, t_bar = 0;
    for (std::size_t i = count; i-- > 0;) {
      set_scaled(k_bar_, scalar<Y>(h * weights_b<Tableau, Real>[i]), w);
      for (std::size_t j = i + 1; j < count; ++j) {
        const Real weight = all_of_a<Tableau, Real>[j][i];
        if (weight != 0) add_scaled(k_bar_, scalar<Y>(h * weight), x_bar_[j]);
      }
      k_bar_ += kappa_[i];
      if constexpr (HasTimeGradient<F, Y>) h_bar += static_cast<double>(dot(k_bar_, this->k[i]));
      if constexpr (hands_over) {
        if (i == 0) {
          first.k_bar += k_bar_;
          break;
        }
      }
      set_zero(x_bar_[i]);
      typename Y::Scalar stage_t_bar{0};
      const double c = all_of_c<Tableau>[i];
      detail::pull_back<F, Y>(field, stage_time(c, from, to), this->argument(i), this->tape[i], k_bar_, x_bar_[i],
                              bar.theta, stage_t_bar);
      if constexpr (HasTimeGradient<F, Y> && !DeclaredAutonomous<F>) {
        c_bar += c * static_cast<double>(stage_t_bar);
        t_bar += static_cast<double>(stage_t_bar);
      }
    }
    if constexpr (count > begin) {
      for (std::size_t i = count - 1; i-- > begin;) x_bar_[i] += x_bar_[i + 1];
      bar.y += x_bar_[begin];
    }
    take_times(static_cast<double>(h), h_bar, c_bar, t_bar, bar);
    return {0, static_cast<std::int64_t>(count - begin)};
  }

  // The cotangents of the two times, from what the stages gave.
  static void take_times(double h, double h_bar, double c_bar, double t_bar, const Bar& bar) {
    if constexpr (HasTimeGradient<F, Y>) {
      const double all = h_bar / h + c_bar;
      bar.from += t_bar - all;
      bar.to += all;
    }
  }

  // Through the stages of the increment.
  template <class First>
  ANTISTROPHE_ALWAYS_INLINE Calls through_stages(const F& field, const StagesType& s, int sign, const Y& w,
                                                 const Bar& bar, const First& first) {
    if constexpr (in_registers)
      return through_registers(field, s, sign, w, bar, first);
    else
      return through_each(field, s, sign, w, bar, first);
  }

  static constexpr bool in_registers = fits_registers<Y> && fits_registers<Parameters<F, Y>>;

  // The vjps of the stages are written out in one function, so that no cotangent goes through memory from one to the next.
  template <class First>
  ANTISTROPHE_FLAT Calls through_registers(const F& field, const StagesType& s, int sign, const Y& w, const Bar& bar,
                                           const First& first) {
    return through_each(field, s, sign, w, bar, first);
  }

  template <class First>
  ANTISTROPHE_ALWAYS_INLINE Calls through_each(const F& field, const StagesType& s, int sign, const Y& w,
                                               const Bar& bar, const First& first) {
    constexpr std::size_t n = used;
    constexpr bool hands_over = std::is_same_v<First, HandOverFirst>;
    constexpr std::size_t begin = hands_over ? 1 : 0;
    const double from = s.from(), to = s.to();
    const Work<Y> h = s.h();
    double h_bar = 0, c_bar = 0, t_bar = 0;
    const Y& cotangent = loaded(w);
    const auto through = [&](Y& k_bar, auto& x_bar, Parameters<F, Y>& theta_bar) ANTISTROPHE_INLINE_LAMBDA {
      [&]<std::size_t... I>(std::index_sequence<I...>) ANTISTROPHE_INLINE_LAMBDA {
        (through_stage<n - 1 - I, n>(field, h, from, to, s, sign, cotangent, k_bar, x_bar, theta_bar, h_bar, c_bar,
                                     t_bar),
         ...);
        if constexpr (hands_over) {
          cotangent_of_stage<0, n>(h, sign, cotangent, x_bar, k_bar);
          if constexpr (HasTimeGradient<F, Y>) h_bar += static_cast<double>(dot(k_bar, loaded(s.k[0])));
          assign(first.k_bar, first.k_bar + k_bar);
        }
        if constexpr (n > begin && fits_registers<Y>)
          for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
            bar.y.coeffRef(e) = in_register(bar.y.coeff(e) + (x_bar[begin + I].coeff(e) + ...));
          });
        else if constexpr (n > begin)
          assign(bar.y, bar.y + (x_bar[begin + I] + ...));
      }(std::make_index_sequence<n - begin>{});
    };
    if constexpr (in_registers) {
      Y k_bar;
      std::array<Y, n> x_bar;
      Parameters<F, Y> theta_bar = loaded(bar.theta);
      through(k_bar, x_bar, theta_bar);
      keep_apart(theta_bar);
      assign(bar.theta, theta_bar);
    } else if constexpr (fits_registers<Y>) {
      Y k_bar;
      std::array<Y, n> x_bar;
      through(k_bar, x_bar, bar.theta);
    } else {
      through(k_bar_, x_bar_, bar.theta);
    }
    take_times(static_cast<double>(h), h_bar, c_bar, t_bar, bar);
    return {0, static_cast<std::int64_t>(n - begin)};
  }

  // k̄_I, the cotangent of stage I's value, from those of the arguments of the stages after it.
  template <std::size_t I, std::size_t N, class XBar>
  ANTISTROPHE_ALWAYS_INLINE void cotangent_of_stage(Work<Y> h, int sign, const Y& w, const XBar& x_bar,
                                                    Y& k_bar) const {
    using Real = Work<Y>;
    const auto factor = scalar<Y>(sign * h * weights_b<Tableau, Real>[I]);
    if constexpr (fits_registers<Y>)
      sum_entries<column_of_a<Tableau, Real, I>, I + 1, N>(
          k_bar, [&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA { return factor * w.coeff(e); }, h, x_bar);
    else
      assign(k_bar, plus_column<Tableau, I, I + 1, N, Y>(factor * w, h, x_bar));
  }

  // The same of large states, a few entries at a time, which stay near: with x_bar[I] := 0, and k̄ᵀk where that is asked for.
  template <std::size_t I, std::size_t N>
  double begin_stage(Work<Y> h, const StagesType& s, int sign, const Y& w, Y& k_bar,
                     std::array<Y, count>& x_bar) const {
    using Real = Work<Y>;
    using Scalar = typename Y::Scalar;
    using Few = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
    constexpr Eigen::Index few_at_a_time = 512;
    k_bar.resize(w.rows(), w.cols());
    x_bar[I].resize(w.rows(), w.cols());
    const auto factor = scalar<Y>(sign * h * weights_b<Tableau, Real>[I]);
    double product = 0;
    const Eigen::Index size = w.size();
    for (Eigen::Index begin = 0; begin < size; begin += few_at_a_time) {
      const Eigen::Index few = std::min(few_at_a_time, size - begin);
      const Scalar* const from = w.data() + begin;
      Scalar *const to = k_bar.data() + begin, *const zero = x_bar[I].data() + begin;
      [&]<std::size_t... J>(std::index_sequence<J...>) ANTISTROPHE_INLINE_LAMBDA {
        [[maybe_unused]] const std::array<const Scalar*, sizeof...(J)> after{x_bar[I + 1 + J].data() + begin...};
        [[maybe_unused]] const std::array<Scalar, sizeof...(J)> weights{
            scalar<Y>(h * row_of_a<Tableau, Real, I + 1 + J>[I])...};
        ANTISTROPHE_INDEPENDENT_PASSES
        for (Eigen::Index i = 0; i < few; ++i) {
          Scalar sum = factor * from[i];
          ((row_of_a<Tableau, Real, I + 1 + J>[I] != 0 ? void(sum += weights[J] * after[J][i]) : void()), ...);
          to[i] = sum;
          zero[i] = Scalar(0);
        }
      }(std::make_index_sequence<N - I - 1>{});
      if constexpr (HasTimeGradient<F, Y>)
        product += static_cast<double>((Few(to, few) * Few(s.k[I].data() + begin, few)).sum());
    }
    return product;
  }

  // The cotangent of stage I's argument into x_bar[I], from those of the stages after it. h_bar gathers Σ k̄ᵀk and c_bar
  // Σ c_i t̄_i: together (Σ k̄ᵀk)/h + c_bar is the cotangent of h.
  template <std::size_t I, std::size_t N, class XBar>
  ANTISTROPHE_ALWAYS_INLINE void through_stage(const F& field, Work<Y> h, double from, double to, const StagesType& s,
                                               int sign, const Y& w, Y& k_bar, XBar& x_bar, Parameters<F, Y>& theta_bar,
                                               double& h_bar, double& c_bar, double& t_bar) const {
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic) {
      h_bar += begin_stage<I, N>(h, s, sign, w, k_bar, x_bar);
    } else {
      cotangent_of_stage<I, N>(h, sign, w, x_bar, k_bar);
      keep_apart(k_bar);
      set_zero(x_bar[I]);
    }
    typename Y::Scalar stage_t_bar{0};
    detail::pull_back<F, Y>(field, stage_time<Tableau, I>(from, to), loaded(s.argument(I)), s.tape[I], k_bar, x_bar[I],
                            theta_bar, stage_t_bar);
    keep_apart(x_bar[I]);
    if constexpr (HasTimeGradient<F, Y>) {
      if constexpr (Y::SizeAtCompileTime != Eigen::Dynamic) h_bar += static_cast<double>(dot(k_bar, loaded(s.k[I])));
      if constexpr (!DeclaredAutonomous<F>) {
        constexpr double c = tableau::coefficient<double>(Tableau::c[I]);
        c_bar += c * static_cast<double>(stage_t_bar);
        t_bar += static_cast<double>(stage_t_bar);
      }
    }
  }

  std::array<Y, count> x_bar_;
  Y k_bar_;
  std::array<Y, count> kappa_;  // cotangents of stages from saves inside the step
};

}  // namespace antistrophe::detail
