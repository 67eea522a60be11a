// Kinks, jumps that nobody declared, and sharp smooth switches inside the steps of Adams methods: the error stays within some
// tolerances, as it does by a Runge–Kutta method, for f at the step's end is looked at before the step is accepted.
#include "catch.hpp"

#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/gradient.hpp>
#include <antistrophe/method/adams/reversible_adams.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/solve.hpp>
#include <antistrophe/step/adaptive.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

using Eigen::Vector2d;

enum class Kind { kink_in_time, kink_in_state, jump_in_time, jump_of_rate, bounces, switch_1e2, switch_1e3 };
constexpr Kind all_kinds[] = {Kind::kink_in_time, Kind::kink_in_state, Kind::jump_in_time, Kind::jump_of_rate,
                              Kind::bounces,      Kind::switch_1e2,    Kind::switch_1e3};

double width(Kind kind) { return kind == Kind::switch_1e2 ? 1e-2 : 1e-3; }

// Fields that are not smooth where t, or in a state that is the time, passes c; none magnifies an error by more than e. Each has
// a closed form.
struct Rough {
  Kind kind = Kind::kink_in_time;
  double c = 0;

  void operator()(double t, const auto& y, auto& dy) const {
    dy[1] = -y[1];
    switch (kind) {
      case Kind::kink_in_time:
        dy[0] = std::fabs(t - c);
        break;
      case Kind::kink_in_state:
        dy[0] = std::fabs(y[1] - c);
        dy[1] = 1;
        break;
      case Kind::jump_in_time:
        dy[0] = t < c ? 1 : -2;
        break;
      case Kind::jump_of_rate:
        dy[0] = t < c ? 0.25 * y[0] : -y[0];
        break;
      case Kind::bounces:  // between two parabolas
        dy[0] = y[1];
        dy[1] = y[0] > 0 ? -1 : 1;
        break;
      default:
        dy[0] = std::tanh((t - c) / width(kind));
    }
  }
  // Of kinks alone: the jumps of the others have no derivative to speak of.
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto&) const {
    if (kind == Kind::kink_in_state)
      y_bar[1] += (y[1] > c ? 1 : -1) * w[0];
    else
      y_bar[1] -= w[1];
    if (kind == Kind::jump_of_rate) y_bar[0] += (t < c ? 0.25 : -1) * w[0];
  }

  Vector2d exact(double t) const {
    const auto ramp = [](double s) { return s * std::fabs(s) / 2; };  // ∫|s|
    const auto log_cosh = [&](double s) {                             // ∫tanh(s/w), but for a constant
      return std::fabs(s) + width(kind) * std::log1p(std::exp(-2 * std::fabs(s) / width(kind)));
    };
    switch (kind) {
      case Kind::kink_in_time:
        return {ramp(t - c) - ramp(-c), std::exp(-t)};
      case Kind::kink_in_state:
        return {ramp(t - c) - ramp(-c), t};
      case Kind::jump_in_time:
        return {t < c ? t : c - 2 * (t - c), std::exp(-t)};
      case Kind::jump_of_rate:
        return {t < c ? std::exp(0.25 * t) : std::exp(0.25 * c - (t - c)), std::exp(-t)};
      case Kind::bounces:
        return bounced(t);
      default:
        return {log_cosh(t - c) - log_cosh(-c), std::exp(-t)};
    }
  }

 private:
  // From height c² / 2 at rest: it falls for a time of c, and is at rest again, on the other side, at 2c.
  Vector2d bounced(double t) const {
    const double half = std::floor(t / (2 * c)), side = std::fmod(half, 2) == 0 ? 1 : -1, u = t - 2 * c * half;
    if (u <= c) return {side * (c * c - u * u) / 2, -side * u};
    const double left = 2 * c - u;
    return {-side * (c * c - left * left) / 2, -side * left};
  }
};

// Below it so many steps are taken that their smooth errors, of a tolerance each, add up to more.
double finest(int order) { return order < 3 ? 0.9e-6 : order == 3 ? 0.9e-7 : 0.9e-9; }

struct Found {
  double error = 0;  // in tolerances times 1 + |y|
  std::string where;
};

// The largest error at t1 over spans, places of the kink, starts and tolerances.
template <class M>
Found worst(Kind kind, const M& method) {
  Found found;
  for (const double span : {1.0, 4.0}) {
    for (const double place : {0.31, 0.5, 0.77}) {
      const Rough field{kind, kind == Kind::bounces ? span * place / 2 : span * place};
      for (const double start : {0.0, 0.1 * span}) {
        for (const double tolerance : {1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-9}) {
          if (tolerance < finest(M::order)) break;
          const auto solution = solve(Problem{field, field.exact(start), start, span}, method,
                                      Adaptive{.rtol = tolerance, .atol = tolerance}, OnFailure::return_status);
          const Vector2d right = field.exact(span), off = solution.ys().back() - right;
          const double error =
              solution.success() ? (off.array().abs() / (1 + right.array().abs())).maxCoeff() / tolerance : HUGE_VAL;
          if (error <= found.error) continue;
          found = {error, "span " + std::to_string(span) + ", place " + std::to_string(place) + ", start " +
                              std::to_string(start) + ", tolerance 1e" +
                              std::to_string(std::lround(std::log10(tolerance)))};
        }
      }
    }
  }
  return found;
}

