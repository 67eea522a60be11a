// Of states whose size is known when run, whose matrices are from malloc: what all of the heap grows by, from few steps to many, is what
// statistics tell of each adjoint, within 5 %.
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
#include <antistrophe/field/mlp.hpp>

#include "support/battery.hpp"
#include "support/catch.hpp"
#include "support/chain.hpp"
#include "support/counted_malloc.hpp"
#include "support/workloads.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

struct Measured {
  std::int64_t heap = 0, told = 0;
};

template <class P, class Method, class Adjoint>
Measured measured(const P& problem, const Method& method, const auto& steps, const Adjoint& adjoint) {
  counted_malloc::begin();
  const auto result = value_and_gradient(problem, method, steps, battery::WeightedSum{}, adjoint);
  const std::int64_t heap = counted_malloc::most_since_begin();
  CHECK(std::isfinite(result.value));
  const auto& stats = result.gradient.stats;
  return {heap, static_cast<std::int64_t>(std::max(result.stats.bytes_kept, stats.checkpoint_bytes) + stats.bytes)};
}

auto chain(Eigen::Index n) {
  return Problem{Chain{}, Eigen::VectorXd(Eigen::VectorXd::LinSpaced(n, -1, 1)), 0.0, 20.0};
}

template <class P, class Method, class Adjoint>
void check_between(const P& problem, const Method& method, const auto& few, const auto& many, const Adjoint& adjoint) {
  if (!counted_malloc::counts) return;
  (void)measured(problem, method, few, adjoint);  // what is made once
  const Measured least = measured(problem, method, few, adjoint), most = measured(problem, method, many, adjoint);
  CAPTURE(least.heap, least.told, most.heap, most.told);
  const auto heap = static_cast<double>(most.heap - least.heap), told = static_cast<double>(most.told - least.told);
  CHECK(told > 0);
  CHECK(heap >= 0.95 * told);
  CHECK(heap <= 1.05 * told);
}
template <class P, class Method, class Adjoint>
void check_growth(const std::string& name, const P& problem, const Method& method, const Adjoint& adjoint) {
  CAPTURE(name);
  // Powers of two, of which continuous adjoints keep as many states in passing.
  check_between(problem, method, FixedSteps{128}, FixedSteps{1024}, adjoint);
}

}  // namespace

TEST_CASE("With more steps all of the heap grows by what is told, of states that are kept") {
  const auto problem = chain(64);
  check_growth("direct", problem, Dopri5{}, DirectAdjoint{});
  check_growth("direct, with all stages", problem, Dopri5{}, DirectAdjoint{.memory_budget = 1 << 28});
  check_growth("direct, with as many stages as fit", problem, Dopri5{}, DirectAdjoint{.memory_budget = 3 << 20});
  check_growth("compressed", problem, Dopri5{}, CompressedAdjoint{});
  check_growth("compressed, by steps back", problem, Dopri5{}, CompressedAdjoint{.worth_a_step = 0});
  check_growth("checkpointed", problem, Dopri5{}, CheckpointedAdjoint{});
  check_growth("compressed checkpoints", problem, Reversible<Dopri5>{}, CompressedCheckpointsAdjoint{});
}

TEST_CASE("With more steps all of the heap grows by what is told, of states that are not") {
  const auto problem = chain(64);
  check_growth("reversible, a pair", problem, Reversible<Dopri5>{}, ReversibleAdjoint{});
  check_growth("reversible, an Adams method", problem, ReversibleAdams<4>{}, ReversibleAdjoint{});
  check_growth("interpolating", problem, Dopri5{}, InterpolatingAdjoint{});
  check_growth("backsolve", problem, Dopri5{}, BacksolveAdjoint{});
  check_growth("Gauss-Legendre", problem, Dopri5{}, GaussLegendreAdjoint{});
}

TEST_CASE("So it does in steps that are chosen, and between times that are given") {
  const auto problem = chain(64);
  const auto check = [&](const auto& method, const auto& adjoint) {
    check_between(problem, method, Adaptive{.rtol = 1e-3, .atol = 1e-3},
                  Adaptive{.rtol = 1e-3, .atol = 1e-3, .dtmax = 20.0 / 1000}, adjoint);
    const auto times = [](int n) {
      std::vector<double> some;
      for (int i = 1; i < n; ++i) some.push_back(20.0 * i / n);
      return StepTo{some};
    };
    check_between(problem, method, times(100), times(1000), adjoint);
  };
  check(Dopri5{}, DirectAdjoint{});
  check(Reversible<Dopri5>{}, ReversibleAdjoint{});
}

TEST_CASE("A network's tapes are told of too") {
  const auto net = workloads::sine_weights(Mlp<double>{{2, 16, 16, 2}});
  const Problem problem{net, Eigen::MatrixXd(Eigen::MatrixXd::Constant(2, 8, 0.3)), 0.0, 5.0};
  check_growth("direct", problem, Dopri5{}, DirectAdjoint{});
  check_growth("direct, with all stages", problem, Dopri5{}, DirectAdjoint{.memory_budget = 1 << 28});
}

TEST_CASE("Checkpoints in a file are told of, and are not in the heap; tangents keep nothing") {
  if (!counted_malloc::counts) return;
  const std::string file = (std::filesystem::temp_directory_path() / "antistrophe_dynamic_heap_spilled").string();
  const auto problem = chain(64);
  for (const std::int64_t slots : {50, 500}) {
    const Measured in_memory = measured(problem, Dopri5{}, FixedSteps{1000}, CheckpointedAdjoint{.slots = slots}),
                   in_file =
                       measured(problem, Dopri5{}, FixedSteps{1000}, CheckpointedAdjoint{.slots = slots, .file = file});
    CAPTURE(slots, in_memory.heap, in_memory.told, in_file.heap, in_file.told);
    CHECK(std::abs(in_file.told - in_memory.told) < 1000);
    CHECK(in_memory.heap - in_file.heap > slots * 64 * 8 - 1000);
  }

  const auto few = chain(8);
  const Measured first = measured(few, Dopri5{}, FixedSteps{40}, ForwardMode{}),
                 second = measured(few, Dopri5{}, FixedSteps{4000}, ForwardMode{});
  CHECK(second.told == first.told);
  CHECK(std::abs(second.heap - first.heap) < 1000);  // malloc rounds what it gives to what it has
}
