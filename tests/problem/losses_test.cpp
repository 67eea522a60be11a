// The mean squared error: of whole states, of some entries, of a function of them; weighted; with data missing. Its
// cotangents against differences of its value, and every size that does not fit refused by name.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;
using Eigen::Vector3d;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

template <class Loss, class Saved>
struct Evaluated {
  double value;
  std::vector<Saved> bar;
};
template <class Loss, class Saved>
Evaluated<Loss, Saved> evaluated(const Loss& loss, const std::vector<Saved>& ys) {
  std::vector<Saved> bar(ys.size());
  for (std::size_t i = 0; i < ys.size(); ++i) {
    if constexpr (std::is_arithmetic_v<Saved>)
      bar[i] = 0;
    else
      bar[i] = Saved::Zero(ys[i].rows(), ys[i].cols());
  }
  const double value = static_cast<double>(loss(ys, bar));
  return {value, bar};
}

template <class Loss, class Y>
void check_cotangents(const Loss& loss, const std::vector<Y>& ys) {
  const auto [value, bar] = evaluated(loss, ys);
  constexpr double h = 1e-3;  // the loss is a parabola in each entry, so that central differences are exact
  for (std::size_t i = 0; i < ys.size(); ++i) {
    for (Eigen::Index j = 0; j < ys[i].size(); ++j) {
      auto plus = ys, minus = ys;
      plus[i].data()[j] += h;
      minus[i].data()[j] -= h;
      const double difference = (evaluated(loss, plus).value - evaluated(loss, minus).value) / (2 * h);
      CHECK(bar[i].data()[j] == Approx(difference).epsilon(1e-9).margin(1e-11));
    }
  }
}

const std::vector<Vector3d> states{{1, 2, 3}, {4, 5, 6}};

// The sum of the first two entries, and the third.
struct Sums {
  Vector2d operator()(const Vector3d& y) const { return {y[0] + y[1], y[2]}; }
  void vjp(const Vector3d&, const Vector2d& w, Vector3d& y_bar) const {
    y_bar[0] += w[0];
    y_bar[1] += w[0];
    y_bar[2] += w[1];
  }
};
// One number of a state.
struct First {
  double operator()(const Vector3d& y) const { return y[0] * y[1]; }
  void vjp(const Vector3d& y, double w, Vector3d& y_bar) const {
    y_bar[0] += y[1] * w;
    y_bar[1] += y[0] * w;
  }
};

struct Decay {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{0.5, 2};
  auto& parameters() { return theta; }
  const auto& parameters() const { return theta; }
  void operator()(double, const Vector2d& y, Vector2d& dy) const { dy = -theta.cwiseProduct(y); }
  void vjp(double, const Vector2d& y, const Vector2d& w, Vector2d& y_bar, auto& theta_bar) const {
    y_bar -= theta.cwiseProduct(w);
    theta_bar -= y.cwiseProduct(w);
  }
};

}  // namespace

TEST_CASE("the mean squared error of whole states") {
  const std::vector<Vector3d> targets{{0, 2, 3}, {4, 5, 4}};
  const MeanSquaredError loss{targets};
  CHECK(evaluated(loss, states).value == Approx((1.0 + 4.0) / 6));
  check_cotangents(loss, states);
  CHECK(evaluated(MeanSquaredError<Vector3d>{}, std::vector<Vector3d>{}).value == 0);
}

TEST_CASE("targets that are NaN count for nothing") {
  const std::vector<Vector3d> targets{{0, missing, 3}, {missing, missing, 4}};
  const MeanSquaredError loss{targets};
  CHECK(evaluated(loss, states).value == Approx((1.0 + 4.0) / 3));
  CHECK(evaluated(loss, states).bar[1][0] == 0);
  check_cotangents(loss, states);
  const std::vector<Vector3d> nothing(2, Vector3d::Constant(missing));
  CHECK(evaluated(MeanSquaredError{nothing}, states).value == 0);
  CHECK(evaluated(MeanSquaredError{nothing}, states).bar[0] == Vector3d::Zero());

  auto broken = states;  // a state that is NaN is another matter, where it is compared
  broken[0][0] = missing;
  CHECK(std::isnan(evaluated(loss, broken).value));
  broken = states;
  broken[0][1] = missing;
  CHECK(evaluated(loss, broken).value == evaluated(loss, states).value);
}

TEST_CASE("weights of entries and of times are those of a mean") {
  const std::vector<Vector3d> targets{{0, 2, 1}, {3, 5, 4}};  // r = (1, 0, 2), (1, 0, 2)
  const MeanSquaredError loss{targets};
  const auto by_entry = loss.weights({2, 1, 0.5});
  CHECK(evaluated(by_entry, states).value == Approx((2 * 1 + 0.5 * 4) * 2 / 7.0));
  check_cotangents(by_entry, states);
  const auto by_time = loss.time_weights({1, 3});
  CHECK(evaluated(by_time, states).value == Approx((5 + 3 * 5) / 12.0));
  check_cotangents(by_time, states);
  const auto by_both = loss.time_weights({1, 3}).weights({1, 0, 2});
  CHECK(evaluated(by_both, states).value == Approx(4 * (1 + 2 * 4) / 12.0));
  check_cotangents(by_both, states);

  // Equal weights are none, and a weight of 0 is a missing value.
  CHECK(evaluated(loss.weights({7, 7, 7}), states).value == Approx(evaluated(loss, states).value));
  auto gap = targets;
  gap[0][0] = gap[1][0] = missing;
  CHECK(evaluated(loss.weights({0, 1, 1}), states).value == Approx(evaluated(MeanSquaredError{gap}, states).value));
  check_cotangents(MeanSquaredError{gap}.weights({1, 2, 3}).time_weights({0.5, 2}), states);
}

