#include <antistrophe/field/mlp/activation.hpp>
#include <antistrophe/field/mlp/detail/vectorised.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

using namespace antistrophe;

namespace {

// Numbers of all sizes that a network meets, and the awkward ones.
template <class S>
std::vector<S> samples() {
  std::vector<S> x{S(0),  -S(0), std::numeric_limits<S>::min(), S(1e-30), S(0.625), S(-0.625), S(20), S(-20),
                   S(90), S(-90)};
  std::mt19937_64 engine(7);
  std::uniform_real_distribution<double> exponent(-12.0, 4.5);
  for (int i = 0; i < 20000; ++i) {
    const S size = static_cast<S>(std::exp2(exponent(engine)));
    x.push_back(engine() % 2 == 0 ? size : -size);
  }
  return x;
}

// In units of the last place of the true value.
template <class S>
double error_in_ulp(S value, long double truth) {
  const S rounded = static_cast<S>(truth);
  if (value == rounded) return 0;
  const S next = std::nextafter(rounded, std::numeric_limits<S>::infinity());
  const S ulp = next - rounded > S(0) ? next - rounded : rounded - std::nextafter(rounded, S(0));
  return static_cast<double>(std::abs(static_cast<long double>(value) - truth) / static_cast<long double>(ulp));
}

template <class S, class Activation>
std::vector<S> applied(std::vector<S> x) {
  transform(x.data(), static_cast<Eigen::Index>(x.size()),
            [](const Pack<S>& pack) { return Activation::template value<S>(pack); });
  return x;
}

}  // namespace

// Our own tanh is known to be within 2.7 ulp; Eigen 5, that stands in for it without vector types, within 8.2.
TEMPLATE_TEST_CASE("tanh is accurate in every element", "", float, double) {
  const auto x = samples<TestType>();
  auto y = x;
  tanh_in_place(y.data(), static_cast<Eigen::Index>(y.size()));
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, error_in_ulp(y[i], std::tanh(static_cast<long double>(x[i]))));
  INFO("largest error: " << worst << " ulp");
  CHECK(worst < 9);
}

TEMPLATE_TEST_CASE("Softplus and its slope are accurate in every element", "", float, double) {
  const auto x = samples<TestType>();
  const auto y = applied<TestType, Softplus>(x);
  std::vector<TestType> slope = y;
  transform(slope.data(), static_cast<Eigen::Index>(slope.size()),
            [](const Pack<TestType>& a) { return Softplus::slope<TestType>(a); });
  const double epsilon = static_cast<double>(std::numeric_limits<TestType>::epsilon());
  double worst = 0, worst_slope = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double v = static_cast<long double>(x[i]);
    const long double truth = std::fmax(v, 0.0L) + std::log1p(std::exp(-std::fabs(v)));
    const long double true_slope = 1 / (1 + std::exp(-v));
    if (v > -50)
      worst = std::max(worst, static_cast<double>(std::fabs(static_cast<long double>(y[i]) - truth) / truth));
    worst_slope =
        std::max(worst_slope, static_cast<double>(std::fabs(static_cast<long double>(slope[i]) - true_slope)));
  }
  CHECK(worst < 8 * epsilon);        // of the value, relative
  CHECK(worst_slope < 8 * epsilon);  // of a slope between 0 and 1, absolute
}

TEMPLATE_TEST_CASE("Relu and identity are exact", "", float, double, long double) {
  const std::vector<TestType> x{TestType(-2), TestType(-0.5), TestType(0), TestType(0.25), TestType(3)};
  CHECK(applied<TestType, Relu>(x) ==
        std::vector<TestType>{TestType(0), TestType(0), TestType(0), TestType(0.25), TestType(3)});
  CHECK(applied<TestType, Identity>(x) == x);
  CHECK(std::isnan(applied<TestType, Relu>({std::numeric_limits<TestType>::quiet_NaN()}).front()));
}

TEMPLATE_TEST_CASE("What is not a number stays so", "", float, double, long double) {
  const TestType nan = std::numeric_limits<TestType>::quiet_NaN();
  for (std::size_t place = 0; place < 5; ++place) {
    std::vector<TestType> x(5, TestType(0.5));
    x[place] = nan;
    for (const auto& y : {applied<TestType, Tanh>(x), applied<TestType, Softplus>(x)}) {
      for (std::size_t i = 0; i < 5; ++i) CHECK(std::isnan(y[i]) == (i == place));
    }
  }
}

TEMPLATE_TEST_CASE("At infinity tanh is one, softplus as its argument", "", float, double, long double) {
  const TestType infinity = std::numeric_limits<TestType>::infinity();
  CHECK(applied<TestType, Tanh>({infinity, -infinity}) == std::vector<TestType>{TestType(1), TestType(-1)});
  CHECK(applied<TestType, Softplus>({infinity}).front() == infinity);
  CHECK(applied<TestType, Softplus>({-infinity}).front() <= std::numeric_limits<TestType>::min());
}

// An element's rounding must be the same wherever it stands: at any offset from alignment, in a pack or in a tail,
// whatever its neighbours.
template <class S, class Activation>
void check_places() {
  const auto all = samples<S>();
  constexpr std::size_t count = 67;
  alignas(64) std::array<S, count + 64> memory{};
  for (std::size_t start = 0; start + count < 4000; start += 211) {
    std::vector<S> alone;
    for (std::size_t i = 0; i < count; ++i) alone.push_back(applied<S, Activation>({all[start + i]}).front());
    for (std::size_t offset = 0; offset < 32; ++offset) {
      for (const std::size_t length : {count, count - 5, std::size_t(9), std::size_t(2)}) {
        std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(start), length, memory.begin() + offset);
        transform(memory.data() + offset, static_cast<Eigen::Index>(length),
                  [](const Pack<S>& pack) { return Activation::template value<S>(pack); });
        REQUIRE(
            std::equal(alone.begin(), alone.begin() + static_cast<std::ptrdiff_t>(length), memory.begin() + offset));
      }
    }
  }
}

TEST_CASE("An element's bits do not depend on where it stands") {
  check_places<float, Tanh>();
  check_places<double, Tanh>();
  check_places<float, Softplus>();
  check_places<double, Softplus>();
}

TEST_CASE("Nothing is written beside the buffer") {
  for (Eigen::Index length = 0; length < 40; ++length) {
    std::vector<double> memory(48, 7.0);
    tanh_in_place(memory.data() + 4, length);
    for (std::size_t i = 0; i < memory.size(); ++i) {
      const bool inside = i >= 4 && i < 4 + static_cast<std::size_t>(length);
      REQUIRE((memory[i] == 7.0) == !inside);
    }
  }
}

TEST_CASE("Other scalars go through the standard functions, one by one") {
  const long double x = 0.3L;
  CHECK(applied<long double, Tanh>({x}).front() == std::tanh(x));
  const std::complex<double> z(0.3, 0.4);
  CHECK(applied<std::complex<double>, Tanh>({z}).front() == std::tanh(z));
}
