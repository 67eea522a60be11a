// A second step controller beside Adaptive, as a user would write it against detail/step_control.hpp's list of calls: it
// doubles the step after an easy one, halves it after a failure, and so has steps of h / 2^k only.
#include "battery.hpp"
#include "catch.hpp"

#include <cmath>
#include <cstdint>
#include <optional>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

struct Halving {
  static constexpr bool chooses_steps = true;
  double h;
  double tolerance;

  template <class S>
  class Control;
};

template <class S>
class Halving::Control {
 public:
  using Y = typename S::State;
  Control(const Halving& options, double t0, double t1, const Y& y0, bool)
      : options_(options), t1_(t1), over_(t0 == t1), h_(options.h), estimates_(detail::make_estimates<S>(y0)) {}

  bool over() const { return over_; }
  void start(S&, double, const Y&) {}
  double target(double t) {
    lands_ = std::fabs(t1_ - t) <= std::fabs(h_) * (1 + 1e-9);
    return lands_ ? t1_ : t + h_;
  }
  static bool exhausted(const Step&, const Stats&) { return false; }
  static Failure why_exhausted(const Step&) { return {}; }
  Outcome judge(S& stepper, const Step& step, const typename S::Carry& carry) {
    stepper.error(step, carry, estimates_);
    error_ = static_cast<double>(estimates_[0].cwiseAbs().maxCoeff());
    return error_ <= options_.tolerance ? Outcome::ok : Outcome::inaccurate;
  }
  void accepted(S&, const Step&) {
    if (lands_) over_ = true;
    if (error_ < options_.tolerance / 64) h_ *= 2;
  }
  std::optional<Failure> rejected(S&, Outcome, const Step& step) {
    h_ /= 2;
    if (std::fabs(h_) > 1e-12) return std::nullopt;
    return Failure{Status::step_size_vanished, step.t0, step.n, -1, "halved forty times", step.h()};
  }
  void resume(double) {}

 private:
  Halving options_;
  double t1_;
  bool over_, lands_ = false;
  double h_, error_ = 0;
  std::array<Y, static_cast<std::size_t>(S::error_estimates)> estimates_;
};

const Problem pendulum{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0};

}  // namespace

TEMPLATE_TEST_CASE("A controller of one's own chooses the steps of solves and gradients", "[steps]", Dopri5, Dop853,
                   Reversible<Tsit5>, TwoPoint<Bosh3>) {
  const Halving halving{.h = 2, .tolerance = 1e-7};
  const auto solution = solve(pendulum, TestType{}, halving, SaveAt{.steps = true});
  CHECK(solution.success());
  CHECK(solution.stats().rejected > 0);
  CHECK(solution.ts().back() == 6.0);
  const auto exact = solve(pendulum, Dop853{}, FixedSteps{2000});
  CHECK((solution.ys().back() - exact.ys().back()).norm() < 1e-4);

  const auto chosen = value_and_gradient(pendulum, TestType{}, halving, battery::WeightedSum{});
  const auto taken = value_and_gradient(pendulum, TestType{}, StepTo{solution.steps()}, battery::WeightedSum{});
  CHECK(chosen.value == taken.value);
  CHECK(battery::same_bits(chosen.gradient.y0, taken.gradient.y0));
  CHECK(battery::same_bits(chosen.gradient.theta, taken.gradient.theta));
  CHECK(check_gradient(pendulum, TestType{}, halving, battery::WeightedSum{}));
}

TEST_CASE("A controller of one's own may give up", "[steps]") {
  const auto failed = solve(pendulum, Dopri5{}, Halving{.h = 1, .tolerance = 0}, OnFailure::return_status);
  CHECK(failed.status() == Status::step_size_vanished);
  CHECK(failed.failure().cause == "halved forty times");
}