TEST_CASE("some entries of the state are compared, or a function of it") {
  const std::vector<Vector2d> targets{{2, 1}, {missing, 4}};
  const auto entries = MeanSquaredError{targets}.observe({2, 0});
  CHECK(evaluated(entries, states).value == Approx((1.0 + 0 + 0) / 3));
  check_cotangents(entries, states);
  check_cotangents(entries.weights({1, 3}).time_weights({2, 1}), states);

  const auto sums = MeanSquaredError{targets}.observe(Sums{});
  CHECK(evaluated(sums, states).value == Approx((1.0 + 4.0 + 4.0) / 3));
  check_cotangents(sums, states);
  check_cotangents(sums.weights({1, 3}), states);
  check_cotangents(MeanSquaredError{targets}.weights({1, 3}).observe(Sums{}), states);

  const std::vector<double> numbers{1, 18};
  const auto first = MeanSquaredError{numbers}.observe(First{});
  CHECK(evaluated(first, states).value == Approx((1.0 + 4.0) / 2));
  const auto third = MeanSquaredError{numbers}.observe({2});
  CHECK(evaluated(third, states).value == Approx((4.0 + 144.0) / 2));
  check_cotangents(third.time_weights({1, 2}), states);

  // Twice the same entry is compared twice.
  check_cotangents(MeanSquaredError{targets}.observe({1, 1}), states);
}

TEST_CASE("numbers saved by SaveAt::of have targets that are numbers") {
  const auto loss = MeanSquaredError{std::vector<double>{1, missing, 5}};
  const auto [value, bar] = evaluated(loss, std::vector<double>{2, 7, 3});
  CHECK(value == Approx((1.0 + 4.0) / 2));
  CHECK(bar == std::vector<double>{1, 0, -2});
}

TEST_CASE("a mean squared error of some entries drives a gradient") {
  const Problem problem{Decay{}, Vector2d{1, 1}, 0.0, 1.0};
  const std::vector<double> times{0.25, 0.5, 1};
  const auto loss = MeanSquaredError{std::vector<double>{0.9, missing, 0.7}}.observe({0}).time_weights({1, 1, 2});
  CHECK(check_gradient(problem, Reversible<RK4>{}, FixedSteps{20}, loss, SaveAt{.times = times}));
  const auto gradient =
      value_and_gradient(problem, Reversible<RK4>{}, FixedSteps{20}, loss, SaveAt{.times = times}).gradient;
  CHECK(gradient.theta[0] != 0);
  CHECK(gradient.theta[1] == 0);  // of the entry that is not observed
}

TEST_CASE("sizes that do not fit are refused by name") {
  const MeanSquaredError loss{std::vector<Vector3d>(2, Vector3d::Zero())};
  const auto of = [](const auto& loss_, const auto& ys) { return evaluated(loss_, ys).value; };
  CHECK_THROWS_WITH(of(loss, std::vector<Vector3d>(3)),
                    "antistrophe: MeanSquaredError::targets.size() is 2; it must be the number of saved states, 3");
  CHECK_THROWS_WITH(
      of(loss.time_weights({1, 2, 3}), states),
      "antistrophe: MeanSquaredError::time_weights.size() is 3; it must be the number of saved states, 2");
  CHECK_THROWS_WITH(
      of(loss.time_weights({}), states),
      "antistrophe: MeanSquaredError::time_weights.size() is 0; it must be the number of saved states, 2");
  CHECK_THROWS_WITH(static_cast<void>(loss.weights({1, -1, 1})),
                    "antistrophe: MeanSquaredError::weights[1] is -1; it must be finite and at least 0");
  CHECK_THROWS_WITH(static_cast<void>(loss.time_weights({missing})),
                    "antistrophe: MeanSquaredError::time_weights[0] is nan; it must be finite and at least 0");
  CHECK_THROWS_WITH(of(loss.observe({0, 1}), states),
                    "antistrophe: the number of entries of MeanSquaredError::targets[0] is 3; it must be that of the "
                    "entries observed, 2");
  CHECK_THROWS_WITH(of(loss.observe({0, 1, 3}), states),
                    "antistrophe: the entry MeanSquaredError observes is 3; it must be at least 0 and less than the "
                    "state's size, 3");

  using Eigen::VectorXd;
  const std::vector<VectorXd> wide{VectorXd::Zero(4)};
  const MeanSquaredError narrow{std::vector<VectorXd>{VectorXd::Zero(3)}};
  CHECK_THROWS_WITH(of(narrow, wide), "antistrophe: the shape of MeanSquaredError::targets[0] is 3x1; it must be 4x1");
  CHECK_THROWS_WITH(of(narrow.weights(VectorXd::Ones(4)), wide),
                    "antistrophe: the shape of MeanSquaredError::weights is 4x1; it must be that of targets[0], 3x1");
}
