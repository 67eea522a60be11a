// BrownianPath: the generator is the published one, W has its law, and the same bits come whatever was asked for before.
#include <antistrophe/noise/brownian_path.hpp>
//
#include "catch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

using namespace antistrophe;
using Eigen::MatrixXd;

namespace {

double normal_cdf(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

// sup |F_n − F| √n of numbers that should be N(0, 1); above 1.95 once in 1000 (Kolmogorov).
double kolmogorov_smirnov(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  const double n = static_cast<double>(x.size());
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double f = normal_cdf(x[i]), below = static_cast<double>(i) / n;
    largest = std::max({largest, std::fabs(f - below), std::fabs(f - below - 1 / n)});
  }
  return largest * std::sqrt(n);
}

double mean_product(const std::vector<double>& x, const std::vector<double>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0) / static_cast<double>(x.size());
}

std::vector<double> scaled(const MatrixXd& x, double deviation) {
  std::vector<double> result(x.data(), x.data() + x.size());
  for (double& number : result) number /= deviation;
  return result;
}

constexpr int paths = 40'000;
// Means of n products of two N(0, 1) deviate from 1 by √(2/n), for squares, or from 0 by 1/√n; of n numbers by 1/√n. So much is five of the first.
const double five_deviations = 7 / std::sqrt(static_cast<double>(paths));

bool same_bits(const MatrixXd& a, const MatrixXd& b) {
  return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data(), [](double x, double y) {
           return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
         });
}

}  // namespace

