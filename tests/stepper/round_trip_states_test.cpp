// There and back with states of every kind: float and double, fixed and dynamic, vectors, matrices and arrays.
#include "battery.hpp"
#include "catch.hpp"
#include "workloads.hpp"

#include <antistrophe/field/mlp.hpp>

#include <cstdint>

using namespace antistrophe;

namespace {

template <class Y, class F>
void check_round_trip(const F& field, const Y& y0, std::int64_t n) {
  const Problem<F, Y> problem{field, y0, 0.0, 0.01 * static_cast<double>(n)};
  for (const double lambda : {0.5, 0.75}) {
    CAPTURE(lambda, y0.rows(), y0.cols());
    CHECK(battery::comes_back(problem, Reversible<RK4>{.lambda = lambda}, n));
    const Problem<F, Y> short_problem{field, y0, 0.0, 1.0};
    CHECK(battery::meets_every_carry(short_problem, Reversible<RK4>{.lambda = lambda}, 100));
  }
}

}  // namespace

TEST_CASE("float states come back", "[round trip]") {
  check_round_trip(problems::LotkaVolterra<float>{}, Eigen::Vector2f(1, 0.5f), 20'000);
  check_round_trip(problems::Lorenz<float>{}, Eigen::Vector3f(1, 1.5f, 20), 20'000);
  check_round_trip(problems::LotkaVolterra<float>{}, Eigen::VectorXf(Eigen::Vector2f(1, 0.5f)), 20'000);
}

TEST_CASE("Dynamic vectors, arrays and row vectors come back", "[round trip]") {
  check_round_trip(problems::LotkaVolterra<>{}, Eigen::VectorXd(Eigen::Vector2d(1, 0.5)), 20'000);
  check_round_trip(problems::LotkaVolterra<>{}, Eigen::Array2d(1, 0.5), 20'000);
  check_round_trip(problems::LotkaVolterra<>{}, Eigen::ArrayXd(Eigen::Array2d(1, 0.5)), 20'000);
  check_round_trip(problems::LotkaVolterra<>{}, Eigen::RowVector2d(1, 0.5), 20'000);
}

TEST_CASE("Batches come back, one sample a column", "[round trip]") {
  Eigen::Matrix2d rotation;
  rotation << -0.25, 1, -1, -0.25;
  const Eigen::Matrix<double, 2, 3> fixed = (Eigen::Matrix<double, 2, 3>() << 1, 0.5, -2, 0.25, -1, 3).finished();
  check_round_trip(problems::Linear<2>(rotation), fixed, 10'000);
  check_round_trip(problems::Linear<2>(rotation), Eigen::MatrixXd(fixed), 10'000);
  check_round_trip(problems::Linear<2>(rotation), Eigen::Matrix<double, 2, 3, Eigen::RowMajor>(fixed), 10'000);

  const auto mlp = workloads::sine_weights(Mlp<double>{{2, 16, 2}});
  check_round_trip(mlp, Eigen::MatrixXd(fixed), 5'000);
  Mlp<float, Layers<2, 8, 2>> small = workloads::sine_weights(Mlp<float, Layers<2, 8, 2>>{});
  check_round_trip(small, Eigen::MatrixXf(fixed.cast<float>()), 5'000);
}

TEST_CASE("A state of size 0 goes and comes back as one", "[round trip]") {
  struct Nothing {
    void operator()(double, const Eigen::VectorXd&, Eigen::VectorXd&) const {}
  };
  const Problem problem{Nothing{}, Eigen::VectorXd(), 0.0, 1.0};
  const auto trip = assert_reversible(problem, Reversible<RK4>{}, FixedSteps{10});
  CHECK(trip.y0.size() == 0);
  CHECK(trip.bits == 0);
}
