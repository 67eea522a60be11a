// SPDX-License-Identifier: MIT
// Ready-made losses: of the last saved state alone, and the mean squared error against data.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/core/state.hpp>
#include <antistrophe/field/detail/copied_cotangents.hpp>
#include <antistrophe/field/detail/requirements.hpp>
#include <antistrophe/problem/detail/copied_loss.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// L = g(y) of the last saved state: function(y, y_bar) -> value, adding ∂g/∂y to y_bar, which comes as zeros.
template <class Function>
struct TerminalLoss {
  Function function;

  template <class Saved>
  auto operator()(const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) const {
    if (ys.empty()) detail::refuse("the number of saved states", 0, "at least 1");
    return function(ys.back(), ys_bar.back());
  }
};
template <class Function>
TerminalLoss(Function) -> TerminalLoss<Function>;

namespace detail {

template <class L, class Saved>
inline constexpr bool terminal_loss_copies_bar = false;
template <class Function, class Saved>
inline constexpr bool terminal_loss_copies_bar<TerminalLoss<Function>, Saved> = loss_copies_bar<Function, Saved>();

// True where a loss writes to the cotangents that it is given; else a compile error with the reason.
template <class L, class Saved>
consteval bool loss_takes_references() {
  using All = std::vector<Saved>;
  using Times = std::vector<double>;
  constexpr bool copied = loss_copies_bar<L, All>() || operator_takes_values<L, 2, Times, All, Times, All>();
  static_assert(!copied,
                "antistrophe: the loss takes cotangents by value, and what it writes to a copy is lost: [](const auto& "
                "ys, auto& ys_bar) { … }.");
  constexpr bool copied_by_terminal = terminal_loss_copies_bar<L, Saved>;
  static_assert(!copied_by_terminal,
                "antistrophe: the function of a TerminalLoss takes y_bar by value, and what it writes to a copy is "
                "lost: [](const auto& y, auto& y_bar) { … }.");
  return !copied && !copied_by_terminal;
}

// The entries of an Eigen object in storage order, or the one number; none of anything else.
template <class Value>
struct EntriesOf {
  using Scalar = double;
};
template <class Value>
  requires is_dense_plain<Value>
struct EntriesOf<Value> {
  using Scalar = typename Value::Scalar;
  static Eigen::Index count(const Value& value) { return value.size(); }
  static auto* begin(auto& value) { return value.data(); }
  static bool same_shape(const Value& a, const Value& b) { return a.rows() == b.rows() && a.cols() == b.cols(); }
  static std::string shape(const Value& value) { return detail::shape(value); }
};
template <class Value>
  requires is_field_scalar<Value>
struct EntriesOf<Value> {
  using Scalar = Value;
  static Eigen::Index count(const Value&) { return 1; }
  static auto* begin(auto& value) { return &value; }
  static bool same_shape(const Value&, const Value&) { return true; }
  static std::string shape(const Value&) { return "1x1"; }
};

struct WholeState {};
using SomeEntries = std::vector<Eigen::Index>;

}  // namespace detail

// L = Σ w (h(y_i) − target_i)² / Σ w over the saved states and the entries of their targets: the mean squared error, with
// weights where they are given. One target a saved state, an Eigen object or a number; an entry that is NaN is missing and
// counts for nothing, like one of weight 0. What is compared, h(y), is the whole state, of the targets' shape, unless
// observe says otherwise:
//
//   MeanSquaredError{data}                                              // data: a std::vector of states
//   MeanSquaredError{data}.observe({1, 3})                              // targets of two entries: y[1] and y[3]
//   MeanSquaredError{data}.observe(h)                                   // of h(y), which has a vjp
//   MeanSquaredError{data}.weights(Eigen::Vector2d{1, 0.1}).time_weights({1, 1, 0.5})
//
// Throws std::invalid_argument, when it is called, where numbers or shapes do not fit.
template <class Target, class Observation = detail::WholeState>
class MeanSquaredError {
  using TargetEntries = detail::EntriesOf<Target>;
  using Real = typename TargetEntries::Scalar;
  static constexpr bool whole = std::is_same_v<Observation, detail::WholeState>;
  static constexpr bool by_entries = std::is_same_v<Observation, detail::SomeEntries>;

 public:
  std::vector<Target> targets;

  explicit MeanSquaredError(std::vector<Target> targets_ = {}) : targets(std::move(targets_)) {}

  // Compares some entries of the state, by their indices in storage order.
  MeanSquaredError<Target, detail::SomeEntries> observe(std::vector<Eigen::Index> entries) const {
    return {*this, std::move(entries)};
  }
  // Compares h(y), of the targets' type. For gradients h has a member vjp(y, w, y_bar) that adds (∂h/∂y)ᵀ w.
  template <class H>
  MeanSquaredError<Target, H> observe(H h) const {
    return {*this, std::move(h)};
  }

