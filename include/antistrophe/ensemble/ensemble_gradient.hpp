// SPDX-License-Identifier: MIT
// ensemble_value_and_gradient(ensemble, method, steps, loss[, extras…]): values and gradients of the losses of many problems, and
// their sums.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/ensemble/detail/distributed.hpp>
#include <antistrophe/ensemble/detail/gradient_worker.hpp>
#include <antistrophe/ensemble/detail/run.hpp>
#include <antistrophe/ensemble/ensemble.hpp>
#include <antistrophe/objective.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe {

// theta: Σ ∂L_i/∂θ over the problems that were solved, of the length of the field's parameters.
// y0, t0, t1: one entry a problem, ∂L_i/∂y0 of the shape of y0, and so forth; NaN where it was not solved. t0 and t1 are numbers
// where the field says how it depends on time (as of Gradient).
// each_theta: ∂L_i/∂θ, with EachTheta{}; else empty.
template <class F, class Y>
struct EnsembleGradient {
  Parameters<F, Y> theta;
  std::vector<Y> y0;
  std::vector<TimeGradient<F, Y>> t0, t1;
  std::vector<Parameters<F, Y>> each_theta;
  // Sums, but of drift, checkpoints and the estimated error the largest, and of `tightened` the smallest.
  BackwardStats stats;
};

// value: Σ L_i over the problems that were solved; values: each, NaN where it was not. May be taken apart:
// auto [value, gradient] = ensemble_value_and_gradient(…).
template <class F, class Y>
struct [[nodiscard]] EnsembleValueAndGradient {
  RealOf<Y> value{};
  EnsembleGradient<F, Y> gradient;
  std::vector<RealOf<Y>> values;
  std::vector<ProblemFailure> failures;  // in the order of their numbers
  Stats stats;                           // sums over all problems, but of bytes_kept the largest
  std::size_t first = 0;  // the number of the problem of entry 0: not 0 with Ranks{.gather = false} alone
  bool stopped = false;   // by a std::stop_token, before all were solved

  // Every problem was solved.
  bool success() const { return failures.empty() && !stopped; }

  template <std::size_t I>
  const auto& get() const& {
    if constexpr (I == 0)
      return value;
    else
      return gradient;
  }
  template <std::size_t I>
  auto&& get() && {
    if constexpr (I == 0)
      return std::move(value);
    else
      return std::move(gradient);
  }
};

