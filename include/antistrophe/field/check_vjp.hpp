// check_vjp(field, t, y): a field's vjp against finite differences of the field, wᵀ ∂f/∂x, in every component, and the
// promises the library relies on: f writes all of dy, is a pure function, says the same with and without its tape; the
// vjp adds to what it is given. For users' own tests: REQUIRE(check_vjp(field, t, y)).
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/field/concepts.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// ok, or what is wrong first; and the component that is worst: what the vjp says of it, what differences say.
struct [[nodiscard]] VjpReport {
  bool ok = true;
  std::string component;  // such as "theta_bar[3]"; "dy[1]" where f itself is at fault
  double got = 0;         // by the vjp
  double expected = 0;    // by differences
  double error = 0;       // |got − expected| / max(|got|, |expected|)
  double tolerance = 0;   // of |got − expected| relative to the largest cotangent of its group: y, θ or t
  std::string message;

  explicit operator bool() const { return ok; }
  friend std::ostream& operator<<(std::ostream& out, const VjpReport& report) { return out << report.message; }
};

// tolerance 0 asks for the default, 30 ε^0.6 (1.2e-8 for double, 2.1e-3 for float): differences reach ε^0.8 on a field
// that varies over lengths of about its arguments' size, and less on others. A group of more components than
// `components` is tried along random directions; one that fails is halved until the component is found.
struct VjpCheckOptions {
  double tolerance = 0;
  double step = 0;  // of differences, relative to the component's size; 0 for ε^0.2, made smaller where f varies fast
  int cotangents = 2;
  Eigen::Index components = 512;
  std::uint64_t seed = 1;
};

namespace detail {

// Numbers of either sign and of size 1/4 to 1, the same on every machine.
class CheckDirections {
 public:
  explicit CheckDirections(std::uint64_t seed) : state_(seed) {}
  double next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;  // splitmix64
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    const double size = 0.25 + 0.75 * static_cast<double>(z >> 12U) * 0x1p-52;
    return (z & 1U) != 0 ? size : -size;
  }
  template <class A>
  A like(const A& shape) {
    A result = shape;
    for (Eigen::Index i = 0; i < result.size(); ++i) result.data()[i] = static_cast<typename A::Scalar>(next());
    return result;
  }

 private:
  std::uint64_t state_;
};

template <class A>
bool same_bits(const A& a, const A& b) {
  for (Eigen::Index i = 0; i < a.size(); ++i)
    if (!(a.data()[i] == b.data()[i]) && !(a.data()[i] != a.data()[i] && b.data()[i] != b.data()[i])) return false;
  return true;
}

enum class VjpForm { plain, timed, taped, timed_taped };

template <class F, class Y>
class VjpCheck {
  using Scalar = typename Y::Scalar;
  using Real = std::common_type_t<Scalar, double>;
  using Theta = Parameters<F, Y>;
  using Index = Eigen::Index;

  // A cotangent w and what one form of the vjp makes of it.
  struct PulledBack {
    VjpForm form;
    Y w;
    std::array<std::vector<Real>, 3> bar;  // of y, θ, t
  };

 public:
  VjpCheck(const F& field, double t, const Y& y, const VjpCheckOptions& options)
      : field_(field), t_(t), y_(y), options_(options), directions_(options.seed) {
    constexpr Real epsilon = std::numeric_limits<Scalar>::epsilon();
    report_.tolerance =
        options.tolerance > 0 ? options.tolerance : static_cast<double>(30 * std::pow(epsilon, Real(0.6)));
    step_ = options.step > 0 ? static_cast<Real>(options.step) : std::pow(epsilon, Real(0.2));
    step_ = std::exp2(std::round(std::log2(step_)));  // a power of two, so that most x ± h are exact
  }

  VjpReport run() {
    const bool done = check_field() && check_autonomous() && check_forms<VjpForm::plain>() &&
                      check_forms<VjpForm::timed>() && check_forms<VjpForm::taped>() &&
                      check_forms<VjpForm::timed_taped>() && check_state() && check_parameters() && check_time();
    if (done && report_.ok) {
      std::ostringstream text;
      text << "antistrophe: the vjp agrees with finite differences";
      if (!report_.component.empty())
        text << "; worst is " << report_.component << ": " << report_.got << ", relative error " << report_.error;
      text << " (tolerance " << report_.tolerance << ")" << notes_;
      report_.message = text.str();
    }
    return report_;
  }