  // One weight for each entry of a target, of its shape. Throws std::invalid_argument unless each is finite and >= 0.
  MeanSquaredError weights(Target of_entries) const {
    MeanSquaredError result = *this;
    check_weights("MeanSquaredError::weights", TargetEntries::begin(of_entries), TargetEntries::count(of_entries));
    result.weights_.assign(1, std::move(of_entries));
    return result;
  }
  // One weight for each saved state, besides those of its entries. Throws as weights does.
  MeanSquaredError time_weights(std::vector<Real> of_times) const {
    MeanSquaredError result = *this;
    check_weights("MeanSquaredError::time_weights", of_times.data(), static_cast<Eigen::Index>(of_times.size()));
    result.time_weights_ = std::move(of_times);
    result.has_time_weights_ = true;
    return result;
  }

  // True where it is a loss of what is saved; else a compile error with the reason.
  template <class Saved>
  static consteval bool require() {
    if constexpr (!detail::is_real_scalar<Real>) {
      static_assert(detail::never<Saved>, "antistrophe: MeanSquaredError is for real states and targets.");
      return false;
    } else if constexpr (whole) {
      static_assert(std::is_same_v<Saved, Target>,
                    "antistrophe: the targets of a MeanSquaredError are not of the type of what is saved; compare some "
                    "of its entries, MeanSquaredError{targets}.observe({0, 2}), or a function of it, .observe(h).");
      return std::is_same_v<Saved, Target>;
    } else if constexpr (by_entries) {
      static_assert(std::is_same_v<typename detail::EntriesOf<Saved>::Scalar, Real>,
                    "antistrophe: the targets of a MeanSquaredError have another scalar type than what is saved.");
      return std::is_same_v<typename detail::EntriesOf<Saved>::Scalar, Real>;
    } else {
      constexpr bool callable = requires(const Observation& h, const Saved& y) { static_cast<Target>(h(y)); };
      constexpr bool has_vjp =
          requires(const Observation& h, const Saved& y, const Target& w, Saved& y_bar) { h.vjp(y, w, y_bar); };
      static_assert(callable,
                    "antistrophe: what a MeanSquaredError observes is called as h(y), and returns a value of the type "
                    "of the targets.");
      static_assert(!callable || has_vjp,
                    "antistrophe: what a MeanSquaredError observes has a vjp, which a lambda has not: a struct with "
                    "operator()(y) and void vjp(const auto& y, const auto& w, auto& y_bar) const, adding w^T dh/dy to "
                    "y_bar; or, of entries alone, .observe({0, 2}).");
      constexpr bool copied =
          detail::copies_cotangent<detail::CallVjp, Observation, detail::Types<Saved, Target>, Saved>;
      static_assert(!copied,
                    "antistrophe: the vjp of what a MeanSquaredError observes takes y_bar by value, and what it adds "
                    "to a copy is lost: void vjp(const auto& y, const auto& w, auto& y_bar) const.");
      return callable && has_vjp;
    }
  }

  template <class Saved>
  Real operator()(const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) const {
    if constexpr (require<Saved>()) {
      check_sizes(ys.size());
      if (ys.empty()) return 0;
      const Real total = total_weight();
      if (!(total > 0)) return 0;  // nothing was observed, or it has no entries
      const Real weight = 1 / total;
      Real sum = 0;
      for (std::size_t i = 0; i < ys.size(); ++i) sum += at(i, ys[i], ys_bar[i], weight);
      return sum * weight;
    } else {
      return 0;
    }
  }

 private:
  template <class OtherTarget, class Other>
  friend class MeanSquaredError;

  template <class Other>
  MeanSquaredError(const MeanSquaredError<Target, Other>& other, Observation observation)
      : targets(other.targets),
        observation_(std::move(observation)),
        weights_(other.weights_),
        time_weights_(other.time_weights_),
        has_time_weights_(other.has_time_weights_) {}

  static void check_weights(const char* name, const Real* weights, Eigen::Index count) {
    for (Eigen::Index i = 0; i < count; ++i)
      if (!(weights[i] >= 0) || !std::isfinite(weights[i]))
        detail::refuse_entry(name, static_cast<std::size_t>(i), weights[i], "finite and at least 0");
  }

