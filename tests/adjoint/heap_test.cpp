// Of every adjoint: what the heap grows by, from few steps to many, is what its statistics tell, within 5 %.
#include <antistrophe/adjoint/automatic.hpp>
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/compressed_checkpoints.hpp>
#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/adjoint/gauss_legendre.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/antistrophe.hpp>

#include "support/battery.hpp"
#include "support/catch.hpp"
#include "support/chain.hpp"
#include "support/counted_heap.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

using namespace antistrophe;

namespace {

// Of a size that the compiler knows: what others hold is not from operator new.
template <int n>
using State = Eigen::Vector<double, n>;

struct Measured {
  std::int64_t heap = 0, told = 0;
};

// told: what is kept of the way forth, or what checkpoints take by the end of the way back, and what the way back held beside.
template <int n, class Method, class StepsType, class Adjoint>
Measured measured(const Method& method, const StepsType& steps, const Adjoint& adjoint) {
  const Problem chain{Chain{}, State<n>(State<n>::LinSpaced(-1, 1)), 0.0, 20.0};
  counted_heap::begin();
  const auto result = value_and_gradient(chain, method, steps, battery::WeightedSum{}, adjoint);
  const std::int64_t heap = counted_heap::most_since_begin();
  CHECK(std::isfinite(result.value));
  const auto& stats = result.gradient.stats;
  return {heap, static_cast<std::int64_t>(std::max(result.stats.bytes_kept, stats.checkpoint_bytes) + stats.bytes)};
}

// Between few steps and many, so that what a gradient takes beside, whatever their number, does not count.
template <int n, class Method, class Adjoint>
void check_between(const Method& method, const auto& few, const auto& many, const Adjoint& adjoint) {
  const Measured least = measured<n>(method, few, adjoint), most = measured<n>(method, many, adjoint);
  const auto heap = static_cast<double>(most.heap - least.heap), told = static_cast<double>(most.told - least.told);
  CAPTURE(least.heap, least.told, most.heap, most.told);
  CHECK(told > 0);
  CHECK(heap >= 0.95 * told);
  CHECK(heap <= 1.05 * told);
}
// Where their number is not known; errors of steps, by which a gradient is judged, are told too.
template <int n, class Method, class Adjoint>
void check_adaptive_growth(const Method& method, double steps, const Adjoint& adjoint) {
  for (const double gradient_rtol : {std::numeric_limits<double>::infinity(), 1e9})
    check_between<n>(method, Adaptive{.rtol = 1e-3, .atol = 1e-3, .gradient_rtol = gradient_rtol},
                     Adaptive{.rtol = 1e-3, .atol = 1e-3, .dtmax = 20 / steps, .gradient_rtol = gradient_rtol},
                     adjoint);
}
template <class Method, class Adjoint>
void check_growth(const std::string& name, const Method& method, const Adjoint& adjoint) {
  CAPTURE(name);
  check_between<64>(method, FixedSteps{40}, FixedSteps{1000}, adjoint);
  check_adaptive_growth<64>(method, 1000, adjoint);
}

}  // namespace

TEST_CASE("With more steps the heap grows by what is told, of every adjoint that stores") {
  check_growth("direct", Dopri5{}, DirectAdjoint{});
  check_growth("direct, with all stages", Dopri5{}, DirectAdjoint{.memory_budget = 1 << 28});
  check_growth("direct, with as many stages as fit", Dopri5{}, DirectAdjoint{.memory_budget = 3 << 20});
  check_growth("direct, of a pair", Reversible<Dopri5>{}, DirectAdjoint{});
  check_growth("compressed", Dopri5{}, CompressedAdjoint{});
  check_growth("compressed, of a pair", Reversible<Dopri5>{}, CompressedAdjoint{});
  check_growth("checkpointed", Dopri5{}, CheckpointedAdjoint{});
  check_growth("compressed checkpoints", Reversible<Dopri5>{}, CompressedCheckpointsAdjoint{});
  check_growth("automatic", Dopri5{}, AutomaticAdjoint{});
  check_growth("automatic, in little memory", Dopri5{}, AutomaticAdjoint{.memory_budget = 60'000});
}

TEST_CASE(
    "With more steps the heap grows by what is told, of every adjoint that reconstructs, and of continuous ones") {
  check_growth("reversible, a pair", Reversible<Dopri5>{}, ReversibleAdjoint{});
  check_growth("reversible, an Adams method", ReversibleAdams<4>{}, ReversibleAdjoint{});
  check_growth("interpolating", Dopri5{}, InterpolatingAdjoint{});
  check_growth("backsolve", Dopri5{}, BacksolveAdjoint{});
  check_growth("Gauss-Legendre", Dopri5{}, GaussLegendreAdjoint{});
}

TEST_CASE("So it does of small states, of which the times are a large part") {
  const auto check = [](const std::string& name, const auto& method, const auto& adjoint) {
    CAPTURE(name);
    check_adaptive_growth<4>(method, 6000, adjoint);
  };
  check("direct", Dopri5{}, DirectAdjoint{});
  check("compressed", Dopri5{}, CompressedAdjoint{});
  check("checkpointed", Dopri5{}, CheckpointedAdjoint{});
  check("reversible, a pair", Reversible<Dopri5>{}, ReversibleAdjoint{});
  check("interpolating", Dopri5{}, InterpolatingAdjoint{});
  check("backsolve", Dopri5{}, BacksolveAdjoint{});
}

TEST_CASE("Stages take no more of the heap than their budget, however few of the steps were expected") {
  const Adaptive steps{.rtol = 1e-3, .atol = 1e-3, .dtmax = 20.0 / 1000, .gradient_rtol = HUGE_VAL};
  const Measured none = measured<64>(Dopri5{}, steps, DirectAdjoint{.memory_budget = 0});
  for (const std::size_t budget : {std::size_t{1} << 20, std::size_t{3} << 20}) {
    const Measured some = measured<64>(Dopri5{}, steps, DirectAdjoint{.memory_budget = budget});
    const auto told = static_cast<double>(some.told - none.told), heap = static_cast<double>(some.heap - none.heap);
    CAPTURE(budget, told, heap);
    CHECK(told > 0.99 * static_cast<double>(budget));
    CHECK(told <= static_cast<double>(budget));
    CHECK(heap <= 1.05 * told);
    CHECK(heap >= 0.95 * told);
  }
}

TEST_CASE("Tangents keep nothing, however many the steps") {
  const Measured few = measured<8>(Dopri5{}, FixedSteps{40}, ForwardMode{}),
                 many = measured<8>(Dopri5{}, FixedSteps{4000}, ForwardMode{});
  CHECK(many.told == few.told);
  CHECK(many.heap == few.heap);
}
