// No pair, no plain method and none of the other reversible methods allocates in its loop.
#include "allocation.hpp"

#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>

#include "reversible_methods.hpp"
#include "split_problems.hpp"

namespace {

using Methods = battery::Joined<
    battery::FewPlainMethods, battery::FewExactMethods,
    std::tuple<Reversible<Midpoint, Floating>, ReversibleAdams<4>, TwoPoint<Midpoint>, TwoPoint<Bosh3, Floating>>,
    battery::OneEvaluationMethods>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("No method, no adjoint allocates in its loop", "[allocation]", Methods) {
  check_method(TestType{});
}

TEMPLATE_TEST_CASE("No symplectic method does, nor a plain one on a split field", "[allocation]", Verlet<>, Suzuki4<>,
                   Verlet<Floating>, RK4) {
  const Eigen::VectorXd dynamic = Eigen::Vector4d(1, 0.5, -0.25, 0.125);
  const Eigen::MatrixXd batch = Eigen::MatrixXd::Constant(4, 5, 0.25);
  const auto each = [&](const auto& adjoint) {
    check(problems::Oscillators<>{}, dynamic, TestType{}, adjoint);
    check_loops(problems::Oscillators<>{}, batch, TestType{}, adjoint);
  };
  each(DirectAdjoint{});
  if constexpr (!std::is_same_v<TestType, RK4>) each(ReversibleAdjoint{});
}

TEST_CASE("Nor does the way from checkpoint to checkpoint", "[allocation]") {
  const Eigen::VectorXd dynamic = Eigen::Vector2d(1, 0.5);
  check(problems::LotkaVolterra<>{}, dynamic, Bosh3{}, CheckpointedAdjoint{});
  check(problems::LotkaVolterra<>{}, dynamic, TwoPoint<Midpoint>{}, CheckpointedAdjoint{});
}

// Its memory grows by chunks (compressed_test.cpp); what has been set aside is used again.
TEST_CASE("Nor does the compression of a trajectory", "[allocation]") {
  const Eigen::VectorXd dynamic = Eigen::Vector2d(1, 0.5);
  const Eigen::MatrixXd batch = Eigen::MatrixXd::Constant(3, 500, 0.25);
  const problems::LotkaVolterra<> field;
  const auto mlp = workloads::sine_weights(Mlp<double>{{3, 12, 12, 3}});
  CHECK(loops_allocate_nothing(field, dynamic, Bosh3{}, CompressedAdjoint{}, Events<>{}));
  CHECK(loops_allocate_nothing(field, dynamic, TwoPoint<Midpoint>{}, CompressedAdjoint{}, Events{Event{Never{}}}));
  CHECK(loops_allocate_nothing(mlp, batch, Dopri5{}, CompressedAdjoint{}, Events<>{}));
}
