// SPDX-License-Identifier: MIT
// The stepper of the λ-coupled pair; method/coupled/reversible.hpp has the formulas.
#pragma once

#include <antistrophe/method/coupled/detail/pair_stride.hpp>
#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/detail/node_cache.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/method/runge_kutta/detail/stability.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>

namespace antistrophe::detail {

template <class Stored>
struct Pair {
  static constexpr bool of_states = true;
  Stored y, z;
  auto parts() { return std::tie(y, z); }
  auto parts() const { return std::tie(y, z); }
};

template <class Base, class Arithmetic, class F, EigenState Y>
class PairStepper : public StoredStepper<Arithmetic, F, Y> {
  using Common = StoredStepper<Arithmetic, F, Y>;
  using Common::calls_, Common::field_, Common::numbers_, Common::psi_, Common::real_;
  using Common::classify, Common::left_range;
  using Tableau = tableau::Extended<Base>;  // with the stages of its dense output

 public:
  using typename Common::Field, typename Common::Stored, typename Common::Numbers, typename Common::Theta;
  using Carry = Pair<Stored>;
  using CarryBar = Pair<Y>;
  static constexpr int error_estimates = Tableau::error_estimates;
  static constexpr int error_order = error_order_of<Tableau>;
  static constexpr int dense_degree = Tableau::dense_degree;
  static constexpr bool within_step = true;
  // Where an increment is so short that what a step does beside it counts.
  static constexpr bool strides = [] {
    if constexpr (Numbers::exact)
      return fits_registers<Y> && std::is_integral_v<typename Stored::Scalar> && !Freezable<F> &&
             tableau::increment_stages<Tableau> <= 4;
    else
      return false;
  }();

  template <class Method>
  PairStepper(const Method& method, const F& field, const Y& y0)
      : Common(field, method.lambda, method_resolution(method), y0),
        first_(field_.empty_tape(y0), y0),
        second_(make_second(first_)),
        increment_(numbers_.zeros(y0)),
        gap_(increment_),
        shrunk_(increment_),
        y1_(increment_),
        z1_(increment_) {}

  Carry make_carry() const { return {increment_, increment_}; }
  CarryBar make_carry_bar() const { return {zeros_like(psi_), zeros_like(psi_)}; }

  Outcome start(double, const Y& y0, Carry& carry) {
    if (!numbers_.store(y0, carry.y)) return classify(y0);
    carry.z = carry.y;
    return Outcome::ok;
  }

  void read(const Carry& carry, Y& y) { y = numbers_.real(carry.y, real_); }

  // y1; the second increment is paid by commit.
  Outcome attempt(const Step& step, const Carry& carry) {
    if constexpr (strides)
      if (failed_.knows(step.n)) [[unlikely]]
        return failed_in_stride();
    completed_ = false;
    if constexpr (Numbers::exact)
      if constexpr (Numbers::may_be_many)
        if (numbers_.are_many_of_one()) return attempt_many(step, carry);
    evaluate(first_, step, step.forth(), carry.z);
    if constexpr (Numbers::exact) {
      const std::uint64_t seed = ExactFactor::seed(step.n);
      bool stored = true, fits = true;
      visit_entries(psi_, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
        const auto increment = numbers_.hold(entry(psi_, i), i, stored);
        const auto z = entry(carry.z, i), gap = entry(carry.y, i) - z;
        const auto y1 = z + numbers_.factor().shrink(gap, seed, i) + increment;
        fits &= numbers_.holds_entry(y1);
        gap_.data()[i] = gap;
        y1_.data()[i] = y1;
      });
      if (!stored) return classify();
      return fits ? Outcome::ok : left_range(y1_);
    } else {
      if (!numbers_.store(psi_, increment_)) return classify();
      gap_ = carry.y - carry.z;
      numbers_.shrink(step.n, gap_, shrunk_);
      y1_ = carry.z + shrunk_ + increment_;
      return Outcome::ok;
    }
  }

  void proposal(const Step&, const Carry&, Y& y1) { y1 = numbers_.real(y1_, real_); }

