// SPDX-License-Identifier: MIT
// The stepper of ReversibleAdams and ReversibleAdamsPece; reversible_adams.hpp has the formulas.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/method/adams/detail/adams_carry.hpp>
#include <antistrophe/method/adams/detail/adams_choice.hpp>
#include <antistrophe/method/adams/detail/adams_steps.hpp>
#include <antistrophe/method/adams/detail/adams_stride.hpp>
#include <antistrophe/method/adams/detail/adams_sums.hpp>
#include <antistrophe/method/adams/detail/adams_values.hpp>
#include <antistrophe/method/adams/detail/adams_weights.hpp>
#include <antistrophe/method/detail/growth.hpp>
#include <antistrophe/method/detail/node_cache.hpp>
#include <antistrophe/method/detail/raw_bits.hpp>
#include <antistrophe/method/detail/stored_stepper.hpp>
#include <antistrophe/method/runge_kutta/detail/increment.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/number/exact_factor.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

template <int Order, bool Corrected, class Arithmetic, class F, EigenState Y>
class AdamsStepper : public StoredStepper<Arithmetic, F, Y> {
  static constexpr auto K = static_cast<std::size_t>(Order);
  using Common = StoredStepper<Arithmetic, F, Y>;
  using Start = tableau::Extended<AdamsStart<Order>>;
  using Real = Work<Y>;
  using Weights = AdamsWeights<K, Corrected, Real>;
  static constexpr std::size_t values = Weights::values;
  static constexpr AdamsChoice choice = adams_choice<Order, Corrected>;
  static constexpr bool strides = [] {
    if constexpr (Common::Numbers::exact)
      return Order > 1 && !Corrected && sums_are_exact_operations<Y>;
    else
      return false;
  }();

 public:
  using typename Common::Stored, typename Common::Numbers, typename Common::Theta;
  using Carry = AdamsHistory<K, Stored>;
  using CarryBar = AdamsCotangents<K, Y>;
  static constexpr int error_estimates = 1;
  static constexpr int error_order = Corrected ? Order + 1 : std::max(Order, 2);
  static constexpr int dense_degree = std::max(Order + (Corrected ? 1 : 0), Start::dense_degree);
  static constexpr MultistepRequirements multistep{.minimum_steps = Order};

  template <class Method>
  AdamsStepper(const Method& method, const F& field, const Y& y0)
      : Common(field, magnitude(method.lambda), method_resolution(method), y0),
        signed_lambda_(method.lambda),
        ring_period_(Numbers::exact ? never_kept
                                    : adams_ring_period<K, Corrected, RealOf<Y>>(std::fabs(method.lambda))),
        start_(make_tape<F, Y>(field, y0), y0),
        known_(field, y0),
        end_(known_[0]),
        mirror_(psi_),
        predicted_(psi_),
        end_x_(psi_),
        gap_bar_(psi_),
        end_bar_(psi_),
        predicted_bar_(psi_),
        increment_(numbers_.zeros(y0)),
        mirrored_(increment_),
        gap_(increment_),
        shrunk_(increment_),
        y1_(increment_) {}

  Carry make_carry() const { return {numbers_.zeros(psi_), array_of<K>(numbers_.zeros(psi_)), no_number(0)}; }
  CarryBar make_carry_bar() const {
    return {zeros_like(psi_), array_of<K>(zeros_like(psi_)), array_of<K>(zeros_like(psi_)), no_number(none)};
  }

  Outcome start(double, const Y& y0, Carry& carry) {
    forget();
    if (!numbers_.store(y0, carry.newest)) return classify(y0);
    for (Stored& x : carry.older) x.setZero();
    carry.begun.setZero();
    return Outcome::ok;
  }

  void read(const Carry& carry, Y& y) { y = numbers_.real(carry.newest, real_); }

  Outcome attempt(const Step& step, const Carry& carry) { return attempt(step, carry, false); }

  void proposal(const Step&, const Carry&, Y& y1) { y1 = numbers_.real(y1_, real_); }

  // Order K less order K − 1 (corrected less predicted, with a corrector), and, since the next steps inherit it, |λD|.
  // K = 1 has nothing below it: D itself is h²y''/2. In the first steps, the Runge–Kutta method's own estimate.
  void error(const Step& step, const Carry& carry, std::array<Y, 1>& estimates) {
    Y& estimate = estimates[0];
    if (at_.starts) {
      calls_ += start_.complete(field(), static_cast<std::size_t>(Start::base_stages));
      start_.estimate(estimates);
      estimate *= scalar<Y>(start_caution<Order>);
      return;
    }
    const Y& gap = numbers_.real(gap_, real_);
    if constexpr (K == 1 && !Corrected) {
      estimate = gap;
    } else {
      combine(static_cast<Real>(step.h()), weights().error, all_values(), estimate);
      estimate = (estimate.cwiseAbs() + static_cast<RealOf<Y>>(std::fabs(signed_lambda_)) * gap.cwiseAbs())
                     .template cast<typename Y::Scalar>();
    }
    measure_stiffness(carry);
  }

