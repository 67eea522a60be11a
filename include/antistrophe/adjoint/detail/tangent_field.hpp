// SPDX-License-Identifier: MIT
// A field and tangents of it: one field over the state (y, Ẏ), k tangents beside y,
//   y' = f,   Ẏ' = (∂f/∂y) Ẏ + (∂f/∂θ) θ̇ + (∂f/∂t) ṫ + f ḣ/h,
// so that a method that solves it pushes tangents through the very steps of y. Times move in proportion inside a step: ṫ is linear
// between what the step's ends move by, and all of the step counts by its length h.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// How a field is pushed forward: by its own jvp, or by numbers that carry derivatives, many at a time.
enum class Push { not_at_all, by_jvp, by_duals };

template <class F>
inline constexpr bool is_automatic = false;
template <class Function, class Theta>
inline constexpr bool is_automatic<AutomaticVjp<Function, Theta>> = true;

// A field that is generic in the state's scalar and has no parameters, as a function for automatic_vjp.
template <class F>
struct CallOf {
  const F* field;
  template <class Time, class Y>
    requires std::invocable<const F&, const Time&, const Y&, Y&>
  void operator()(const Time& t, const Y& y, Y& dy) const {
    (*field)(t, y, dy);
  }
};
template <class F, class Y>
concept GenericInItsScalar = !HasParameters<F> && is_real_scalar<typename Y::Scalar> && requires {
  requires std::invocable<const CallOf<F>&, double, WithScalarOf<Y, Dual<typename Y::Scalar, 1>>&&,
                          WithScalarOf<Y, Dual<typename Y::Scalar, 1>>&>;
};

template <class F, class Y>
inline constexpr Push push_of = [] {
  if constexpr (is_automatic<F>)
    return Push::by_duals;
  else if constexpr (HasJvp<F, Y>)
    return Push::by_jvp;
  else if constexpr (GenericInItsScalar<F, Y>)
    return Push::by_duals;
  else
    return Push::not_at_all;
}();

// What does the pushing by duals: the field itself where it is one of automatic_vjp, else one made of it.
template <class F, class Y>
struct PusherOf {
  using type = AutomaticVjp<CallOf<F>, Eigen::Matrix<typename Y::Scalar, 0, 1>>;
  static type of(const F& field) { return type(CallOf<F>{&field}); }
};
template <class Function, class Theta, class Y>
struct PusherOf<AutomaticVjp<Function, Theta>, Y> {
  using type = AutomaticVjp<Function, Theta>;
  static const type& of(const type& field) { return field; }
};

// Room for pushing by duals; nothing where a field has a jvp.
template <class F, class Y, int N>
struct RoomOf {
  using type = char;
};
template <class F, class Y, int N>
  requires(push_of<F, Y> == Push::by_duals)
struct RoomOf<F, Y, N> {
  using type = typename PusherOf<F, Y>::type::template Tangents<Y, N>;
};

// Whether it is known how f moves with the time.
template <class F, class Y>
inline constexpr bool pushes_times = [] {
  if constexpr (!is_real_scalar<typename Y::Scalar> || Freezable<F>)
    return false;
  else if constexpr (DeclaredAutonomous<F>)
    return true;
  else if constexpr (push_of<F, Y> == Push::by_duals)
    return HasTimedJvp<typename PusherOf<F, Y>::type, Y>;
  else
    return HasTimedJvp<F, Y>;
}();

// Where y and its tangents lie in one vector: y first, then, by duals, the tangents of each entry side by side, by jvp each tangent
// by itself. K tangents if that is known to the compiler. Small ones are padded, so that a packet of numbers never straddles two
// parts: it would have to wait for the stores of both.
template <class F, class Y, int K>
class TangentLayout {
 public:
  using Scalar = typename Y::Scalar;
  static constexpr bool by_duals = push_of<F, Y> == Push::by_duals;
  static constexpr int chunk = 8;  // tangents that duals carry at once

