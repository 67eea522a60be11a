// A batch, one sample a column, is its columns: each state and gradient that of the column alone, theta's their sum.
#include "battery.hpp"
#include "catch.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

namespace {

template <class Y, class F, class M>
void check_batch(const F& field, const M& method, const Eigen::Matrix<double, 2, 3>& start, double state_tolerance,
                 double gradient_tolerance) {
  CAPTURE(battery::Facts<M>::name, battery::Facts<M>::increments);
  const Y y0 = start;
  const Problem<F, Y> batch{field, y0, 0.0, 2.0};
  auto pass = solve_with_pullback(batch, method, FixedSteps{100});
  const Y w = Eigen::Matrix<double, 2, 3>{{1, -2, 0.5}, {0.25, 1, -1}};
  const auto whole = pass.pullback({w});
  auto theta_sum = whole.theta;
  theta_sum.setZero();
  for (Eigen::Index c = 0; c < 3; ++c) {
    // A batch of one: the same field, the same code.
    using Column = Eigen::Matrix<double, 2, 1>;
    const Problem<F, Column> single{field, Column(start.col(c)), 0.0, 2.0};
    auto single_pass = solve_with_pullback(single, method, FixedSteps{100});
    const auto gradient = single_pass.pullback({Column(w.col(c))});
    CHECK((pass.ys()[0].col(c) - single_pass.ys()[0]).norm() <= state_tolerance);
    CHECK((whole.y0.col(c) - gradient.y0).norm() <= gradient_tolerance * gradient.y0.norm());
    CHECK(battery::all_nonzero(gradient.y0));
    theta_sum += gradient.theta;
  }
  CHECK(battery::all_nonzero(theta_sum));
  CHECK(battery::relative_difference(theta_sum, whole.theta) < std::fmax(gradient_tolerance, 1e-13));
}

const Eigen::Matrix<double, 2, 3> starts{{1, 0.5, 2}, {0.5, 1, 0.25}};

}  // namespace

TEMPLATE_TEST_CASE("A batch is its columns: to the bit with a plain method", "[states]", RK4) {
  check_batch<Eigen::Matrix<double, 2, 3>>(problems::LotkaVolterraBatch{}, TestType{}, starts, 0, 0);
  check_batch<Eigen::Matrix<double, 2, Eigen::Dynamic, Eigen::RowMajor>>(problems::LotkaVolterraBatch{}, TestType{},
                                                                         starts, 0, 0);
}

TEMPLATE_TEST_CASE("A batch is its columns: to the resolution with an exact method, whose dither differs by the place",
                   "[states]", Reversible<RK4>, ReversibleAdams<4>) {
  // 100 steps, each off by at most 3 · 2^−41, on a flow that amplifies less than a hundredfold in 2 units of time.
  constexpr double resolution = 100 * 3 * 4.5e-13 * 100;
  check_batch<Eigen::MatrixXd>(problems::LotkaVolterraBatch{}, TestType{}, starts, resolution, 10 * resolution);
}

TEST_CASE("A neural field of fixed and of run-time layers, alone and in a batch, gives the same gradient", "[states]") {
  const auto fixed = workloads::sine_weights(Mlp<double, Layers<2, 12, 2>>{});
  const auto runtime = workloads::sine_weights(Mlp<double>{{2, 12, 2}});
  // The products of a batch are added up in another order: 100 steps · 4 stages · 30 roundings, of 1.1e−16.
  constexpr double round_off = 1.3e-12;
  check_batch<Eigen::MatrixXd>(runtime, RK4{}, starts, round_off, round_off);
  const auto gradient_of = [](const auto& field, const auto& y0) {
    return value_and_gradient(Problem{field, y0, 0.0, 1.0}, RK4{}, FixedSteps{50}, battery::WeightedSum{}).gradient;
  };
  const auto a = gradient_of(fixed, Eigen::Vector2d(1, 0.5));
  const auto b = gradient_of(runtime, Eigen::VectorXd(Eigen::Vector2d(1, 0.5)));
  CHECK(battery::relative_difference(a.theta, Eigen::VectorXd(b.theta)) < round_off);
  CHECK(battery::relative_difference(a.y0, Eigen::Vector2d(b.y0)) < round_off);
}
