// A way back in floating arithmetic drifts. What is called success is then no worse than the gradient of stored states, by Adams
// methods at their default λ however long the solve; and a drift that is gone again when the way back arrives is seen too.
#include "catch.hpp"
#include "problems.hpp"

#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/gradient.hpp>
#include <antistrophe/method/adams/reversible_adams.hpp>
#include <antistrophe/method/coupled/reversible.hpp>
#include <antistrophe/method/runge_kutta/nearly_reversible.hpp>
#include <antistrophe/step/adaptive.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

using Eigen::Vector2d;

// Van der Pol's oscillator: contracts on its slow branches. At μ = 0 a circle.
struct Oscillator {
  double mu = 0;
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = mu * (1 - y[0] * y[0]) * y[1] - y[0];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += -w[1] - 2 * mu * y[0] * y[1] * w[1];
    y_bar[1] += w[0] + mu * (1 - y[0] * y[0]) * w[1];
  }
};

// y' = a(t) (y − cos t) − sin t, a = k tanh(5 − t): y = cos t, near which solutions part until t = 5 and meet again until 10.
struct Waist {
  double k = 0;
  static constexpr bool autonomous = false;
  double rate(double t) const { return k * std::tanh(5 - t); }
  void operator()(double t, const auto& y, auto& dy) const {
    for (Eigen::Index i = 0; i < y.size(); ++i) dy[i] = rate(t) * (y[i] - std::cos(t)) - std::sin(t);
  }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += rate(t) * w; }
};

double sum_of_last(const auto& ys, auto& ys_bar) {
  ys_bar.back().setOnes();
  return ys.back().sum();
}

template <class M>
void check_against_stored_states() {
  int answered = 0;
  for (const double mu : {0.0, 1.0, 5.0}) {
    for (const double tolerance : {1e-4, 1e-7}) {
      if (M::order < 3 && tolerance < 1e-5) continue;
      CAPTURE(M::order, mu, tolerance);
      const Problem problem{Oscillator{mu}, Vector2d(2, 0), 0.0, 20.0};
      // Two ways to the gradient of these steps, however good these are.
      const Adaptive steps{
          .rtol = tolerance, .atol = tolerance, .gradient_rtol = std::numeric_limits<double>::infinity()};
      const auto loss = [](const auto& ys, auto& ys_bar) { return sum_of_last(ys, ys_bar); };
      const auto stored = value_and_gradient(problem, M{}, steps, loss, DirectAdjoint{});
      const auto got = value_and_gradient(problem, M{}, steps, loss, OnFailure::return_status);
      if (!got.success()) {
        CHECK(got.status() == Status::drifted);
        continue;
      }
      ++answered;
      const double off = (got.gradient.y0 - stored.gradient.y0).cwiseAbs().maxCoeff();
      CHECK(off < 10 * tolerance * (1 + stored.gradient.y0.cwiseAbs().maxCoeff()));
    }
  }
  CHECK(answered >= (M::order < 3 ? 3 : 6));
}

}  // namespace

TEST_CASE("Floating Adams methods at their default lambda give the gradient of stored states", "[drift]") {
  check_against_stored_states<ReversibleAdams<1, Floating>>();
  check_against_stored_states<ReversibleAdams<2, Floating>>();
  check_against_stored_states<ReversibleAdams<3, Floating>>();
  check_against_stored_states<ReversibleAdams<4, Floating>>();
  check_against_stored_states<ReversibleAdams<5, Floating>>();
  check_against_stored_states<ReversibleAdams<6, Floating>>();
}
TEST_CASE("So do those of high order, and those with a corrector", "[drift]") {
  check_against_stored_states<ReversibleAdams<7, Floating>>();
  check_against_stored_states<ReversibleAdams<8, Floating>>();
  check_against_stored_states<ReversibleAdamsPece<1, Floating>>();
  check_against_stored_states<ReversibleAdamsPece<4, Floating>>();
  check_against_stored_states<ReversibleAdamsPece<8, Floating>>();
}

