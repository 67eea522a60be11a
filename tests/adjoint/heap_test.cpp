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
#include "support/counted_heap.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

using namespace antistrophe;

namespace {

// Oscillators that hang together, each of a frequency of its own: y = (x, v).
struct Chain {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{0.3, 0.01};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    const Eigen::Index n = y.size() / 2;
    dy.head(n) = y.tail(n);
    dy.tail(n) = -y.head(n) - theta[1] * y.tail(n);
    dy.tail(n - 1) += theta[0] * y.head(n - 1);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const Eigen::Index n = w.size() / 2;
    y_bar.tail(n) += w.head(n) - theta[1] * w.tail(n);
    y_bar.head(n) -= w.tail(n);
    y_bar.head(n - 1) += theta[0] * w.tail(n - 1);
    theta_bar[0] += y.head(n - 1).dot(w.tail(n - 1));
    theta_bar[1] -= y.tail(n).dot(w.tail(n));
  }
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    const Eigen::Index n = y.size() / 2;
    dy_dot.head(n) = y_dot.tail(n);
    dy_dot.tail(n) = -y_dot.head(n) - theta[1] * y_dot.tail(n) - theta_dot[1] * y.tail(n);
    dy_dot.tail(n - 1) += theta[0] * y_dot.head(n - 1) + theta_dot[0] * y.head(n - 1);
  }
};

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
template <class Method, class Adjoint>
void check_growth(const std::string& name, const Method& method, const Adjoint& adjoint) {
  CAPTURE(name);
  const auto check = [&](const auto& few, const auto& many, double most_times) {
    const Measured least = measured<64>(method, few, adjoint), most = measured<64>(method, many, adjoint);
    const auto heap = static_cast<double>(most.heap - least.heap), told = static_cast<double>(most.told - least.told);
    CAPTURE(least.heap, least.told, most.heap, most.told);
    CHECK(told > 0);
    CHECK(heap >= 0.95 * told);
    CHECK(heap <= most_times * told);
  };
  check(FixedSteps{40}, FixedSteps{1000}, 1.05);
  // Where the number of steps is not known, some arrays are doubled, and for a moment there are the old one and the new one: half as much
  // again. Errors that are judged are kept too, and told.
  const double without = std::numeric_limits<double>::infinity();
  check(Adaptive{.rtol = 1e-3, .atol = 1e-3, .gradient_rtol = without},
        Adaptive{.rtol = 1e-3, .atol = 1e-3, .dtmax = 20.0 / 1000, .gradient_rtol = without}, 1.55);
}

}  // namespace

TEST_CASE("With more steps the heap grows by what is told, of every adjoint that stores") {
  check_growth("direct", Dopri5{}, DirectAdjoint{});
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

TEST_CASE("Tangents keep nothing, however many the steps") {
  const Measured few = measured<8>(Dopri5{}, FixedSteps{40}, ForwardMode{}),
                 many = measured<8>(Dopri5{}, FixedSteps{4000}, ForwardMode{});
  CHECK(many.told == few.told);
  CHECK(many.heap == few.heap);
}
