// SPDX-License-Identifier: MIT
// What the errors of adaptive steps have made of a gradient by its end. A tolerance bounds the error of a step, and a problem may
// magnify it on the way: an eccentric orbit, chaos, a long oscillation. The sweep sees that for little.
//
// With e_m the estimated error of step m and λ the cotangent of the state, the sum of λ_{m+1}ᵀe_m over all steps before node n is
// λ_nᵀδ_n, where δ_n is the error of the state there. Where something was saved on the way, a part of the sum goes on: as large as is the
// part of λ that is of what was saved later. Errors of which a gradient suffers most lie along the solution, for it comes too early or late,
// by τ_n = |λ_nᵀδ_n| / (|λ_nᵀf| + |λ_n||f|/100). That never shrinks: each τ is replaced by the smallest of those after it, which also
// takes away where λᵀf passes 0. The state being late by τ turns the cotangent by τ (dJ/dt)ᵀλ in a unit of time, J along the
// solution, and so all in all the gradient is off, in parts of its size, by about
//   Σ_n τ_n |(J(y_{n+1}) − J(y_n))ᵀ λ_n| / |λ_n|,
// taken over some tens of nodes. It is 0 where f is linear in y, and counts every turn of a solution, though turns of opposite
// sign cancel; and the estimates are those of formulas of a lower order than the steps. By how much that is too large was measured on
// the suite of docs/trust.md: c tol^{−1/q}, q the order of the estimate.
#pragma once

#include <antistrophe/adjoint/gradient_types.hpp>
#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/first_in_place.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/core/state.hpp>
#include <antistrophe/detail/local_errors.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/step/timeline.hpp>
#include <antistrophe/stepper/stepper.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// Entry i of the cotangent of the state at a node: of all its copies in a carry.
template <class CarryBar>
ANTISTROPHE_ALWAYS_INLINE auto state_cotangent(const CarryBar& bar, Eigen::Index i) {
  if constexpr (requires { bar.y.data() == bar.z.data(); })
    return bar.y.data()[i] + bar.z.data()[i];
  else if constexpr (requires { bar.y.data() == bar.older.data(); })
    return bar.y.data()[i] + bar.older.data()[i];
  else
    return std::get<0>(bar.parts()).data()[i];
}

template <EigenState Y>
class AccumulatedErrors {
 public:
  // Before a sweep over steps whose errors are these; none where they were not recorded.
  void begin(const LocalErrors<Y>& errors) {
    errors_ = errors.on() && errors.count() > 0 ? &errors : nullptr;
    if (errors_ == nullptr) return;
    left_ = keep_at_ = errors.count();
    every_ = (left_ + most - 1) / most;
    all_.reserve(1 + (left_ + every_ - 1) / every_);
    known_ = 0;
    along_ = size_ = 0;
    carried_ = 1;
    saw_ = false;
    wanted_ = std::numeric_limits<std::int64_t>::max();
  }
  bool on() const { return errors_ != nullptr; }

  // A cotangent of what was saved joins that of the state: at the node that is met next, or inside the step after it.
  void see(const Y& w) {
    if (saw_)
      saved_bar_ += w;
    else
      saved_bar_ = w;
    saw_ = true;
  }

  // Nodes are met from the last to the first. Those of this number or below are wanted, where a sum of errors ends, or the first begins.
  std::int64_t wanted() const { return wanted_; }
  // The state at such a node is asked for now and then.
  template <class CarryBar, class ReadState>
  void meet(double t, const CarryBar& bar, const Y& like, const ReadState& read_state) {
    if (saw_) pass_save(bar);
    if (left_ <= keep_at_) keep(t, bar, like, read_state);
    if (left_ == 0) {
      wanted_ = -1;
      return;
    }
    const typename Y::Scalar* const sum = errors_->sum(--left_);
    typename Y::Scalar along{0};
    for (Eigen::Index i = 0; i < like.size(); ++i) along += state_cotangent(bar, i) * sum[i];
    using std::abs;  // or that of another scalar
    along_ += carried_ * static_cast<double>(Eigen::numext::real(along));
    size_ += static_cast<double>(abs(along));
    wanted_ = errors_->begin_of(left_);
  }

  // Several sweeps' nodes may be met at once (ensemble/detail/adaptive_lanes.hpp): the sum of errors that meet would take up at a wanted
  // node, where that is all it would do; it counts as met then, and what comes of it is added elsewhere to along() and size().
  ANTISTROPHE_ALWAYS_INLINE const typename Y::Scalar* met_elsewhere() {
    if (saw_ || left_ <= keep_at_) return nullptr;
    const typename Y::Scalar* const sum = errors_->sum(--left_);
    wanted_ = errors_->begin_of(left_);
    return sum;
  }
  double along() const { return along_; }
  double size() const { return size_; }
  double carried() const { return carried_; }
  void put(double along, double size) { along_ = along, size_ = size; }

