#include <antistrophe/number/exact_factor.hpp>

#include <antistrophe/number/bit_stack.hpp>

#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<double> all_lambdas(int largest) {
  std::vector<double> lambdas{1.0};
  for (int m = 1; m <= largest; ++m) {
    lambdas.push_back(std::ldexp(1.0, -m));
    if (m > 1) lambdas.push_back(1 - std::ldexp(1.0, -m));
  }
  return lambdas;
}

}  // namespace

TEST_CASE("Shrinking and growing are inverse to each other, exhaustively on a small range") {
  for (const double lambda : all_lambdas(6)) {
    const ExactFactor factor(lambda);
    bool equal = true;
    std::int64_t bits = 0;
    for (std::uint64_t n = 0; n < 16; ++n) {
      const std::uint64_t seed = ExactFactor::seed(static_cast<std::int64_t>(n));
      for (std::int64_t i = 0; i < 3; ++i) {
        for (std::int64_t d = -500; d <= 500; ++d) {
          BitStack stack;
          factor.keep(d, seed, i, stack);
          bits += stack.size();
          BitStack::Cursor cursor(stack);
          equal = equal && factor.grow(factor.shrink(d, seed, i), seed, i, cursor) == d && cursor.at_bottom();
        }
      }
    }
    CAPTURE(lambda);
    CHECK(equal);
    // Over a range of all residues the number of bits is the rate: exactly for 2^−q, and for 1 − 2^−m within the two
    // ends of the range, at most one residue each of 48 ranges.
    const double expected = factor.bit_rate() * 16 * 3 * 1001;
    CHECK(std::fabs(static_cast<double>(bits) - expected) <= (lambda > 0.5 && lambda < 1 ? 2.0 * 48 : 0.0));
  }
}

TEST_CASE("Neighbours that shrink to one number are told apart by their bit") {
  for (const double lambda : {0.75, 0.875, 1 - 1.0 / 32}) {
    const ExactFactor factor(lambda);
    for (std::int64_t i = 0; i < 4; ++i) {
      int meetings = 0;
      for (std::int64_t d = -300; d < 300; ++d) {
        const auto seed = ExactFactor::seed(7);
        if (factor.shrink(d, seed, i) != factor.shrink(d + 1, seed, i)) continue;
        ++meetings;
        BitStack low, high;
        factor.keep(d, seed, i, low);
        factor.keep(d + 1, seed, i, high);
        REQUIRE(low.size() == 1);
        REQUIRE(high.size() == 1);
        CHECK(BitStack::Cursor(low).pop(1) != BitStack::Cursor(high).pop(1));
      }
      CHECK(std::fabs(meetings - 600 * (1 - lambda)) <= 1);
    }
  }
}

TEST_CASE("Shrinking and growing are inverse to each other for large numbers of either sign") {
  std::mt19937_64 random(2);
  for (const double lambda : all_lambdas(40)) {
    const ExactFactor factor(lambda);
    bool equal = true;
    for (int trial = 0; trial < 2000; ++trial) {
      // Sizes of every magnitude up to 2^62, the largest gap of two numbers in range.
      const int shift = static_cast<int>(random() % 62) + 2;
      std::int64_t d = static_cast<std::int64_t>(random() >> shift);
      if ((random() & 1) != 0) d = -d;
      const std::uint64_t seed = random();
      const auto i = static_cast<std::int64_t>(random() % 1000);
      BitStack stack;
      factor.keep(d, seed, i, stack);
      BitStack::Cursor cursor(stack);
      equal = equal && factor.grow(factor.shrink(d, seed, i), seed, i, cursor) == d && cursor.at_bottom();
    }
    CAPTURE(lambda);
    CHECK(equal);
  }
}

TEST_CASE("Shrinking rounds λD, up or down, without bias") {
  for (const double lambda : {0.5, 0.75, 0.25, 0.9375, 1023.0 / 1024}) {
    const ExactFactor factor(lambda);
    for (const std::int64_t d :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{5}, std::int64_t{-12345}}) {
      constexpr int trials = 200'000;
      double sum = 0;
      bool near = true;
      for (std::int64_t n = 0; n < trials; ++n) {
        const std::int64_t shrunk = factor.shrink(d, ExactFactor::seed(n), 0);
        const double off = static_cast<double>(shrunk) - lambda * static_cast<double>(d);
        near = near && std::fabs(off) <= 1;
        sum += off;
      }
      CAPTURE(lambda, d);
      CHECK(near);
      if (lambda > 0.5) {
        // ρ is uniform on 0 … 2^m − 1: E⌊(D+ρ)/2^m⌋ = D/2^m exactly, so the mean is λD. An error lies in [−1, 1] and has
        // a deviation of at most ½; five deviations of the mean of 200,000 are 0.0056.
        CHECK(std::fabs(sum / trials) < 0.0056);
      } else {
        // Likewise E⌊(D+ρ)/2^q⌋ = D/2^q.
        CHECK(std::fabs(sum / trials) < 0.0056);
      }
    }
  }
}

TEST_CASE("The dither differs from component to component and from step to step") {
  // Were it one and the same, a resting solution would keep all its bits or none at once.
  const ExactFactor factor(0.75);
  int kept_by_component = 0, kept_by_step = 0;
  for (std::int64_t k = 0; k < 4000; ++k) {
    BitStack component, step;
    factor.keep(0, ExactFactor::seed(3), k, component);
    factor.keep(0, ExactFactor::seed(k), 3, step);
    kept_by_component += static_cast<int>(component.size());
    kept_by_step += static_cast<int>(step.size());
  }
  CHECK(kept_by_component == 2000);               // ρ runs through all residues in turn, b being odd
  CHECK(std::abs(kept_by_step - 2000) < 5 * 32);  // binomial, deviation √(4000/4) = 32
}

TEST_CASE("The number of bits is 2(1−λ) or q") {
  CHECK(ExactFactor(0.5).bit_rate() == 1);
  CHECK(ExactFactor(0.25).bit_rate() == 2);
  CHECK(ExactFactor(0.75).bit_rate() == 0.5);
  CHECK(ExactFactor(1023.0 / 1024).bit_rate() == 2.0 / 1024);
  CHECK(ExactFactor(1.0).bit_rate() == 0);
}

TEST_CASE("A factor that is neither 1 − 2^−m nor 2^−q is refused, with its value and what it may be") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double lambda :
       {0.9, 0.999, 0.3, 0.0, -0.5, 1.5, 2.0, nan, infinity, std::ldexp(1.0, -41), 1 - std::ldexp(1.0, -41)}) {
    CAPTURE(lambda);
    CHECK_THROWS_AS(ExactFactor(lambda), std::invalid_argument);
  }
  CHECK_THROWS_WITH(ExactFactor(0.999),
                    ContainsSubstring("lambda") && ContainsSubstring("0.999") && ContainsSubstring("1 - 2^-m or 2^-q"));
}