template <class M>
void check_all_kinds(const std::string& name, const M& method, double bound = 50) {
  for (const Kind kind : all_kinds) {
    const Found found = worst(kind, method);
    CAPTURE(name, static_cast<int>(kind), found.where);
    CHECK(found.error < bound);
  }
}

}  // namespace

TEST_CASE("A Runge-Kutta method holds its error to some tolerances where f is not smooth", "[kinks]") {
  check_all_kinds("Bosh3", Bosh3{}, 150);
}
TEST_CASE("So do Adams methods of low order", "[kinks]") {
  check_all_kinds("ReversibleAdams<2>", ReversibleAdams<2>{});
  check_all_kinds("ReversibleAdams<3>", ReversibleAdams<3>{});
}
TEST_CASE("So do Adams methods of order 4, 5 and 6", "[kinks]") {
  check_all_kinds("ReversibleAdams<4>", ReversibleAdams<4>{});
  check_all_kinds("ReversibleAdams<5>", ReversibleAdams<5>{});
  check_all_kinds("ReversibleAdams<6>", ReversibleAdams<6>{});
}
TEST_CASE("So do Adams methods of high order", "[kinks]") {
  check_all_kinds("ReversibleAdams<7>", ReversibleAdams<7>{});
  check_all_kinds("ReversibleAdams<8>", ReversibleAdams<8>{});
}
TEST_CASE("So do Adams methods with a corrector", "[kinks]") {
  check_all_kinds("ReversibleAdamsPece<2>", ReversibleAdamsPece<2>{});
  check_all_kinds("ReversibleAdamsPece<4>", ReversibleAdamsPece<4>{});
  check_all_kinds("ReversibleAdamsPece<6>", ReversibleAdamsPece<6>{});
}

// The evaluation that judged a step is the one that the next step begins with: the same bits as where it is made there.
TEST_CASE("Steps over kinks taken again are the same steps, and both adjoints give the same gradient", "[kinks]") {
  const auto check = [](const auto& method) {
    for (const Kind kind : {Kind::kink_in_time, Kind::kink_in_state, Kind::jump_of_rate}) {
      CAPTURE(static_cast<int>(kind));
      const Rough field{kind, 1.3};
      const Problem problem{field, field.exact(0), 0.0, 4.0};
      const auto solution = solve(problem, method, Adaptive{}, SaveAt{.steps = true});
      const auto again = solve(problem, method, StepTo{solution.steps()}, SaveAt{.steps = true});
      REQUIRE(again.ys().size() == solution.ys().size());
      CHECK(again.ys() == solution.ys());
      CHECK((kind == Kind::kink_in_state || solution.stats().rejected > 0));  // low orders hardly notice that one

      const auto loss = [](const auto& ys, auto& ys_bar) {
        ys_bar.back().setOnes();
        return ys.back().sum();
      };
      const auto back = value_and_gradient(problem, method, Adaptive{}, loss);
      const auto stored = value_and_gradient(problem, method, Adaptive{}, loss, DirectAdjoint{});
      CHECK(back.value == stored.value);
      CHECK((back.gradient.y0 - stored.gradient.y0).cwiseAbs().maxCoeff() <
            1e-12 * (1 + stored.gradient.y0.cwiseAbs().maxCoeff()));
    }
  };
  check(ReversibleAdams<2>{});
  check(ReversibleAdams<6>{});
  check(ReversibleAdamsPece<4>{});
}

// Steps taken again have no estimate. Beyond their evaluations adaptive ones cost two for the first step, one at the very end,
// the last stage of the estimate in each of K Runge–Kutta steps at a start, and what was evaluated in rejected trials: one, or
// the 7 stages of Dopri5.
TEST_CASE("To look at the end of a step costs no evaluation of its own", "[kinks]") {
  const Rough smooth{Kind::jump_of_rate, 100};
  const Problem problem{smooth, Vector2d(1, 1), 0.0, 8.0};
  const auto check = [&](const auto& method, std::int64_t order) {
    CAPTURE(order);
    const auto solution = solve(problem, method, Adaptive{});
    const auto again = solve(problem, method, StepTo{solution.steps()});
    const auto extra = solution.stats().evaluations - again.stats().evaluations;
    CHECK(extra <= 3 + order + 7 * solution.stats().rejected);
    CHECK(5 * order < solution.stats().accepted);
  };
  check(ReversibleAdams<4>{}, 4);
  check(ReversibleAdams<6>{}, 6);
}