 private:
  static constexpr std::array<const char*, 3> bar_names{"y_bar", "theta_bar", "t_bar"};
  static constexpr std::array<const char*, 3> derivative_names{"∂f/∂y", "∂f/∂θ", "∂f/∂t"};

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

  bool fail(const std::string& component, const std::string& what) {
    report_.ok = false;
    report_.component = component;
    report_.message = "antistrophe: " + what;
    return false;
  }

  // y_bar[2], or y_bar(1, 0) of a matrix.
  std::string name(const std::string& array, Index i, bool of_state) const {
    if (of_state && y_.rows() != 1 && y_.cols() != 1) {
      const Index row = Y::IsRowMajor ? i / y_.cols() : i % y_.rows(),
                  column = Y::IsRowMajor ? i % y_.cols() : i / y_.rows();
      return array + "(" + std::to_string(row) + ", " + std::to_string(column) + ")";
    }
    return array + "[" + std::to_string(i) + "]";
  }
  std::string bar_name(std::size_t group, Index i) const {
    return group == 2 ? bar_names[group] : name(bar_names[group], i, group == 0);
  }

  Y evaluated(const F& field, double t, const Y& y, const Scalar& before) const {
    Y dy = Y::Constant(y.rows(), y.cols(), before);
    field(t, y, dy);
    return dy;
  }

  // f writes every component, whatever dy held before; twice the same; finite; and the same with a tape.
  bool check_field() {
    constexpr Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
    const Y first = evaluated(field_, t_, y_, nan), second = evaluated(field_, t_, y_, nan);
    const Y third = evaluated(field_, t_, y_, Scalar(1));
    if (first.rows() != y_.rows() || first.cols() != y_.cols())
      return fail("dy", "f has given dy another shape than y's; it must write into dy as it finds it");
    for (Index i = 0; i < y_.size(); ++i) {
      const Scalar a = first.data()[i], b = second.data()[i], c = third.data()[i];
      const std::string dy = name("dy", i, true);
      if (a != a && c == Scalar(1))
        return fail(dy, "f does not write " + dy + "; it must assign every component of dy");
      if (a != a && c == c)
        return fail(dy, "f makes " + dy + " depend on what dy held before; it must assign (=), not add (+=)");
      if (!is_finite(a))
        return fail(dy, "f is not finite at the given t and y: " + dy + " is " + text(a) + "; check at another point");
      if (a != b || a != c)
        return fail(dy, "f is not a pure function: for the same t and y, " + dy + " was " + text(a) + " and then " +
                            text(a != b ? b : c));
    }
    if constexpr (KeepsTape<F, Y>) {
      const Y with_tape = evaluated_with_tape(make_used_tape());
      for (Index i = 0; i < y_.size(); ++i)
        if (with_tape.data()[i] != first.data()[i])
          return fail(name("dy", i, true), "f with a tape gives another " + name("dy", i, true) +
                                               " than without: " + text(with_tape.data()[i]) + " against " +
                                               text(first.data()[i]) + "; both must be the same to the last bit");
    }
    size_ = Real(0);
    for (Index i = 0; i < y_.size(); ++i) size_ = std::max(size_, std::abs(static_cast<Real>(first.data()[i])));
    return true;
  }

  // A field that is declared autonomous does not see the time.
  bool check_autonomous() {
    if constexpr (DeclaredAutonomous<F>) {
      const Y now = evaluated(field_, t_, y_, Scalar(0)), later = evaluated(field_, t_ + 1, y_, Scalar(0));
      if (F::autonomous && !same_bits(now, later))
        return fail("t_bar", "the field says that it is autonomous, but its value changes with t");
    }
    return true;
  }

  // A tape that has been used at another point: what it kept of that must be gone after the next call.
  auto make_used_tape() const {
    auto tape = make_tape<F, Y>(field_, y_);
    Y dy = y_;
    CheckDirections directions(options_.seed + 1);
    const Y elsewhere = y_ + directions.like(y_) * Scalar(0.125);
    field_(t_, elsewhere, dy, tape);
    return tape;
  }
  template <class T>
  Y evaluated_with_tape(T&& tape) const {
    Y dy = Y::Constant(y_.rows(), y_.cols(), std::numeric_limits<Scalar>::quiet_NaN());
    field_(t_, y_, dy, tape);
    return dy;
  }