 private:
  static constexpr int n_static = Y::SizeAtCompileTime;
  static constexpr int up_to_multiple(int x, int of) { return (x + of - 1) / of * of; }
  static constexpr int packet = Eigen::internal::packet_traits<Scalar>::size;
  static constexpr int first_static = n_static == Eigen::Dynamic ? 0 : up_to_multiple(n_static, packet);
  static constexpr int padded(int k) { return k == 0 ? 0 : up_to_multiple(k, packet); }

 public:
  // Whether all is of a size known to the compiler, and small enough for the stack and for loops that are unrolled.
  static constexpr bool fixed = n_static != Eigen::Dynamic && K != Eigen::Dynamic && K <= 2 * chunk &&
                                (n_static * padded(K < 0 ? 0 : K) + first_static) <= 256;
  // Tangents that are evaluated at once.
  static constexpr int width = fixed && by_duals ? padded(K) : chunk;
  static constexpr int total = fixed ? up_to_multiple(first_static + n_static * padded(K), packet) : Eigen::Dynamic;
  using Augmented = Eigen::Matrix<Scalar, total, 1>;

  TangentLayout(Eigen::Index n, Eigen::Index k) : n_(n), k_(k) {}

  Eigen::Index n() const { return fixed ? n_static : n_; }
  // Tangents that were asked for, and those that there is room for.
  Eigen::Index k() const { return fixed ? K : k_; }
  Eigen::Index room() const {
    if constexpr (fixed) return padded(K);
    return by_duals ? std::max<Eigen::Index>(1, (k_ + chunk - 1) / chunk) * chunk : k_;  // f is evaluated in any case
  }
  Eigen::Index first() const { return fixed ? first_static : n_; }
  Eigen::Index size() const { return fixed ? total : n_ + n_ * room(); }
  // From one entry's tangents to the next's.
  Eigen::Index stride() const { return by_duals ? room() : 1; }
  // Of tangent j of entry i.
  Eigen::Index at(Eigen::Index i, Eigen::Index j) const { return first() + (by_duals ? i * room() + j : j * n() + i); }
  // What of a large state is neither y nor a tangent that was asked for is 0; by duals the tangents that there is room for are
  // all written.
  void clear_padding(Augmented& x) const {
    if constexpr (fixed) {
      for (int i = n_static; i < first_static; ++i) x[i] = 0;
      const int written = first_static + n_static * (by_duals ? padded(K) : K);
      for (int i = written; i < total; ++i) x[i] = 0;
    }
  }
  // y and 0 after it, each packet in one store, for it is read in one.
  static constexpr bool puts_packets = fixed && by_duals && packet > 1 && std::is_arithmetic_v<Scalar>;
  static ANTISTROPHE_ALWAYS_INLINE void put_state(
      const std::array<Scalar, static_cast<std::size_t>(fixed ? n_static : 0)>& y, Augmented& x)
    requires puts_packets
  {
#if defined(__GNUC__)
    const auto number = [&](int i) ANTISTROPHE_INLINE_LAMBDA {
      return i < n_static ? in_register(y[static_cast<std::size_t>(i)]) : Scalar{0};
    };
    for (int begin = 0; begin < first_static; begin += packet)
      [&]<int... I>(std::integer_sequence<int, I...>) ANTISTROPHE_INLINE_LAMBDA {
        const typename Packet<sizeof(Scalar) * packet>::Type numbers{number(begin + I)...};
        std::memcpy(x.data() + begin, &numbers, sizeof(numbers));
      }(std::make_integer_sequence<int, packet>{});
#else
    for (int i = 0; i < first_static; ++i) x[i] = i < n_static ? y[static_cast<std::size_t>(i)] : Scalar{0};
#endif
  }
  void take_state(const Augmented& x, Y& y) const {
    for (Eigen::Index i = 0; i < n(); ++i) y.data()[i] = x[i];
  }
  void take_tangent(const Augmented& x, Eigen::Index j, Y& y_dot) const {
    for (Eigen::Index i = 0; i < n(); ++i) y_dot.data()[i] = x[at(i, j)];
  }

