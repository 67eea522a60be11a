// The forward loops: along a timeline laid out before, or with steps chosen to a tolerance. They save what is asked for and
// tell a trace what they pass. A trace keeps whatever its adjoint will need on the way back; a plain solve has the trace
// that keeps nothing.
#pragma once

#include <antistrophe/exact/bit_stack.hpp>
#include <antistrophe/solve/saver.hpp>
#include <antistrophe/solve/solution.hpp>
#include <antistrophe/stepper/stepper.hpp>
#include <antistrophe/steps/adaptive.hpp>
#include <antistrophe/steps/timeline.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>

namespace antistrophe::detail {

struct NoTrace {
  NoBits bits;
  template <class S>
  void begin(const S&, std::int64_t, const typename S::Carry&) {}
  template <class Carry>
  void before_step(std::int64_t, const Carry&) {}
  template <class Carry>
  void end(const Carry&) {}
};

template <class S>
Failure failed_at(const S& stepper, Outcome outcome, const Step& step) {
  Blame blame = stepper.blame();
  return {outcome == Outcome::out_of_range ? Status::out_of_range : Status::not_finite, step.t0, step.n, blame.component,
          std::move(blame.cause)};
}

// Solves from y0 along the timeline. The carry is left at the end, or before the step that failed.
template <Stepper S, class Trace>
Failure march(S& stepper, const Timeline& timeline, const typename S::State& y0, typename S::Carry& carry, Trace& trace,
              Saver<typename S::State>& saver, Stats& stats) {
  const std::int64_t n = timeline.steps();
  if (const Outcome outcome = stepper.start(timeline.t0(), y0, carry); outcome != Outcome::ok)
    return failed_at(stepper, outcome, Step{timeline.first(), timeline.t0(), timeline.t0(), &timeline});
  trace.begin(stepper, n, carry);
  saver.start(timeline.t0(), y0, n == 0);
  double t = timeline.t0();
  for (std::int64_t i = 0; i < n; ++i) {
    const double t_next = timeline[i + 1];
    const Step step{timeline.first() + i, t, t_next, &timeline};
    t = t_next;
    trace.before_step(i, carry);
    const std::size_t mark = saver.mark();
    Outcome outcome = stepper.attempt(step, carry);
    if (outcome == Outcome::ok) {
      saver.inside(stepper, step, step.t1, i, carry);
      outcome = stepper.commit(step, carry, trace.bits);
    }
    ++stats.steps;
    if (outcome != Outcome::ok) {
      saver.rewind(mark);
      ++stats.rejected;
      return failed_at(stepper, outcome, step);
    }
    ++stats.accepted;
    saver.after(stepper, t, i + 1, i + 1 == n, carry);
  }
  trace.end(carry);
  return {};
}

// Hairer's first step (Solving ODEs I, II.4): from the sizes of y0, of f there, and of f a small Euler step further on,
// which stays inside [t0, t1].
template <Stepper S>
double first_step(S& stepper, Controller& controller, const Adaptive& options, int local_order, double t0, double t1,
                  const typename S::State& y0) {
  using Y = typename S::State;
  const double span = t1 - t0, sign = span > 0 ? 1 : -1;
  const double longest = std::fmin(std::fabs(span), options.dtmax);
  Y f0 = zeros_like(y0), f1 = f0;
  stepper.slope(t0, y0, f0);
  const double d0 = controller.scaled(y0, y0, y0), d1 = controller.scaled(f0, y0, y0);
  double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 * std::fabs(span) : 0.01 * d0 / d1;
  h0 = std::fmin(std::isfinite(h0) ? h0 : 1e-6 * std::fabs(span), longest);
  const double probe = t0 + sign * h0;
  const Y y1 = y0 + static_cast<typename Y::Scalar>(static_cast<RealOf<Y>>(sign * h0)) * f0;
  stepper.slope(h0 == std::fabs(span) ? t1 : probe, y1, f1);
  f1 -= f0;
  const double d2 = controller.scaled(f1, y0, y0) / h0;
  const double steepest = std::fmax(d1, d2);
  const double h1 = steepest <= 1e-15 ? std::fmax(1e-6 * std::fabs(span), 1e-3 * h0) : std::pow(0.01 / steepest, 1.0 / local_order);
  const double h = std::fmin(100 * h0, std::isfinite(h1) ? h1 : h0);
  return sign * std::fmin(h, longest);
}

inline std::string why_so_small(const Adaptive& options, double h, double error, const Blame& blame) {
  std::ostringstream text;
  text.precision(4);
  text << "the last trial, h = " << h << ", had an error of " << error << " times the tolerance (rtol " << options.rtol
       << ", atol " << options.atol.smallest() << ")";
  if (!std::isfinite(error) && !blame.cause.empty()) text << "; " << blame.cause;
  text << ". Is the field discontinuous at a fixed time (then name it in .jumps), the tolerance below what the state's "
          "numbers resolve, or the solution going to infinity?";
  return text.str();
}

// Solves from t0 to t1 in steps of accepted error; the timeline grows with them. Rejected trials leave no trace.
template <Stepper S, class Trace>
Failure march(S& stepper, const Adaptive& options, double t1, Timeline& timeline, const typename S::State& y0,
              typename S::Carry& carry, Trace& trace, Saver<typename S::State>& saver, Stats& stats) {
  using Y = typename S::State;
  const double t0 = timeline.t0();
  const Landings landings(options, t0, t1);
  const int local_order = S::error_order;
  Controller controller(options, local_order);
  if (const Outcome outcome = stepper.start(t0, y0, carry); outcome != Outcome::ok)
    return failed_at(stepper, outcome, Step{timeline.first(), t0, t0, &timeline});
  trace.begin(stepper, 0, carry);
  saver.start(t0, y0, t0 == t1);
  if (t0 == t1) {
    trace.end(carry);
    return {};
  }

  double t = t0;
  double h = options.first_step != 0 ? options.first_step
                                     : first_step(stepper, controller, options, local_order, t0, t1, y0);
  std::size_t landing = 0;
  Y before = y0, after = y0;
  auto estimates = make_estimates<S>(y0);
  while (landing < landings.times.size()) {
    const double target = landings.times[landing];
    const double wished = std::copysign(std::fmin(std::fabs(h), options.dtmax), target - t);
    // A step that would leave less than a hundredth of itself lands.
    const bool lands = std::fabs(wished) * 1.01 >= std::fabs(target - t);
    const double t_next = lands ? target : t + wished;
    const std::int64_t i = timeline.steps();
    const Step step{timeline.first() + i, t, t_next, &timeline};
    if (options.max_steps > 0 && stats.steps >= options.max_steps)
      return {Status::max_steps, t, step.n, -1, "all " + std::to_string(options.max_steps) + " steps of Adaptive::max_steps are used up"};
    ++stats.steps;

    double error = std::numeric_limits<double>::quiet_NaN();
    Blame blame;
    Outcome outcome = stepper.attempt(step, carry);
    if (outcome == Outcome::ok) {
      stepper.error(step, carry, estimates);
      stepper.read(carry, before);
      stepper.proposal(step, carry, after);
      error = controller.error(estimates, before, after);
      if (error < 1) {
        const std::size_t mark = saver.mark();
        saver.inside(stepper, step, step.t1, i, carry);
        trace.before_step(i, carry);
        outcome = stepper.commit(step, carry, trace.bits);
        if (outcome != Outcome::ok) {
          saver.rewind(mark);
          error = std::numeric_limits<double>::quiet_NaN();
        }
      }
    }
    if (outcome != Outcome::ok) blame = stepper.blame();

    if (error < 1) {
      ++stats.accepted;
      timeline.append(t_next);
      t = t_next;
      saver.after(stepper, t, i + 1, t == t1, carry);
      const double next = step.h() * controller.accept(error);
      h = lands ? std::copysign(std::fmax(std::fabs(next), std::fabs(wished)), wished) : next;
      if (lands) {
        if (landings.jump[landing]) {
          controller.forget();
          stepper.forget();
        }
        ++landing;
      }
      continue;
    }

    ++stats.rejected;
    h = step.h() * controller.reject(error);
    if (t + h == t || std::fabs(h) < options.dtmin)
      return {outcome == Outcome::out_of_range ? Status::out_of_range : Status::step_size_vanished, t, step.n,
              blame.component, outcome == Outcome::out_of_range ? blame.cause : why_so_small(options, step.h(), error, blame)};
  }
  trace.end(carry);
  return {};
}

}  // namespace antistrophe::detail
