// What a step of the other reversible methods costs, counted inside the field; what a step tried anew keeps; and that a
// rejected attempt leaves no trace.
#include "catch.hpp"
#include "counting_field.hpp"
#include "reversible_methods.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

using namespace antistrophe;

namespace {

using problems::Counting, problems::Counts;

using Methods = battery::Joined<battery::ExactTwoPoints, battery::FewFloatingTwoPoints, battery::OneEvaluationMethods,
                                battery::FloatingOneEvaluationMethods>;

}  // namespace

TEST_CASE("Two points cost 2s − 1 evaluations a step, a pair 2s", "[counting]") {
  CHECK(battery::evaluations_forth<TwoPoint<Midpoint>>(1001) - battery::evaluations_forth<TwoPoint<Midpoint>>(1000) ==
        3);
  CHECK(battery::evaluations_forth<Reversible<Midpoint>>(1001) -
            battery::evaluations_forth<Reversible<Midpoint>>(1000) ==
        4);
  CHECK(battery::evaluations_forth<TwoPoint<Dopri5>>(1001) - battery::evaluations_forth<TwoPoint<Dopri5>>(1000) == 11);
}

namespace {

// Five steps; the fourth preceded by two attempts that are not committed, or not.
template <class M>
struct Trial {
  using S = typename M::template Stepper<Counting, Eigen::Vector2d>;
  Counts counts;
  Counting field{&counts};
  S stepper;
  typename S::Carry carry;
  BitStack bits;
  std::int64_t spent_on_trials = 0;

  Trial(bool with_rejections, bool with_errors)
      : stepper(battery::Facts<M>::method(), field, Eigen::Vector2d(1, 2)), carry(stepper.make_carry()) {
    const Timeline taken = Timeline::listed({0.0, 0.1, 0.2, 0.3, 0.35, 0.4});
    auto estimates = detail::make_estimates<S>(Eigen::Vector2d(1, 2));
    REQUIRE(stepper.start(0, Eigen::Vector2d(1, 2), carry) == Outcome::ok);
    for (std::int64_t i = 0; i < 5; ++i) {
      if (with_rejections && i == 3) {
        for (const double h : {0.2, 0.1}) {
          const Timeline tried = Timeline::listed({0.0, 0.1, 0.2, 0.3, 0.3 + h});
          REQUIRE(stepper.attempt(step_at(tried, i), carry) == Outcome::ok);
          if (with_errors) stepper.error(step_at(tried, i), carry, estimates);
        }
        spent_on_trials = counts.evaluations;
      }
      REQUIRE(stepper.attempt(step_at(taken, i), carry) == Outcome::ok);
      if (with_rejections && i == 3) spent_on_trials = counts.evaluations - spent_on_trials;
      if (with_errors) stepper.error(step_at(taken, i), carry, estimates);
      Eigen::Vector2d proposed, reached;
      stepper.proposal(step_at(taken, i), carry, proposed);
      REQUIRE(stepper.commit(step_at(taken, i), carry, bits) == Outcome::ok);
      stepper.read(carry, reached);
      CHECK(proposed == reached);
    }
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("A rejected attempt leaves no trace, and the next keeps what does not depend on h",
                        "[counting]", Methods) {
  CAPTURE(battery::Facts<TestType>::name);
  for (const bool with_errors : {false, true}) {
    const Trial<TestType> straight(false, with_errors), detour(true, with_errors);
    CHECK(Trial<TestType>::S::same(straight.carry, detour.carry));
    CHECK(straight.bits.size() == detour.bits.size());
    // Of two points the first stage and all of the mirror image stay: s − 1 are left. The others need one evaluation.
    constexpr bool two_points = requires { battery::Facts<TestType>::is_two_points; };
    CHECK(detour.spent_on_trials == (two_points ? battery::Facts<TestType>::stages - 1 : 1));
  }
}
