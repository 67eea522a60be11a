// SPDX-License-Identifier: MIT
// An ensemble on the ranks of a distributed program: each solves the chunks of its part, then all are told everything.
#pragma once

#include <antistrophe/ensemble/detail/extras.hpp>
#include <antistrophe/ensemble/detail/run.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

// Values one after the other as bytes, between programs that are copies of each other.
class Writer {
 public:
  template <class T>
    requires std::is_trivially_copyable_v<T>
  void pass(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void pass(const std::string& text) {
    pass(text.size());
    bytes_.append(text);
  }
  template <class Matrix>
  void pass_matrix(const Matrix& matrix) {
    pass(matrix.rows());
    pass(matrix.cols());
    bytes_.append(reinterpret_cast<const char*>(matrix.data()),
                  static_cast<std::size_t>(matrix.size()) * sizeof(typename Matrix::Scalar));
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : at_(bytes.data()) {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  void pass(T& value) {
    take(&value, sizeof value);
  }
  void pass(std::string& text) {
    std::size_t size = 0;
    pass(size);
    text.assign(at_, size);
    at_ += size;
  }
  template <class Matrix>
  void pass_matrix(Matrix& matrix) {
    Eigen::Index rows = 0, cols = 0;
    pass(rows);
    pass(cols);
    matrix.resize(rows, cols);
    take(matrix.data(), static_cast<std::size_t>(matrix.size()) * sizeof(typename Matrix::Scalar));
  }

 private:
  void take(void* to, std::size_t size) {
    std::memcpy(to, at_, size);
    at_ += size;
  }
  const char* at_;
};

// Both ways: `stream` is a Writer, or a Reader that overwrites.
void pass_failure(auto& stream, auto& problem) {
  auto& failure = problem.failure;
  stream.pass(problem.index);
  stream.pass(failure.status);
  stream.pass(failure.t);
  stream.pass(failure.step);
  stream.pass(failure.component);
  stream.pass(failure.cause);
  stream.pass(failure.h);
  stream.pass(failure.value);
  stream.pass(failure.error_estimate);
}

// What a rank's run came to, without its results: whether it threw, what failed.
template <class Sum>
void put_outcome(Writer& out, const RunOf<Sum>& run) {
  out.pass(run.stopped);
  out.pass(run.thrown != nullptr);
  if (run.thrown) {
    bool argument = false;
    std::string text = "an exception that is no std::exception";
    try {
      std::rethrow_exception(run.thrown);
    } catch (const std::invalid_argument& error) {
      argument = true;
      text = error.what();
    } catch (const std::exception& error) {
      text = error.what();
    } catch (...) {
    }
    out.pass(run.thrown_by);
    out.pass(argument);
    out.pass(text);
  }
  out.pass(run.failures.size());
  for (const ProblemFailure& failure : run.failures) pass_failure(out, failure);
}
// Of another rank, into that of this one.
template <class Sum>
void get_outcome(Reader& in, RunOf<Sum>& run) {
  bool stopped = false, thrown = false;
  in.pass(stopped);
  in.pass(thrown);
  run.stopped = run.stopped || stopped;
  if (thrown) {
    std::size_t by = 0;
    bool argument = false;
    std::string text;
    in.pass(by);
    in.pass(argument);
    in.pass(text);
    if (!run.thrown || by < run.thrown_by) {
      run.thrown_by = by;
      run.thrown = argument ? std::make_exception_ptr(std::invalid_argument(text))
                            : std::make_exception_ptr(std::runtime_error(text));
    }
  }
  std::size_t failures = 0;
  in.pass(failures);
  for (std::size_t f = 0; f < failures; ++f) pass_failure(in, run.failures.emplace_back());
}

struct Part {
  std::size_t first, end;  // chunks
};

inline Part part_of_rank(std::size_t chunks, std::size_t rank, std::size_t ranks) {
  const std::size_t each = chunks / ranks, more = chunks % ranks;
  const std::size_t first = rank * each + std::min(rank, more);
  return {first, first + each + (rank < more ? 1 : 0)};
}

// The chunks of this rank; all of them where there are no ranks.
template <class... Extras>
Part part_of(std::size_t chunks, const Extras&... extras) {
  Part part{0, chunks};
  [[maybe_unused]] const auto look = [&](const auto& extra) {
    if constexpr (IsRanks<std::remove_cvref_t<decltype(extra)>>)
      part = part_of_rank(chunks, extra.rank(), extra.size());
  };
  (look(extras), ...);
  return part;
}

// Calls function(ranks), where there are ranks.
template <class Function, class... Extras>
void with_ranks(const Function& function, const Extras&... extras) {
  [[maybe_unused]] const auto look = [&](const auto& extra) {
    if constexpr (IsRanks<std::remove_cvref_t<decltype(extra)>>) function(extra);
  };
  (look(extras), ...);
}

}  // namespace antistrophe::detail