  // After the sweep: the sum above. Costs two evaluations and two vjps at each node kept, and none where errors have not grown.
  template <class F>
  ANTISTROPHE_COLD double relative_error(const F& field, BackwardStats& stats) {
    if (errors_ == nullptr || known_ < 2) return 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t n = 0; n < known_; ++n)
      if (const double own = tolerance_of(all_[n]); own > 0) least = smaller_of(least, own);
    if (!(size_ > 3 * least)) return 0;
    Vjps<F> vjps(field, all_[0].y, stats);
    Y here = vjps.f, there = vjps.f;
    const double span = std::fabs(all_[0].t - all_[known_ - 1].t);
    double late = std::numeric_limits<double>::infinity(), sum = 0;
    double of_state = 0;
    for (std::size_t n = known_; n-- > 0;) {
      all_[n].off = std::fabs(of_state);
      of_state = all_[n].carried * of_state + all_[n].along;
    }
    for (std::size_t n = 0; n < known_; ++n) {
      const Node& node = all_[n];
      const auto length = static_cast<double>(node.lambda.matrix().norm());
      if (!(length > 0)) continue;
      if (n > 0) vjps.pull(node.t, all_[n - 1].y, node.lambda, there);
      vjps.pull(node.t, node.y, node.lambda, here);
      // A state at rest is neither early nor late; and what the cotangent sees of an error is no lateness where it hardly sees
      // the solution move, as on a limit cycle by a loss that does not look at the phase.
      const double speed = std::fabs(static_cast<double>(Eigen::numext::real(dot(node.lambda, vjps.f)))) +
                           0.01 * length * static_cast<double>(vjps.f.matrix().norm()) +
                           0.01 * tolerance_of(node) / span;
      late = smaller_of(late, node.off > 0 ? node.off / speed : 0);
      if (n == 0) continue;
      there -= here;
      const double turned = late * static_cast<double>(there.matrix().norm()) / length;
      if (turned > 0) sum += turned;
    }
    return sum;
  }

  // After the sweep: the rate at which cotangents move by the J beside them, √(|(JJ)ᵀλ| / |λ|), at both ends or between. Costs six evaluations and vjps.
  template <class F>
  ANTISTROPHE_COLD double rate_of_cotangents(const F& field, BackwardStats& stats) {
    if (errors_ == nullptr || known_ == 0) return 0;
    Vjps<F> vjps(field, all_[0].y, stats);
    Y once = vjps.f, twice = vjps.f;
    double rate = 0;
    for (const std::size_t n : {std::size_t{0}, known_ / 2, known_ - 1}) {
      const Node& node = all_[n];
      const auto length = static_cast<double>(node.lambda.matrix().norm());
      if (!(length > 0)) continue;
      vjps.pull(node.t, node.y, node.lambda, once);
      vjps.pull(node.t, node.y, once, twice);
      rate = larger_of(rate, std::sqrt(static_cast<double>(twice.matrix().norm()) / length));
    }
    return rate;
  }

  // What is kept of nodes.
  std::size_t bytes() const {
    std::size_t of_heap = 0;
    if constexpr (Y::SizeAtCompileTime == Eigen::Dynamic)
      for (const Node& node : all_)
        of_heap += static_cast<std::size_t>(node.y.size() + node.lambda.size()) * sizeof(typename Y::Scalar);
    return all_.bytes_of_block() + of_heap;
  }

  double atol() const { return errors_->atol(); }
  // The tolerance of a step, relative to the largest state that was kept.
  double tolerance() const {
    double largest = 0;
    for (std::size_t n = 0; n < known_; ++n) largest = larger_of(largest, largest_entry(all_[n].y));
    const double of_atol = largest > 0 ? errors_->atol() / largest : 0;
    return smaller_of(1, larger_of(errors_->rtol(), of_atol));
  }

 private:
  // Products by Jᵀ at states that were kept, counted as what judging costs.
  template <class F>
  class Vjps {
   public:
    Y f;  // where the last one was taken

    Vjps(const F& field, const Y& like, BackwardStats& stats)
        : f(zeros_like(like)),
          field_(field),
          stats_(stats),
          aside_(zero_parameters<F, Y>(field)),
          tape_(make_tape<F, Y>(field, like)) {}

    // y_bar ← Jᵀw.
    void pull(double t, const Y& y, const Y& w, Y& y_bar) {
      evaluate<F, Y>(field_, t, y, f, tape_);
      typename Y::Scalar t_bar{0};
      set_zero(y_bar);
      pull_back<F, Y>(field_, t, y, tape_, w, y_bar, aside_, t_bar);
      ++stats_.judged;
    }

   private:
    const F& field_;
    BackwardStats& stats_;
    Parameters<F, Y> aside_;
    Tape<F, Y> tape_;
  };

  static constexpr std::size_t most = 32;  // nodes whose states are kept

  struct Node {
    double t;
    // Of the steps from here to the node that was kept before: the sum of λᵀe, and how much of λᵀδ is not of what was saved there.
    double along, carried;
    double off;  // |λᵀδ|
    Y y, lambda;
  };

  template <class CarryBar, class ReadState>
  ANTISTROPHE_OUT_OF_LINE void keep(double t, const CarryBar& bar, const Y& like, const ReadState& read_state) {
    if (known_ == all_.size()) all_.push_back({0, 0, 1, 0, like, like});
    keep_at_ = left_ == 0 ? 0 : (left_ - 1) / every_ * every_;
    Node& node = all_[known_++];
    if (!same_shape(node.lambda, like)) node.y = node.lambda = like;  // of another problem's state
    node.t = t;
    node.along = std::exchange(along_, 0);
    node.carried = std::exchange(carried_, 1);
    read_state(node.y);
    for (Eigen::Index i = 0; i < like.size(); ++i) node.lambda.data()[i] = state_cotangent(bar, i);
  }

  // Of what the cotangent sees of an error here, the part of what is saved later goes on: as large as its part of the cotangent.
  template <class CarryBar>
  ANTISTROPHE_OUT_OF_LINE void pass_save(const CarryBar& bar) {
    using std::abs;
    double of_later = 0, of_save = 0;
    for (Eigen::Index i = 0; i < saved_bar_.size(); ++i) {
      of_later = std::hypot(of_later, static_cast<double>(abs(state_cotangent(bar, i) - saved_bar_.data()[i])));
      of_save = std::hypot(of_save, static_cast<double>(abs(saved_bar_.data()[i])));
    }
    if (of_save > 0) carried_ *= of_later / (of_later + of_save);
    saw_ = false;
  }

  // What a tolerance at a node is worth at the end.
  double tolerance_of(const Node& node) const {
    using std::abs;
    double sum = 0;
    for (Eigen::Index i = 0; i < node.y.size(); ++i)
      sum += static_cast<double>(abs(node.lambda.data()[i])) *
             (errors_->atol() + errors_->rtol() * static_cast<double>(abs(node.y.data()[i])));
    return sum;
  }

  const LocalErrors<Y>* errors_ = nullptr;
  std::size_t left_ = 0, every_ = 1, keep_at_ = 0, known_ = 0;
  std::int64_t wanted_ = 0;
  double along_ = 0, size_ = 0, carried_ = 1;
  bool saw_ = false;
  Y saved_bar_;
  FirstInPlace<Node> all_;
};

