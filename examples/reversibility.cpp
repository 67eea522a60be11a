// There and back on the Lorenz attractor, which contracts volumes so fast that going back is hard:
//   x' = 10 (y − x),   y' = x (28 − z) − y,   z' = x y − 8/3 z,   from (1, 1, 1).
// The published pair, λ = 0.999 in floating point, has two troubles. Forth, its parasitic solution grows where the state
// contracts faster than −ln λ a step: at h = 0.01 it leaves the path near t = 1.4. With h = 5e-5 it stays, but back, the
// round-off is multiplied by 1/λ in every step. The exact pair, λ = 1/2 on integers, has neither: it follows the path,
// and comes back to its first state bit for bit, after any number of steps.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"

#include <antistrophe/antistrophe.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <limits>
#include <string>

using namespace antistrophe;

struct Lorenz {
  void operator()(double, const auto& u, auto& du) const {
    du[0] = 10 * (u[1] - u[0]);
    du[1] = u[0] * (28 - u[2]) - u[1];
    du[2] = u[0] * u[1] - 8.0 / 3 * u[2];
  }
};

using Published = Reversible<Dopri5, Floating>;  // λ = 0.999
using Integers = Reversible<Dopri5>;             // λ = 1/2

Problem<Lorenz, Eigen::Vector3d> until(double t1) { return {Lorenz{}, {1, 1, 1}, 0, t1}; }

// Forth at h = 0.01, compared with Dop853 at a tenth of the step. Returns when the published pair is 10 off, which is
// half the attractor.
double forth() {
  const auto problem = until(3);
  const FixedStep h{0.01};
  const SaveAt every_step{.steps = true};
  const auto reference = solve(problem, Dop853{}, FixedStep{0.001}, every_step);
  const auto published = solve(problem, Published{}, h, every_step, OnFailure::return_status);
  const auto exact = solve(problem, Integers{}, h, every_step);

  double left_at = std::numeric_limits<double>::infinity();
  support::Csv csv("forth.csv", {"t", "published", "exact"});
  for (std::size_t i = 0; i < published.ys().size(); ++i) {
    const Eigen::Vector3d& truth = reference.ys()[10 * i + 9];
    const double off = (published.ys()[i] - truth).norm();
    if (off > 10) left_at = std::fmin(left_at, published.ts()[i]);
    csv.row({published.ts()[i], off, (exact.ys()[i] - truth).norm()});
  }
  std::printf("Forth, h = 0.01: lambda = 0.999 is 10 off the path at t = %.2f and ends at t = %.2f (%s);\n", left_at,
              published.failure().t, std::string(to_string(published.status())).c_str());
  std::printf("lambda = 1/2 arrives at t = 3, %.2g off.\n\n", (exact.ys().back() - reference.ys().back()).norm());
  return left_at;
}

// ‖y(0) come back to − y(0)‖∞; infinite where the way back was lost altogether.
template <class Method>
double drift(const Method& method, double t1, const FixedStep& h) {
  try {
    return assert_reversible(until(t1), method, h).drift;
  } catch (const SolveError&) {
    return std::numeric_limits<double>::infinity();
  }
}

// There and back at h = 5e-5, where both are stable.
void back(support::Expectations& result) {
  const FixedStep h{5e-5};
  const double epsilon = std::numeric_limits<double>::epsilon();
  std::printf("There and back, h = 5e-5: distance of the state come back to from (1, 1, 1)\n");
  std::printf("     t    steps   lambda = 0.999   exact, 1/2   (0.999^-n x 2.2e-16)\n");
  support::Csv csv("back.csv", {"steps", "published", "exact", "round-off"});
  for (const double t1 : {0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0}) {
    const double n = std::round(t1 / h.h);
    const double round_off = epsilon * std::pow(Published{}.lambda, -n);
    const double published = drift(Published{}, t1, h), exact = drift(Integers{}, t1, h);
    std::printf("  %4.2f  %7.0f  %15.1e  %11.1e   %.1e\n", t1, n, published, exact, round_off);
    csv.row({n, published, exact, round_off});
    result.expect(exact == 0, "the exact pair did not come back to its first state bit for bit");
    // The first rounding alone, of numbers that are not small, is multiplied by λ^{−n}.
    result.expect(published >= round_off / 2, "the floating pair lost less than its round-off, which cannot be");
  }
}

// A million steps of h = 0.01, and back.
void far(support::Expectations& result) {
  constexpr std::int64_t million = 1'000'000;
  const auto problem = until(1e4);
  const auto trip = assert_reversible(problem, Integers{}, FixedSteps{million});
  const double bits = static_cast<double>(trip.bits), numbers = 3.0 * static_cast<double>(million);
  std::printf(
      "\nA million steps of h = 0.01 and back, exact: %.17g %.17g %.17g, %.0f kB of bits, %.4f a number a step\n",
      trip.y0[0], trip.y0[1], trip.y0[2], bits / 8e3, bits / numbers);
  result.expect(trip.y0 == problem.y0, "a million exact steps and back did not end at the first state");
  result.expect(trip.bits == 3 * million, "lambda = 1/2 keeps one bit a number a step, no more and no less");
}

void write_path() {
  const auto path = solve(until(40), Integers{}, FixedStep{0.01}, SaveAt{.t0 = true, .steps = true});
  support::Csv csv("path.csv", {"x", "z"});
  for (const auto& u : path.ys()) csv.row({u[0], u[2]});
}

int main() try {
  support::Expectations result;
  const double left_at = forth();
  result.expect(left_at > 1.3 && left_at < 1.5, "the published pair left the path at another time than near 1.4");
  back(result);
  far(result);
  write_path();
  support::draw("reversibility", 1080, 380);
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
