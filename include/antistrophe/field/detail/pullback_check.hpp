// SPDX-License-Identifier: MIT
// What the library relies on of a field's vjp, in each of its forms: it is a pure function and adds to what it is given. And
// a jvp, where there is one, must be what the vjp is the transpose of.
#pragma once

#include <antistrophe/field/detail/field_check.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::detail {

enum class VjpForm { plain, timed, taped, timed_taped };

template <class F, class Y>
class PullbackCheck : protected FieldCheck<F, Y> {
  using Base = FieldCheck<F, Y>;

 protected:
  using Base::directions_;
  using Base::fail;
  using Base::field_;
  using Base::name;
  using Base::options_;
  using Base::report_;
  using Base::t_;
  using Base::text;
  using Base::y_;
  using typename Base::Index;
  using typename Base::Real;
  using typename Base::Scalar;
  using typename Base::Theta;

  using Base::Base;

  // A cotangent w and what one form of the vjp makes of it.
  struct PulledBack {
    VjpForm form;
    Y w;
    std::array<std::vector<Real>, 3> bar;  // of y, θ, t
  };

  static constexpr std::array<const char*, 3> bar_names{"y_bar", "theta_bar", "t_bar"};

  std::string bar_name(std::size_t group, Index i) const {
    return group == 2 ? bar_names[group] : name(bar_names[group], i, group == 0);
  }

  static std::string description(VjpForm form) { return is_taped(form) ? "the vjp with tape" : "the vjp"; }

  bool check_vjps() {
    return check_forms<VjpForm::plain>() && check_forms<VjpForm::timed>() && check_forms<VjpForm::taped>() &&
           check_forms<VjpForm::timed_taped>();
  }

  // The halves of the vjp that are offered apart: each adds what the whole adds.
  bool check_halves() {
    if (pulled_back_.empty()) return true;
    const PulledBack& whole = pulled_back_.front();
    Theta theta_bar = zero_parameters<F, Y>(field_);
    Y y_bar = Y::Zero(y_.rows(), y_.cols());
    [[maybe_unused]] Tape<F, Y> tape = make_tape<F, Y>(field_, y_);
    if constexpr (uses_tape<F, Y> && (HasVjpState<F, Y> || HasVjpParameters<F, Y>)) this->evaluated_with_tape(tape);
    if constexpr (HasVjpState<F, Y>) {
      y_bar.setOnes();
      pull_back_state<F, Y>(field_, t_, y_, tape, whole.w, y_bar);
      if (!check_half("vjp_state", 0, y_bar, whole)) return false;
    }
    if constexpr (HasVjpParameters<F, Y>) {
      theta_bar.setOnes();
      pull_back_parameters<F, Y>(field_, t_, y_, tape, whole.w, theta_bar);
      if (!check_half("vjp_parameters", 1, theta_bar, whole)) return false;
    }
    return true;
  }

  // The jvp: it writes all of dy_dot, is a pure function, and is what the vjp is the transpose of, ⟨w, Jv⟩ = ⟨Jᵀw, v⟩.
  bool check_jvp() { return check_jvp_form<HasPlainJvp<F, Y>, false>() && check_jvp_form<HasTimedJvp<F, Y>, true>(); }

  std::vector<PulledBack> pulled_back_;
  std::string notes_;

 private:
  template <VjpForm form>
  static constexpr bool has_form() {
    switch (form) {
      case VjpForm::plain:
        return HasPlainVjp<F, Y>;
      case VjpForm::timed:
        return HasTimedVjp<F, Y>;
      case VjpForm::taped:
        return HasTapeVjp<F, Y>;
      case VjpForm::timed_taped:
        return HasTimedTapeVjp<F, Y>;
    }
  }
  static constexpr bool is_timed(VjpForm form) { return form == VjpForm::timed || form == VjpForm::timed_taped; }
  static constexpr bool is_taped(VjpForm form) { return form == VjpForm::taped || form == VjpForm::timed_taped; }

  template <VjpForm form>
  void apply(const Y& w, Y& y_bar, Theta& theta_bar, Scalar& t_bar) const {
    if constexpr (is_taped(form)) {
      auto tape = this->make_used_tape();
      this->evaluated_with_tape(tape);
      if constexpr (is_timed(form))
        field_.vjp(t_, y_, std::as_const(tape), w, y_bar, theta_bar, t_bar);
      else
        field_.vjp(t_, y_, std::as_const(tape), w, y_bar, theta_bar);
    } else if constexpr (is_timed(form)) {
      field_.vjp(t_, y_, w, y_bar, theta_bar, t_bar);
    } else {
      field_.vjp(t_, y_, w, y_bar, theta_bar);
    }
  }