// What errors of steps have made of a gradient, as it is estimated or measured.
struct GradientError {
  double error = 0;            // in parts of its size
  double borne = 0;            // likewise
  double size = 0, least = 0;  // the largest entry, and what is always borne of it
  double tolerance = 1;        // of the steps
  double worth_a_look = 1;     // this part of what is borne, if the gradient can be taken again
  double refused_from = 1;     // this multiple of it, if it cannot

  // Something else says that it is off by so much of a size that should be so many times as large.
  void is_off(double by, double times) {
    if (by * times > error) error = by, size *= times, refused_from = 1;
  }

  double allowed() const { return borne * size + least; }
  // Above 1: more than is borne.
  double excess() const { return error * size > 0 ? error * size / allowed() : 0; }
};

ANTISTROPHE_COLD inline Failure magnified_errors(double t, std::int64_t step, const GradientError& of) {
  const double enough = smaller_of(larger_of(of.borne, 1e-3), 1e-2);
  return {Status::not_accurate, t, step, -1,
          "the gradient is probably off by about " +
              (of.error < 1 ? roughly(of.error) + " of its size" : "as much as its size or more") +
              ", for the problem magnifies the errors of steps, by more than the " + roughly(of.borne / of.tolerance) +
              " tolerances that are borne: ask for a tolerance of about " +
              roughly(of.tolerance * smaller_of(0.1, enough / of.error)) +
              " with Adaptive::gradient_rtol = " + roughly(enough) +
              ", or for ErrorBars{.rtol = ...}, which refine until each entry is as good as you say; "
              "Adaptive::gradient_rtol = infinity takes it as it is"};
}

// What is called step by step, as fields with noise are, is not looked at: it has no J between the nodes.
template <class F, class Y>
inline constexpr bool has_judged_errors = CallableAsField<F, Y> && HasVjp<F, Y>;

// After a sweep: what errors of steps have made of the gradient. Borne is `bearable`, in parts of its size, or, where that is 0,
// 1000 tolerances of what its size may still be: at least (1 − error) of the size that it has. Errors of 1000 absolute tolerances are
// always borne. {} where nobody looks.
template <class S, class F, EigenState Y>
ANTISTROPHE_COLD GradientError error_of_gradient(AccumulatedErrors<Y>& errors, const F& field, Gradient<F, Y>& gradient,
                                                 double bearable) {
  if (!errors.on()) return {};
  const double sum = errors.relative_error(field, gradient.stats);
  constexpr auto round_off = static_cast<double>(std::numeric_limits<RealOf<Y>>::epsilon());
  const double tolerance = errors.tolerance();
  const double many = 1000 * larger_of(tolerance, round_off);
  return {sum / exaggeration<S>(tolerance), bearable > 0 ? bearable : many / (1 + many),
          larger_of(largest_entry(gradient.y0), largest_entry(gradient.theta)), 1000 * errors.atol(), tolerance,
          S::error_order > 6 ? 1.0 / 128 : 1.0 / 32,
          // What two solutions differ by is an error of neither, but up to ten times as much.
          ForeseesParasite<S> ? 10.0 : 1.0};
}

}  // namespace antistrophe::detail
