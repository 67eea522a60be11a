// The bits of a step do not depend on where in memory its numbers lie: vectorised loops must not show their seams.
#include "battery.hpp"
#include "catch.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

using namespace antistrophe;

TEST_CASE("The same state at other addresses takes the same way, bit for bit", "[alignment]") {
  // Dynamic workspaces land elsewhere on the heap after allocations of odd sizes; a vectorised field must not notice.
  const auto field = workloads::sine_weights(Mlp<double>{{3, 17, 3}});
  const Eigen::VectorXd y0 = Eigen::Vector3d(0.5, -1, 0.25);
  const auto run = [&] {
    const Problem problem{field, y0, 0.0, 3.0};
    return value_and_gradient(problem, Reversible<RK4>{}, FixedSteps{300}, battery::WeightedSum{});
  };
  const auto first = run();
  std::vector<std::unique_ptr<char[]>> in_the_way;
  for (std::size_t size = 1; size < 200; size += 6) {
    in_the_way.push_back(std::make_unique<char[]>(size));
    if (size % 4 == 1) in_the_way.push_back(std::make_unique<char[]>(8 * size + 8));
    const auto again = run();
    REQUIRE(battery::same_bits(first.gradient.y0, again.gradient.y0));
    REQUIRE(battery::same_bits(first.gradient.theta, again.gradient.theta));
  }
}

TEST_CASE("A stepper at every offset its type allows takes the same way, bit for bit", "[alignment]") {
  const auto at_offset = [](auto field, auto y0) {
    using F = decltype(field);
    using Y = decltype(y0);
    using S = typename Reversible<RK4>::Stepper<F, Y>;
    const Timeline timeline = FixedSteps{50}.timeline(0.0, 0.5);
    Y first = y0;
    for (std::size_t offset = 0; offset < 64; offset += alignof(S)) {
      std::vector<std::byte> memory(sizeof(S) + 256);
      void* place = memory.data();
      std::size_t room = memory.size();
      place = std::align(64, sizeof(S) + 64, place, room);
      S* const stepper = new (static_cast<std::byte*>(place) + offset) S(Reversible<RK4>{}, field, y0);
      auto carry = stepper->make_carry();
      NoBits none;
      REQUIRE(stepper->start(0.0, y0, carry) == Outcome::ok);
      for (std::int64_t i = 0; i < 50; ++i) {
        REQUIRE(stepper->attempt(step_at(timeline, i), carry) == Outcome::ok);
        REQUIRE(stepper->commit(step_at(timeline, i), carry, none) == Outcome::ok);
      }
      Y y = y0;
      stepper->read(carry, y);
      stepper->~S();
      if (offset == 0) first = y;
      CHECK(battery::same_bits(y, first));
      CHECK_FALSE(battery::same_bits(y, y0));
    }
  };
  at_offset(problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1));
  at_offset(workloads::sine_weights(Mlp<double, Layers<3, 7, 3>>{}), Eigen::Vector3d(1, 0.5, -1));
  at_offset(workloads::sine_weights(Mlp<float, Layers<3, 9, 3>>{}), Eigen::Vector3f(1, 0.5f, -1));
}