// The known answers that Random123 1.14 prints (kat_vectors).
TEST_CASE("Philox2x64-10 and 4x64-10 give their known answers", "[brownian]") {
  using Pair = detail::RandomPair;
  using Words = detail::RandomWords;
  constexpr std::uint64_t all = ~std::uint64_t{0};
  CHECK(detail::philox(Pair{0, 0}, 0) == Pair{0xca00a0459843d731, 0x66c24222c9a845b5});
  CHECK(detail::philox(Pair{all, all}, all) == Pair{0x65b021d60cd8310f, 0x4d02f3222f86df20});
  CHECK(detail::philox(Pair{0x243f6a8885a308d3, 0x13198a2e03707344}, 0xa4093822299f31d0) ==
        Pair{0x0a5e742c2997341c, 0xb0f883d38000de5d});
  CHECK(detail::philox({0, 0, 0, 0}, {0, 0}) ==
        Words{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b});
  CHECK(detail::philox({all, all, all, all}, {all, all}) ==
        Words{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0});
  CHECK(detail::philox({0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
                       {0x452821e638d01377, 0xbe5466cf34e90c6c}) ==
        Words{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6});
}

TEST_CASE("The ziggurat's numbers are normal", "[brownian]") {
  constexpr std::size_t n = 1'000'000;
  std::vector<double> x(n);
  const std::uint64_t node = 5;
  detail::NormalSource(3, 0, static_cast<std::int64_t>(n), 1).fill({&node, 1}, 0, x.data(), n);
  CHECK(kolmogorov_smirnov(x) < 1.95);
  // Beyond where the last layer begins, where a fault of the tail would hide from Kolmogorov and Smirnov.
  for (const double edge : {3.0, detail::Ziggurat::tail, 4.0}) {
    const double expected = 2 * normal_cdf(-edge) * static_cast<double>(n);
    const auto met = std::count_if(x.begin(), x.end(), [&](double z) { return std::fabs(z) > edge; });
    CHECK(std::fabs(static_cast<double>(met) - expected) < 4 * std::sqrt(expected));
  }
  double fourth = 0;
  for (const double z : x) fourth += z * z * z * z / static_cast<double>(n);
  CHECK(std::fabs(fourth - 3) < 5 * std::sqrt(96.0 / static_cast<double>(n)));  // the variance of z⁴ is 105 − 9
}

TEST_CASE("A million queries in any order give the same bits", "[brownian]") {
  constexpr std::size_t n = 1'000'000;
  const bool area = GENERATE(false, true);
  const BrownianPath path{.seed = 11, .channels = 1, .t0 = -0.3, .t1 = 1.9, .tolerance = 1e-9, .area = area};
  const auto time = [&](std::size_t i) {
    return path.t0 + (path.t1 - path.t0) * static_cast<double>(i) / static_cast<double>(n);
  };
  BrownianWalk forth(path), back(path), about(path);
  std::vector<double> w(n);
  for (std::size_t i = 0; i < n; ++i) w[i] = *forth(time(i));
  std::size_t different = 0;
  for (std::size_t i = n; i-- > 0;) different += *back(time(i)) != w[i];
  CHECK(different == 0);
  // i ↦ i p mod n goes through all of them, p without a factor in common with n.
  const std::size_t queries = area ? n / 5 : n;
  for (std::size_t i = 0; i < queries; ++i) {
    const std::size_t at = (i * 617'411) % n;
    different += *about(time(at)) != w[at];
  }
  CHECK(different == 0);
}

// One channel's numbers at many nodes, which are made of other counters.
TEST_CASE("Normal numbers of nodes side by side are normal, and independent", "[brownian]") {
  constexpr std::size_t n = 1 << 19;
  std::vector<std::uint64_t> nodes(n);
  std::iota(nodes.begin(), nodes.end(), n);
  std::vector<double> w(n), area(n), other(n);
  detail::NormalSource(3, 0, 1, 1).fill(nodes, 0, w.data(), 1);
  detail::NormalSource(3, 0, 1, 1).fill(nodes, 1, area.data(), 1);
  detail::NormalSource(3, 1, 1, 1).fill(nodes, 0, other.data(), 1);
  CHECK(kolmogorov_smirnov(w) < 1.95);
  CHECK(kolmogorov_smirnov(area) < 1.95);
  const double five = 5 / std::sqrt(static_cast<double>(n));
  CHECK(std::fabs(mean_product(w, area)) < five);
  CHECK(std::fabs(mean_product(w, other)) < five);
  for (const std::size_t apart : {1u, 2u, 7u, 64u}) {
    std::vector<double> shifted(w.begin() + static_cast<std::ptrdiff_t>(apart), w.end());
    shifted.resize(n, 0.0);
    CHECK(std::fabs(mean_product(w, shifted)) < five);
  }
}

// Walks that go in steps of a leaf, or of whole parts, look things up; none of that may be seen.
TEST_CASE("Steps of any regular length give the bits of queries one by one", "[brownian]") {
  const bool area = GENERATE(false, true);
  const Eigen::Index channels = GENERATE(1, 3);
  const BrownianPath path{.seed = 13, .channels = channels, .t0 = -1, .t1 = 2, .tolerance = 3.0 / 512, .area = area};
  BrownianWalk walk(path);
  int different = 0;
  const auto look = [&](double t) {
    const MatrixXd expected = path(t);
    different += same_bits(Eigen::Map<const MatrixXd>(walk(t), channels, 1), expected) ? 0 : 1;
  };
  for (const int n : {16, 64, 128, 500, 512, 700, 1024})
    for (const bool back : {false, true}) {
      for (int i = 0; i <= n; ++i) look(-1 + 3.0 * (back ? n - i : i) / n);
      // There, back a little, and on: as rejected steps do.
      for (int i = 3; i < n; i += 5)
        for (const int j : {i, i - 1, i - 3, i - 2, i + 1}) look(-1 + 3.0 * (back ? n - j : j) / n);
    }
  CHECK(different == 0);
}

TEST_CASE("Increments and areas do not depend on what was asked for before", "[brownian]") {
  const BrownianPath path{.seed = 5, .channels = 3, .samples = 2, .area = true};
  std::mt19937_64 random(9);
  BrownianWalk walk(path);
  MatrixXd dw, area;
  for (int i = 0; i < 300; ++i) {
    // Steps of any length, and dyadic times, at which the tree is not gone through to its leaves.
    const auto time = [&] {
      const double t = static_cast<double>(random() >> 11) * 0x1p-53;
      return random() % 2 == 0 ? t : std::floor(t * 1024) / 1024;
    };
    const double s = time(), u = random() % 2 == 0 ? time() : std::min(1.0, s + 1e-3);
    if (s == u) continue;
    walk.increment(s, u, dw);
    walk.levy_area(s, u, area);
    CHECK(same_bits(dw, path.increment(s, u)));
    CHECK(same_bits(dw, path(u) - path(s)));
    CHECK(same_bits(area, path.levy_area(s, u)));
    walk.increment(u, s, dw);
    CHECK(same_bits(dw, path(s) - path(u)));
  }
  CHECK(path(0.0).isZero(0));
}

TEST_CASE("W has its mean, its variance and independent increments", "[brownian]") {
  const bool area = GENERATE(false, true);
  CAPTURE(area);
  const double tolerance = GENERATE(0.0, 1e-2);
  CAPTURE(tolerance);
  const BrownianPath path{.seed = 2, .samples = paths, .t0 = 1, .t1 = 3, .tolerance = tolerance, .area = area};
  BrownianWalk walk(path);
  // Neighbours of very different lengths, none dyadic, and one that ends at t1.
  const std::vector<double> times{1.0, 1.013, 1.3, 1.33, 2.0, 2.7, 3.0};
  std::vector<std::vector<double>> z;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    MatrixXd dw;
    walk.increment(times[i], times[i + 1], dw);
    z.push_back(scaled(dw, std::sqrt(times[i + 1] - times[i])));
    CHECK(kolmogorov_smirnov(z.back()) < 1.95);
    CHECK(std::fabs(std::accumulate(z[i].begin(), z[i].end(), 0.0) / paths) < five_deviations);
    for (std::size_t j = 0; j <= i; ++j)
      CHECK(std::fabs(mean_product(z[i], z[j]) - (i == j ? 1 : 0)) < five_deviations);
    if (area) {
      MatrixXd levy;
      walk.levy_area(times[i], times[i + 1], levy);
      z.push_back(scaled(levy, std::sqrt((times[i + 1] - times[i]) / 12)));
      CHECK(kolmogorov_smirnov(z.back()) < 1.95);
      CHECK(std::fabs(mean_product(z.back(), z.back()) - 1) < five_deviations);
      CHECK(std::fabs(mean_product(z.back(), z[i])) < five_deviations);
      for (std::size_t j = 0; j < i; ++j) CHECK(std::fabs(mean_product(z.back(), z[j])) < five_deviations);
      z.pop_back();
    }
  }
}

// Chen's relation: what [s, u] has follows from its two parts, ∫ (W(r) − W(s)) dr over [s, u] being
// h (ΔW/2 + H) = h1 (ΔW1/2 + H1) + h2 (ΔW1 + ΔW2/2 + H2).
TEST_CASE("Areas of parts make the area of the whole", "[brownian]") {
  const BrownianPath path{.seed = 8, .channels = 4, .area = true};
  const double s = 0.2, m = 0.31, u = 0.7;
  const MatrixXd first = path.increment(s, m), second = path.increment(m, u);
  const MatrixXd whole = (u - s) * (path.increment(s, u) / 2 + path.levy_area(s, u));
  const MatrixXd parts =
      (m - s) * (first / 2 + path.levy_area(s, m)) + (u - m) * (first + second / 2 + path.levy_area(m, u));
  CHECK((whole - parts).cwiseAbs().maxCoeff() < 1e-14);
  CHECK(path.levy_area(s, u) == path.levy_area(u, s));
}

TEST_CASE("Samples are streams, and channels do not depend on their number", "[brownian]") {
  const BrownianPath path{.seed = 4, .channels = 6, .samples = 3, .area = true};
  for (Eigen::Index j = 0; j < 3; ++j) {
    BrownianPath one = path;
    one.samples = 1;
    one.stream = static_cast<std::uint64_t>(j);
    CHECK(same_bits(one(0.37), path(0.37).col(j)));
    one.channels = 2;
    CHECK(same_bits(one(0.37), path(0.37).col(j).head(2)));
    CHECK(same_bits(one.levy_area(0.1, 0.37), path.levy_area(0.1, 0.37).col(j).head(2)));
  }
  BrownianPath other = path;
  other.seed = 5;
  CHECK((other(0.37) - path(0.37)).cwiseAbs().minCoeff() > 0);
}

TEST_CASE("A finer tolerance is the same path in more detail", "[brownian]") {
  BrownianPath coarse{.seed = 6, .tolerance = 1.0 / 64}, fine{.seed = 6, .tolerance = 1e-12};
  for (int i = 0; i <= 64; ++i) CHECK(coarse(i / 64.0) == fine(i / 64.0));
  CHECK(coarse(0.3) != fine(0.3));
  CHECK(coarse.levels() == 6);
  CHECK(BrownianPath{.tolerance = 5}.levels() == 0);
  CHECK((BrownianPath{.seed = 1, .tolerance = 5}(0.3).allFinite()));
}

TEST_CASE("Copies of a walk are independent", "[brownian]") {
  const BrownianPath path{.seed = 1, .channels = 2};
  BrownianWalk walk(path);
  walk(0.25);
  BrownianWalk copy = walk;
  const double there = copy(0.75)[1];
  walk(0.1);
  walk(0.9);
  CHECK(copy(0.75)[1] == there);
  CHECK(copy(0.25)[0] == path(0.25)(0));
}

TEST_CASE("A Brownian path says what it cannot do", "[brownian]") {
  CHECK_THROWS_WITH(BrownianPath{.channels = 0}(0.5),
                    "antistrophe: BrownianPath::channels is 0; it must be at least 1");
  CHECK_THROWS_WITH(BrownianPath{.samples = -1}(0.5),
                    "antistrophe: BrownianPath::samples is -1; it must be at least 0");
  CHECK(BrownianPath{.channels = 3, .samples = 0}(0.5).rows() == 3);
  CHECK_THROWS_WITH((BrownianPath{.t0 = 1, .t1 = 1}(1)),
                    "antistrophe: BrownianPath::t1 is 1; it must be finite, and later than t0");
  CHECK_THROWS_WITH(
      BrownianPath{.tolerance = -1}(0.5),
      "antistrophe: BrownianPath::tolerance is -1; it must be 0, or at least 2^-48 (t1 - t0), below which t "
      "does not tell times apart");
  CHECK_THROWS_WITH(
      BrownianPath{}(1.5),
      "antistrophe: a BrownianPath over [0, 1] is asked for W(1.5); give it .t0 and .t1 around all times of "
      "the solve");
  CHECK_THROWS_WITH(BrownianPath{}(std::nan("")), Catch::Matchers::ContainsSubstring("is asked for W(nan)"));
  CHECK_THROWS_WITH(BrownianPath{}.levy_area(0, 1),
                    "antistrophe: the BrownianPath knows no space-time Levy area; give it .area = true");
  BrownianWalk walk(BrownianPath{});
  CHECK_THROWS(walk(2.0));
  CHECK(*walk(0.5) == BrownianPath{}(0.5)(0));  // and goes on
}
