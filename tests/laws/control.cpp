// Fields that are driven by data: by every method, gradients with respect to parameters and data are those of the discrete solve.
#include "laws/complex_step.hpp"

#include <antistrophe/control/controlled_field.hpp>
#include <antistrophe/control/data_as_parameters.hpp>
#include <antistrophe/control/linear_path.hpp>

#include <vector>

namespace antistrophe::laws {
namespace {

// y turns as one channel moves, and swings as the other does.
template <class Scalar>
struct Swirl {
  Eigen::Vector<Scalar, 2> theta{Scalar(0.7), Scalar(-0.4)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double, const auto& y, const auto& dX, auto& dy) const {
    using std::sin;
    const Scalar turn = theta[0] * dX[0] * shear(y), swing = theta[1] * dX[1];
    dy[0] = turn * y[1] + swing * y[1];
    dy[1] = -turn * y[0] - swing * sin(y[0]);
  }
  void vjp(double, const auto& y, const auto& dX, const auto& w, auto& y_bar, auto& dX_bar, auto& theta_bar) const {
    using std::sin, std::cos;
    const Scalar turn = theta[0] * dX[0], swing = theta[1] * dX[1];
    const Scalar across = w[0] * y[1] - w[1] * y[0], along = w[0] * y[1] - w[1] * sin(y[0]);
    y_bar[0] += turn * (across * y[0] / Scalar(2) - shear(y) * w[1]) - swing * w[1] * cos(y[0]);
    y_bar[1] += turn * (across * y[1] / Scalar(2) + shear(y) * w[0]) + swing * w[0];
    dX_bar[0] += theta[0] * shear(y) * across;
    dX_bar[1] += theta[1] * along;
    theta_bar[0] += dX[0] * shear(y) * across;
    theta_bar[1] += dX[1] * along;
  }

 private:
  static Scalar shear(const auto& y) { return Scalar(1) + (y[0] * y[0] + y[1] * y[1]) / Scalar(4); }
};

LinearPath some_data() {
  const Eigen::VectorXd times = (Eigen::VectorXd(6) << 0, 0.9, 1.8, 2.6, 3.3, 4).finished();
  Eigen::MatrixXd values(2, 6);
  values << 0.3, 1.1, 0.2, -0.6, 0.5, 1.2, -0.4, 0.6, 1.3, 0.1, -0.9, 0.4;
  return LinearPath(times, values);
}

template <class Scalar = double>
struct Driven : DataControlledField<Swirl<Scalar>, LinearPath, Scalar> {
  using Base = DataControlledField<Swirl<Scalar>, LinearPath, Scalar>;
  Driven() : Base(ControlledField{Swirl<Scalar>{}, some_data()}) {}
};

const auto driven = erased_problem<Vector2d>(Driven<>{}, Vector2d(0.8, -0.5), 0.5, 3.5);

FixedSteps fixed_steps(std::int64_t n) { return {.n = n, .jumps = some_data().jumps()}; }

LAW("Gradients with respect to data are those of the discrete solve, by all adjoints", "[control]",
    joined({methods("Euler, RK4, Bosh3, Dopri5, Reversible<Euler>, Reversible<RK4>, Reversible<Dopri5>, "
                    "Reversible<RK4, Floating>, ReversibleAdams<1>, ReversibleAdams<4>, ReversibleAdamsPece<3>, "
                    "TwoPoint<Euler>, TwoPoint<Midpoint>, TwoPoint<Dopri5>"),
            one_evaluation()})) {
  const SaveAt save_at{.times = {0.57, 1.3, 1.8, 3.4}, .t1 = true};
  const auto expected = complex_step_gradient<Driven>(driven, m.real_valued(), fixed_steps(60), save_at);
  REQUIRE(expected.theta.size() == 14);
  CHECK(battery::all_nonzero(expected.theta));
  with_adjoints(m, [&](const AnyAdjoint& adjoint) {
    const auto gradient =
        m.value_and_gradient(driven, fixed_steps(60), battery::WeightedSum{}, save_at, adjoint).gradient;
    CHECK(battery::relative_difference(expected.y0, gradient.y0) < 1e-10);
    CHECK(battery::relative_difference(expected.theta, gradient.theta) < 1e-10);
  });
}

LAW("The way back along data meets the way forth bit for bit", "[control]",
    joined({few_exact_pairs(), few_two_points(), one_evaluation(),
            methods("ReversibleAdams<2>, ReversibleAdamsPece<3>")})) {
  CHECK_NOTHROW(m.assert_reversible(driven, fixed_steps(57)));
  CHECK_NOTHROW(m.assert_reversible(driven, FixedSteps{64}));  // though its steps go over knots
}

}  // namespace
}  // namespace antistrophe::laws