  // The estimate above is made of values before the step: a kink inside it is first seen by f at its end, which is the
  // evaluation that the next step begins with. (A corrector has seen it.)
  Outcome complete(const Step& step, const Carry&)
    requires(!Corrected)
  {
    if (at_.starts || end_is_known_) return Outcome::ok;
    ++calls_.evaluations;
    evaluate_alone<F, Y>(field(), step.t1, numbers_.real(y1_, real_), end_.f, end_.tape);
    end_is_known_ = true;
    return all_finite(end_.f) ? Outcome::ok : classify(end_.f);
  }
  // Adams–Moulton of order K + 1 less the step; false of a step of another method.
  bool end_error(const Step& step, std::array<Y, 1>& estimates)
    requires(!Corrected)
  {
    if (!end_is_known_) return false;
    const auto h = static_cast<Real>(step.h());
    combine(h, weights().beyond, past_values(), estimates[0]);
    estimates[0] += scalar<Y>(h * weights().end) * end_.f;
    return true;
  }

  // y(t_n + σh) = x_n + ∫ of the interpolant + σλD: order K, and x_{n+1} at σ = 1.
  void extend(const Step& step, const Carry& carry, StepPolynomial<Y, dense_degree>& polynomial) {
    auto& c = polynomial.coefficients;
    if (at_.starts) {
      calls_ += start_.complete(field(), start_.count);
      start_.extend(polynomial);
      this->check_inside(polynomial, start_);
      return;
    }
    const auto rows = weights().all.integral_coefficients();
    const std::array<const Y*, values> v = all_values();
    c[0] = numbers_.real(carry.newest, real_);
    for (std::size_t p = 1; p < c.size(); ++p) c[p].setZero();
    for (std::size_t j = 0; j < values; ++j)
      for (std::size_t p = 0; p < values; ++p) c[p + 1] += scalar<Y>(static_cast<Real>(step.h()) * rows[j][p]) * *v[j];
    if constexpr (in_passes)
      if (numbers_.are_many_of_one()) numbers_.shrink(step.n, gap_, shrunk_);
    c[1] += scalar<Y>(signed_lambda_ > 0 ? 1.0 : -1.0) * numbers_.real(shrunk_, real_);
  }

  // h times a Lipschitz constant, in the measure of a Runge–Kutta method whose stable interval is about 2.
  double stiffness(const Step& step) const {
    if (at_.starts) return start_.stiffness();
    return std::fabs(step.h()) * lipschitz_ * 2 / choice.stable_interval;
  }
  // At the default λ.
  Stability stability() const {
    Stability stability;
    stability.real_interval = choice.stable_interval;
    return stability;
  }

  // On y' = μy, from q = hμ, by equal steps.
  bool outgrows(const ComplexNumber& q, double factor) const {
    return has_root_beyond(adams_polynomial<K, Corrected>(signed_lambda_, q), factor);
  }
  ComplexNumber multiplier(const ComplexNumber& q) const {
    return root_near(adams_polynomial<K, Corrected>(signed_lambda_, q), std::exp(q));
  }

  // Once all steps in sight are equal, the next may be twice as long; before, no longer.
  double maximum_growth(const Step& step) const { return !at_.starts && has_equal_steps<K>(step) ? 2 : 1; }

