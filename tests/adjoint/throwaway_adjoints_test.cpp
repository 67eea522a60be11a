// Two adjoints as a user would write them, against the contract of adjoint/adjoint.hpp alone: one with an option, that keeps
// every k-th carry and recomputes those between; one that solves an augmented equation backwards by a method of its own.
#include "ball.hpp"
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/adjoint/continuous.hpp>

#include <cstdint>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

struct EveryKth {
  static constexpr bool is_adjoint = true;
  std::int64_t k = 4;

  template <class S>
  static consteval bool require() {
    return true;
  }

  template <class S>
  class Trace {
   public:
    using Carry = typename S::Carry;
    NoBits bits;

    explicit Trace(const EveryKth& adjoint) : k_(adjoint.k) {}
    void restart() { kept_.clear(); }
    void begin(const S&, std::int64_t, const Carry&) { starts_ = true; }
    // A step that failed is tried again under its number.
    void before_step(std::int64_t n, const Carry& carry) {
      if (!kept_.empty() && kept_.back().first == n) kept_.pop_back();
      if (starts_ || n % k_ == 0) kept_.emplace_back(n, carry);
      starts_ = false;
    }
    std::size_t kept() const { return kept_.size(); }
    std::size_t bytes() const { return kept_.size() * sizeof(Carry); }
    static std::int64_t bits_kept() { return 0; }

    struct WayBack {};
    static WayBack way_back() { return {}; }

    template <class Backward>
    Failure sweep(S& stepper, std::size_t, const Timeline& timeline, Carry& carry, Backward& backward, WayBack&,
                  BackwardStats&) const {
      backward.meet_saves(timeline.steps(), carry);
      for (std::int64_t i = timeline.steps(); i-- > 0;) {
        recompute(stepper, timeline, i, carry);
        TimeCotangents step_bar;
        stepper.pullback(step_at(timeline, i), carry, backward.carry_bar, backward.theta_bar, step_bar,
                         backward.saves_inside(i));
        backward.after_step(i, step_bar);
        backward.meet_saves(i, carry);
      }
      return {};
    }

   private:
    // The carry before step i, from the last one that was kept.
    void recompute(S& stepper, const Timeline& timeline, std::int64_t i, Carry& carry) const {
      std::size_t from = kept_.size();
      while (kept_[--from].first > timeline.first() + i) {
      }
      stepper.forget();
      carry = kept_[from].second;
      NoBits none;
      for (std::int64_t j = kept_[from].first - timeline.first(); j < i; ++j) {
        const Step step = step_at(timeline, j);
        if (stepper.attempt(step, carry) == Outcome::ok) (void)stepper.commit(step, carry, none);
      }
      stepper.forget();  // what it knows of the way forth is not what the way back takes along
    }

    std::int64_t k_;
    bool starts_ = true;
    std::vector<std::pair<std::int64_t, Carry>> kept_;
  };
};

// y' = f, a' = −(∂f/∂y)ᵀa, θ̄' = −(∂f/∂θ)ᵀa, backwards from one saved time to the one before.
template <class F, class Y>
struct Augmented {
  const F& field;
  Eigen::Index n;
  void operator()(double t, const Eigen::VectorXd& z, Eigen::VectorXd& dz) const {
    const Y y = z.head(n), a = z.segment(n, n);
    Y dy = y, y_bar = Y::Zero(n);
    auto theta_bar = detail::zero_parameters<F, Y>(field);
    double t_bar = 0;
    auto tape = detail::make_tape<F, Y>(field, y);
    detail::evaluate<F, Y>(field, t, y, dy, tape);
    detail::pull_back<F, Y>(field, t, y, tape, a, y_bar, theta_bar, t_bar);
    dz << dy, -y_bar, -theta_bar;
  }
};

template <class Method>
struct Backsolve {
  static constexpr bool is_adjoint = true, is_continuous = true;
  Method method;
  double h = 0.01;

  template <class S>
  static consteval bool require() {
    return true;
  }

  template <class F, class Y, class M>
  struct Equation {
    static constexpr bool reconstructs = true;
    Backsolve adjoint;
    const F& field;

    Equation(const Backsolve& a, const M&, const F& f, const Y&) : adjoint(a), field(f) {}

    Failure go_back(const Stretch& stretch, Y& y, Y& lambda, auto& theta_bar, BackwardStats& stats) const {
      const Eigen::Index n = y.size();
      Eigen::VectorXd z(2 * n + theta_bar.size());
      z << y, lambda, theta_bar;
      const auto steps = static_cast<std::int64_t>(std::ceil(std::fabs(stretch.from - stretch.to) / adjoint.h));
      const Problem problem{Augmented<F, Y>{field, n}, z, stretch.from, stretch.to};
      const auto solution = solve(problem, adjoint.method, FixedSteps{steps});
      z = solution.ys().back();
      y = z.head(n);
      lambda = z.segment(n, n);
      theta_bar = z.tail(theta_bar.size());
      stats.evaluations += solution.stats().evaluations;
      return {};
    }
  };
};