  // The error estimates of Ψ_h(t0, z0), after attempt; evaluates the stages that the increment left out.
  void error(const Step& step, const Carry&, std::array<Y, static_cast<std::size_t>(error_estimates)>& estimates) {
    calls_ += first_.complete(this->field_over(step), static_cast<std::size_t>(Tableau::base_stages));
    first_.estimate(estimates);
  }

  // The continuous extension y(t0 + σh) = z0 + h Σ ω_i(σ) k_i + (1 − σ(1−λ)) (y0 − z0) of the attempted step, before it is
  // committed: y0 at σ = 0, y1 at σ = 1, and between them the base method's.
  void extend(const Step& step, const Carry&, StepPolynomial<Y, dense_degree>& polynomial) {
    calls_ += first_.complete(this->field_over(step), first_.count);
    first_.extend(polynomial);
    const Y& gap = numbers_.real(gap_, real_);
    polynomial.coefficients[0] += gap;
    add_scaled(polynomial.coefficients[1], -scalar<Y>(1 - numbers_.lambda()), gap);
    this->check_inside(polynomial, first_);
  }

  double stiffness(const Step&) const { return first_.stiffness(); }
  Stability stability() const {
    Stability stability = runge_kutta_stability<Base>();
    stability.parasite_edge = -std::log(numbers_.lambda());
    stability.watches_parasite = true;
    return stability;
  }
  // The eigenvalues of (y, z) → (λy + (1 − λ + φ(q))z, z − φ(−q)y1), whose determinant is λ.
  double growth(const ComplexNumber& q) const { return larger_root(trace(q), -numbers_.lambda()); }
  ComplexNumber multiplier(const ComplexNumber& q) const {
    return root_near(trace(q), -numbers_.lambda(), std::exp(q));
  }
  // It shows in y − z.
  const Y& parasite() { return numbers_.real(gap_, real_); }