  template <class Bits>
  Outcome commit(const Step& step, Carry& carry, Bits& bits) {
    if (at_.restarts) give_up(carry, bits);
    if (!at_.starts) numbers_.keep(step.n, gap_, bits);
    if (keeps_ring()) keep_ring(carry, bits);
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic) {  // nothing is asked of y1_ any more
      carry.older[at_.slot].swap(carry.newest);
      carry.newest.swap(y1_);
    } else {
      carry.older[at_.slot] = carry.newest;
      carry.newest = y1_;
    }
    if constexpr (in_passes && !Corrected)
      if (!at_.starts && numbers_.are_many_of_one()) real_end_.learn(step.n + 1);
    if (end_is_known_) known_.adopt(step.n + 1, end_);
    end_is_known_ = false;
    return Outcome::ok;
  }

  void add_to_state(CarryBar& bar, const Y& w) const { bar.newest += w; }

  void pullback(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                std::span<const SavedInside<Y>> saves) {
    attempt(step, before, true);
    pull_back_step(step, before, bar, theta_bar, t_bar, saves);
  }

  // The carry after the step becomes the carry before it, cotangents go with it.
  template <class Cursor>
  Outcome step_back(const Step& step, Carry& carry, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                    std::span<const SavedInside<Y>> saves, Cursor& bits) {
    const Outcome outcome = reconstruct(step, carry, bits);
    if (outcome == Outcome::ok) pull_back_step(step, carry, bar, theta_bar, t_bar, saves);
    return outcome;
  }

  template <class Cursor>
  Outcome reconstruct(const Step& step, Carry& carry, Cursor& bits) {
    place_back<K>(step, carry.begun[0], at_);
    Stored& slot = carry.older[at_.slot];  // x_n, and then x_{n−K}
    if (at_.starts) {
      increment_of_start(step, slot);
      if (!numbers_.store(psi_, increment_)) return classify();
      if constexpr (Numbers::exact) {
        // x_n is known without it, but a field that does not repeat itself is not to pass.
        y1_ = slot + increment_;
        if (!Numbers::same(carry.newest, y1_)) return left_range(y1_);
      }
      carry.newest = slot;
      slot.setZero();
      return !at_.restarts || take_up(carry, bits) ? Outcome::ok : left_range(carry.newest);
    }
    increments(step, slot, carry.older);
    if (!numbers_.store(psi_, increment_)) return classify();
    if (!numbers_.store(mirror_, mirrored_)) return classify(mirror_);
    if (signed_lambda_ > 0)
      gap_ = carry.newest - slot - increment_;
    else
      gap_ = slot + increment_ - carry.newest;
    if (this->shows_inside()) shrunk_ = gap_;
    numbers_.grow(step.n, gap_, bits);
    if (!numbers_.gap_in_range(gap_)) return left_range(gap_);
    carry.newest = slot;
    slot = second_oldest(carry) - mirrored_ + gap_;
    if (!numbers_.in_range(slot)) return left_range(slot);
    if (keeps_ring()) take_ring(carry, bits);
    return Outcome::ok;
  }

  // See stepper/strides.hpp: of steps that see K equal ones, and are not among the first.
  template <class Bits>
  std::int64_t stride(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, Bits& bits)
    requires strides
  {
    if (i >= end || i - carry.begun[0] < Order || !may_stride(timeline, end)) return 0;
    know_before(timeline, i, carry);
    AdamsStride<K, F, Y> row(field(), numbers_, signed_lambda_, known_);
    end_is_known_ = false;
    const std::int64_t count = row.forth(timeline, i, end, carry, bits);
    calls_.evaluations += count;
    return count;
  }
  template <class Cursor>
  std::int64_t stride_back(const Timeline& timeline, std::int64_t i, std::int64_t end, Carry& carry, CarryBar& bar,
                           Theta& theta_bar, EvenTimes& t_bar, Cursor& bits)
    requires strides
  {
    end = std::max(end, carry.begun[0] + Order);
    if (i <= end || this->shows_inside() || bar.valued[0] != timeline.first() + i - (Order - 1) ||
        !may_stride(timeline, i))
      return 0;
    know_before(timeline, i, carry);
    AdamsStride<K, F, Y> row(field(), numbers_, signed_lambda_, known_);
    const std::int64_t count = row.back(timeline, i, end, carry, bar, theta_bar, t_bar, bits);
    calls_.evaluations += count;
    calls_.vjps += count;
    bar.valued[0] -= count;
    return count;
  }

  // By how much states that were reconstructed in floating arithmetic missed those that the bits know, in parts of their size:
  // the largest since it was last asked for.
  double take_drift()
    requires(!Numbers::exact)
  {
    return std::exchange(drift_, 0.0);
  }

  double bit_rate() const {
    if constexpr (Numbers::exact) return numbers_.bit_rate();
    return 8.0 * sizeof(typename Y::Scalar) * (K + 1) / static_cast<double>(ring_period_);
  }

  void finish(double, const Carry&, CarryBar& bar, Y& y0_bar, Theta&, TimeCotangents&) const { y0_bar = bar.newest; }

  static bool same(const Carry& a, const Carry& b) {
    bool equal = Numbers::same(a.newest, b.newest) && a.begun[0] == b.begun[0];
    for (std::size_t j = 0; j < K; ++j) equal = equal && Numbers::same(a.older[j], b.older[j]);
    return equal;
  }

  void forget() {
    known_.forget();
    real_end_.forget();
  }

 private:
  using Common::calls_, Common::numbers_, Common::psi_, Common::real_, Common::with_times;
  using Common::classify, Common::left_range;
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();

  // |λ|, in which the arithmetic works; the sign is applied to what it gives.
  static double magnitude(double lambda) {
    if constexpr (Numbers::exact) {
      if (!ExactFactor::represents(std::fabs(lambda)))
        refuse("lambda of an exact Adams method", lambda,
               "±(1 - 2^-m) or ±2^-q with m, q <= 40, such as 1/2, 1/4, -1/4 or -3/4 (Floating takes any in [-1, 1] "
               "but 0)");
    } else if (!(std::fabs(lambda) <= 1) || lambda == 0) {
      refuse("lambda of a floating Adams method", lambda, "in [-1, 1] and not 0, at which there is no way back");
    }
    return std::fabs(lambda);
  }
  static auto no_number(std::int64_t value) { return filled<typename NumberBeside<Y>::type>(1, 1, value); }
  const F& field() { return Common::field_(0, 0); }  // never frozen to a step

  // Whether what is done to the entries of a state is done in one pass over all of them.
  static constexpr bool in_passes = [] {
    if constexpr (Numbers::exact)
      return Numbers::may_be_many;
    else
      return false;
  }();

  // Whether the sums are asked for once the step is made.
  Outcome attempt(const Step& step, const Carry& carry, [[maybe_unused]] bool keeps_sums) {
    end_is_known_ = false;
    place_forth<K>(step, carry.begun[0], at_);
    if (at_.starts) {
      increment_of_start(step, carry.newest);
      if (!numbers_.store(psi_, increment_)) return classify();
      y1_ = carry.newest + increment_;
    } else {
      if constexpr (in_passes)
        if (numbers_.are_many_of_one()) return attempt_many(step, carry, keeps_sums);
      increments(step, carry.newest, carry.older);
      if (!numbers_.store(psi_, increment_)) return classify();
      if (!numbers_.store(mirror_, mirrored_)) return classify(mirror_);
      gap_ = carry.older[at_.slot] - second_oldest(carry) + mirrored_;
      if (!numbers_.gap_in_range(gap_)) return left_range(gap_);
      numbers_.shrink(step.n, gap_, shrunk_);
      if (signed_lambda_ > 0)
        y1_ = carry.newest + increment_ + shrunk_;
      else
        y1_ = carry.newest + increment_ - shrunk_;
    }
    return this->holds(y1_) ? Outcome::ok : left_range(y1_);
  }

  // The same of many entries, in one pass.
  Outcome attempt_many(const Step& step, const Carry& carry, bool keeps_sums)
    requires(in_passes)
  {
    if constexpr (Corrected)
      increments(step, carry.newest, carry.older);
    else
      know_values(step, carry.newest, carry.older);
    real_end_.forget();
    const std::uint64_t seed = ExactFactor::seed(step.n);
    const ExactFactor factor = numbers_.factor();
    const double inverse = numbers_.inverse();
    const std::int64_t sign = signed_lambda_ > 0 ? 0 : -1;
    std::int64_t misfits = 0, mirror_misfits = 0, gap_outside = 0, outside = 0;
    for (Eigen::Index begin = 0, size = psi_.size(); begin < size; begin += stretch_of_sums) {
      const Eigen::Index count = std::min(stretch_of_sums, size - begin);
      const Eigen::Index place = Corrected || keeps_sums ? begin : 0;
      if constexpr (!Corrected) sum_stretch(step, begin, count, place);
      const auto *const psi = psi_.data() + place, *const mirror = mirror_.data() + place;
      const std::int64_t *const newest = carry.newest.data() + begin,
                                *const oldest = carry.older[at_.slot].data() + begin,
                                *const second = second_oldest(carry).data() + begin;
      std::int64_t *const gaps = gap_.data() + begin, *const y1s = y1_.data() + begin;
      ANTISTROPHE_INDEPENDENT_PASSES
      for (Eigen::Index i = 0; i < count; ++i) {
        const std::int64_t increment = Numbers::units_of_many(psi[i], inverse, misfits);
        const std::int64_t gap =
            wrapping_sum(oldest[i] - second[i], Numbers::units_of_many(mirror[i], inverse, mirror_misfits));
        gap_outside |= Numbers::gap_outside_of_many(gap);
        const std::int64_t shrunk = factor.shrink_of_many(gap, seed, begin + i);
        const std::int64_t y1 = wrapping_sum(wrapping_sum(newest[i], increment), (shrunk ^ sign) - sign);
        outside |= Numbers::outside_of_many(y1);
        gaps[i] = gap;
        y1s[i] = y1;
      }
      if constexpr (!Corrected)
        Numbers::real_of_all(y1s, numbers_.resolution_of_many(), predicted_.data() + begin, count);
    }
    if ((misfits | mirror_misfits | gap_outside | outside) >= 0) return Outcome::ok;
    if constexpr (!Corrected) increments(step, carry.newest, carry.older);
    if (misfits < 0) return classify();
    if (mirror_misfits < 0) return classify(mirror_);
    return left_range(gap_outside < 0 ? gap_ : y1_);
  }

  // --- Strides ---

  bool may_stride(const Timeline& timeline, std::int64_t end) const
    requires strides
  {
    return timeline.equal_up_to(end) && !timeline.has_jumps() && AdamsStride<K, F, Y>::suits(numbers_.factor());
  }
  // f at the K − 1 nodes before node i; nothing is known any more, should a stride throw.
  void know_before(const Timeline& timeline, std::int64_t i, const Carry& carry) {
    const std::int64_t before = timeline.first() + i - 1;
    know(step_at(timeline, i - 1), before - (Order - 2), carry.older[ring_slot<K>(before)], carry.older);
    known_.forget();
  }

  // --- The ring ----------------------------------------------------------------------------------------------------------

  // The slot of number n − j.
  std::size_t slot_before(std::size_t j) const { return at_.slot >= j ? at_.slot - j : at_.slot + K - j; }

  // x_{n−K+1}.
  const Stored& second_oldest(const Carry& carry) const {
    if constexpr (K == 1)
      return carry.newest;
    else
      return carry.older[slot_before(K - 1)];
  }

  // The ring, which a new start does not need, but the way back does.
  template <class Bits>
  void give_up(Carry& carry, Bits& bits) const {
    for (const Stored& x : carry.older) push_raw(x, bits);
    push_raw(carry.begun, bits);
    if constexpr (!Numbers::exact) push_raw(carry.newest, bits);
    for (Stored& x : carry.older) x.setZero();
    carry.begun[0] = at_.begun;
  }
  // False where the bits are none that give_up pushed: the backward pass is not that of the forward pass.
  template <class Cursor>
  bool take_up(Carry& carry, Cursor& bits) {
    double off = 0;
    if constexpr (!Numbers::exact) off = replace(carry.newest, bits);
    pop_raw(carry.begun, bits);
    bool sound = carry.begun[0] >= 0 && carry.begun[0] < at_.i;
    for (std::size_t j = K; j-- > 0;) {
      pop_raw(carry.older[j], bits);
      sound = sound && numbers_.in_range(carry.older[j]);
    }
    if constexpr (!Numbers::exact) measure_drift(off, carry);
    return sound;
  }

  bool keeps_ring() const { return !Numbers::exact && !at_.starts && (at_.i - at_.begun) % ring_period_ == 0; }
  template <class Bits>
  void keep_ring(const Carry& carry, Bits& bits) const {
    if constexpr (!Numbers::exact && !std::is_same_v<Bits, NoBits>) {
      for (const Stored& x : carry.older) push_raw(x, bits);
      push_raw(carry.newest, bits);
    }
  }
  template <class Cursor>
  void take_ring(Carry& carry, Cursor& bits) {
    if constexpr (!Numbers::exact) {
      double off = replace(carry.newest, bits);
      for (std::size_t j = K; j-- > 0;) off = larger_of(off, replace(carry.older[j], bits));
      measure_drift(off, carry);
      known_.forget();  // these values are of states that were off
    }
  }
  // A reconstructed state gives way to the one that was passed; how far they are apart.
  template <class Cursor>
  double replace(Stored& x, Cursor& bits) {
    real_ = x;
    pop_raw(x, bits);
    real_ -= x;
    const double off = largest_entry(real_);
    return std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
  }
  void measure_drift(double off, const Carry& carry) {
    double size = largest_entry(carry.newest);
    for (const Stored& x : carry.older) size = larger_of(size, largest_entry(x));
    if (off > 0) drift_ = larger_of(drift_, off / size);
  }

  // --- Evaluations -------------------------------------------------------------------------------------------------------

  // Ψ of a Runge–Kutta step into psi_.
  void increment_of_start(const Step& step, const Stored& at) {
    calls_ += start_.evaluate(field(), step.forth(), numbers_.real(at, real_), psi_);
  }

  // hΣ b_j f_{n−j} into psi_ and hΣ c_j f_{n−j} into mirror_, of a step from x_n = newest.
  void increments(const Step& step, const Stored& newest, const std::array<Stored, K>& older) {
    know_values(step, newest, older);
    if constexpr (in_passes && !Corrected) {
      for (Eigen::Index begin = 0, size = psi_.size(); begin < size; begin += stretch_of_sums)
        sum_stretch(step, begin, std::min(stretch_of_sums, size - begin), begin);
      return;
    }
    const Real h = static_cast<Real>(step.t1) - static_cast<Real>(step.t0);
    const std::array<const Y*, K> f = past_values();
    if constexpr (Corrected) {
      combine(h, weights().predict, weights().mirror, f, predicted_, mirror_);
      assign(end_x_, numbers_.real(newest, real_) + predicted_);
      ++calls_.evaluations;
      evaluate_alone<F, Y>(field(), step.sees_t1(), end_x_, end_.f, end_.tape);
      combine(h, weights().main, all_values(), psi_);
    } else {
      combine(h, weights().main, weights().mirror, f, psi_, mirror_);
    }
  }

  void know_values(const Step& step, const Stored& newest, const std::array<Stored, K>& older) {
    know(step, step.n - (Order - 1), newest, older);
    weigh(step);
  }
  // So many entries of both sums, from `begin` on, to `place` and on.
  void sum_stretch(const Step& step, Eigen::Index begin, Eigen::Index count, Eigen::Index place)
    requires(in_passes)
  {
    const Real h = static_cast<Real>(step.t1) - static_cast<Real>(step.t0);
    std::array<const typename Y::Scalar*, K> f;
    for (std::size_t j = 0; j < K; ++j) f[j] = known_[slot_before(j)].f.data() + begin;
    combine_stretch(h, weights().main, weights().mirror, f, count, psi_.data() + place, mirror_.data() + place);
  }

  void weigh(const Step& step) {
    equal_ = has_equal_steps<K>(step);
    if (equal_) return;
    std::array<double, K + 1> times;
    times[0] = step.t0;
    for (std::size_t j = 1; j <= K; ++j) times[j] = step.earlier(static_cast<std::int64_t>(j));
    weigh_unequal_steps(times, step.t1, unequal_);
  }
  const Weights& weights() const { return equal_ ? equal_steps_weights<K, Corrected, Real> : unequal_; }

  std::array<const Y*, K> past_values() const {
    std::array<const Y*, K> f;
    for (std::size_t j = 0; j < K; ++j) f[j] = &known_[slot_before(j)].f;
    return f;
  }
  std::array<const Y*, values> all_values() const {
    std::array<const Y*, values> v;
    for (std::size_t j = 0; j < K; ++j) v[j] = &known_[slot_before(j)].f;
    if constexpr (Corrected) v[K] = &end_.f;
    return v;
  }

  // Sees to it that f is known from number `first` to the step's start.
  void know(const Step& step, std::int64_t first, const Stored& newest, const std::array<Stored, K>& older) {
    known_.know(first, step.n, [&](std::int64_t number, ValueOfField<F, Y>& value) {
      const std::int64_t back = step.n - number;
      const Stored& x = back == 0 ? newest : older[ring_slot<K>(number)];
      ++calls_.evaluations;
      const Y& at = back == 0 && real_end_.knows(number) ? predicted_ : numbers_.real(x, real_);
      evaluate_alone<F, Y>(field(), back == 0 ? step.sees_t0() : step.sees_earlier(back), at, value.f, value.tape);
    });
  }

  // L = ‖f − f'‖/‖x − x'‖ of the two newest states, or of the step's start and its predicted end.
  void measure_stiffness(const Carry& carry) {
    double distance = 0, difference = 0;
    if constexpr (Corrected) {
      distance = static_cast<double>(predicted_.matrix().norm());
      difference = static_cast<double>((end_.f - known_[at_.slot].f).matrix().norm());
    } else if constexpr (K > 1) {
      gap_bar_ = numbers_.real(carry.newest, real_);
      gap_bar_ -= numbers_.real(carry.older[slot_before(1)], real_);
      distance = static_cast<double>(gap_bar_.matrix().norm());
      difference = static_cast<double>((known_[at_.slot].f - known_[slot_before(1)].f).matrix().norm());
    }
    lipschitz_ = distance > 0 ? difference / distance : 0;
  }

  // --- Cotangents --------------------------------------------------------------------------------------------------------

  // Through the attempted (or reconstructed) step from the carry before it. f at its start is used by this step and later
  // ones, none of them left: its cotangent is complete then, and goes to the state.
  void pull_back_step(const Step& step, const Carry& before, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                      std::span<const SavedInside<Y>> saves) {
    if (!saves.empty()) this->show_inside(*this, step, before);
    if (at_.starts)
      pull_back_start(step, bar, theta_bar, t_bar, saves);
    else
      pull_back_adams(step, bar, theta_bar, t_bar, saves);
    if (bar.valued[0] > step.n) return;
    know(step, step.n, before.newest, before.older);
    t_bar.t0 += this->vjp(field(), step.sees_t0(), numbers_.real(before.newest, real_), known_[at_.slot].tape,
                          bar.values[at_.slot], bar.newest, theta_bar);
  }

  void pull_back_start(const Step& step, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                       std::span<const SavedInside<Y>> saves) {
    calls_ += start_.pull_back(field(), bar.newest, {bar.newest, theta_bar, t_bar.t0, t_bar.t1}, saves);
    for (const auto& [sigma, w] : saves) {
      bar.newest += *w;
      if constexpr (with_times) move_save(start_.slope_along(*w, sigma), sigma, step.h(), t_bar);
    }
    Y& slot = bar.older[at_.slot];
    assign(bar.newest, bar.newest + slot);
    slot.setZero();
  }

  // With q = x̄_{n+1}, w of values saved at σ, and D̄ = λ (q + Σ σ w):
  //   x̄_n += q + Σ w,   x̄_{n−K} = D̄,   x̄_{n−K+1} −= D̄,   f̄_{n−j} += h b_j q + h c_j D̄ + h Σ B_j(σ) w,   B_j = ∫_0^σ ℓ_j;
  // with a corrector also ū = J(u)ᵀ ū_f of the predicted end u, and x̄_n += ū, f̄_{n−j} += h b_j ū, b_j the predictor's.
  void pull_back_adams(const Step& step, CarryBar& bar, Theta& theta_bar, TimeCotangents& t_bar,
                       std::span<const SavedInside<Y>> saves) {
    const Real h = static_cast<Real>(step.t1) - static_cast<Real>(step.t0);
    const auto lambda = static_cast<Real>(signed_lambda_);
    const Weights& w = weights();
    const Y& q = bar.newest;

    for (std::size_t j = 0; j < K; ++j) {
      const auto factor = scalar<Y>(h * (w.main[j] + lambda * w.mirror[j]));
      Y& value_bar = bar.values[slot_before(j)];
      if (bar.valued[0] <= step.n - static_cast<std::int64_t>(j))
        assign(value_bar, value_bar + factor * q);
      else
        assign(value_bar, factor * q);
    }
    bar.valued[0] = step.n - (Order - 1);
    assign(gap_bar_, scalar<Y>(lambda) * q);
    if constexpr (Corrected) assign(end_bar_, scalar<Y>(h * w.main[K]) * q);
    for (const SavedInside<Y>& save : saves) {
      const auto sigma = static_cast<Real>(save.sigma);
      const std::array<Real, values> inside = w.all.integral(0, sigma);
      for (std::size_t j = 0; j < K; ++j)
        bar.values[slot_before(j)] += scalar<Y>(h * (inside[j] + sigma * lambda * w.mirror[j])) * *save.w;
      if constexpr (Corrected) end_bar_ += scalar<Y>(h * inside[K]) * *save.w;
      gap_bar_ += scalar<Y>(sigma * lambda) * *save.w;
    }
    if constexpr (Corrected) {
      predicted_bar_.setZero();
      t_bar.t1 += this->vjp(field(), step.sees_t1(), end_x_, end_.tape, end_bar_, predicted_bar_, theta_bar);
      for (std::size_t j = 0; j < K; ++j) {
        Y& value_bar = bar.values[slot_before(j)];
        assign(value_bar, value_bar + scalar<Y>(h * w.predict[j]) * predicted_bar_);
      }
    }
    if constexpr (with_times) move_times(step, q, saves, t_bar);

    Y& slot = bar.older[at_.slot];
    Y& second = bar.older[slot_before(K - 1)];
    assign(second, second - gap_bar_);
    assign(bar.newest, bar.newest + slot);
    assign(slot, gap_bar_);
    if constexpr (Corrected) assign(bar.newest, bar.newest + predicted_bar_);
    for (const SavedInside<Y>& save : saves) bar.newest += *save.w;
  }

  // What the weights say of the times. Equal steps that stay equal: every sum is h times a constant. Others: a sum is an
  // integral of the interpolant p over an interval, and a node t_j moves its ends, ∂/∂t_{n+1} = p(t_{n+1}), ∂/∂t_{n−K} =
  // −p(t_{n−K}), or p itself, ∂p/∂t_j = −p'(t_j) ℓ_j. Where all nodes move as t_n does, nothing changes but what was saved.
  void move_times(const Step& step, const Y& q, std::span<const SavedInside<Y>> saves, TimeCotangents& t_bar) const {
    const double h = step.h();
    const Weights& w = weights();
    const std::array<const Y*, values> v = all_values();
    const auto along = [&](const Y& direction, const auto& factors) {  // Σ factors_j directionᵀ v_j
      double sum = 0;
      for (std::size_t j = 0; j < factors.size(); ++j)
        sum += static_cast<double>(factors[j]) * static_cast<double>(dot(direction, *v[j]));
      return sum;
    };
    const auto fade = [&](const SavedInside<Y>& save) {  // of σλD
      return signed_lambda_ * static_cast<double>(dot(*save.w, numbers_.real(gap_, real_of_gap_)));
    };
    if (step.timeline->is_uniform()) {
      double h_bar = (static_cast<double>(dot(q, psi_)) + static_cast<double>(dot(gap_bar_, mirror_))) / h;
      if constexpr (Corrected) h_bar += static_cast<double>(dot(predicted_bar_, predicted_)) / h;
      for (const SavedInside<Y>& save : saves) {
        const auto sigma = static_cast<Real>(save.sigma);
        h_bar += along(*save.w, w.all.integral(0, sigma));
        move_save(h * along(*save.w, w.all.at(sigma)) + fade(save), save.sigma, h, t_bar);
      }
      t_bar.t0 -= h_bar;
      t_bar.t1 += h_bar;
      return;
    }
    for (const SavedInside<Y>& save : saves) {
      t_bar.t0 -= along(*save.w, w.all.at(static_cast<Real>(save.sigma)));
      move_save(fade(save), save.sigma, h, t_bar);
    }
    // Σ_j over sums along q and along w of what was saved: what ∂p/∂t_j = −p'(t_j) ℓ_j makes of them, of node j at s.
    const auto through_node = [&](std::size_t j, Real s) {
      const std::array<Real, values> slope = w.all.slope(s);
      double bar = -static_cast<double>(w.main[j]) * along(q, slope);
      for (const SavedInside<Y>& save : saves)
        bar -= static_cast<double>(w.all.integral(0, static_cast<Real>(save.sigma))[j]) * along(*save.w, slope);
      return bar;
    };
    if (moves_apart(step, -1)) {
      double end_bar = along(q, w.all.at(1));
      if constexpr (Corrected) end_bar += along(predicted_bar_, w.past.at(1)) + through_node(K, 1);
      t_bar.t1 += end_bar;
      t_bar.t0 -= end_bar;
    }
    for (std::size_t j = 1; j < K; ++j) {
      const auto back = static_cast<std::int64_t>(j);
      if (!moves_apart(step, back)) continue;
      const Real s = w.past.node[j];
      const std::array<Real, K> slope = w.past.slope(s);
      double node_bar = through_node(j, s) - static_cast<double>(w.mirror[j]) * along(gap_bar_, slope);
      if constexpr (Corrected) node_bar -= static_cast<double>(w.predict[j]) * along(predicted_bar_, slope);
      if (j == K - 1) node_bar += along(gap_bar_, w.past.at(s));
      pull_back_apart(step, back, node_bar, t_bar);
    }
    if (moves_apart(step, Order)) pull_back_apart(step, Order, -along(gap_bar_, w.past.at(w.oldest)), t_bar);
  }

  // Whether the node `back` steps before t_n, t_{n+1} for −1, moves otherwise than t_n does.
  bool moves_apart(const Step& step, std::int64_t back) const {
    const Timeline& timeline = *step.timeline;
    const std::int64_t node = at_.i - back;
    return timeline.dt0(node) != timeline.dt0(at_.i) || timeline.dt1(node) != timeline.dt1(at_.i) ||
           timeline.dt_event(node) != timeline.dt_event(at_.i);
  }
  // What flows to that node, and away from t_n.
  static void pull_back_apart(const Step& step, std::int64_t back, double node_bar, TimeCotangents& t_bar) {
    pull_back_earlier(step, back, node_bar, t_bar);
    t_bar.t0 -= node_bar;
  }

  double signed_lambda_;
  std::int64_t ring_period_;
  double drift_ = 0;
  Increment<Start, F, Y> start_;  // of a Runge–Kutta step
  AdamsValues<K, F, Y> known_;
  ValueOfField<F, Y> end_;  // at the predicted end; without a corrector, at the end of the attempted step
  bool end_is_known_ = false;
  Weights unequal_;
  bool equal_ = true;  // all steps in sight
  AdamsPlace at_;
  Y mirror_, predicted_, end_x_;
  NodeCache real_end_;  // the node whose state predicted_ is, without a corrector, of which it is made in passing
  Y gap_bar_, end_bar_, predicted_bar_;
  mutable Y real_of_gap_ = psi_;
  Stored increment_, mirrored_, gap_, shrunk_, y1_;
  double lipschitz_ = 0;
};

}  // namespace antistrophe::detail
