// What a tolerance is worth along a path: the equations of the table in docs/noise.md, held to its figures. As tolerances are tightened the
// error at the end goes to 0, though not in proportion.
#include <antistrophe/noise/stochastic_field.hpp>
//
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

using namespace antistrophe;

namespace {

using Two = Eigen::Vector2d;
enum class Equation { relaxation, well, pendulum, shear };
struct DriftOf {
  Equation equation;
  void operator()(double, const auto& y, auto& dy) const {
    switch (equation) {
      case Equation::relaxation:
        dy << -1.5 * y[0], y[0] - y[1];
        break;
      case Equation::well:
        dy << std::sin(3 * y[0]), y[1] - y[1] * y[1] * y[1] + y[0];
        break;
      case Equation::pendulum:
        dy << y[1], -std::sin(y[0]) - 0.2 * y[1];
        break;
      case Equation::shear:
        dy << 0.5 * y[0], -0.5 * y[1];
    }
  }
};
struct NoiseOf {
  static constexpr Eigen::Index channels = 2;
  Equation equation;
  void operator()(double, const auto& y, const auto& dw, auto& dy) const {
    switch (equation) {
      case Equation::relaxation:
        dy << 0.8 * dw[0], 0;
        break;
      case Equation::well:
        dy = 0.5 * dw;
        break;
      case Equation::pendulum:
        dy << 0, 0.4 * (1 + 0.5 * std::cos(y[0])) * dw[1];
        break;
      case Equation::shear:
        dy << 0.4 * y[1] * dw[0], 0.4 * y[0] * dw[1];
    }
  }
};

// The root of the mean square, over some paths, of what y(1) is off, in parts of 1 + ‖y(1)‖, at tolerances of 10⁻², 10⁻³, ….
template <std::size_t tolerances>
std::array<double, tolerances> errors_at_end(Equation equation, const auto& method) {
  constexpr int some = 25;
  std::array<double, tolerances> errors{};
  for (std::uint64_t i = 0; i < some; ++i) {
    const BrownianPath path{.seed = 5, .channels = 2, .stream = i};
    const Problem problem{StochasticField{DriftOf{equation}, NoiseOf{equation}, path}, Two(1, 0.5), 0.0, 1.0};
    const Two along = solve(problem, Midpoint{}, FixedSteps{1 << 13}).ys().back();
    double tolerance = 0.1;
    for (double& error : errors) {
      tolerance /= 10;
      const Two end = solve(problem, method, Adaptive{.rtol = tolerance, .atol = tolerance}).ys().back();
      error += (end - along).squaredNorm() / std::pow(1 + along.norm(), 2) / some;
    }
  }
  for (double& error : errors) error = std::sqrt(error);
  return errors;
}

}  // namespace

TEMPLATE_TEST_CASE("Errors along a path are those of the table", "[stochastic]", Heun, Reversible<Midpoint>) {
  struct Row {
    Equation equation;
    std::array<double, 3> errors;  // at tolerances of 10⁻², 10⁻³ and 10⁻⁴
  };
  for (const Row& row :
       {Row{Equation::relaxation, {1.7e-2, 4.9e-3, 9.5e-4}}, Row{Equation::well, {1.1e-2, 2.3e-3, 5.6e-4}},
        Row{Equation::pendulum, {1.1e-2, 3.8e-3, 1.1e-3}}, Row{Equation::shear, {2.9e-2, 1.1e-2, 4.6e-3}}}) {
    const auto errors = errors_at_end<3>(row.equation, TestType{});
    CAPTURE(static_cast<int>(row.equation), errors[0], errors[1], errors[2]);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(errors[k] < 1.5 * row.errors[k]);
      CHECK(errors[k] > row.errors[k] / 1.5);
    }
  }
}
