// Lanes: what is solved several problems at a time is what each gives alone, but for round-off; what lanes cannot do together is done
// alone, bit for bit.
#include "battery.hpp"
#include "catch.hpp"

#include <antistrophe/ensemble.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

using Field = problems::LotkaVolterra<>;
const Problem<Field, Vector2d> middle{Field{}, Vector2d(1, 1), 0.0, 2.0};
const auto starts = [](std::size_t i, auto& problem) { problem.y0[0] += 0.3 * std::sin(static_cast<double>(i)); };

const auto weighted_squares = [](std::size_t i, const auto& ys, auto& ys_bar) {
  using Number = typename std::remove_cvref_t<decltype(ys[0])>::Scalar;
  const Number weight = 1 + static_cast<Number>(i) / 7;
  Number sum = 0;
  for (std::size_t k = 0; k < ys.size(); ++k) {
    sum += weight * ys[k].squaredNorm() / 2;
    ys_bar[k] = weight * ys[k];
  }
  return sum;
};

// How far two results are from each other, relative to each problem's; infinite where one has NaN and the other has not.
template <class Result>
double distance(const Result& a, const Result& b) {
  auto most = static_cast<double>(std::fabs(a.value - b.value) / std::fabs(a.value));
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (std::isnan(a.values[i]) && std::isnan(b.values[i])) continue;
    const auto off_by = [](const auto& x, const auto& y, double least = 0) {
      return static_cast<double>((x - y).norm()) / (least + static_cast<double>(x.norm()));
    };
    for (const double off : {off_by(a.gradient.y0[i], b.gradient.y0[i]),
                             static_cast<double>(std::fabs(a.values[i] - b.values[i]) / std::fabs(a.values[i])),
                             off_by(a.gradient.each_theta[i], b.gradient.each_theta[i], 1e-300)})
      most = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::fmax(most, off);
  }
  return most;
}

// In lanes of all widths, or in those that are named.
template <int... widths, class E, class M, class StepsType, class... Extras>
void hold_against_alone(const E& ensemble, const M& method, const StepsType& steps, double allowed,
                        const Extras&... extras) {
  const auto alone = ensemble_value_and_gradient(ensemble, method, steps, weighted_squares, EachTheta{}, extras...);
  const auto check = [&](const auto& lanes) {
    const auto result =
        ensemble_value_and_gradient(ensemble, method, steps, weighted_squares, EachTheta{}, lanes, extras...);
    CHECK(distance(alone, result) <= allowed);
    CHECK(result.failures.size() == alone.failures.size());
    CHECK(result.stats.steps == alone.stats.steps);
    CHECK(result.stats.evaluations == alone.stats.evaluations);
    CHECK(result.gradient.stats.vjps == alone.gradient.stats.vjps);
    const auto threads = ensemble_value_and_gradient(ensemble, method, steps, weighted_squares, EachTheta{}, lanes,
                                                     Threads{3}, extras...);
    CHECK(threads.value == result.value);
    CHECK(battery::same_bits(threads.gradient.theta, result.gradient.theta));
  };
  if constexpr (sizeof...(widths) == 0)
    (check(Lanes<2>{}), check(Lanes<4>{}), check(Lanes<8>{}));
  else
    (check(Lanes<widths>{}), ...);
}

// Counts in which scalar it is called.
int packed_calls = 0;
struct Counted : Field {
  void operator()(double t, const auto& y, auto& dy) const {
    if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(y[0])>, double>) ++packed_calls;
    problems::LotkaVolterraEquations{}(t, y, theta, dy);
  }
};