const Problem pendulum{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0};
const SaveAt on_the_way{.times = {0.7, 2.5, 2.5, 4.0}, .t1 = true};

}  // namespace

TEMPLATE_TEST_CASE(
    "An adjoint's option reaches its trace: every k-th carry gives the direct adjoint's gradient bit for bit",
    "[adjoint]", Bosh3, Dopri5, Reversible<Dopri5>, TwoPoint<Bosh3>, ReversibleAdams<4>, ReversibleHeun<>) {
  const auto check = [](const auto& steps) {
    const auto expected =
        value_and_gradient(pendulum, TestType{}, steps, battery::WeightedSum{}, on_the_way, DirectAdjoint{});
    std::size_t bytes = expected.stats.bytes_kept;
    for (const std::int64_t k : {1, 3, 16}) {
      CAPTURE(k);
      const auto got =
          value_and_gradient(pendulum, TestType{}, steps, battery::WeightedSum{}, EveryKth{.k = k}, on_the_way);
      CHECK(got.value == expected.value);
      CHECK(battery::same_bits(got.gradient.y0, expected.gradient.y0));
      CHECK(battery::same_bits(got.gradient.theta, expected.gradient.theta));
      CHECK(got.gradient.t1 == expected.gradient.t1);
      if (k > 1) CHECK(got.stats.bytes_kept < bytes);
      bytes = got.stats.bytes_kept;
    }
  };
  check(FixedSteps{50});
  check(Adaptive{.rtol = 1e-4, .atol = 1e-4});
}

TEST_CASE("An adjoint of one's own goes through events", "[adjoint]") {
  using problems::Ball, problems::Bounce, problems::Ground;
  const Problem ball{Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  const auto expected = value_and_gradient(ball, Dopri5{}, FixedSteps{80}, battery::WeightedSum{}, bounces);
  const auto got = value_and_gradient(ball, Dopri5{}, FixedSteps{80}, battery::WeightedSum{}, bounces, EveryKth{7});
  CHECK(battery::same_bits(got.gradient.y0, expected.gradient.y0));
  CHECK(battery::same_bits(got.gradient.theta, expected.gradient.theta));
}

TEST_CASE("A continuous adjoint solves an equation of its own, by a method of its own", "[adjoint]") {
  // Both are off by some h⁴ on a flow of size 1: 5.5 · 0.01⁴ and less.
  const auto expected = value_and_gradient(pendulum, Dop853{}, FixedSteps{200}, battery::WeightedSum{}, on_the_way);
  const auto got = value_and_gradient(pendulum, Reversible<Tsit5>{}, FixedSteps{2000}, battery::WeightedSum{},
                                      Backsolve<RK4>{.method = {}, .h = 0.01}, on_the_way);
  CHECK(battery::relative_difference(expected.gradient.y0, got.gradient.y0) < 1e-7);
  CHECK(battery::relative_difference(expected.gradient.theta, got.gradient.theta) < 1e-7);
  CHECK(battery::all_nonzero(expected.gradient.theta));
  // Times move though it knows nothing of them.
  CHECK(std::fabs(got.gradient.t0 / expected.gradient.t0 - 1) < 1e-7);
  CHECK(std::fabs(got.gradient.t1 / expected.gradient.t1 - 1) < 1e-7);
  CHECK(got.gradient.stats.drift > 0);
  CHECK(got.gradient.stats.drift < 1e-7);
  // Its own accuracy is what decides: coarser steps on the way back, a worse gradient of the same solve.
  const auto coarse = value_and_gradient(pendulum, Reversible<Tsit5>{}, FixedSteps{2000}, battery::WeightedSum{},
                                         Backsolve<RK4>{.method = {}, .h = 0.2}, on_the_way);
  CHECK(coarse.value == got.value);
  CHECK(battery::relative_difference(expected.gradient.theta, coarse.gradient.theta) > 1e-6);
}

TEST_CASE("A continuous adjoint of one's own goes through events, of which it knows nothing", "[adjoint]") {
  using problems::Ball, problems::Bounce, problems::Ground;
  const Problem ball{Ball{}, Vector2d(10, 0), 0.0, 6.0};
  const Events bounces{JumpEvent{Ground{}, Bounce{}, Crossing::falling}};
  const auto expected = value_and_gradient(ball, Dopri5{}, FixedSteps{800}, battery::WeightedSum{}, bounces);
  const auto got = value_and_gradient(ball, Dopri5{}, FixedSteps{800}, battery::WeightedSum{}, bounces,
                                      Backsolve<RK4>{.method = {}, .h = 0.01});
  CHECK(battery::gradient_difference(expected.gradient, got.gradient) < 1e-9);
}
