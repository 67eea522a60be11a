// The memory of a reversible gradient does not grow with the number of steps, but for its bits.
#include <antistrophe/antistrophe.hpp>

#include "support/catch.hpp"
#include "support/workloads.hpp"

#include <fstream>
#include <string>

#include <sys/resource.h>

using namespace antistrophe;

namespace {

// The process's peak so far, in bytes. It never shrinks: what a call adds to it is what the call needs beyond all before. Not
// that of getrusage where there is another: it begins with the peak of whoever started the process.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return 1024 * kilobytes;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

template <class Method, class Adjoint>
double growth(const Method& method, const Adjoint& adjoint) {
  using W1 = workloads::W1;
  const auto gradient = [&](std::int64_t n) {
    const Problem problem{W1::field(), W1::y0(), 0.0, static_cast<double>(n) * W1::h};
    const auto loss = [](const auto& ys, auto& ys_bar) {
      ys_bar.back() = 2 * ys.back();
      return ys.back().squaredNorm();
    };
    return value_and_gradient(problem, method, FixedSteps{n}, loss, {}, adjoint).gradient.y0[0];
  };
  CHECK(gradient(1'000) != 0);
  const double before = peak_bytes();
  CHECK(gradient(1'000'000) != 0);
  return peak_bytes() - before;
}

}  // namespace

TEST_CASE("peak memory of the exact W1 gradient grows by less than 1 MB from a thousand steps to a million") {
  // 2 (1 − λ) bits a step: 2 kB of bits.
  CHECK(growth(Reversible<Midpoint>{.lambda = 1023.0 / 1024}, ReversibleAdjoint{}) < 1e6);
  // One bit a step: 125 kB.
  CHECK(growth(Reversible<Midpoint>{}, ReversibleAdjoint{}) < 1e6);
  CHECK(growth(Reversible<Midpoint, Floating>{.lambda = 1}, ReversibleAdjoint{}) < 1e6);
  // Two: 250 kB.
  CHECK(growth(ReversibleAdams<4>{}, ReversibleAdjoint{}) < 1e6);
  // The measure sees memory where it is used: a pair of 8-byte numbers a step, 16 MB.
  CHECK(growth(Reversible<Midpoint>{}, DirectAdjoint{}) > 12e6);
}