// Each of these is another in lanes than alone, and must be found out.
struct Branching {
  void operator()(double, const auto& y, auto& dy) const { dy = y * (y[0] > 1 ? 0.5 : -0.5); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const { y_bar += w * (y[0] > 1 ? 0.5 : -0.5); }
};
struct CountedBranching : Branching {
  void operator()(double t, const auto& y, auto& dy) const {
    if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(y[0])>, double>) ++packed_calls;
    Branching::operator()(t, y, dy);
  }
};
struct Casting {
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[0] * (0.1 * static_cast<double>(y[1]));
    dy[1] = 0;
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += w[0] * (0.1 * static_cast<double>(y[1]));
    y_bar[1] += w[0] * y[0] * 0.1;
  }
};
struct Dosed {
  double dose = 0;
  void operator()(double t, const auto& y, auto& dy) const {
    dy = -y;
    if (t > 1) dy[0] += dose;
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

// In float too.
template <class S>
struct Turning {
  Eigen::Vector<S, 1> theta{S(2)};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    for (Eigen::Index i = 0; i + 1 < y.size(); i += 2) {
      dy[i] = theta[0] * y[i + 1];
      dy[i + 1] = -y[i] * (y[i] * y[i] + theta[0]);
    }
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    for (Eigen::Index i = 0; i + 1 < y.size(); i += 2) {
      y_bar[i] -= w[i + 1] * (S(3) * y[i] * y[i] + theta[0]);
      y_bar[i + 1] += w[i] * theta[0];
      theta_bar[0] += w[i] * y[i + 1] - w[i + 1] * y[i];
    }
  }
};

struct Oscillator {
  void operator()(auto t, const auto& y, const auto& theta, auto& dy) const {
    using std::cos, std::sin;
    dy[0] = y[1];
    dy[1] = -theta[0] * sin(y[0]) - theta[1] * y[1] + cos(t);
  }
};

}  // namespace

TEST_CASE("Problems in lanes give what they give alone", "[lanes]") {
  const Ensemble ensemble{middle, 100, starts};  // not all groups are full
  hold_against_alone(ensemble, RK4{}, FixedSteps{20}, 1e-12);
  hold_against_alone(ensemble, Dopri5{}, FixedStep{0.1}, 1e-12, SaveAt{{0.55, 1.0, 2.0}});
  hold_against_alone(ensemble, Midpoint{}, StepTo{{0.3, 1.0, 2.0}, 4}, 1e-12, DirectAdjoint{});
  hold_against_alone(Ensemble{middle, 5, starts}, RK4{}, FixedSteps{20}, 0);
}

TEST_CASE("Lanes are used where they can be", "[lanes]") {
  const Problem problem{Counted{}, Vector2d(1, 1), 0.0, 2.0};
  packed_calls = 0;
  (void)ensemble_value_and_gradient(Ensemble{problem, 64, starts}, RK4{}, FixedSteps{20}, weighted_squares, Lanes<4>{});
  CHECK(packed_calls >= 16 * 20 * 4);  // each group calls it for all of its problems at a time
  CHECK(packed_calls <= 16 * (20 * 4 * 2 + 20));
}

TEST_CASE("Parameters differ from lane to lane where the field takes them", "[lanes]") {
  const Problem problem{automatic_vjp(Oscillator{}, Vector2d(1, 0.1)), Vector2d(1, 0), 0.0, 3.0};
  const auto vary = [](std::size_t i, auto& p) {
    p.y0[1] = std::cos(static_cast<double>(i));
    p.field.parameters()[0] += 0.01 * static_cast<double>(i);
  };
  hold_against_alone(Ensemble{problem, 70, vary}, RK4{}, FixedSteps{20}, 1e-12);
  // Where it does not, each is solved alone.
  const auto other = [](std::size_t i, auto& p) { p.field.theta[1] += 0.01 * static_cast<double>(i); };
  hold_against_alone(Ensemble{middle, 70, other}, RK4{}, FixedSteps{20}, 0);
}

TEST_CASE("What lanes cannot do together is done alone", "[lanes]") {
  // Times that differ.
  const auto times = [](std::size_t i, auto& p) { p.t1 += 0.01 * static_cast<double>(i); };
  hold_against_alone(Ensemble{middle, 70, times}, RK4{}, FixedSteps{20}, 0);
  // Fields that branch on the state, take a pack for a number, or differ in what is no parameter.
  const auto both_sides = [](std::size_t i, auto& p) { p.y0 = Vector2d(0.5 + 0.1 * static_cast<double>(i % 10), 1.0); };
  hold_against_alone(Ensemble{Problem{Branching{}, Vector2d(1, 1), 0.0, 1.0}, 70, both_sides}, RK4{}, FixedSteps{20},
                     0);
  const auto second = [](std::size_t i, auto& p) { p.y0[1] = 0.5 + 0.1 * static_cast<double>(i); };
  hold_against_alone(Ensemble{Problem{Casting{}, Vector2d(1, 1), 0.0, 1.0}, 70, second}, RK4{}, FixedSteps{20}, 0);
  const auto doses = [](std::size_t i, auto& p) { p.field.dose = static_cast<double>(i % 5); };
  hold_against_alone(Ensemble{Problem{Dosed{}, Vector2d(1, 1), 0.0, 2.0}, 70, doses}, RK4{}, FixedSteps{20}, 0);
}