  void check_sizes(std::size_t saved) const {
    if (targets.size() != saved)
      detail::refuse("MeanSquaredError::targets.size()", targets.size(),
                     "the number of saved states, " + std::to_string(saved));
    if (has_time_weights_ && time_weights_.size() != saved)
      detail::refuse("MeanSquaredError::time_weights.size()", time_weights_.size(),
                     "the number of saved states, " + std::to_string(saved));
    if (weights_.empty()) return;
    for (std::size_t i = 0; i < saved; ++i)
      if (!TargetEntries::same_shape(weights_[0], targets[i]))
        detail::refuse("the shape of MeanSquaredError::weights", TargetEntries::shape(weights_[0]),
                       "that of targets[" + std::to_string(i) + "], " + TargetEntries::shape(targets[i]));
  }

  // Of entry j of target i: 0 where it is missing.
  Real weight_of(std::size_t i, Eigen::Index j) const {
    if (std::isnan(TargetEntries::begin(targets[i])[j])) return 0;
    return (has_time_weights_ ? time_weights_[i] : Real(1)) *
           (weights_.empty() ? Real(1) : TargetEntries::begin(weights_[0])[j]);
  }
  bool is_weighted() const { return has_time_weights_ || !weights_.empty(); }
  bool has_missing(std::size_t i) const {
    const Real* const target = TargetEntries::begin(targets[i]);
    return std::any_of(target, target + TargetEntries::count(targets[i]), [](Real x) { return std::isnan(x); });
  }
  Real total_weight() const {
    Real total = 0;
    std::size_t present = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      for (Eigen::Index j = 0; j < TargetEntries::count(targets[i]); ++j) {
        if (is_weighted())
          total += weight_of(i, j);
        else
          present += std::isnan(TargetEntries::begin(targets[i])[j]) ? 0U : 1U;
      }
    }
    return is_weighted() ? total : static_cast<Real>(present);
  }

  // Σ w r² of one saved state, r = h(y) − target; its cotangent is 2 · weight · (∂h/∂y)ᵀ w r.
  template <class Saved>
  Real at(std::size_t i, const Saved& y, Saved& y_bar, Real weight) const {
    if constexpr (whole) {
      const Real sum = residual(i, y, y_bar);
      y_bar *= 2 * weight;
      return sum;
    } else if constexpr (by_entries) {
      return at_entries(i, y, y_bar, weight);
    } else {
      Target w = static_cast<Target>(observation_(y));
      const Real sum = residual(i, w, w);
      w *= 2 * weight;
      observation_.vjp(y, std::as_const(w), y_bar);
      return sum;
    }
  }

  // Writes w r, in the place of h(y) perhaps, and returns Σ w r².
  Real residual(std::size_t i, const Target& value, Target& weighted) const {
    if (!TargetEntries::same_shape(targets[i], value))
      detail::refuse("the shape of MeanSquaredError::targets[" + std::to_string(i) + "]",
                     TargetEntries::shape(targets[i]), TargetEntries::shape(value));
    weighted = value - targets[i];
    Real sum = 0;
    if (is_weighted() || has_missing(i)) {
      for (Eigen::Index j = 0; j < TargetEntries::count(value); ++j) {
        const Real w = weight_of(i, j);
        Real& r = TargetEntries::begin(weighted)[j];
        if (w > 0) sum += w * r * r;
        r = w > 0 ? w * r : Real(0);
      }
    } else if constexpr (detail::is_real_scalar<Target>) {
      sum = weighted * weighted;
    } else {
      sum = detail::dot(weighted, weighted);
    }
    return sum;
  }

  template <class Saved>
  Real at_entries(std::size_t i, const Saved& y, Saved& y_bar, Real weight) const {
    using SavedEntries = detail::EntriesOf<Saved>;
    const Eigen::Index count = TargetEntries::count(targets[i]);
    if (count != static_cast<Eigen::Index>(observation_.size()))
      detail::refuse("the number of entries of MeanSquaredError::targets[" + std::to_string(i) + "]", count,
                     "that of the entries observed, " + std::to_string(observation_.size()));
    Real sum = 0;
    for (Eigen::Index j = 0; j < count; ++j) {
      const Eigen::Index entry = observation_[static_cast<std::size_t>(j)];
      if (entry < 0 || entry >= SavedEntries::count(y))
        detail::refuse("the entry MeanSquaredError observes", entry,
                       "at least 0 and less than the state's size, " + std::to_string(SavedEntries::count(y)));
      const Real w = weight_of(i, j);
      if (!(w > 0)) continue;
      const Real r = SavedEntries::begin(y)[entry] - TargetEntries::begin(targets[i])[j];
      sum += w * r * r;
      SavedEntries::begin(y_bar)[entry] += 2 * weight * (w * r);
    }
    return sum;
  }

  [[no_unique_address]] Observation observation_{};
  std::vector<Target> weights_;  // one, or none
  std::vector<Real> time_weights_;
  bool has_time_weights_ = false;
};
template <class Target>
MeanSquaredError(std::vector<Target>) -> MeanSquaredError<Target>;

}  // namespace antistrophe