namespace detail {

// True where the loss of an ensemble writes to the cotangents that it is given; else a compile error with the reason.
template <class L, class Saved>
consteval bool ensemble_loss_takes_references() {
  using All = std::vector<Saved>;
  constexpr bool copied = [] {
    if constexpr (is_joint_loss<L>)
      return loss_copies_bar<decltype(L::loss), std::vector<All>>();
    else if constexpr (std::is_invocable_v<const L&, std::size_t, const All&, All>)
      return operator_takes_values<L, 2, All, All>() || operator_takes_values<L, 2, std::size_t, All, All>();
    else
      return false;
  }();
  static_assert(!copied,
                "antistrophe: the loss of an ensemble takes cotangents by value, and what it writes to a copy is lost: "
                "[](std::size_t i, const auto& ys, auto& ys_bar) { … }, or JointLoss{[](const auto& all, auto& "
                "all_bar) { … }}.");
  if constexpr (is_joint_loss<L>)
    return !copied;
  else
    return !copied && loss_takes_references<L, Saved>();
}

// Of a sum, and of the entries of problem i, both ways (distributed.hpp).
void pass_sum(auto& stream, auto& sum) {
  stream.pass(sum.value);
  stream.pass_matrix(sum.theta);
  stream.pass(sum.stats);
  stream.pass(sum.backward.evaluations);
  stream.pass(sum.backward.vjps);
  stream.pass(sum.backward.state_vjps);
  stream.pass(sum.backward.drift);
  stream.pass(sum.backward.recomputed);
  stream.pass(sum.backward.checkpoints);
  stream.pass(sum.backward.checkpoint_bytes);
  stream.pass(sum.backward.bytes);
  stream.pass(sum.backward.judged);
  stream.pass(sum.backward.estimated_error);
  stream.pass(sum.backward.tightened);
  stream.pass(sum.backward.discarded);
}
void pass_entries(auto& stream, auto& result, std::size_t i, bool each_theta) {
  auto& gradient = result.gradient;
  stream.pass(result.values[i]);
  stream.pass_matrix(gradient.y0[i]);
  stream.pass(gradient.t0[i]);
  stream.pass(gradient.t1[i]);
  if (each_theta) stream.pass_matrix(gradient.each_theta[i]);
}

// Everything of all ranks to all of them: the nodes of the sum, what failed and, if asked for, the entries of each problem.
template <class Ranked, class F, class Y>
void gather(const Ranked& ranks, RunOf<GradientSum<F, Y>>& run, EnsembleValueAndGradient<F, Y>& result,
            const GradientSum<F, Y>& zero, bool each_theta) {
  using Sum = GradientSum<F, Y>;
  Writer out;
  put_outcome(out, run);
  std::size_t nodes = 0;
  run.sum.each_node([&](auto, const Sum&) { ++nodes; });
  out.pass(nodes);
  run.sum.each_node([&](auto node, const Sum& sum) {
    out.pass(node);
    pass_sum(out, sum);
  });
  out.pass(ranks.gather ? result.values.size() : std::size_t{0});
  for (std::size_t i = 0; ranks.gather && i < result.values.size(); ++i)
    pass_entries(out, std::as_const(result), i, each_theta);

  const std::vector<std::string> told = ranks.all_gather(out.bytes());
  RunOf<Sum> all;
  all.thrown = run.thrown;  // what this rank threw keeps its type
  all.thrown_by = run.thrown_by;
  EnsembleValueAndGradient<F, Y> whole;
  whole.gradient.theta = zero.theta;
  for (const std::string& of_rank : told) {
    Reader in(of_rank);
    get_outcome(in, all);
    std::size_t count = 0;
    in.pass(count);
    for (; count > 0; --count) {
      typename OrderedSum<Sum>::Node node;
      Sum sum = zero;
      in.pass(node);
      pass_sum(in, sum);
      all.sum.add(node, std::move(sum));
    }
    in.pass(count);
    for (; count > 0; --count) {
      EnsembleGradient<F, Y>& gradient = whole.gradient;
      whole.values.emplace_back();
      gradient.y0.emplace_back();
      gradient.t0.emplace_back();
      gradient.t1.emplace_back();
      if (each_theta) gradient.each_theta.emplace_back();
      pass_entries(in, whole, whole.values.size() - 1, each_theta);
    }
  }
  run = std::move(all);
  if (!ranks.gather) return;
  whole.first = 0;
  result = std::move(whole);
}

// Entries for n problems, all unknown.
template <class F, class Y>
void set_unknown(EnsembleValueAndGradient<F, Y>& result, const Y& y0, const Parameters<F, Y>& theta, std::size_t n,
                 bool each_theta) {
  constexpr auto unknown = std::numeric_limits<RealOf<Y>>::quiet_NaN();
  result.values.assign(n, unknown);
  Y nothing = y0;
  nothing.setConstant(unknown);
  result.gradient.y0.assign(n, nothing);
  if constexpr (TimeDifferentiable<F, Y>) {
    result.gradient.t0.assign(n, std::numeric_limits<double>::quiet_NaN());
    result.gradient.t1 = result.gradient.t0;
  } else {
    result.gradient.t0.resize(n);
    result.gradient.t1.resize(n);
  }
  if (!each_theta) return;
  Parameters<F, Y> unknown_theta = theta;
  unknown_theta.setConstant(unknown);
  result.gradient.each_theta.assign(n, unknown_theta);
}

// ensemble_value_and_gradient, of a loss that is a sum over problems.
template <class E, class M, class StepsType, class L, class... Extras>
auto sum_of_losses(const E& ensemble, const M& method, const StepsType& steps, const L& loss, const Extras&... extras) {
  using P = ProblemOf<E>;
  using F = typename P::Field;
  using Y = typename P::State;
  using Worker = GradientWorker<E, M, StepsType, L, Extras...>;
  using Sum = GradientSum<F, Y>;
  EnsembleValueAndGradient<F, Y> result;
  result.gradient.theta.setZero();
  const std::size_t n = ensemble.size();
  if (n == 0) return result;

  const Chunks chunks(n);
  const Part part = part_of(chunks.count(), extras...);
  const P sample = ensemble[0];
  const Sum zero{{}, zero_parameters<F, Y>(sample.field), {}, {}};
  result.first = chunks.begin(part.first);
  constexpr bool each_theta = (std::is_same_v<Extras, EachTheta> || ...);
  set_unknown<F, Y>(result, sample.y0, zero.theta, chunks.begin(part.end) - result.first, each_theta);
  auto run = run_chunks<Sum>(
      chunks, part.first, part.end, own(Threads{1}, extras...), own(std::stop_token{}, extras...),
      own(Progress{}, extras...), [&] { return Worker(ensemble, method, steps, loss, result, extras...); },
      [&] { return zero; });
  with_ranks([&](const auto& ranks) { gather(ranks, run, result, zero, each_theta); }, extras...);
  if (run.thrown) rethrow_with_number(run.thrown, run.thrown_by);
  const Sum sum = run.sum.total(zero);
  result.value = sum.value;
  result.gradient.theta = sum.theta;
  result.gradient.stats = sum.backward;
  result.stats = sum.stats;
  result.failures = std::move(run.failures);
  result.stopped = run.stopped;
  throw_if_failed(result, n, extras...);
  return result;
}

// What all problems save on the way forth of a gradient.
template <class Saved, class E, class M, class StepsType, class... Extras>
RunOf<StatsSum> save_all(std::vector<std::vector<Saved>>& all, const E& ensemble, const M& method,
                         const StepsType& steps, const Extras&... extras) {
  const Chunks chunks(ensemble.size());
  return run_chunks<StatsSum>(
      chunks, 0, chunks.count(), own(Threads{1}, extras...), own(std::stop_token{}, extras...), {},
      [&] {
        return [&](std::size_t i, std::size_t, StatsSum& sum, Failure& failure) {
          const auto problem = ensemble[i];
          const auto solved = with_extras_of(
              i,
              [&](const auto&... its) {
                return solve_with_pullback(problem, method, steps, OnFailure::return_status, its...);
              },
              extras...);
          all[i] = solved.ys();
          add_stats(sum.stats, solved.stats());
          failure = solved.solution().failure();
        };
      },
      [] { return StatsSum{}; });
}

template <class Saved>
std::vector<std::vector<Saved>> zeros_like_all(const std::vector<std::vector<Saved>>& all) {
  std::vector<std::vector<Saved>> zeros = all;
  for (std::vector<Saved>& some : zeros)
    for (Saved& one : some)
      if constexpr (std::is_arithmetic_v<Saved>)
        one = 0;
      else
        one.setZero();
  return zeros;
}

// The value of a JointLoss, and its cotangents. Throws as value_and_gradient does where it writes none.
template <class Saved, class L>
double joint_value(const L& loss, const std::vector<std::vector<Saved>>& all,
                   std::vector<std::vector<Saved>>& all_bar) {
  all_bar = zeros_like_all(all);
  const auto value = static_cast<double>(loss(all, all_bar));
  if (!std::isfinite(value)) refuse("the value of the loss", value, "finite");
  check_length("all_bar", all_bar.size(), "that of the ensemble, ", all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_length("all_bar[i]", all_bar[i].size(), "that of all[i], ", all[i].size());
    for (std::size_t k = 0; k < all[i].size(); ++k) check_cotangent("all_bar[i]", k, all_bar[i][k], all[i][k]);
  }
  const auto silent = [](const std::vector<std::vector<Saved>>& bars) {
    return std::all_of(bars.begin(), bars.end(), [](const std::vector<Saved>& bar) { return all_zero(bar); });
  };
  if (!silent(all_bar)) return value;
  // One list of all, for what looks for a loss that is silent.
  std::vector<Saved> list;
  for (const std::vector<Saved>& some : all) list.insert(list.end(), some.begin(), some.end());
  std::vector<std::vector<Saved>> moved = all, bars;
  const auto evaluate = [&](const std::vector<Saved>& elsewhere) {
    auto next = elsewhere.begin();
    for (std::vector<Saved>& some : moved)
      for (Saved& one : some) one = *next++;
    bars = zeros_like_all(all);
    return static_cast<double>(loss(moved, bars));
  };
  require_cotangents(list, value, evaluate, [&] { return silent(bars); });
  return value;
}

// ensemble_value_and_gradient, of a loss of all problems at once: forth, and with its cotangents forth and back.
template <class E, class M, class StepsType, class L, class... Extras>
auto joint_loss_and_gradient(const E& ensemble, const M& method, const StepsType& steps, const L& loss,
                             const Extras&... extras) {
  static_assert(
      !(IsRanks<Extras> || ...),
      "antistrophe: a JointLoss reads what all problems save, and no rank has all of that; losses that are sums "
      "over problems go on ranks.");
  using P = ProblemOf<E>;
  using Saved = SavedType<Picked<Extra::save_at, SaveAt, Extras...>, typename P::State>;
  std::vector<std::vector<Saved>> all(ensemble.size()), all_bar;
  RunOf<StatsSum> forth = save_all(all, ensemble, method, steps, extras...);
  if (forth.thrown) rethrow_with_number(forth.thrown, forth.thrown_by);
  if (forth.stopped || !forth.failures.empty()) {
    EnsembleValueAndGradient<typename P::Field, typename P::State> none;
    none.value = std::numeric_limits<double>::quiet_NaN();
    none.gradient.theta = zero_parameters<typename P::Field, typename P::State>(ensemble[0].field);
    none.gradient.theta.setConstant(none.value);
    none.stats = forth.sum.total({}).stats;
    none.failures = std::move(forth.failures);
    none.stopped = forth.stopped;
    throw_if_failed(none, ensemble.size(), extras...);
    return none;
  }
  const double value = joint_value(loss, all, all_bar);
  const auto given = [&](std::size_t i, const std::vector<Saved>& ys, std::vector<Saved>& ys_bar) {
    if (ys != all[i])
      throw std::runtime_error(
          "antistrophe: a problem that is solved twice gives two solutions: its field, or what makes "
          "the problem of its number, is not a pure function");
    ys_bar = all_bar[i];
    return 0.0;
  };
  auto result = sum_of_losses(ensemble, method, steps, given, extras...);
  result.value += static_cast<RealOf<typename P::State>>(value);  // to what a running cost adds
  add_stats(result.stats, forth.sum.total({}).stats);
  return result;
}

}  // namespace detail