  // z1 of the attempted step.
  Outcome complete(const Step& step, const Carry& carry) { return complete(second_beside_first(), step, carry); }
  const Y& next_parasite() {
    set_difference(shrunk_, y1_, z1_);
    return numbers_.real(shrunk_, real_);
  }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits& bits) {
    if (!completed_) {
      // Nothing is asked of the first increment's stages any more.
      if (const Outcome outcome = complete(second_alone(), step, carry); outcome != Outcome::ok) return outcome;
    }
    numbers_.keep(step.n, gap_, bits);
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic) {  // nothing is asked of this step any more
      carry.y.swap(y1_);
      carry.z.swap(z1_);
    } else {
      copy(y1_, carry.y);
      copy(z1_, carry.z);
    }
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.y += w; }

  // From the carry before the step, whose stages are evaluated again: 2s evaluations and 2s vjps.
  void pullback(const Step& step, const Carry& before, CarryBar& carry_bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    attempt(step, before);
    Stages<Tableau, Field, Y>& second = second_beside_first();
    evaluate(second, step, step.back(), y1_);
    pull_back_second(second, step, carry_bar, theta_bar, t_bar);
    if (!saves.empty()) this->show_inside(*this, step, before);
    pull_back_first(step, carry_bar, theta_bar, t_bar, saves);
  }

  // The carry after the step becomes the carry before it, cotangents go with it.
  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& carry_bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    return retrace(
        step, carry, bits, [&](const auto& second) { pull_back_second(second, step, carry_bar, theta_bar, t_bar); },
        [&] {
          if (!saves.empty()) this->show_inside(*this, step, carry);
          pull_back_first(step, carry_bar, theta_bar, t_bar, saves);
        });
  }

  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& carry, Cursor& bits) {
    return retrace(
        step, carry, bits, [](const auto&) {}, [] {});
  }

  // See stepper/strides.hpp.
  template <class Bits>
  std::int64_t stride(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, Bits& bits)
    requires strides
  {
    if (i >= end || !may_stride(timeline) || failed_.knows(timeline.first() + i)) return 0;
    PairStride<Tableau, Field, Y> row(field_(0, 0), numbers_, first_, second_beside_first());
    const std::int64_t count = row.forth(timeline, i, end, carry, bits);
    calls_.evaluations += 2 * used * count;
    if (i + count < end && row.evaluated() > 0 && !all_finite(row.last_increment())) {
      psi_ = row.last_increment();
      increments_of_failed_ = row.evaluated();
      failed_.learn(timeline.first() + i + count);
    }
    return count;
  }
  template <class Cursor>
  std::int64_t stride_back(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, CarryBar& bar,
                           Theta& theta_bar, EvenTimes& t_bar, Cursor& bits)
    requires strides
  {
    if (i <= end || !may_stride(timeline)) return 0;
    PairStride<Tableau, Field, Y> row(field_(0, 0), numbers_, first_, second_beside_first());
    const std::int64_t count = row.back(timeline, i, end, carry, bar, theta_bar, t_bar, bits);
    calls_ += {2 * used * count, 2 * used * count};
    return count;
  }

  void finish(double, const Carry&, CarryBar& carry_bar, Y& y0_bar, Theta&, TimeCotangents&) const {
    y0_bar = carry_bar.y;
    y0_bar += carry_bar.z;
  }

  static bool same(const Carry& a, const Carry& b) { return Numbers::same(a.y, b.y) && Numbers::same(a.z, b.z); }

  void forget() { failed_.forget(); }

 private:
  // The stages of the second increment. Large ones have the memory of the first's, which are near, and some of their own
  // only once both are asked for at a time.
  static constexpr bool large = Y::SizeAtCompileTime == Eigen::Dynamic;
  using Second = std::conditional_t<large, std::optional<Stages<Tableau, Field, Y>>, Stages<Tableau, Field, Y>>;
  static Second make_second(const Stages<Tableau, Field, Y>& first) {
    if constexpr (large)
      return {};
    else
      return first;
  }
  Stages<Tableau, Field, Y>& second_alone() {
    if constexpr (large)
      return first_;
    else
      return second_;
  }
  Stages<Tableau, Field, Y>& second_beside_first() {
    if constexpr (large) {
      if (!second_) second_.emplace(first_);
      return *second_;
    } else {
      return second_;
    }
  }

  static constexpr auto used = static_cast<std::int64_t>(tableau::increment_stages<Tableau>);

  ComplexNumber trace(const ComplexNumber& q) const {
    const IncrementPolynomial<Base>& phi = increment_polynomial<Base>();
    const double lambda = numbers_.lambda();
    return 1 + lambda - phi(-q) * (1 - lambda + phi(q));
  }

  bool may_stride(const Timeline& timeline) const
    requires strides
  {
    return !timeline.has_jumps() && PairStride<Tableau, Field, Y>::suits(numbers_.factor());
  }

  // What f gave is not asked of it again.
  ANTISTROPHE_COLD Outcome failed_in_stride() {
    failed_.forget();
    calls_.evaluations += used * increments_of_failed_;
    return classify();
  }

  void evaluate(Stages<Tableau, Field, Y>& stages, const Step& step, const WayThrough& way, const Stored& at) {
    calls_ += stages.evaluate(this->field_over(step), way, numbers_.real(at, large ? stages.x[0] : real_), psi_);
  }

  // Of many entries the increment is never in memory as a whole: its stages are, and it is summed up a few entries at a time.
  static constexpr Eigen::Index few_at_a_time = 256;
  void evaluate_many(Stages<Tableau, Field, Y>& stages, const Step& step, const WayThrough& way, const Stored& at) {
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      calls_ += stages.evaluate_stages(this->field_over(step), way, numbers_.real(at, stages.x[0]));
    else
      evaluate(stages, step, way, at);
  }
  // visit(begin, size, psi): some entries of it, the first at psi[0].
  template <class Visit>
  void visit_increment(const Stages<Tableau, Field, Y>& stages, const Visit& visit) const {
    const Eigen::Index size = psi_.size();
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      for (Eigen::Index begin = 0; begin < size; begin += few_at_a_time)
        visit_entries_of(stages, begin, std::min(few_at_a_time, size - begin), visit);
    else
      visit(Eigen::Index{0}, size, psi_.data());
  }
  // The last ones first.
  template <class Visit>
  void visit_increment_backwards(const Stages<Tableau, Field, Y>& stages, const Visit& visit) const {
    const Eigen::Index size = psi_.size();
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      for (Eigen::Index end = size; end > 0;) {
        const Eigen::Index begin = (end - 1) / few_at_a_time * few_at_a_time;
        visit_entries_of(stages, begin, end - begin, visit);
        end = begin;
      }
    else
      visit(Eigen::Index{0}, size, psi_.data());
  }
  template <class Visit>
  static void visit_entries_of(const Stages<Tableau, Field, Y>& stages, Eigen::Index begin, Eigen::Index size,
                               const Visit& visit) {
    alignas(64) typename Y::Scalar room[few_at_a_time];
    stages.increment_entries(begin, size, room);
    visit(begin, size, static_cast<const typename Y::Scalar*>(room));
  }
  ANTISTROPHE_COLD Outcome classify_many(const Stages<Tableau, Field, Y>& stages) {
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic) stages.increment_entries(0, psi_.size(), psi_.data());
    return classify();
  }

  Outcome complete(Stages<Tableau, Field, Y>& stages, const Step& step, const Carry& carry) {
    if constexpr (Numbers::exact) {
      const Outcome outcome = evaluate_and_add(stages, step, step.back(), y1_, -1, carry.z, z1_);
      if (outcome != Outcome::ok) return outcome;
    } else {
      evaluate(stages, step, step.back(), y1_);
      if (!numbers_.store(psi_, increment_)) return classify();
      z1_ = carry.z - increment_;
      if (!all_finite(y1_) || !all_finite(z1_)) return classify();
    }
    completed_ = true;
    return Outcome::ok;
  }

  // attempt of many entries, in one pass of vectors.
  Outcome attempt_many(const Step& step, const Carry& carry)
    requires(Numbers::exact)
  {
    evaluate_many(first_, step, step.forth(), carry.z);
    const std::uint64_t seed = ExactFactor::seed(step.n);
    const ExactFactor factor = numbers_.factor();
    const double inverse = numbers_.inverse();
    std::int64_t misfits = 0, outside = 0;
    visit_increment(first_, [&](Eigen::Index begin, Eigen::Index size, const auto* psi) {
      const std::int64_t *const ys = carry.y.data() + begin, *const zs = carry.z.data() + begin;
      std::int64_t *const gaps = gap_.data() + begin, *const y1s = y1_.data() + begin;
      std::int64_t misfits_here = 0, outside_here = 0;
      ANTISTROPHE_INDEPENDENT_PASSES
      for (Eigen::Index i = 0; i < size; ++i) {
        const std::int64_t increment = Numbers::units_of_many(psi[i], inverse, misfits_here);
        const std::int64_t gap = ys[i] - zs[i];
        const std::int64_t y1 = wrapping_sum(zs[i] + factor.shrink_of_many(gap, seed, begin + i), increment);
        outside_here |= Numbers::outside_of_many(y1);
        gaps[i] = gap;
        y1s[i] = y1;
      }
      misfits |= misfits_here;
      outside |= outside_here;
    });
    if (misfits < 0) return classify_many(first_);
    return outside >= 0 ? Outcome::ok : left_range(y1_);
  }

  template <class Cursor, class AfterSecond, class AfterFirst>
  Outcome retrace(const Step& step, Carry& carry, Cursor& bits, AfterSecond&& after_second, AfterFirst&& after_first) {
    Stages<Tableau, Field, Y>& second = second_alone();
    if constexpr (Numbers::exact) {
      const Outcome outcome = evaluate_and_add(second, step, step.back(), carry.y, 1, carry.z, carry.z);
      if (outcome != Outcome::ok) return outcome;
      after_second(second);
      if constexpr (Numbers::may_be_many)
        if (numbers_.are_many_of_one()) return retrace_many(step, carry, bits, after_first);
    } else {
      evaluate(second, step, step.back(), carry.y);
      after_second(second);
      if (!numbers_.store(psi_, increment_)) return classify();
      carry.z += increment_;
    }
    evaluate(first_, step, step.forth(), carry.z);
    if constexpr (Numbers::exact) {
      const std::uint64_t seed = ExactFactor::seed(step.n);
      bool stored = true, fits = true;
      visit_entries_backwards(psi_, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
        const auto increment = numbers_.hold(entry(psi_, i), i, stored);
        const auto gap = numbers_.factor().grow(entry(carry.y, i) - entry(carry.z, i) - increment, seed, i, bits);
        fits &= numbers_.holds_gap(gap);
        gap_.data()[i] = gap;
      });
      if (!stored) return classify();
      if (!fits) return left_range(gap_);
      after_first();
      visit_entries(gap_, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
        const auto y = entry(carry.z, i) + entry(gap_, i);
        fits &= numbers_.holds_entry(y);
        carry.y.data()[i] = y;
      });
      return fits ? Outcome::ok : left_range(carry.y);
    } else {
      if (!numbers_.store(psi_, increment_)) return classify();
      gap_ = carry.y - carry.z - increment_;
      numbers_.grow(step.n, gap_, bits);
      after_first();
      carry.y = carry.z + gap_;
      return Outcome::ok;
    }
  }

  template <class Number>
  ANTISTROPHE_ALWAYS_INLINE static Number plus(const Number& z, int sign, const Number& increment) {
    if constexpr (std::is_integral_v<Number>)
      return z + sign * increment;
    else
      return sign > 0 ? z + increment : z - increment;
  }

  // The rest of the way back of many entries, once carry.z is that before the step.
  template <class Cursor, class AfterFirst>
  Outcome retrace_many(const Step& step, Carry& carry, Cursor& bits, AfterFirst&& after_first)
    requires(Numbers::exact)
  {
    evaluate_many(first_, step, step.forth(), carry.z);
    const std::uint64_t seed = ExactFactor::seed(step.n);
    bool stored = true, fits = true;
    visit_increment_backwards(first_, [&](Eigen::Index begin, Eigen::Index size, const auto* psi) {
      for (Eigen::Index i = size; i-- > 0;) {
        const Eigen::Index e = begin + i;
        const std::int64_t increment = numbers_.hold(psi[i], e, stored);
        const std::int64_t gap =
            numbers_.factor().grow(carry.y.data()[e] - carry.z.data()[e] - increment, seed, e, bits);
        fits &= numbers_.holds_gap(gap);
        gap_.data()[e] = gap;
      }
    });
    if (!stored) return classify_many(first_);
    if (!fits) return left_range(gap_);
    after_first();
    const std::int64_t *const zs = carry.z.data(), *const gaps = gap_.data();
    std::int64_t* const ys = carry.y.data();
    std::int64_t outside = 0;
    ANTISTROPHE_INDEPENDENT_PASSES
    for (Eigen::Index i = 0, size = psi_.size(); i < size; ++i) {
      const std::int64_t y = wrapping_sum(zs[i], gaps[i]);
      outside |= Numbers::outside_of_many(y);
      ys[i] = y;
    }
    return outside >= 0 ? Outcome::ok : left_range(carry.y);
  }

  // z1 := z ± [Ψ] of the increment from `at`, where z1 may be z itself.
  Outcome evaluate_and_add(Stages<Tableau, Field, Y>& stages, const Step& step, const WayThrough& way, const Stored& at,
                           int sign, const Stored& z, Stored& z1)
    requires(Numbers::exact)
  {
    if constexpr (Numbers::may_be_many)
      if (numbers_.are_many_of_one()) {
        evaluate_many(stages, step, way, at);
        return add_to_many(stages, sign, z, z1);
      }
    evaluate(stages, step, way, at);
    bool stored = true, fits = true;
    visit_entries(psi_, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
      const auto sum = plus(entry(z, i), sign, numbers_.hold(entry(psi_, i), i, stored));
      fits &= numbers_.holds_entry(sum);
      z1.data()[i] = sum;
    });
    if (!stored) return classify();
    return fits ? Outcome::ok : left_range(z1);
  }

  Outcome add_to_many(const Stages<Tableau, Field, Y>& stages, int sign, const Stored& z, Stored& z1)
    requires(Numbers::exact)
  {
    const double inverse = sign * numbers_.inverse();  // rounding is as to the nearest of −x as of x
    std::int64_t misfits = 0, outside = 0;
    visit_increment(stages, [&](Eigen::Index begin, Eigen::Index size, const auto* psi) {
      const std::int64_t* const from = z.data() + begin;
      std::int64_t* const to = z1.data() + begin;
      std::int64_t misfits_here = 0, outside_here = 0;
      ANTISTROPHE_INDEPENDENT_PASSES
      for (Eigen::Index i = 0; i < size; ++i) {
        const std::int64_t sum = wrapping_sum(from[i], Numbers::units_of_many(psi[i], inverse, misfits_here));
        outside_here |= Numbers::outside_of_many(sum);
        to[i] = sum;
      }
      misfits |= misfits_here;
      outside |= outside_here;
    });
    if (misfits < 0) return classify_many(stages);
    return outside >= 0 ? Outcome::ok : left_range(z1);
  }

  // Through z1 = z0 − Ψ_{−h}(t1, y1):   ȳ1 += −J[Ψ_{−h}](t1, y1)ᵀ z̄1.
  void pull_back_second(const Stages<Tableau, Field, Y>& second, const Step& step, CarryBar& bar, Theta& theta_bar,
                        TimeCotangents& t_bar) {
    calls_ += first_.pull_back(this->field_over(step), second, -1, bar.z, {bar.y, theta_bar, t_bar.t1, t_bar.t0});
  }

  // Through y1 = z0 + λ (y0 − z0) + Ψ_h(t0, z0):   z̄0 = z̄1 + (1−λ) ȳ1 + J[Ψ_h](t0, z0)ᵀ ȳ1,   ȳ0 = λ ȳ1;
  // and what was saved inside the step: κ_i += hω_i(σ) w,   ȳ0 += (1 − σ(1−λ)) w,   z̄0 += σ(1−λ) w.
  void pull_back_first(const Step& step, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                       std::span<const SavedInside<Y>> saves) {
    const double lambda = numbers_.lambda();
    calls_ += first_.pull_back(this->field_over(step), bar.y, {bar.z, theta_bar, t_bar.t0, t_bar.t1}, saves);
    const auto stays = scalar<Y>(lambda), goes = scalar<Y>(1 - lambda);
    if constexpr (fits_registers<Y>) {
      for_entries<Y>([&](Eigen::Index e) ANTISTROPHE_INLINE_LAMBDA {
        const auto y = entry(bar.y, e);
        bar.z.coeffRef(e) = entry(bar.z, e) + goes * y;
        bar.y.coeffRef(e) = y * stays;
      });
    } else {
      bar.z += goes * bar.y;
      bar.y *= stays;
    }
    for (const auto& [sigma, w] : saves) {
      const double fading = sigma * (1 - lambda);
      add_scaled(bar.y, scalar<Y>(1 - fading), *w);
      add_scaled(bar.z, scalar<Y>(fading), *w);
      if constexpr (Common::with_times) {
        const double slope =
            first_.slope_along(*w, sigma) - (1 - lambda) * static_cast<double>(dot(*w, numbers_.real(gap_, real_)));
        move_save(slope, sigma, step.h(), t_bar);
      }
    }
  }

  Increment<Tableau, Field, Y> first_;  // Ψ_h(t0, z0)
  Second second_;                       // of Ψ_{−h}(t1, y1), whose cotangents find room in the first
  Stored increment_, gap_, shrunk_, y1_, z1_;
  NodeCache failed_;  // where the step begins of which a stride found an increment, psi_, not finite
  std::int64_t increments_of_failed_ = 0;
  bool completed_ = false;  // z1_ is that of the attempted step
};

}  // namespace antistrophe::detail
