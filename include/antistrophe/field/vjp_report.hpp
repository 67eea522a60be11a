// SPDX-License-Identifier: MIT
// What check_vjp may be asked for, and what it answers.
#pragma once

#include <Eigen/Core>

#include <cstdint>
#include <ostream>
#include <string>

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

}  // namespace antistrophe