  template <VjpForm form>
  bool check_forms() {
    if constexpr (has_form<form>()) {
      for (int i = 0; i < options_.cotangents; ++i)
        if (!check_form<form>(directions_.like(y_))) return false;
    }
    return true;
  }

  // The vjp of one w: twice the same, and added to what the bars held.
  template <VjpForm form>
  bool check_form(const Y& w) {
    PulledBack pulled{form, w, {}};
    pulled.bar = bars<form>(w, Real(0));
    const auto again = bars<form>(w, Real(0));
    Real largest(1);
    for (const auto& group : pulled.bar)
      for (const Real value : group) largest = std::max(largest, std::abs(value));
    const Real before = std::exp2(std::ceil(std::log2(is_finite(largest) ? largest : Real(1))));
    const auto added = bars<form>(w, before);
    const Real slack = std::sqrt(static_cast<Real>(std::numeric_limits<Scalar>::epsilon())) * before;
    for (std::size_t group = 0; group < 3; ++group) {
      for (std::size_t i = 0; i < pulled.bar[group].size(); ++i) {
        const Real zero_based = pulled.bar[group][i];
        const std::string bar = bar_name(group, static_cast<Index>(i));
        if (!is_finite(zero_based)) return fail(bar, description(form) + " makes " + bar + " " + text(zero_based));
        if (zero_based != again[group][i])
          return fail(bar, description(form) + " is not a pure function: for the same arguments " + bar + " was " +
                               text(zero_based) + " and then " + text(again[group][i]));
        if (!(std::abs(added[group][i] - (before + zero_based)) <= slack))
          return fail(bar, description(form) + " overwrites " + bar +
                               ", or adds a multiple of it; it must add to it (+=): from 0 it makes " +
                               text(zero_based) + ", from " + text(before) + " it makes " + text(added[group][i]));
      }
    }
    pulled_back_.push_back(pulled);
    return true;
  }

  template <VjpForm form>
  std::array<std::vector<Real>, 3> bars(const Y& w, Real before) const {
    const Scalar start = static_cast<Scalar>(before);
    Y y_bar = Y::Constant(y_.rows(), y_.cols(), start);
    Theta theta_bar = zero_parameters<F, Y>(field_);
    theta_bar.setConstant(start);
    Scalar t_bar = start;
    apply<form>(w, y_bar, theta_bar, t_bar);
    std::array<std::vector<Real>, 3> result;
    for (Index i = 0; i < y_bar.size(); ++i) result[0].push_back(static_cast<Real>(y_bar.data()[i]));
    for (Index i = 0; i < theta_bar.size(); ++i) result[1].push_back(static_cast<Real>(theta_bar.data()[i]));
    if (is_timed(form)) result[2].push_back(static_cast<Real>(t_bar));
    return result;
  }