// ensemble: Ensemble{problem, count, vary}, or a std::vector of problems.
// loss: that of one problem, called as value_and_gradient calls it, or with the number of the problem (a std::size_t) before the
// other arguments. The problems' losses are added up. Or JointLoss{f}, of what all of them saved; the result's `values` are then what
// each adds to it by a RunningCost, and 0 without one, and it has none of either where a problem fails. Losses, vary and the field are called by several threads at a time.
// The extras: those of value_and_gradient but Observer and ErrorBars, each given to every solve, and Threads{…}, EachTheta{},
// EachEvents{…}, a std::stop_token, which ends the call after the problems that are being solved, and Ranks{…} (ensemble/mpi.hpp).
// Progress{…} is told the fraction of problems done. Each problem has its own steps and its own status.
//
// The result is bit for bit the same for any number of threads and ranks.
// Throws EnsembleError, after all problems have been solved, where some failed; with OnFailure::return_status the result says which.
// Throws what a problem with bad arguments throws, with its number in the sentence.
template <class E, class M, class StepsType, class L, class... Extras>
auto ensemble_value_and_gradient(const E& ensemble, const M& method, const StepsType& steps, const L& loss,
                                 const Extras&... extras) {
  if constexpr (!detail::require_ensemble<E>()) {
    return detail::NoResult{};  // one sentence is enough
  } else if constexpr (!detail::require_ensemble_extras<Extras...>()) {
    using P = detail::ProblemOf<E>;
    return EnsembleValueAndGradient<typename P::Field, typename P::State>{};
  } else if constexpr (!detail::require_lanes_if_any<E, M, StepsType, Extras...>()) {
    using P = detail::ProblemOf<E>;
    return EnsembleValueAndGradient<typename P::Field, typename P::State>{};
  } else if constexpr (!detail::ensemble_loss_takes_references<
                           L, SavedType<detail::Picked<detail::Extra::save_at, SaveAt, Extras...>,
                                        typename detail::ProblemOf<E>::State>>()) {
    using P = detail::ProblemOf<E>;
    return EnsembleValueAndGradient<typename P::Field, typename P::State>{};
  } else if constexpr (detail::is_joint_loss<L>) {
    return detail::joint_loss_and_gradient(ensemble, method, steps, loss.loss, extras...);
  } else {
    return detail::sum_of_losses(ensemble, method, steps, loss, extras...);
  }
}

}  // namespace antistrophe

// value and gradient, for structured bindings.
template <class F, class Y>
struct std::tuple_size<antistrophe::EnsembleValueAndGradient<F, Y>> : std::integral_constant<std::size_t, 2> {};
template <class F, class Y>
struct std::tuple_element<0, antistrophe::EnsembleValueAndGradient<F, Y>> {
  using type = antistrophe::RealOf<Y>;
};
template <class F, class Y>
struct std::tuple_element<1, antistrophe::EnsembleValueAndGradient<F, Y>> {
  using type = antistrophe::EnsembleGradient<F, Y>;
};