 private:
#if defined(__GNUC__)
  template <std::size_t bytes>
  struct Packet {
    using Type [[gnu::vector_size(bytes)]] = Scalar;
  };
#endif

  Eigen::Index n_, k_;
};

// What tangents are taken of, k each in a column: of y0, of θ, of t0 and of t1.
template <class Scalar>
struct TangentSeeds {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> y0, theta;
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> t0, t1;

  static TangentSeeds zero(Eigen::Index n, Eigen::Index p, Eigen::Index k) {
    TangentSeeds seeds;
    seeds.y0.setZero(n, k);
    seeds.theta.setZero(p, k);
    seeds.t0.setZero(k);
    seeds.t1.setZero(k);
    return seeds;
  }
  bool times_move() const { return !t0.isZero(0) || !t1.isZero(0); }
};

template <class F, EigenState Y, int K>
class TangentField {
 public:
  using Layout = TangentLayout<F, Y, K>;
  using Augmented = typename Layout::Augmented;
  using Scalar = typename Y::Scalar;
  using Along =
      Eigen::Matrix<Scalar, Layout::fixed && Layout::by_duals ? Layout::width : Eigen::Dynamic, 1>;  // one a tangent
  static constexpr bool by_duals = Layout::by_duals;
  static constexpr bool with_times = pushes_times<F, Y>;
  static constexpr bool autonomous = DeclaredAutonomous<F>;

  // `t1` is the end of the solve. The field must outlive it, and the seeds too.
  TangentField(const F& field, const Layout& layout, const TangentSeeds<Scalar>& seeds, const Y& like, double t1)
      : field_(field),
        layout_(layout),
        seeds_(seeds),
        t1_(t1),
        times_move_(seeds.times_move()),
        from_(Along::Zero(layout.room())),
        to_(from_),
        now_(from_),
        rate_(from_),
        event_(from_),
        tape_(make_tape<F, Y>(field, like)),
        y_(zeros_like(like)),
        y_dot_(y_),
        dy_(y_) {
    theta_dot_.assign(static_cast<std::size_t>(by_duals ? 0 : layout.k()), zero_parameters<F, Y>(field));
    for (std::size_t j = 0; j < theta_dot_.size(); ++j)
      for (Eigen::Index m = 0; m < theta_dot_[j].size(); ++m)
        theta_dot_[j].data()[m] = seeds.theta(m, static_cast<Eigen::Index>(j));
    if constexpr (by_duals) rooms_.resize(static_cast<std::size_t>(layout.room() / Layout::width));
    take_up(like);
  }

  // Before a solve, for parameters may have changed.
  void take_up([[maybe_unused]] const Y& like) {
    if constexpr (by_duals) {
      Eigen::Matrix<Scalar, Layout::width, Eigen::Dynamic> theta_dot(Layout::width, seeds_.theta.rows());
      for (std::size_t c = 0; c < rooms_.size(); ++c) {
        theta_dot.setZero();
        for (Eigen::Index j = 0; j < Layout::width; ++j) {
          const Eigen::Index tangent = static_cast<Eigen::Index>(c) * Layout::width + j;
          if (tangent < layout_.k() && theta_dot.cols() > 0) theta_dot.row(j) = seeds_.theta.col(tangent).transpose();
        }
        PusherOf<F, Y>::of(field_).seed(rooms_[c], like, theta_dot);
      }
    }
    stand_still();
    cut_ = t1_held_ = events_move_ = false;
    event_.setZero();
  }

  const Layout& layout() const { return layout_; }
  const TangentSeeds<Scalar>& seeds() const { return seeds_; }
  const F& primal() const { return field_; }
  // Whether the ends of any step may move.
  bool times_move() const { return times_move_ || events_move_; }

