// No method allocates in its loops, forth or back: as often in a thousand steps laid out before as in ten, and where steps are chosen as
// the solve goes, memory grows by blocks of many.
#include "laws/law.hpp"

#include "support/counted_malloc.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace antistrophe::laws {
namespace {

// y1' = y2, y2' = −y1, in every column.
struct Turning {
  void operator()(double, const auto& y, auto& dy) const {
    dy.row(0) = y.row(1);
    dy.row(1) = -y.row(0);
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar.row(0) -= w.row(1);
    y_bar.row(1) += w.row(0);
  }
};

// An event that is watched in vain.
struct Never {
  double operator()(double, const auto& y) const { return y[0] - 9; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

// All but splittings, whose fields have halves.
Methods of_whole_fields() {
  return joined(
      {plain(), exact_pairs(), floating_pairs(), one_evaluation(), floating_one_evaluation(), few_two_points(),
       few_floating_two_points(),
       methods("TwoPoint<Dopri5>, TwoPoint<Dop853>, ReversibleAdams<1>, ReversibleAdams<2>, ReversibleAdams<3, "
               "Floating>, ReversibleAdams<4>, ReversibleAdams<6>, ReversibleAdams<8>, ReversibleAdamsPece<3>")});
}

struct Counted {
  std::int64_t steps, allocations;
};

// Of a gradient to t1; a floating method that would lose λ^−n on its way back, or be damped as much, hardly is.
template <class Y>
Counted count(const AnyMethod& m, const Y& y0, double t1, const AnySteps& steps, const AnyAdjoint& adjoint,
              const SaveAt& save_at, const auto&... events) {
  const auto problem = erased_problem<Y>(Turning{}, y0, 0.0, t1);
  const AnyMethod method = m->reversible && !m->exact ? m.with({.lambda = 0.9999, .damping = 0.9999}) : m;
  const std::int64_t before = counted_malloc::calls;
  auto pass = method.solve_with_pullback(problem, steps, save_at, adjoint, events...);
  std::vector<Y> ys_bar = pass.ys();
  (void)pass.pullback(ys_bar);
  return {pass.solution().stats().accepted, counted_malloc::calls - before};
}

LAW("A thousand steps allocate as often as ten", "[allocation]", of_whole_fields()) {
  if (!counted_malloc::counts) return;
  with_two_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const auto in = [&](std::int64_t n) {
      return count(m, Vector2d(1, 0.5), 0.2, FixedSteps{n}, adjoint, {}).allocations;
    };
    CHECK(in(10) > 0);
    CHECK(in(1000) == in(10));
  });
}

// In steps of a hundredth at most.
Adaptive hundredths() { return {.dtmax = 0.01, .gradient_rtol = std::numeric_limits<double>::infinity()}; }

// A block of 4 kB has more than 32 of their steps; two or three things grow by blocks.
void check_growth(const Counted& few, const Counted& many) {
  if (!counted_malloc::counts) return;
  CAPTURE(few.steps, few.allocations, many.steps, many.allocations);
  CHECK(few.allocations > 0);
  CHECK(many.steps >= few.steps + 400);
  CHECK(many.allocations - few.allocations < (many.steps - few.steps) / 8);
}

LAW("Steps chosen to a tolerance allocate nothing, of states whose size is known when run", "[allocation]",
    adaptive_methods()) {
  const Batch y0 = Batch::Constant(2, 5, 0.25);
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    check_growth(count(m, y0, 1, hundredths(), adjoint, {}), count(m, y0, 5, hundredths(), adjoint, {}));
  });
}

LAW("Nor do they with an event and a save inside every step", "[allocation]", adaptive_methods()) {
  const auto to = [&](double t1, const AnyAdjoint& adjoint) {
    SaveAt inside;
    for (double t = 0.0033; t < t1; t += 0.01) inside.times.push_back(t);
    return count(m, Vector2d(1, 0.5), t1, hundredths(), adjoint, inside, Events{Event{Never{}}});
  };
  with_adjoints(m, [&](const AnyAdjoint& adjoint) { check_growth(to(1, adjoint), to(5, adjoint)); });
}

}  // namespace
}  // namespace antistrophe::laws
