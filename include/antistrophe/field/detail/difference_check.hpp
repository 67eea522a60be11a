// SPDX-License-Identifier: MIT
// A field's vjp against finite differences of the field, wᵀ ∂f/∂x, component by component.
#pragma once

#include <antistrophe/core/detail/differences.hpp>
#include <antistrophe/field/detail/movable_parameters.hpp>
#include <antistrophe/field/detail/pullback_check.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace antistrophe::detail {

template <class F, class Y>
class DifferenceCheck : protected PullbackCheck<F, Y> {
  using Base = PullbackCheck<F, Y>;

 protected:
  using Base::bar_name;
  using Base::description;
  using Base::directions_;
  using Base::evaluated;
  using Base::fail;
  using Base::field_;
  using Base::notes_;
  using Base::options_;
  using Base::pulled_back_;
  using Base::report_;
  using Base::size_;
  using Base::t_;
  using Base::text;
  using Base::y_;
  using typename Base::Index;
  using typename Base::PulledBack;
  using typename Base::Real;
  using typename Base::Scalar;

  DifferenceCheck(const F& field, double t, const Y& y, const VjpCheckOptions& options)
      : Base(field, t, y, options),
        step_(options.step > 0 ? static_cast<Real>(options.step)
                               : std::pow(Real(std::numeric_limits<Scalar>::epsilon()), Real(0.2))) {
    step_ = std::exp2(std::round(std::log2(step_)));  // a power of two, so that most x ± h are exact
  }

  bool check_differences() { return check_state() && check_parameters() && check_time(); }

 private:
  static constexpr std::array<const char*, 3> derivative_names{"∂f/∂y", "∂f/∂θ", "∂f/∂t"};

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
      bool right = true;
      const bool tried = with_movable_parameters(moved, field_, t_, y_, [&](auto&& theta) {
        std::vector<Real> at;
        for (Index i = 0; i < theta.size(); ++i) at.push_back(static_cast<Real>(theta[i]));
        right = check_group(
            1, at, [&](Index i, Real x) { theta[i] = static_cast<Scalar>(x); },
            [&] { return evaluated(moved, t_, y_, Scalar(0)); });
      });
      if (!tried) notes_ += "; theta_bar is not checked, for parameters() gives no access to change them";
      return right;
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
    std::vector<Real> noise;    // what f's rounding makes of it, or, where f does not change, what it hides
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
    const Real ulp = static_cast<Real>(std::numeric_limits<Scalar>::epsilon()), rounding = 8 * ulp / h;
    for (Index i = 0; i < y_.size(); ++i) {
      const Real near = static_cast<Real>(plus.data()[i]) - static_cast<Real>(minus.data()[i]);
      const Real far = static_cast<Real>(plus2.data()[i]) - static_cast<Real>(minus2.data()[i]);
      result.f.push_back(central_difference(near, far, h));
      result.inexact.push_back(std::abs(result.f.back() - near / (2 * h)));
      result.finite = result.finite && is_finite(result.f.back());
      const Real here = std::abs(static_cast<Real>(plus2.data()[i]));
      const Real largest = std::max({size_, here, std::abs(static_cast<Real>(minus2.data()[i]))});
      result.noise.push_back(near == 0 && far == 0 ? ulp * here / (4 * h) : rounding * largest);
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

  Real step_ = 0, worst_excess_ = 0;
};

}  // namespace antistrophe::detail