  // What node i of a timeline, of which only the step before it or after it may be attempted, moves by with t1.
  double moves_with_t1(const Timeline& timeline, std::int64_t i, double t) const {
    if (timeline.is_uniform() || timeline.laid_out() || i < timeline.steps()) return timeline.dt1(i);
    return i > 0 && t == t1_ && !t1_held_ ? 1.0 : 0.0;
  }
  // Of a step that was chosen to land on t1, and is cut by an event before: nothing of it moves with t1.
  bool lands_on_t1(const Step& step) const {
    return step.t1 == t1_ && !step.timeline->is_uniform() && !step.timeline->laid_out() && !seeds_.t1.isZero(0);
  }
  void hold_t1(bool held) const { t1_held_ = held; }

  // The step at hand is cut by an event whose time moves by so much for each tangent; the next one begins there.
  void cut_by_event(const Along& motion) const {
    cut_ = true;
    event_ = motion;
    events_move_ = true;
  }
  // What the start of the step at hand moves by, and its end, or the event that cuts it.
  Scalar start_motion(Eigen::Index j) const { return moving_ ? from_[j] : Scalar{0}; }
  Scalar end_motion(Eigen::Index j) const { return cut_ ? event_[j] : moving_ ? to_[j] : Scalar{0}; }

  // Takes up a step; true where values of f that were known before it are worth nothing now.
  bool move_over(const Step& step) const {
    cut_ = false;
    if (!times_move() || step.t0 == step.t1) return false;
    const bool moved = std::exchange(moving_, false);
    const Timeline& timeline = *step.timeline;
    const std::int64_t i = step.n - timeline.first();
    const auto from_t0 = static_cast<Scalar>(timeline.dt0(i)), to_t0 = static_cast<Scalar>(timeline.dt0(i + 1));
    const auto from_t1 = static_cast<Scalar>(moves_with_t1(timeline, i, step.t0)),
               to_t1 = static_cast<Scalar>(moves_with_t1(timeline, i + 1, step.t1));
    const auto from_event = static_cast<Scalar>(timeline.dt_event(i));
    a_ = step.t0;
    h_ = step.h();
    if (from_t0 != 0 || to_t0 != 0 || from_t1 != 0 || to_t1 != 0 || from_event != 0) {
      const Scalar per_length = 1 / static_cast<Scalar>(h_);
      for (Eigen::Index j = 0; j < layout_.k(); ++j) {
        from_[j] = from_t0 * seeds_.t0[j] + from_t1 * seeds_.t1[j] + from_event * event_[j];
        to_[j] = to_t0 * seeds_.t0[j] + to_t1 * seeds_.t1[j];
        rate_[j] = (to_[j] - from_[j]) * per_length;
        moving_ = moving_ || from_[j] != 0 || to_[j] != 0;
      }
    }
    if (!moving_) now_.setZero();
    return (moved || moving_) && !step.timeline->is_uniform();
  }
  // What is read off a step's polynomial belongs to a time that stays where it is, while the step's ends move under it.
  template <int Degree>
  void hold_times(StepPolynomial<Augmented, Degree>& p) const {
    if (!moving_) return;
    const Scalar h = static_cast<Scalar>(h_);
    for (Eigen::Index j = 0; j < layout_.k(); ++j) {
      if (from_[j] == 0 && to_[j] == 0) continue;
      const Scalar shift = from_[j] / h, slope = (to_[j] - from_[j]) / h;
      for (Eigen::Index i = 0; i < layout_.n(); ++i) {
        const Eigen::Index e = layout_.at(i, j);
        for (std::size_t d = p.coefficients.size(); d-- > 1;) {
          const Scalar of_slope = static_cast<Scalar>(d) * p.coefficients[d][i];  // of σ^(d−1)
          p.coefficients[d - 1][e] -= shift * of_slope;
          p.coefficients[d][e] -= slope * of_slope;
        }
      }
    }
  }
  void stand_still() const {
    moving_ = false;
    from_.setZero();
    to_.setZero();
    rate_.setZero();
    now_.setZero();
  }