  // `bar` began with ones.
  template <class Bar>
  bool check_half(const std::string& half, std::size_t group, const Bar& bar, const PulledBack& whole) {
    const std::vector<Real>& expected = whole.bar[group];
    Real largest(1);
    for (const Real value : expected) largest = std::max(largest, std::abs(value));
    const Real slack = std::sqrt(static_cast<Real>(std::numeric_limits<Scalar>::epsilon())) * largest;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Real got = static_cast<Real>(bar.data()[i]) - Real(1);
      if (std::abs(got - expected[i]) <= slack) continue;
      const std::string entry = bar_name(group, static_cast<Index>(i));
      report_.got = static_cast<double>(got);
      report_.expected = static_cast<double>(expected[i]);
      std::string cause = half;
      cause.append(" does not add to ").append(entry).append(" what the vjp adds: from 1 it makes ");
      cause.append(text(got + Real(1))).append(", the vjp adds ").append(text(expected[i]));
      return fail(entry, cause);
    }
    return true;
  }

  struct Tangent {
    Y y;
    Theta theta;
    Scalar t;
  };

  template <bool timed>
  Y pushed_forward(const Tangent& v, const Scalar& before) const {
    Y dy_dot = Y::Constant(y_.rows(), y_.cols(), before);
    if constexpr (timed)
      field_.jvp(t_, y_, v.y, v.theta, v.t, dy_dot);
    else
      field_.jvp(t_, y_, v.y, v.theta, dy_dot);
    return dy_dot;
  }

  // Along random tangents of all inputs and of one group each; where they do not agree, input by input, to name the one.
  template <bool exists, bool timed>
  bool check_jvp_form() {
    if constexpr (exists) {
      const Tangent zero{Y::Zero(y_.rows(), y_.cols()), zero_parameters<F, Y>(field_), Scalar(0)};
      Tangent all{directions_.like(zero.y), directions_.like(zero.theta),
                  timed ? Scalar(directions_.next()) : Scalar(0)};
      if (!check_jvp_promises<timed>(all)) return false;
      Tangent of_y = zero, of_theta = zero, of_t = zero;
      of_y.y = all.y;
      of_theta.theta = all.theta;
      of_t.t = all.t;
      const auto along = [&](Tangent v, const auto& group, const char* input, bool of_state) {
        if (transposed<timed>(v)) return true;
        for (Index i = 0; i < group(v).size() && i < options_.components; ++i) {
          Tangent unit = zero;
          group(unit).data()[i] = Scalar(1);
          if (!transposed<timed>(unit)) return disagrees<timed>(unit, " along " + name(input, i, of_state));
        }
        return disagrees<timed>(v, std::string(" along ") + input);
      };
      const auto y_of = [](Tangent& v) -> Y& { return v.y; };
      const auto theta_of = [](Tangent& v) -> Theta& { return v.theta; };
      if (!along(of_y, y_of, "y_dot", true) || !along(of_theta, theta_of, "theta_dot", false)) return false;
      if (!transposed<timed>(of_t)) return disagrees<timed>(of_t, " along t_dot");
      if (!transposed<timed>(all)) return disagrees<timed>(all, "");
      notes_ += timed ? "; and so does the jvp with t_dot" : "; and so does the jvp";
    }
    return true;
  }

  template <bool timed>
  bool check_jvp_promises(const Tangent& v) {
    constexpr Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
    const Y first = pushed_forward<timed>(v, nan), second = pushed_forward<timed>(v, Scalar(1));
    for (Index i = 0; i < y_.size(); ++i) {
      const Scalar a = first.data()[i], b = second.data()[i];
      const std::string dy_dot = name("dy_dot", i, true);
      if (a != a && b == b)
        return fail(dy_dot, "the jvp does not write " + dy_dot + ", or adds to it; it must assign (=) every component");
      if (!is_finite(a)) return fail(dy_dot, "the jvp makes " + dy_dot + " " + text(a));
      if (a != b)
        return fail(dy_dot, "the jvp is not a pure function: for the same arguments " + dy_dot + " was " + text(a) +
                                " and then " + text(b));
    }
    return true;
  }

  // ⟨w, Jv⟩ and ⟨Jᵀw, v⟩, and the size of their terms.
  struct Products {
    Real forward = 0, back = 0, scale = 0;
    bool agree(Real tolerance) const { return std::abs(forward - back) <= tolerance * scale; }
  };
  template <bool timed>
  Products products(const Tangent& v, const PulledBack& pulled) const {
    Products result;
    const auto add = [&](Real& sum, Real term) {
      sum += term;
      result.scale += std::abs(term);
    };
    const Y dy_dot = pushed_forward<timed>(v, Scalar(0));
    for (Index i = 0; i < y_.size(); ++i)
      add(result.forward, static_cast<Real>(pulled.w.data()[i]) * static_cast<Real>(dy_dot.data()[i]));
    for (std::size_t i = 0; i < pulled.bar[0].size(); ++i)
      add(result.back, pulled.bar[0][i] * static_cast<Real>(v.y.data()[i]));
    for (std::size_t i = 0; i < pulled.bar[1].size(); ++i)
      add(result.back, pulled.bar[1][i] * static_cast<Real>(v.theta.data()[i]));
    if (!pulled.bar[2].empty()) add(result.back, pulled.bar[2][0] * static_cast<Real>(v.t));
    return result;
  }
  template <bool timed>
  bool transposed(const Tangent& v) const {
    const Real tolerance = static_cast<Real>(report_.tolerance);
    return std::all_of(pulled_back_.begin(), pulled_back_.end(), [&](const PulledBack& pulled) {
      return (v.t != Scalar(0) && pulled.bar[2].empty()) || products<timed>(v, pulled).agree(tolerance);
    });
  }
  template <bool timed>
  bool disagrees(const Tangent& v, const std::string& along) {
    for (const PulledBack& pulled : pulled_back_) {
      if (v.t != Scalar(0) && pulled.bar[2].empty()) continue;
      const Products here = products<timed>(v, pulled);
      if (here.agree(static_cast<Real>(report_.tolerance))) continue;
      report_.got = static_cast<double>(here.forward);
      report_.expected = static_cast<double>(here.back);
      report_.error = static_cast<double>(std::abs(here.forward - here.back) / here.scale);
      return fail(along.empty() ? "dy_dot" : along.substr(7),
                  "the jvp does not agree with the vjp" + along + ": w · dy_dot is " + text(here.forward) + ", by " +
                      description(pulled.form) + " it is " + text(here.back) +
                      (std::abs(here.forward + here.back) <= 100 * static_cast<Real>(report_.tolerance) * here.scale
                           ? "; is a sign wrong?"
                           : ""));
    }
    return true;
  }
};

}  // namespace antistrophe::detail
