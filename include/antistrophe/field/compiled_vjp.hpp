// SPDX-License-Identifier: MIT
// A differentiable vector field from f alone, whose vjp is machine code:
//   compiled_vjp(f, theta)   f(t, y, theta, dy) writes dy
//   compiled_vjp(f)          f(t, y, dy), without parameters
// and a last argument Compilation{…} that says how. f is the function that automatic_vjp takes, with the time as auto. At the first
// vjp it is recorded, its vjp is printed as C, compiled by the machine's C compiler and loaded: once for the field and all its
// copies, for each size of state and each way through f's branches that is met. From then on a vjp costs about what one
// written by hand does. docs/automatic_vjp.md says when it pays.
// What f captures is part of it, and constant; the vjp is held against f when a solve begins, and in each 256th call.
// Copies of the field share the code, and may be used by several threads at a time.
// What fails on the way to machine code (no compiler, no room) is a std::runtime_error. POSIX; link with ${CMAKE_DL_LIBS} where
// the C library is older than glibc 2.34.
// requires: posix
#pragma once

#include <antistrophe/field/detail/native_code.hpp>
#include <antistrophe/field/detail/printed_vjp.hpp>
#include <antistrophe/field/detail/recordings.hpp>
#include <antistrophe/field/detail/reverse_vjp.hpp>

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// A replay by machine code.
class CompiledReplay {
 public:
  using Options = Compilation;

  CompiledReplay(const Recording& recording, const Compilation& how)
      : CompiledReplay(VjpPrinter(recording).print(), how) {}

  bool operator()(const Recording& recording, const RecordedQuestion& question, PlainValue& plain) {
    if (stale_.load(std::memory_order_relaxed)) return false;
    const unsigned call = calls_.load(std::memory_order_relaxed);  // about as many, where threads count at a time
    calls_.store(call + 1, std::memory_order_relaxed);
    if (call % 256 == 0 && !holds(recording, question, plain)) return false;
    static thread_local std::vector<double> scratch;
    if (scratch.size() < scratch_) scratch.resize(scratch_);
    return code_(question.inputs.data(), question.w.data(), question.bars.data(), scratch.data()) != 0;
  }

  // The next call is held against f.
  void doubt() { calls_.store(0, std::memory_order_relaxed); }

 private:
  CompiledReplay(const PrintedVjp& printed, const Compilation& how)
      : code_(printed.source, how), scratch_(printed.scratch) {}

  // False where another branch is taken, or where f is no longer what was recorded, which is then never replayed again.
  bool holds(const Recording& recording, const RecordedQuestion& question, PlainValue& plain) {
    std::vector<double> replayed;
    if (!values_of(recording, question, replayed)) return false;
    const bool same = same_function(replayed, plain());
    if (!same) stale_.store(true, std::memory_order_relaxed);
    return same;
  }

  NativeCode code_;
  std::size_t scratch_;
  std::atomic<unsigned> calls_{0};
  std::atomic<bool> stale_{false};
};

class CompiledEngine {
 public:
  using Number = RecordedNumber;
  static constexpr const char* name = "compiled_vjp";
  static constexpr bool needs_time = true;

  explicit CompiledEngine(const Compilation& how = {}) : recordings_(how) {}
  void pull_back(const VjpQuestion<Number>& question) { recordings_.pull_back(question); }
  void doubt() {
    recordings_.for_each([](CompiledReplay& replay) { replay.doubt(); });
  }
  // How often the function was recorded.
  std::size_t times_recorded() const { return recordings_.times_recorded(); }

 private:
  Recordings<CompiledReplay> recordings_;
};

}  // namespace detail

// The field of f(t, y, theta, dy) with parameters theta0, an Eigen column vector of double.
template <class Function, class Derived>
auto compiled_vjp(Function function, const Eigen::MatrixBase<Derived>& theta0, const Compilation& how = {}) {
  return detail::reverse_vjp<detail::CompiledEngine>(std::move(function), theta0, how);
}

// The field of f(t, y, dy), without parameters.
template <class Function>
auto compiled_vjp(Function function, const Compilation& how = {}) {
  return detail::reverse_vjp<detail::CompiledEngine>(std::move(function), detail::NoTheta{}, how);
}

}  // namespace antistrophe
