// One field for all laws: its equations stand behind a pointer, so that every method is compiled for it once. It can be told
// to fail, to return NaN or to be impure at its k-th call, and watches how it is called.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace antistrophe::runner {

struct Thrown : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a field is told, and what it saw; shared by its copies. Calls are numbered from 0; -1 is never.
struct Faults {
  std::int64_t throw_at_call = -1, throw_at_vjp = -1;
  std::int64_t not_a_number_at_call = -1, not_a_number_at_vjp = -1;
  std::int64_t impure_from_call = std::numeric_limits<std::int64_t>::max();
  double not_a_number_after = std::numeric_limits<double>::infinity();  // in time

  std::int64_t calls = 0, vjps = 0;
  double earliest = std::numeric_limits<double>::infinity(), latest = -earliest;
  bool overlapping = false, unaligned = false;
};

// f(t, y; θ) and its vjp; of a split field the halves and theirs too.
template <class Y>
struct Equations {
  using Scalar = typename Y::Scalar;
  using Theta = Eigen::VectorX<Scalar>;
  using Half = HalfOf<Y>;

  virtual ~Equations() = default;
  virtual void evaluate(double t, const Y& y, Y& dy, const Theta& theta) const = 0;
  virtual void vjp(double t, const Y& y, const Y& w, Y& y_bar, const Theta& theta, Theta& theta_bar,
                   Scalar& t_bar) const = 0;

  virtual void velocity(double, const Half&, Half&, const Theta&) const { not_split(); }
  virtual void force(double, const Half&, Half&, const Theta&) const { not_split(); }
  virtual void velocity_vjp(double, const Half&, const Half&, Half&, const Theta&, Theta&, Scalar&) const {
    not_split();
  }
  virtual void force_vjp(double, const Half&, const Half&, Half&, const Theta&, Theta&, Scalar&) const { not_split(); }

 private:
  [[noreturn]] static void not_split() { throw std::logic_error("these equations have no halves"); }
};

template <class Y>
struct Field {
  using Scalar = typename Y::Scalar;
  using Theta = Eigen::VectorX<Scalar>;
  using Half = HalfOf<Y>;

  std::shared_ptr<const Equations<Y>> equations;
  Theta theta;
  Faults* faults = nullptr;

  const Theta& parameters() const { return theta; }
  Theta& parameters() { return theta; }

  // The arguments are what the library promises: plain states, lvalues, never an expression.
  template <class T, class In, class Out>
    requires std::is_convertible_v<T, double> && std::is_same_v<std::remove_cvref_t<In>, Y>
  void operator()(T&& t, In&& y, Out&& dy) const {
    static_assert(std::is_same_v<T, const double&> || std::is_same_v<T, double&> || std::is_same_v<T, double>);
    static_assert(std::is_same_v<Out, Y&>);
    dy.setConstant(Scalar(99));  // were dy y, it would be lost
    equations->evaluate(t, y, dy, theta);
    inject(t, y, dy, 1);
  }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Theta& theta_bar, Scalar& t_bar) const {
    inject_into_vjp(t, y_bar, y, w, theta_bar);
    equations->vjp(t, y, w, y_bar, theta, theta_bar, t_bar);
  }

  // The halves, of which each call counts as one.
  void velocity(double t, const Half& w, Half& dv) const {
    dv.setConstant(Scalar(99));
    equations->velocity(t, w, dv, theta);
    inject(t, w, dv, 0);
  }
  void force(double t, const Half& v, Half& dw) const {
    dw.setConstant(Scalar(99));
    equations->force(t, v, dw, theta);
    inject(t, v, dw, 0);
  }
  void velocity_vjp(double t, const Half& w, const Half& dv_bar, Half& w_bar, Theta& theta_bar, Scalar& t_bar) const {
    inject_into_vjp(t, w_bar, w, dv_bar, theta_bar);
    equations->velocity_vjp(t, w, dv_bar, w_bar, theta, theta_bar, t_bar);
  }
  void force_vjp(double t, const Half& v, const Half& dw_bar, Half& v_bar, Theta& theta_bar, Scalar& t_bar) const {
    inject_into_vjp(t, v_bar, v, dw_bar, theta_bar);
    equations->force_vjp(t, v, dw_bar, v_bar, theta, theta_bar, t_bar);
  }

 private:
  // At this call, in entry `bad` of what was written.
  void inject(double t, const auto& y, auto& dy, Eigen::Index bad) const {
    if (faults == nullptr) return;
    Faults& m = *faults;
    see(t, y, dy, theta);
    const std::int64_t call = m.calls++;
    if (call == m.throw_at_call) throw Thrown("the field threw");
    if (call == m.not_a_number_at_call || t > m.not_a_number_after)
      dy.data()[bad] = std::numeric_limits<RealOf<Y>>::quiet_NaN();
    if (call >= m.impure_from_call) dy.data()[0] += RealOf<Y>(1e-8);
  }
  void inject_into_vjp(double t, auto& x_bar, const auto&... others) const {
    if (faults == nullptr) return;
    Faults& m = *faults;
    see(t, x_bar, others..., theta);
    const std::int64_t call = m.vjps++;
    if (call == m.throw_at_vjp) throw Thrown("the vjp threw");
    if (call == m.not_a_number_at_vjp) x_bar.data()[0] += std::numeric_limits<RealOf<Y>>::quiet_NaN();
  }

  // Notes times, and whether any two arguments share memory.
  void see(double t, const auto&... arrays) const {
    faults->earliest = std::fmin(faults->earliest, t);
    faults->latest = std::fmax(faults->latest, t);
    const std::less<const Scalar*> before;
    const Scalar* const begins[] = {arrays.data()...};
    const Scalar* const ends[] = {(arrays.data() + arrays.size())...};
    const std::size_t alignments[] = {alignof(std::remove_cvref_t<decltype(arrays)>)...};
    for (std::size_t i = 0; i < sizeof...(arrays); ++i) {
      if (reinterpret_cast<std::uintptr_t>(begins[i]) % alignments[i] != 0) faults->unaligned = true;
      for (std::size_t j = 0; j < i; ++j)
        if (before(begins[i], ends[j]) && before(begins[j], ends[i])) faults->overlapping = true;
    }
  }
};