// The ring that is kept: K + 1 states of 64 bits a component every 12 K / −ln |λ| steps, and nothing before the first.
TEST_CASE("A floating Adams method keeps its ring now and then", "[drift]") {
  const auto bits_of = [](auto method, std::int64_t n) {
    return value_and_gradient(Problem{Oscillator{}, Vector2d(2, 0), 0.0, 0.01 * static_cast<double>(n)}, method,
                              FixedSteps{n}, [](const auto& ys, auto& ys_bar) { return sum_of_last(ys, ys_bar); })
        .stats.bits;
  };
  CHECK(bits_of(ReversibleAdams<4, Floating>{.lambda = 0.25}, 34) == 0);
  CHECK(bits_of(ReversibleAdams<4, Floating>{.lambda = 0.25}, 1000) == 29 * 5 * 2 * 64);  // every 34.67, rounded down
  CHECK(bits_of(ReversibleAdams<4, Floating>{.lambda = 0.999}, 10'000) == 0);
  CHECK(bits_of(ReversibleAdams<4, Floating>{.lambda = 1}, 10'000) == 0);
}

// A way back undone only to an order in h is off by it at each step, and here that grows by e^{5k} before it shrinks again.
TEST_CASE("A drift that is gone at the end of the way back is no success", "[drift]") {
  const auto solved = [](double k) {
    return value_and_gradient(
        Problem{Waist{k}, Vector2d(1, 1), 0.0, 10.0}, NearlyReversible<EES25>{}, FixedSteps{400},
        [](const auto& ys, auto& ys_bar) { return sum_of_last(ys, ys_bar); }, OnFailure::return_status);
  };
  const auto gentle = solved(0.1);
  CHECK(gentle.success());
  const auto strong = solved(4);
  CHECK(strong.status() == Status::drifted);
  CAPTURE(strong.failure.cause);
  CHECK(strong.failure.cause.find("on the way") != std::string::npos);
}

namespace {

// Two populations in conflict: problem B1 of DETEST. Its phase contracts and parts in turn.
struct Conflict {
  static constexpr bool autonomous = true;
  Vector2d theta{2, 1};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = theta[0] * (y[0] - y[0] * y[1]);
    dy[1] = -theta[1] * (y[1] - y[0] * y[1]);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * (1 - y[1]) * w[0] + theta[1] * y[1] * w[1];
    y_bar[1] += -theta[0] * y[0] * w[0] - theta[1] * (1 - y[0]) * w[1];
    theta_bar[0] += (y[0] - y[0] * y[1]) * w[0];
    theta_bar[1] -= (y[1] - y[0] * y[1]) * w[1];
  }
};

}  // namespace

// Round-off grows like 0.9⁻ⁿ on the way back. While states are off by a ten-thousandth of their size at most, the gradient may be so by
// a hundred thousand tolerances.
TEST_CASE("A drift that is large to the tolerance is no success", "[drift]") {
  const Reversible<Dopri5, Floating> pair{.lambda = 0.9};
  const Adaptive steps{.rtol = 1e-9, .atol = 1e-9};
  const auto loss = [](const auto& ys, auto& ys_bar) { return sum_of_last(ys, ys_bar); };
  int answered = 0, drifted = 0;
  for (double t1 = 0.5; t1 <= 12; t1 += 0.5) {
    const Problem problem{Conflict{}, Vector2d(1, 3), 0.0, t1};
    const auto stored = value_and_gradient(problem, pair, steps, loss, DirectAdjoint{}, OnFailure::return_status);
    const auto swept = value_and_gradient(problem, pair, steps, loss, OnFailure::return_status);
    if (!stored.success() || !swept.success()) {
      drifted += swept.status() == Status::drifted;
      continue;
    }
    CAPTURE(t1, swept.gradient.stats.drift, swept.gradient.theta, stored.gradient.theta);
    CHECK((swept.gradient.theta - stored.gradient.theta).norm() <= 1e-6 * (1 + stored.gradient.theta.norm()));
    ++answered;
  }
  CHECK(answered >= 5);
  CHECK(drifted >= 3);
}