  void operator()(double t, const Augmented& x, Augmented& dx) const {
    if constexpr (with_times && !autonomous) {
      if (moving_) now_ = from_ + static_cast<Scalar>(t - a_) * rate_;
    }
    if constexpr (by_duals)
      push_by_duals(t, x, dx);
    else
      push_by_jvp(t, x, dx);
    if constexpr (with_times) {
      if (moving_) add_rates(dx);
    }
  }

 private:
  void push_by_duals(double t, const Augmented& x, Augmented& dx) const {
    const auto& pusher = PusherOf<F, Y>::of(field_);
    if constexpr (Layout::puts_packets) {
      std::array<Scalar, static_cast<std::size_t>(Y::SizeAtCompileTime)> dy;
      const Eigen::Index e = layout_.first();
      pusher.template push_forward<Y, Layout::width>(rooms_[0], t, now_, x.data(), x.data() + e, dy.data(),
                                                     dx.data() + e, layout_.stride());
      Layout::put_state(dy, dx);
      return;
    }
    layout_.clear_padding(dx);
    for (std::size_t c = 0; c < (Layout::fixed ? 1 : rooms_.size()); ++c) {
      const Eigen::Index begin = static_cast<Eigen::Index>(c) * Layout::width;
      const Eigen::Index e = layout_.first() + begin;
      pusher.template push_forward<Y, Layout::width>(rooms_[c], t, now_.template segment<Layout::width>(begin),
                                                     x.data(), x.data() + e, dx.data(), dx.data() + e,
                                                     layout_.stride());
    }
  }

  void push_by_jvp(double t, const Augmented& x, Augmented& dx) const {
    layout_.clear_padding(dx);
    layout_.take_state(x, y_);
    dy_.setConstant(std::numeric_limits<RealOf<Y>>::quiet_NaN());
    evaluate<F, Y>(field_, t, y_, dy_, tape_);
    for (Eigen::Index i = 0; i < layout_.n(); ++i) dx[i] = dy_.data()[i];
    for (Eigen::Index j = 0; j < layout_.k(); ++j) {
      layout_.take_tangent(x, j, y_dot_);
      const auto& theta_dot = theta_dot_[static_cast<std::size_t>(j)];
      if constexpr (HasTimedJvp<F, Y>)
        field_.jvp(t, std::as_const(y_), std::as_const(y_dot_), theta_dot, now_[j], dy_);
      else
        field_.jvp(t, std::as_const(y_), std::as_const(y_dot_), theta_dot, dy_);
      for (Eigen::Index i = 0; i < layout_.n(); ++i) dx[layout_.at(i, j)] = dy_.data()[i];
    }
  }

  void add_rates(Augmented& dx) const {
    if constexpr (Layout::fixed && by_duals) {
      for (Eigen::Index i = 0; i < layout_.n(); ++i)
        dx.template segment<Layout::width>(layout_.at(i, 0)) += dx[i] * rate_;
      return;
    }
    for (Eigen::Index i = 0; i < layout_.n(); ++i)
      for (Eigen::Index j = 0; j < layout_.k(); ++j) dx[layout_.at(i, j)] += rate_[j] * dx[i];
  }

  const F& field_;
  Layout layout_;
  const TangentSeeds<Scalar>& seeds_;
  double t1_;
  bool times_move_;
  // Of the step at hand: what its ends and the time of an evaluation move by, and ḣ/h.
  mutable bool moving_ = false, cut_ = false, t1_held_ = false, events_move_ = false;
  mutable double a_ = 0, h_ = 1;
  mutable Along from_, to_, now_, rate_, event_;
  mutable std::vector<typename RoomOf<F, Y, Layout::width>::type> rooms_;
  std::vector<Parameters<F, Y>> theta_dot_;
  mutable Tape<F, Y> tape_;
  mutable Y y_, y_dot_, dy_;
};

}  // namespace antistrophe::detail
