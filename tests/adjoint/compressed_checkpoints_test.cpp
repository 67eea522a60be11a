// CompressedCheckpointsAdjoint: numbers of every size come back from a slot; the gradient is the direct one bit for bit, through
// events, in all kinds of steps and numbers; slots take what is told, which is less than carries take.
#include <antistrophe/adjoint/compressed_checkpoints.hpp>

#include "support/ball.hpp"
#include "support/battery.hpp"
#include "support/catch.hpp"
#include "support/counted_heap.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using detail::CodedSlots, detail::NumberPiece;
using Eigen::Vector2d, Eigen::VectorXd;

namespace {

// Eighty oscillators in a row, of which one drives the others.
struct Row {
  static constexpr bool autonomous = true;
  static constexpr Eigen::Index n = 80;
  Eigen::Vector2d theta{4.0, 0.05};
  const auto& parameters() const { return theta; }
  static double bend(const auto& x, Eigen::Index i) {
    return (i > 0 ? x[i - 1] : 0) - 2 * x[i] + (i + 1 < n ? x[i + 1] : 0);
  }
  void operator()(double, const auto& y, auto& dy) const {
    dy.head(n) = y.tail(n);
    for (Eigen::Index i = 0; i < n; ++i) dy[n + i] = theta[0] * bend(y, i) - theta[1] * y[n + i];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar.tail(n) += w.head(n) - theta[1] * w.tail(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      y_bar[i] += theta[0] * bend(w.tail(n), i);
      theta_bar[0] += bend(y, i) * w[n + i];
      theta_bar[1] -= y[n + i] * w[n + i];
    }
  }
};
Problem<Row, VectorXd> row() {
  VectorXd y0(2 * Row::n);
  for (Eigen::Index i = 0; i < y0.size(); ++i) y0[i] = 1 + std::sin(0.1 * static_cast<double>(i));
  return {Row{}, y0, 0.0, 8.0};
}

template <class G>
bool same_gradient(const G& a, const G& b) {
  return battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta) && a.t0 == b.t0 && a.t1 == b.t1;
}

}  // namespace

TEST_CASE("Numbers of all widths come back from a slot, alone and beside each other", "[compressed]") {
  std::mt19937_64 random(3);
  CodedSlots slots;
  slots.reserve(3, 3, 1);
  const auto extreme = [&](std::size_t i) {
    const std::int64_t ends[] = {0, -1, 1, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()};
    return i % 7 < 5 ? ends[i % 7] : static_cast<std::int64_t>(random());
  };
  for (const std::size_t count : std::vector<std::size_t>{1, 2, 15, 16, 17, 64, 333}) {
    for (int width = 0; width <= 64; ++width) {
      CAPTURE(count, width);
      std::vector<std::int64_t> a(count), b(count), c(count);
      std::vector<double> real(count);
      std::vector<float> single(2 * count);
      for (std::size_t i = 0; i < count; ++i) {
        const auto some = static_cast<std::int64_t>(width == 0 ? 0 : random() >> (64 - width));
        a[i] = width == 64 ? extreme(i) : some;
        b[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(a[i]) + (random() & 7));
        c[i] = static_cast<std::int64_t>(2 * static_cast<std::uint64_t>(b[i]) - static_cast<std::uint64_t>(a[i]));
        real[i] = i % 5 == 0 ? -0.0 : std::ldexp(static_cast<double>(some), 3 * width - 96) * (i % 2 == 0 ? 1 : -1);
        single[2 * i] = static_cast<float>(real[i]), single[2 * i + 1] = -single[2 * i];
      }
      const auto put = [&](std::int64_t slot) {
        const NumberPiece pieces[] = {{a.data(), count, NumberPiece::integers},
                                      {b.data(), count, NumberPiece::integers},
                                      {c.data(), count, NumberPiece::integers},
                                      {real.data(), count, NumberPiece::doubles},
                                      {single.data(), 2 * count, NumberPiece::floats}};
        slots.put(slot, pieces);
      };
      put(width % 3);
      auto a2 = a, b2 = a, c2 = a;
      std::vector<double> real2(count);
      std::vector<float> single2(2 * count);
      const NumberPiece pieces[] = {{a2.data(), count, NumberPiece::integers},
                                    {b2.data(), count, NumberPiece::integers},
                                    {c2.data(), count, NumberPiece::integers},
                                    {real2.data(), count, NumberPiece::doubles},
                                    {single2.data(), 2 * count, NumberPiece::floats}};
      slots.get(width % 3, pieces);
      REQUIRE((a2 == a && b2 == b && c2 == c && real2 == real && single2 == single));
      for (std::size_t i = 0; i < count; ++i) REQUIRE(std::signbit(real2[i]) == std::signbit(real[i]));
    }
  }
}

