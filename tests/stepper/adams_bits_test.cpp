// Adams methods at every form of λ and with every kind of state: there and back, and the bits it takes.
#include "battery.hpp"
#include "catch.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

#include <cmath>
#include <cstdint>

using namespace antistrophe;

namespace {

constexpr std::int64_t many = 100'000;

}  // namespace

TEST_CASE("Every form of λ comes back, with either sign", "[round trip]") {
  constexpr std::int64_t n = 5000;
  for (const double lambda : {0.5, 0.25, 0.75, 0.0625, 15.0 / 16, 1.0, -0.5, -0.25, -0.75, -15.0 / 16, -1.0}) {
    CAPTURE(lambda);
    // Short steps and times: some of these are weakly stable or worse, and double their error in a while.
    const Problem problem{problems::LotkaVolterra<>{}, Eigen::Vector2d(1, 0.5), 0.0, 0.5};
    CHECK(battery::comes_back(problem, ReversibleAdams<1>{.lambda = lambda}, n));
    CHECK(battery::comes_back(problem, ReversibleAdams<4>{.lambda = lambda}, n));
    CHECK(battery::comes_back(problem, ReversibleAdams<5>{.lambda = lambda}, n));
    CHECK(battery::comes_back(problem, ReversibleAdamsPece<2>{.lambda = lambda}, n));
  }
}

TEST_CASE("A neural field, alone, in a batch, and in float", "[round trip]") {
  using workloads::W1;
  const Problem w1{W1::field(), W1::y0(), 0.0, W1::h * static_cast<double>(many)};
  CHECK(battery::comes_back(w1, ReversibleAdams<4>{}, many));
  CHECK(battery::comes_back(w1, ReversibleAdams<8>{}, many));

  const auto layers = workloads::sine_weights(Mlp<double>{{3, 8, 3}});
  Eigen::MatrixXd batch(3, 5);
  for (Eigen::Index i = 0; i < batch.size(); ++i) batch.data()[i] = 0.0625 * static_cast<double>(i % 9) - 0.25;
  CHECK(battery::comes_back(Problem{layers, batch, 0.0, 20.0}, ReversibleAdams<4>{}, 2000));
  CHECK(battery::comes_back(Problem{layers, batch, 0.0, 20.0}, ReversibleAdamsPece<3>{}, 2000));

  const auto floats = workloads::sine_weights(Mlp<float>{{3, 8, 3}});
  const Eigen::MatrixXf batch_of_float = batch.cast<float>();
  CHECK(battery::comes_back(Problem{floats, batch_of_float, 0.0, 20.0}, ReversibleAdams<4>{}, 2000));
}

namespace {

struct Resting {
  void operator()(double, const Eigen::Vector4d&, Eigen::Vector4d& dy) const { dy.setZero(); }
};
struct Oscillating {
  void operator()(double, const Eigen::Vector4d& y, Eigen::Vector4d& dy) const {
    dy << y[1], -y[0], 2 * y[3], -2 * y[2];
  }
};

}  // namespace

TEST_CASE("Bits: 2(1−|λ|) a component a step, or q, of either sign", "[bits]") {
  const Eigen::Vector4d origin(0.5, 0.25, -0.375, 0.125);
  const auto check = [&](const auto& field, const auto& method, double rate) {
    // With 30,000 bits expected 2 % are 3.5 deviations; the draws are hashed from the step, always the same.
    const auto n = static_cast<std::int64_t>(std::ceil(30'000 / (4 * rate)));
    const Problem problem{field, origin, 0.0, 0.001 * static_cast<double>(n)};
    const auto trip = assert_reversible(problem, method, FixedSteps{n});
    const double expected = 4 * rate * static_cast<double>(n);
    CAPTURE(method.lambda, trip.bits, expected);
    CHECK(std::fabs(static_cast<double>(trip.bits) / expected - 1) < 0.02);
    CHECK(trip.y0 == origin);
  };
  for (const double share : {0.25, 0.125, 1.0 / 16}) {
    check(Resting{}, ReversibleAdams<4>{.lambda = 1 - share}, 2 * share);
    check(Oscillating{}, ReversibleAdams<4>{.lambda = 1 - share}, 2 * share);
    check(Oscillating{}, ReversibleAdams<3>{.lambda = share - 1}, 2 * share);
  }
  check(Oscillating{}, ReversibleAdams<6>{.lambda = 0.5}, 1);
  check(Oscillating{}, ReversibleAdams<5>{.lambda = -0.25}, 2);
  check(Oscillating{}, ReversibleAdamsPece<2>{.lambda = -0.125}, 3);
}