template <class Y>
using ProblemOf = Problem<Field<Y>, Y>;

// --- Fields that are written as templates (support/problems.hpp) put behind the pointer ------------------------------------

template <class F, class Y>
struct EquationsOf final : Equations<Y> {
  using typename Equations<Y>::Scalar;
  using typename Equations<Y>::Theta;
  using typename Equations<Y>::Half;
  F field;

  explicit EquationsOf(F f) : field(std::move(f)) {}

  F with(const Theta& theta) const {
    F f = field;
    if constexpr (requires { f.parameters() = theta; }) f.parameters() = theta;
    return f;
  }
  void evaluate(double t, const Y& y, Y& dy, const Theta& theta) const override { with(theta)(t, y, dy); }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, const Theta& theta, Theta& theta_bar,
           Scalar& t_bar) const override {
    if constexpr (requires { field.vjp(t, y, w, y_bar, theta_bar, t_bar); }) {
      with(theta).vjp(t, y, w, y_bar, theta_bar, t_bar);
    } else if constexpr (requires { field.vjp(t, y, w, y_bar, theta_bar); }) {
      with(theta).vjp(t, y, w, y_bar, theta_bar);
    } else if constexpr (requires(Parameters<F, Y> fixed) { field.vjp(t, y, w, y_bar, fixed, t_bar); }) {
      Parameters<F, Y> fixed = theta_bar;  // it asks for its own type of parameters
      with(theta).vjp(t, y, w, y_bar, fixed, t_bar);
      theta_bar = fixed;
    } else {
      throw std::logic_error("these equations have no vjp");
    }
  }

  static constexpr bool split =
      requires(const Half& half, Half& out) { std::declval<const F&>().velocity(0.0, half, out); };
  void velocity(double t, const Half& w, Half& dv, const Theta& theta) const override {
    if constexpr (split)
      with(theta).velocity(t, w, dv);
    else
      Equations<Y>::velocity(t, w, dv, theta);
  }
  void force(double t, const Half& v, Half& dw, const Theta& theta) const override {
    if constexpr (split)
      with(theta).force(t, v, dw);
    else
      Equations<Y>::force(t, v, dw, theta);
  }
  void velocity_vjp(double t, const Half& w, const Half& dv_bar, Half& w_bar, const Theta& theta, Theta& theta_bar,
                    Scalar& t_bar) const override {
    if constexpr (requires { field.velocity_vjp(t, w, dv_bar, w_bar, theta_bar, t_bar); })
      with(theta).velocity_vjp(t, w, dv_bar, w_bar, theta_bar, t_bar);
    else if constexpr (requires { field.velocity_vjp(t, w, dv_bar, w_bar, theta_bar); })
      with(theta).velocity_vjp(t, w, dv_bar, w_bar, theta_bar);
    else
      Equations<Y>::velocity_vjp(t, w, dv_bar, w_bar, theta, theta_bar, t_bar);
  }
  void force_vjp(double t, const Half& v, const Half& dw_bar, Half& v_bar, const Theta& theta, Theta& theta_bar,
                 Scalar& t_bar) const override {
    if constexpr (requires { field.force_vjp(t, v, dw_bar, v_bar, theta_bar, t_bar); })
      with(theta).force_vjp(t, v, dw_bar, v_bar, theta_bar, t_bar);
    else if constexpr (requires { field.force_vjp(t, v, dw_bar, v_bar, theta_bar); })
      with(theta).force_vjp(t, v, dw_bar, v_bar, theta_bar);
    else
      Equations<Y>::force_vjp(t, v, dw_bar, v_bar, theta, theta_bar, t_bar);
  }
};

template <class Y, class F>
Field<Y> erased(const F& field) {
  Field<Y> result{std::make_shared<EquationsOf<F, Y>>(field), {}, nullptr};
  if constexpr (requires { field.parameters(); }) result.theta = field.parameters();
  return result;
}
template <class Y, class F>
ProblemOf<Y> erased_problem(const F& field, const Y& y0, double t0, double t1) {
  return {erased<Y>(field), y0, t0, t1};
}

}  // namespace antistrophe::runner