TEST_CASE("The gradient is the direct one, bit for bit, and slots are smaller than carries", "[compressed]") {
  // The bytes of a checkpoint that are left of a carry's at most: the second half of a pair is near the first, and so are the
  // states of an Adams method; of whole numbers the highest bits are 0, of floating-point ones the exponents are alike.
  const auto check = [](const auto& method, const auto& steps, double most) {
    const auto problem = row();
    const SaveAt save_at{.times = {1.25, 5.5}, .t1 = true};
    const auto gradient = [&](const auto& adjoint) {
      return value_and_gradient(problem, method, steps, battery::WeightedSum{}, save_at, adjoint);
    };
    const auto expected = gradient(DirectAdjoint{});
    const auto whole = gradient(CheckpointedAdjoint{.slots = 12}).gradient.stats;
    const auto got = gradient(CompressedCheckpointsAdjoint{.slots = 12});
    CHECK(got.value == expected.value);
    CHECK(same_gradient(expected.gradient, got.gradient));
    CHECK(got.gradient.stats.recomputed == whole.recomputed);
    CHECK(got.gradient.stats.checkpoints == 12);
    const std::size_t carry = expected.stats.bytes_kept / static_cast<std::size_t>(expected.stats.accepted);
    // Beside the slots there are two carries, and the numbers of one.
    const auto slots = static_cast<double>(got.gradient.stats.checkpoint_bytes) - 2.5 * static_cast<double>(carry);
    CAPTURE(slots / (13 * static_cast<double>(carry)), carry);
    CHECK(slots < most * 13 * static_cast<double>(carry));
    CHECK(same_gradient(expected.gradient, gradient(CompressedCheckpointsAdjoint{}).gradient));
  };
  check(Reversible<Bosh3>{}, FixedSteps{200}, 0.7);
  check(Reversible<Bosh3>{}, Adaptive{.rtol = 1e-5, .atol = 1e-5}, 0.7);
  check(ReversibleAdams<4>{}, FixedSteps{800}, 0.55);
  check(Reversible<Bosh3, Floating>{.lambda = 0.75}, FixedSteps{200}, 0.9);
  check(Dopri5{}, FixedSteps{200}, 1);
}

TEST_CASE("Through events, in float, and in an objective, which allocates nothing in later calls", "[compressed]") {
  using problems::Ball, problems::Ground, problems::OfAll, problems::PushedBounce;
  const Problem ball{Ball{}, Vector2d(10, 0.5), 0.0, 5.0};
  const auto bounced = [&](const auto& adjoint) {
    return value_and_gradient(ball, Reversible<Dopri5>{}, FixedSteps{200}, OfAll{},
                              SaveAt{.times = {0.5, 2.5}, .t1 = true},
                              Events{JumpEvent{Ground{}, PushedBounce{}, Crossing::falling}}, adjoint)
        .gradient;
  };
  CHECK(same_gradient(bounced(DirectAdjoint{}), bounced(CompressedCheckpointsAdjoint{.slots = 5})));

  Objective objective{row(), RK4{}, FixedSteps{100}, battery::WeightedSum{}, CompressedCheckpointsAdjoint{.slots = 5}};
  const auto first = objective().gradient;
  (void)objective();
  const std::int64_t before = counted_heap::allocations;
  const auto& again = objective();
  CHECK(counted_heap::allocations == before);
  CHECK(same_gradient(again.gradient, first));

  CHECK_THROWS_WITH(bounced(CompressedCheckpointsAdjoint{.slots = 0}),
                    Catch::Matchers::ContainsSubstring("slots is 0; it must be at least 1"));
}

TEST_CASE("What is told of the bytes is what the heap grows by", "[compressed]") {
  const auto measured = [&](std::int64_t slots) {
    counted_heap::begin();
    const auto result = value_and_gradient(row(), Reversible<Bosh3>{}, FixedSteps{300}, battery::WeightedSum{},
                                           CompressedCheckpointsAdjoint{.slots = slots});
    return std::pair{counted_heap::most_since_begin(), result.gradient.stats.checkpoint_bytes};
  };
  const auto [least, of_least] = measured(10);
  for (const std::int64_t slots : {50, 200}) {
    const auto [heap, bytes] = measured(slots);
    CHECK(static_cast<double>(heap - least) == Approx(static_cast<double>(bytes - of_least)).epsilon(0.05));
  }
}