// The bits that each has alone, where products and sums are rounded alike.
TEST_CASE("Exact pairs in lanes have the numbers of each problem alone", "[lanes]") {
  const double allowed = detail::contracts_products() ? 1e-10 : 0;
  const Ensemble ensemble{middle, 70, starts};
  hold_against_alone(ensemble, Reversible<RK4>{}, FixedSteps{20}, allowed);
  hold_against_alone<4>(ensemble, Reversible<Dopri5>{.lambda = 0.75}, FixedStep{0.1}, allowed,
                        SaveAt{{0.55, 1.0, 2.0}});
  hold_against_alone<8>(ensemble, Reversible<Midpoint>{.lambda = 0x1p-9}, StepTo{{0.3, 1.0, 2.0}, 4}, allowed,
                        ReversibleAdjoint{});
  hold_against_alone<4>(ensemble, Reversible<RK4>{.resolution = 1e-6}, FixedSteps{20}, allowed);
  hold_against_alone<4>(ensemble, Reversible<RK4>{.resolution = Vector2d(1e-6, 1e-9)}, FixedSteps{20}, allowed);

  // Resolutions that differ from lane to lane and, where an entry is small, in itself.
  const auto sizes = [](std::size_t i, auto& p) {
    p.y0 = Vector2d(0.5, i % 3 == 0 ? 1e-9 : 0.25) * (1 + static_cast<double>(i % 5));
    if (i % 7 == 0) p.y0 *= 1e-3;
  };
  hold_against_alone<4>(Ensemble{Problem{Turning<double>{}, Vector2d(1, 1), 0.0, 0.5}, 70, sizes}, Reversible<RK4>{},
                        FixedSteps{20}, allowed);
  const auto many = [](std::size_t i, auto& p) {
    for (Eigen::Index k = 0; k < p.y0.size(); ++k)
      p.y0[k] = 0.5f * std::sin(static_cast<float>(i) + static_cast<float>(k));
  };
  hold_against_alone<4>(Ensemble{Problem{Turning<double>{}, Eigen::VectorXd(20), 0.0, 1.0}, 70, many},
                        Reversible<RK4>{}, FixedSteps{20}, allowed);
  hold_against_alone<4>(
      Ensemble{Problem{Turning<float>{}, Eigen::Matrix<float, 6, 1>(Eigen::Matrix<float, 6, 1>::Zero()), 0.0, 1.0}, 70,
               many},
      Reversible<RK4>{}, FixedSteps{20}, allowed);
}

TEST_CASE("Exact pairs are used in lanes", "[lanes]") {
  const Problem problem{Counted{}, Vector2d(1, 1), 0.0, 2.0};
  packed_calls = 0;
  (void)ensemble_value_and_gradient(Ensemble{problem, 64, starts}, Reversible<RK4>{}, FixedSteps{20}, weighted_squares,
                                    Lanes<4>{});
  CHECK(packed_calls >= 16 * 20 * 16);  // two increments forth, two back
  CHECK(packed_calls <= 16 * (20 * 16 + 20));
}

// Else the bits of the others would depend on which thread had met it.
TEST_CASE("Lanes that part say nothing of problems that are handed out later", "[lanes]") {
  const auto first_part = [](std::size_t i, auto& p) { p.y0[0] = i % 2 == 0 || i >= 8 ? 1.1 : 0.5; };
  const Ensemble ensemble{Problem{CountedBranching{}, Vector2d(1, 1), 0.0, 1.0}, 128, first_part};
  packed_calls = 0;
  (void)ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{20}, weighted_squares, Lanes<4>{});
  CHECK(packed_calls > 30 * 20 * 4);  // of 32 groups two part
}

