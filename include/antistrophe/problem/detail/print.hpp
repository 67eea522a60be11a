// SPDX-License-Identifier: MIT
// How states and counts are told in a line of text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace antistrophe::detail {

// "1 step", "2 steps".
inline void print_count(std::ostream& out, std::int64_t n, std::string_view what) {
  out << n << ' ' << what << (n == 1 ? "" : "s");
}

// A number as it is; of an Eigen object the entries in storage order, the middle ones left out where there are many.
template <class Value>
void print_value(std::ostream& out, const Value& value) {
  if constexpr (requires { value.data()[value.size()]; }) {
    constexpr std::ptrdiff_t most = 8, tail = 2;
    const std::ptrdiff_t n = value.size();
    out << '[';
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      if (n > most && i == most - tail) {
        out << ", …";
        i = n - tail;
      }
      out << (i > 0 ? ", " : "") << value.data()[i];
    }
    out << ']';
    if (n > most) out << " (" << n << " entries)";
  } else if constexpr (requires { out << value; }) {
    out << value;
  } else {
    out << "(a value that cannot be printed)";
  }
}

}  // namespace antistrophe::detail
