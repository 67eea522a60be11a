// SPDX-License-Identifier: MIT
// The one way the library calls a vector field: with its tape where it keeps one, frozen to a step where it can be.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/concepts.hpp>

#include <optional>
#include <utility>

namespace antistrophe::detail {

// Both passes call a field by these two functions, so that both run the same code of it.
template <class F, class Y>
inline constexpr bool uses_tape = HasTapeVjp<F, Y> || HasTimedTapeVjp<F, Y>;

// Of states whose size the compiler does not know: what has another shape would be read beyond its end.
template <class Y>
ANTISTROPHE_COLD [[noreturn]] void refuse_shape_of_rate(const Y& dy, const Y& y) {
  refuse("the shape that the field gives dy", shape(dy),
         shape(y) + ", that of the state: it must write into dy as it finds it");
}

template <class F, class Y>
ANTISTROPHE_ALWAYS_INLINE void evaluate(const F& field, double t, const Y& y, Y& dy, Tape<F, Y>& tape) {
  if constexpr (uses_tape<F, Y>)
    field(t, y, dy, tape);
  else
    field(t, y, dy);
  if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
    if (!same_shape(dy, y)) [[unlikely]]
      refuse_shape_of_rate(dy, y);
}

template <class F, class Y>
ANTISTROPHE_ALWAYS_INLINE void pull_back(const F& field, double t, const Y& y, const Tape<F, Y>& tape, const Y& w,
                                         Y& y_bar, Parameters<F, Y>& theta_bar, typename Y::Scalar& t_bar) {
  if constexpr (HasTimedTapeVjp<F, Y>)
    field.vjp(t, y, tape, w, y_bar, theta_bar, t_bar);
  else if constexpr (HasTapeVjp<F, Y>)
    field.vjp(t, y, tape, w, y_bar, theta_bar);
  else if constexpr (HasTimedVjp<F, Y>)
    field.vjp(t, y, w, y_bar, theta_bar, t_bar);
  else
    field.vjp(t, y, w, y_bar, theta_bar);
}

// A field may offer the halves of its vjp apart, for those who ask for one of them alone:
//   vjp_state(t, y[, tape], w, y_bar)             adds (∂f/∂y)ᵀ w
//   vjp_parameters(t, y[, tape], w, theta_bar)    adds (∂f/∂θ)ᵀ w
// with a tape where its vjp has one.
template <class F, class Y>
concept HasVjpState = (uses_tape<F, Y> && requires(const F& f, double t, const Tape<F, Y>& tape, Y& y_bar) {
                        f.vjp_state(t, std::declval<Y>(), tape, std::declval<Y>(), y_bar);
                      }) || (!uses_tape<F, Y> && requires(const F& f, double t, Y& y_bar) {
                        f.vjp_state(t, std::declval<Y>(), std::declval<Y>(), y_bar);
                      });
template <class F, class Y>
concept HasVjpParameters =
    (uses_tape<F, Y> && requires(const F& f, double t, const Tape<F, Y>& tape, Parameters<F, Y>& theta_bar) {
      f.vjp_parameters(t, std::declval<Y>(), tape, std::declval<Y>(), theta_bar);
    }) || (!uses_tape<F, Y> && requires(const F& f, double t, Parameters<F, Y>& theta_bar) {
      f.vjp_parameters(t, std::declval<Y>(), std::declval<Y>(), theta_bar);
    });

template <class F, class Y>
  requires HasVjpState<F, Y>
void pull_back_state(const F& field, double t, const Y& y, const Tape<F, Y>& tape, const Y& w, Y& y_bar) {
  if constexpr (uses_tape<F, Y>)
    field.vjp_state(t, y, tape, w, y_bar);
  else
    field.vjp_state(t, y, w, y_bar);
}
template <class F, class Y>
  requires HasVjpParameters<F, Y>
void pull_back_parameters(const F& field, double t, const Y& y, const Tape<F, Y>& tape, const Y& w,
                          Parameters<F, Y>& theta_bar) {
  if constexpr (uses_tape<F, Y>)
    field.vjp_parameters(t, y, tape, w, theta_bar);
  else
    field.vjp_parameters(t, y, w, theta_bar);
}

template <class F, class Y>
Tape<F, Y> make_tape(const F& field, const Y& like) {
  if constexpr (requires { field.make_tape(like); })
    return field.make_tape(like);
  else
    return Tape<F, Y>{};
}

template <class F, class Y>
Parameters<F, Y> zero_parameters([[maybe_unused]] const F& field) {
  Parameters<F, Y> zero;
  if constexpr (HasParameters<F>) {
    zero.resize(field.parameters().size());
    set_zero(zero);
  }
  return zero;
}

// A field over one step: field.frozen(t0, t1) where it can be frozen, itself elsewhere. Both increments of a step, and
// every pull-back through them, see the same frozen field. One that is dear to make, or allocates, may be made once and then
// moved to another step, by field.freeze(t0, t1, frozen), and made to take the field's parameters anew, by field.thaw(frozen).
template <class F>
class OverStep {
 public:
  using Field = F;
  explicit OverStep(const F& field) : field_(&field) {}
  const F& operator()(double, double) { return *field_; }
  void thaw() {}
  template <class Y>
  Tape<F, Y> empty_tape(const Y& like) const {
    return make_tape<F, Y>(*field_, like);
  }

 private:
  const F* field_;
};

template <class F>
  requires Freezable<F>
class OverStep<F> {
 public:
  using Field = Frozen<F>;
  explicit OverStep(const F& field) : field_(&field) {}
  const Field& operator()(double t0, double t1) {
    if constexpr (moves_on) {
      if (!frozen_)
        frozen_.emplace(field_->frozen(t0, t1));
      else
        field_->freeze(t0, t1, *frozen_);
      return *frozen_;
    } else if (!frozen_ || t0_ != t0 || t1_ != t1) {
      frozen_.emplace(field_->frozen(t0, t1));
      t0_ = t0;
      t1_ = t1;
    }
    return *frozen_;
  }
  // For the next solve, where the field may have other parameters.
  void thaw() {
    if constexpr (!moves_on)
      frozen_.reset();
    else if (frozen_)
      field_->thaw(*frozen_);
  }
  template <class Y>
  Tape<Field, Y> empty_tape(const Y& like) const {
    if constexpr (requires { requires std::is_same_v<decltype(field_->make_frozen_tape(like)), Tape<Field, Y>>; })
      return field_->make_frozen_tape(like);
    else
      return {};
  }

 private:
  static constexpr bool moves_on = requires(const F& f, Field& frozen) { f.freeze(0.0, 0.0, frozen); };

  const F* field_;
  std::optional<Field> frozen_;
  double t0_ = 0, t1_ = 0;
};

}  // namespace antistrophe::detail