TEST_CASE("A problem that fails in a lane fails as it does alone", "[lanes]") {
  const auto vary = [](std::size_t i, auto& p) {
    starts(i, p);
    if (i % 10 == 3) p.y0[0] = 1e200;
  };
  const Ensemble ensemble{middle, 70, vary};
  const auto alone = ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{20}, weighted_squares, EachTheta{},
                                                 OnFailure::return_status);
  const auto lanes = ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{20}, weighted_squares, EachTheta{},
                                                 OnFailure::return_status, Lanes<4>{});
  REQUIRE(alone.failures.size() == 7);
  REQUIRE(lanes.failures.size() == 7);
  for (std::size_t f = 0; f < 7; ++f) {
    CHECK(lanes.failures[f].index == alone.failures[f].index);
    CHECK(lanes.failures[f].failure.status == alone.failures[f].failure.status);
    CHECK(lanes.failures[f].failure.t == alone.failures[f].failure.t);
  }
  CHECK(distance(alone, lanes) <= 1e-12);

  // One that leaves the range of fixed-point numbers.
  const auto too_fine = [](std::size_t i, auto& p) {
    starts(i, p);
    if (i == 33) p.y0[0] = 1e6;
  };
  const auto out = [&](const auto&... extras) {
    return ensemble_value_and_gradient(Ensemble{middle, 70, too_fine}, Reversible<RK4>{.resolution = 0x1p-40},
                                       FixedSteps{2000}, weighted_squares, EachTheta{}, OnFailure::return_status,
                                       extras...);
  };
  const auto out_alone = out(), out_in_lanes = out(Lanes<4>{});
  REQUIRE(out_alone.failures.size() == 1);
  REQUIRE(out_in_lanes.failures.size() == 1);
  CHECK(out_in_lanes.failures[0].index == 33);
  CHECK(out_in_lanes.failures[0].failure.status == Status::out_of_range);
  CHECK(out_in_lanes.failures[0].failure.cause == out_alone.failures[0].failure.cause);
  CHECK(distance(out_alone, out_in_lanes) <= 1e-10);

  // Steps that are too long for one of them: what grows there is small beside another's state.
  const auto decay = [](auto, const auto& y, const auto& theta, auto& dy) { dy = -theta[0] * y; };
  const Problem problem{automatic_vjp(decay, Eigen::Vector<double, 1>(1.0)), Vector2d(1, 1), 0.0, 10.0};
  const Ensemble stiff{problem, 64, [](std::size_t i, auto& p) {
                         p.y0 *= i % 4 == 0 ? 1e12 : 1;
                         if (i % 4 == 1) p.field.parameters()[0] = 50;
                       }};
  const auto refused = ensemble_value_and_gradient(stiff, RK4{}, FixedSteps{100}, weighted_squares,
                                                   OnFailure::return_status, Lanes<4>{});
  REQUIRE(refused.failures.size() == 16);
  for (const ProblemFailure& failure : refused.failures) {
    CHECK(failure.index % 4 == 1);
    CHECK(failure.failure.status == Status::unstable);
  }
}

TEST_CASE("Mistakes meet the same sentences in lanes", "[lanes]") {
  const Ensemble wrong{middle, 70, [](std::size_t i, auto& p) {
                         if (i == 37) p.y0[1] = std::numeric_limits<double>::quiet_NaN();
                       }};
  CHECK_THROWS_WITH(ensemble_value_and_gradient(wrong, RK4{}, FixedSteps{20}, weighted_squares, Lanes<4>{}),
                    Catch::Matchers::ContainsSubstring("problem 37 of the ensemble: y0[1] is nan"));
  const auto silent = [](const auto& ys, auto&) { return ys[0].sum(); };
  CHECK_THROWS_WITH(
      ensemble_value_and_gradient(Ensemble{middle, 70, starts}, RK4{}, FixedSteps{20}, silent, Lanes<4>{}),
      Catch::Matchers::ContainsSubstring("writes nothing to ys_bar"));
}