  template <VjpForm form>
  void apply(const Y& w, Y& y_bar, Theta& theta_bar, Scalar& t_bar) const {
    if constexpr (is_taped(form)) {
      auto tape = make_used_tape();
      evaluated_with_tape(tape);
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

  bool check_state() {
    std::vector<Real> at(static_cast<std::size_t>(y_.size()));
    for (Index i = 0; i < y_.size(); ++i) at[static_cast<std::size_t>(i)] = static_cast<Real>(y_.data()[i]);
    Y moved = y_;
    return check_group(
        0, at, [&](Index i, Real x) { moved.data()[i] = static_cast<Scalar>(x); },
        [&] { return evaluated(field_, t_, moved, Scalar(0)); });
  }

  bool check_parameters() {
    if constexpr (HasParameters<F>) {
      F moved = field_;
      if constexpr (requires { moved.parameters()[0] = Scalar(0); }) {
        const Index count = field_.parameters().size();
        std::vector<Real> at;
        for (Index i = 0; i < count; ++i) at.push_back(static_cast<Real>(field_.parameters()[i]));
        return check_group(
            1, at, [&](Index i, Real x) { moved.parameters()[i] = static_cast<Scalar>(x); },
            [&] { return evaluated(moved, t_, y_, Scalar(0)); });
      } else {
        notes_ += "; theta_bar is not checked, for parameters() gives no access to change them";
      }
    }
    return true;
  }

  bool check_time() {
    if constexpr (HasTimedVjp<F, Y> || HasTimedTapeVjp<F, Y>) {
      double moved = t_;
      return check_group(
          2, {static_cast<Real>(t_)}, [&](Index, Real x) { moved = static_cast<double>(x); },
          [&] { return evaluated(field_, moved, y_, Scalar(0)); });
    }
    return true;
  }

  // Differences of f along a direction u of one group of its arguments, x + a u.
  struct Slope {
    std::vector<Real> f;        // D_u f
    std::vector<Real> inexact;  // what differences of second order miss
    std::vector<Real> noise;    // what f's rounding makes of it; nothing where f does not change
    bool finite = true;
  };

  template <class Set, class Evaluate>
  Slope slope(const std::vector<Real>& at, const std::vector<Index>& which, const std::vector<Real>& u, Real h,
              Set&& set, Evaluate&& evaluate) const {
    const auto value = [&](Real a) {
      for (std::size_t i = 0; i < which.size(); ++i) set(which[i], at[static_cast<std::size_t>(which[i])] + a * u[i]);
      return evaluate();
    };
    const Y plus = value(h), minus = value(-h), plus2 = value(2 * h), minus2 = value(-2 * h);
    for (const Index i : which) set(i, at[static_cast<std::size_t>(i)]);
    Slope result;
    const Real rounding = 8 * static_cast<Real>(std::numeric_limits<Scalar>::epsilon()) / h;
    for (Index i = 0; i < y_.size(); ++i) {
      const Real near = static_cast<Real>(plus.data()[i]) - static_cast<Real>(minus.data()[i]);
      const Real far = static_cast<Real>(plus2.data()[i]) - static_cast<Real>(minus2.data()[i]);
      result.f.push_back((8 * near - far) / (12 * h));
      result.inexact.push_back(std::abs(result.f.back() - near / (2 * h)));
      result.finite = result.finite && is_finite(result.f.back());
      const Real largest = std::max(
          {size_, std::abs(static_cast<Real>(plus2.data()[i])), std::abs(static_cast<Real>(minus2.data()[i]))});
      result.noise.push_back(near == 0 && far == 0 ? Real(0) : rounding * largest);
    }
    return result;
  }

  // One wᵀ D_u f against ūᵀ u, in units of what is allowed: 1 or less is right.
  struct Comparison {
    Real excess = 0, got = 0, expected = 0;
    VjpForm form = VjpForm::plain;
    const PulledBack* pulled = nullptr;
    bool smooth = true;
    bool noisy = false;
    bool finite = true;
  };

  template <class Set, class Evaluate>
  Comparison compare(std::size_t group, const std::vector<Real>& at, const std::vector<Index>& which,
                     const std::vector<Real>& u, Set&& set, Evaluate&& evaluate) const {
    const Real tolerance = static_cast<Real>(report_.tolerance);
    Comparison worst;
    Real best = std::numeric_limits<Real>::infinity();
    // A step may be too long for f, or reach over a kink. Shorter ones are tried, until one agrees with the vjp or they
    // drown in f's rounding; where none agrees, the most certain one speaks.
    const Real shortest = std::min(step_, std::sqrt(static_cast<Real>(std::numeric_limits<Scalar>::epsilon())));
    for (Real h = step_; h >= shortest; h /= 8) {
      const Slope d = slope(at, which, u, h, set, evaluate);
      if (!d.finite) continue;
      Comparison here;
      Real uncertain = 0;
      for (const PulledBack& pulled : pulled_back_) {
        if (pulled.bar[group].empty()) continue;
        Real expected = 0, got = 0, missed = 0, size = 0, noise = 0, scale = 0;
        for (Index i = 0; i < y_.size(); ++i) {
          const Real w = static_cast<Real>(pulled.w.data()[i]);
          expected += w * d.f[static_cast<std::size_t>(i)];
          missed += std::abs(w) * d.inexact[static_cast<std::size_t>(i)];
          size += std::abs(w) * std::abs(d.f[static_cast<std::size_t>(i)]);
          noise = std::hypot(noise, w * d.noise[static_cast<std::size_t>(i)]);
        }
        Real largest = 0;
        for (const Real bar : pulled.bar[group]) largest = std::max(largest, std::abs(bar));
        for (std::size_t i = 0; i < which.size(); ++i) {
          got += pulled.bar[group][static_cast<std::size_t>(which[i])] * u[i];
          scale = std::max(scale, largest * std::abs(u[i]));
        }
        scale = std::max({scale, std::abs(expected), size});
        const Real truncated = size > 0 ? missed * missed / size : Real(0);
        uncertain = std::max(uncertain, scale > 0 ? (truncated + noise) / scale : Real(0));
        const Real allowed = tolerance * scale + noise;
        const Real excess = allowed > 0 ? std::abs(got - expected) / allowed : (got == expected ? Real(0) : Real(2));
        if (here.pulled == nullptr || !(excess <= here.excess)) {
          here = {excess,
                  got,
                  expected,
                  pulled.form,
                  &pulled,
                  !(truncated > tolerance * scale),
                  noise > 10 * tolerance * scale,
                  true};
        }
      }
      if (here.pulled == nullptr || here.excess <= 1) return here;
      if (here.noisy && is_finite(best)) break;
      if (uncertain < best) {
        best = uncertain;
        worst = here;
      }
    }
    worst.finite = is_finite(best);
    return worst;
  }

  // Component by component; in a large group along random directions, which are halved down to the component at fault.
  template <class Set, class Evaluate>
  bool check_group(std::size_t group, const std::vector<Real>& at, Set&& set, Evaluate&& evaluate) {
    const Index count = static_cast<Index>(at.size());
    if (count == 0) return true;
    Real largest = 0;
    for (const Real x : at) largest = std::max(largest, std::abs(x));
    const Real least = Real(0.01) * (largest > 0 ? std::min(largest, Real(1)) : Real(1));
    const auto unit = [&](Index i) {
      const Real x = std::abs(at[static_cast<std::size_t>(i)]);
      return std::exp2(
          std::round(std::log2(x > 0 ? std::max(x, least) : (largest > 0 ? std::min(largest, Real(1)) : Real(1)))));
    };
    const auto along = [&](Index begin, Index end) {
      std::vector<Index> which;
      std::vector<Real> u;
      for (Index i = begin; i < end; ++i) {
        which.push_back(i);
        u.push_back(end - begin == 1 ? unit(i) : unit(i) * static_cast<Real>(directions_.next()));
      }
      return compare(group, at, which, u, set, evaluate);
    };
    if (count <= options_.components) {
      Comparison worst;
      Index where = 0;
      for (Index i = 0; i < count; ++i) {
        const Comparison here = along(i, i + 1);
        if (here.pulled == nullptr && here.finite) continue;
        if (i == 0 || worst.pulled == nullptr || !(here.excess <= worst.excess) || !here.finite) {
          worst = here;
          where = i;
        }
        if (!here.finite) break;
      }
      return compare(group, where, unit(where), worst);
    }
    for (int trial = 0; trial < options_.cotangents; ++trial) {
      if (along(0, count).excess <= 1) continue;
      Index begin = 0, end = count;
      while (end - begin > 1) {
        const Index middle = begin + (end - begin) / 2;
        if (along(begin, middle).excess >= along(middle, end).excess)
          end = middle;
        else
          begin = middle;
      }
      return compare(group, begin, unit(begin), along(begin, begin + 1));
    }
    return true;
  }

  bool compare(std::size_t group, Index i, Real unit, const Comparison& worst) {
    const std::string bar = bar_name(group, i);
    if (!worst.finite)
      return fail(bar, std::string("f is not finite close to the given point, so that ") + derivative_names[group] +
                           " cannot be checked in " + bar + "; check at another point, or give a shorter step");
    if (worst.pulled == nullptr) return true;
    const Real got = worst.got / unit, expected = worst.expected / unit;
    const Real larger = std::max(std::abs(got), std::abs(expected));
    const double error = larger > 0 ? static_cast<double>(std::abs(got - expected) / larger) : 0;
    const bool wrong = !(worst.excess <= 1);
    if (wrong || report_.component.empty() || worst.excess > worst_excess_) {
      worst_excess_ = worst.excess;
      report_.component = bar;
      report_.got = static_cast<double>(got);
      report_.expected = static_cast<double>(expected);
      report_.error = error;
    }
    if (!wrong) return true;
    std::ostringstream message;
    message << derivative_names[group] << " by " << description(worst.form) << ": " << bar << " is " << text(got)
            << ", finite differences say " << text(expected) << " (relative error " << error << ", tolerance "
            << report_.tolerance << ")" << guess(group, i, got, expected, worst);
    return fail(bar, message.str());
  }

  // What the error looks like.
  std::string guess(std::size_t group, Index i, Real got, Real expected, const Comparison& worst) const {
    const auto alike = [&](Real a, Real b) {
      return std::abs(a - b) <= Real(100) * static_cast<Real>(report_.tolerance) * std::max(std::abs(a), std::abs(b));
    };
    if (!worst.smooth) return "; is f not smooth at this point? Differences do not settle";
    if (alike(got, -expected)) return "; is a sign wrong?";
    if (group == 0 && is_transposed(*worst.pulled)) return "; this is (∂f/∂y) w: is the transpose missing?";
    if (got == 0) return "; is a term missing?";
    if (alike(got, 2 * expected)) return "; is a term counted twice?";
    const auto& bar = worst.pulled->bar[group];
    for (std::size_t j = 0; j < bar.size(); ++j)
      if (static_cast<Index>(j) != i && alike(bar[j], expected) && expected != 0)
        return "; " + bar_name(group, static_cast<Index>(j)) + " holds what belongs here: is an index wrong?";
    return "";
  }

  bool is_transposed(const PulledBack& pulled) const {
    std::vector<Real> at, u;
    std::vector<Index> which;
    for (Index i = 0; i < y_.size(); ++i) {
      at.push_back(static_cast<Real>(y_.data()[i]));
      u.push_back(static_cast<Real>(pulled.w.data()[i]));
      which.push_back(i);
    }
    Y moved = y_;
    const Slope d = slope(
        at, which, u, step_, [&](Index i, Real x) { moved.data()[i] = static_cast<Scalar>(x); },
        [&] { return evaluated(field_, t_, moved, Scalar(0)); });
    Real distance = 0, length = 0;
    for (std::size_t i = 0; i < d.f.size(); ++i) {
      distance = std::max(distance, std::abs(d.f[i] - pulled.bar[0][i]));
      length = std::max(length, std::abs(d.f[i]));
    }
    return y_.size() > 1 && distance <= Real(100) * static_cast<Real>(report_.tolerance) * length;
  }

  static std::string description(VjpForm form) { return is_taped(form) ? "the vjp with tape" : "the vjp"; }
  static std::string text(Real x) {
    std::ostringstream out;
    out.precision(9);
    out << x;
    return out.str();
  }

  const F& field_;
  double t_;
  const Y& y_;
  VjpCheckOptions options_;
  mutable CheckDirections directions_;
  std::vector<PulledBack> pulled_back_;
  VjpReport report_;
  Real step_ = 0, size_ = 0, worst_excess_ = 0;
  std::string notes_;
};

}  // namespace detail

// Checks the field at (t, y), y any Eigen vector, matrix or array: choose a point without symmetry, where no term
// vanishes. θ is moved in a copy of the field, through its mutable parameters().
template <class F, class Derived>
VjpReport check_vjp(const F& field, double t, const Eigen::DenseBase<Derived>& y, const VjpCheckOptions& options = {}) {
  using Y = typename Derived::PlainObject;
  if constexpr (!detail::require_differentiable<F, Y>()) {
    return {};
  } else {
    static_assert(detail::is_real_scalar<typename Y::Scalar>, "antistrophe: check_vjp is for real states.");
    static_assert(DifferentiableVectorField<F, Y>,
                  "antistrophe: only the frozen field has a vjp; write check_vjp(field.frozen(t0, t1), t, y).");
    const Y at = y.derived();
    return detail::VjpCheck<F, Y>(field, t, at, options).run();
  }
}

}  // namespace antistrophe
