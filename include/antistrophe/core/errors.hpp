// SPDX-License-Identifier: MIT
// What can go wrong, and how it is reported. Bad arguments throw std::invalid_argument with the argument, its value and what
// it may be; a solve that cannot go on throws SolveError, which carries the solution so far.
#pragma once

#include <antistrophe/core/config.hpp>
#include <antistrophe/core/detail/shared.hpp>
#include <antistrophe/core/state.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace antistrophe {

// How a solve ended.
enum class Status {
  success,
  event,                // a terminal event was met
  stopped,              // by an observer
  not_finite,           // the field, the state it led to or a running cost is NaN or infinite
  out_of_range,         // an exact state left the range of its fixed-point numbers
  impure_field,         // the backward pass did not reproduce the forward states: the field is not a pure function
  gradient_not_finite,  // the cotangents overflowed on the way back
  drifted,              // the backward pass arrived too far from the initial state for its gradient to be trusted
  max_steps,            // as many steps as allowed, and not there yet
  step_size_vanished,   // no step that t can resolve is short enough for the tolerance
  not_converged,        // an implicit step's equations were not solved
  not_accurate,  // errors of steps spoil the gradient; error bars are wider than asked for, and shorter steps do not help
  unstable,      // what should die out grows: the parasitic solution of a coupled method
};

// True where the solve reached t1, or a terminal event.
constexpr bool succeeded(Status status) { return status == Status::success || status == Status::event; }
// True where it could not go on: neither there, nor ended by an event or an observer.
constexpr bool failed(Status status) { return !succeeded(status) && status != Status::stopped; }

inline std::string_view to_string(Status status) {
  switch (status) {
    case Status::success:
      return "success";
    case Status::event:
      return "event";
    case Status::stopped:
      return "stopped by the observer";
    case Status::not_finite:
      return "not finite";
    case Status::out_of_range:
      return "out of range";
    case Status::impure_field:
      return "impure field";
    case Status::gradient_not_finite:
      return "gradient not finite";
    case Status::drifted:
      return "drifted";
    case Status::max_steps:
      return "too many steps";
    case Status::step_size_vanished:
      return "step size vanished";
    case Status::not_converged:
      return "not converged";
    case Status::not_accurate:
      return "not accurate enough";
    case Status::unstable:
      return "unstable";
  }
  return "unknown";
}

inline std::ostream& operator<<(std::ostream& out, Status status) { return out << to_string(status); }

// Where and why a solve stopped: at time t, in the step numbered `step` (from 0), by entry `component` of the state in
// storage order (-1 where no single one is to blame).
struct Failure {
  Status status = Status::success;
  double t = 0;
  std::int64_t step = 0;
  Eigen::Index component = -1;
  std::string cause;
  double h = 0;                                                      // the step that failed, 0 if none
  double value = std::numeric_limits<double>::quiet_NaN();           // of the component
  double error_estimate = std::numeric_limits<double>::quiet_NaN();  // of it, in that step
};

namespace detail {
// Out of line, so that no sentence is put together in the middle of a solve's code.
ANTISTROPHE_COLD inline Failure failure_at(Status status, double t, std::int64_t step, Eigen::Index component,
                                           const char* cause) {
  return {status, t, step, component, cause};
}
}  // namespace detail

// One line: "not finite at t = 0.3 (step 2, component 1 = nan): …".
ANTISTROPHE_COLD inline std::ostream& operator<<(std::ostream& out, const Failure& failure) {
  out << failure.status;
  if (failure.status == Status::success) return out;
  std::ostringstream text;
  text.precision(17);
  text << " at t = " << failure.t << " (step " << failure.step;
  text.precision(6);
  if (failure.h != 0) text << ", h = " << failure.h;
  if (failure.component >= 0) text << ", component " << failure.component;
  if (!std::isnan(failure.value)) text << " = " << failure.value;
  if (!std::isnan(failure.error_estimate)) text << " with an error estimate of " << failure.error_estimate;
  text << "): " << failure.cause;
  return out << text.str();
}

// Thrown where a solve or its way back cannot go on.
class SolveError : public std::runtime_error {
 public:
  // partial: the solution so far; copies of the error share it.
  template <class SolutionType>
  ANTISTROPHE_COLD SolveError(const Failure& failure, SolutionType partial)
      : std::runtime_error(sentence(failure)), failure_(failure), partial_(detail::Shared::of(std::move(partial))) {}

  Status status() const { return failure_.status; }
  double t() const { return failure_.t; }
  std::int64_t step() const { return failure_.step; }
  Eigen::Index component() const { return failure_.component; }
  const std::string& cause() const { return failure_.cause; }
  // The step that failed, the value of the component and its error estimate; 0 and NaN where there are none.
  double h() const { return failure_.h; }
  double value() const { return failure_.value; }
  double error_estimate() const { return failure_.error_estimate; }

  // The saved states that were reached: `error.solution<antistrophe::Solution<Eigen::Vector2d>>()`.
  // Throws std::bad_any_cast if asked for another state type.
  template <class SolutionType>
  const SolutionType& solution() const {
    return partial_.require<SolutionType>();
  }

 private:
  ANTISTROPHE_COLD static std::string sentence(const Failure& failure) {
    std::ostringstream text;
    text << "antistrophe: " << failure;
    return text.str();
  }

  Failure failure_;
  detail::Shared partial_;
};

namespace detail {

// The shortest decimals that give back the very number: 0.1, not 0.10000000000000001.
template <class Value>
ANTISTROPHE_COLD std::string in_words(const Value& value) {
  std::ostringstream text;
  if constexpr (std::is_floating_point_v<Value>) {
    for (int digits = 6; digits <= std::numeric_limits<Value>::max_digits10; ++digits) {
      text.str({});
      text.precision(digits);
      text << value;
      if (static_cast<Value>(std::strtold(text.str().c_str(), nullptr)) == value) break;
    }
  } else {
    text << value;
  }
  return text.str();
}

// A number whose size alone matters, to two digits.
ANTISTROPHE_COLD inline std::string roughly(double x) {
  std::ostringstream text;
  text.precision(2);
  text << x;
  return text.str();
}

// Refuses an argument: `refuse("FixedSteps::n", 0, "at least 1")`.
template <class Value>
ANTISTROPHE_COLD [[noreturn]] void refuse(std::string_view argument, const Value& value,
                                          std::string_view what_it_may_be) {
  std::string text("antistrophe: ");
  text.append(argument).append(" is ").append(in_words(value)).append("; it must be ").append(what_it_may_be);
  throw std::invalid_argument(text);
}

// Refuses entry i of a list: `refuse_entry("SaveAt::times", 3, t, "finite")`.
template <class Value>
ANTISTROPHE_COLD [[noreturn]] void refuse_entry(std::string_view list, std::size_t i, const Value& value,
                                                std::string_view what_it_may_be) {
  refuse(std::string(list).append("[").append(std::to_string(i)).append("]"), value, what_it_may_be);
}

}  // namespace detail

}  // namespace antistrophe
