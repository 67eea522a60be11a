// Paths through data: values, derivatives, what they know of the future, missing values, and gradients with respect to the data.
#include <antistrophe/control/hermite_cubic_path.hpp>
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/natural_cubic_path.hpp>
#include <antistrophe/control/rectilinear_path.hpp>

#include "catch.hpp"

#include <Eigen/Dense>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

VectorXd times_of(std::vector<double> times) {
  return Eigen::Map<const VectorXd>(times.data(), static_cast<Index>(times.size()));
}

const VectorXd knots = times_of({0, 0.5, 1.25, 2, 3.5, 4});

MatrixXd random_matrix(Index rows, Index columns, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  MatrixXd result(rows, columns);
  for (double& x : result.reshaped()) x = normal(engine);
  return result;
}

const MatrixXd data = random_matrix(2, 6, 1);

// Inside pieces.
std::vector<double> times_inside() {
  std::vector<double> result;
  for (Index i = 0; i + 1 < knots.size(); ++i)
    for (const double u : {0.2, 0.5, 0.7}) result.push_back(knots[i] + u * (knots[i + 1] - knots[i]));
  return result;
}

// The derivative of a cubic by four values, exact but for rounding: 1e-16 / 0.01 and a factor.
MatrixXd difference(const auto& f, double t) {
  constexpr double h = 0.01;
  return (8 * (f(t + h) - f(t - h)) - (f(t + 2 * h) - f(t - 2 * h))) / (12 * h);
}
constexpr double rounding = 1e-12;

void check_derivatives(const auto& path) {
  for (const double t : times_inside()) {
    CHECK((path.derivative(t) - difference(path, t)).cwiseAbs().maxCoeff() < rounding);
    MatrixXd second(path.channels(), path.samples());
    path.second_derivative(t, second);
    const auto slope = [&](double s) { return path.derivative(s); };
    CHECK((second - difference(slope, t)).cwiseAbs().maxCoeff() < 10 * rounding);
  }
}

// Inner products with all that moves with the data: what pull-backs are the transposes of.
template <class Path, class Data, class Make>
void check_gradient_of_data(const Data& at, const Data& along, const Make& make, const MatrixXd& along_flat) {
  const Path path = make(at);
  const Path moved = make(along);  // linear in the data
  const auto zero = [&] { return MatrixXd(MatrixXd::Zero(path.values().rows(), path.values().cols())); };
  for (const double t : {0.0, 0.1, 0.6, 1.25, 1.9, 2.7, 3.6, 4.0}) {
    const MatrixXd bar = random_matrix(path.channels(), path.samples(), 7);
    MatrixXd values_bar = zero(), slopes_bar = zero();
    path.pull_back(t, bar, values_bar);
    path.pull_back_derivative(t, bar, slopes_bar);
    const MatrixXd of_value = path.data_bar(values_bar), of_slope = path.data_bar(slopes_bar);
    CHECK(of_value.cwiseProduct(along_flat).sum() == Approx(bar.cwiseProduct(moved(t)).sum()).margin(1e-12));
    CHECK(of_slope.cwiseProduct(along_flat).sum() == Approx(bar.cwiseProduct(moved.derivative(t)).sum()).margin(1e-12));
  }
}

// Samples of unequal lengths and with holes; the same where there are none, and 0 in their places.
struct Holes {
  std::vector<MatrixXd> samples{random_matrix(2, 6, 2), random_matrix(2, 4, 3), random_matrix(2, 6, 4)};
  MatrixXd flat = MatrixXd::Zero(6, 6);
  Holes(unsigned seed) {
    for (std::size_t s = 0; s < 3; ++s) samples[s] = random_matrix(2, samples[s].cols(), seed + unsigned(s));
    samples[0](0, 0) = samples[0](0, 1) = samples[0](1, 3) = missing;
    samples[1](1, 2) = samples[1](1, 3) = samples[1](0, 1) = missing;
    samples[2].row(0).setConstant(missing);
    samples[2](0, 2) = 1.5;
    for (std::size_t s = 0; s < 3; ++s)
      flat.block(2 * Index(s), 0, 2, samples[s].cols()) =
          samples[s].unaryExpr([](double x) { return std::isnan(x) ? 0 : x; });
  }
};

}  // namespace

TEST_CASE("All paths go through their data, and their derivatives are those of their values", "[paths]") {
  const auto check = [](const auto& path) {
    for (Index i = 0; i < knots.size(); ++i) CHECK((path(knots[i]) - data.col(i)).norm() < 1e-15);
    check_derivatives(path);
  };
  check(LinearPath{knots, data});
  check(HermiteCubicPath{knots, data});
  check(NaturalCubicPath{knots, data});
}

TEST_CASE("A linear path has one slope a piece, of which a knot belongs to the next", "[paths]") {
  const LinearPath path{knots, data};
  for (Index i = 0; i + 1 < knots.size(); ++i) {
    const MatrixXd slope = (data.col(i + 1) - data.col(i)) / (knots[i + 1] - knots[i]);
    CHECK((path.derivative(knots[i]) - slope).norm() < 1e-14);
    CHECK((path.derivative(std::nextafter(knots[i + 1], 0)) - slope).norm() < 1e-14);
  }
  CHECK((path.derivative(4.0) - path.derivative(3.7)).norm() == 0);
  CHECK(path.jumps() == std::vector<double>{0.5, 1.25, 2, 3.5});
}

TEST_CASE("The slope of a Hermite path at a knot is that of the line from the knot before", "[paths]") {
  const HermiteCubicPath path{knots, data};
  const LinearPath line{knots, data};
  CHECK((path.derivative(0) - line.derivative(0)).norm() < 1e-14);
  for (Index i = 1; i < knots.size(); ++i) {
    const MatrixXd before = line.derivative(knots[i - 1]);
    CHECK((path.derivative(knots[i]) - before).norm() < 1e-14);
    CHECK((path.derivative(std::nextafter(knots[i], 0)) - before).norm() < 1e-12);
  }
  const HermiteCubicPath two{knots.head(2), data.leftCols(2)};
  CHECK((two(0.3) - line(0.3)).norm() < 1e-15);
}

TEST_CASE("A Hermite path knows nothing beyond the next knot, a rectilinear one nothing beyond the last", "[paths]") {
  MatrixXd other = data;
  other.rightCols(2) = random_matrix(2, 2, 9);  // from knot 4 on
  const HermiteCubicPath hermite{knots, data}, other_hermite{knots, other};
  const RectilinearPath rectilinear{knots, data}, other_rectilinear{knots, other};
  const NaturalCubicPath natural{knots, data}, other_natural{knots, other};
  for (double t = 0; t <= knots[3]; t += 0.125) {
    CHECK(hermite(t) == other_hermite(t));
    CHECK(rectilinear(t) == other_rectilinear(t));
    if (t < knots[3]) CHECK(hermite.derivative(t) == other_hermite.derivative(t));
    if (t > 0 && t != 0.5 && t != 1.25 && t != 2) CHECK(natural(t) != other_natural(t));  // it knows all
  }
  CHECK(hermite(2.5) != other_hermite(2.5));
  CHECK(rectilinear(3.0) != other_rectilinear(3.0));
}

TEST_CASE("A natural cubic path solves the equations of its second derivatives", "[paths]") {
  // h_{i−1} M_{i−1} + 2 (h_{i−1} + h_i) M_i + h_i M_{i+1} = 6 (m_i − m_{i−1}), M = X'' at the knots, 0 at both ends.
  const Index n = knots.size();
  const VectorXd h = knots.tail(n - 1) - knots.head(n - 1);
  MatrixXd matrix = MatrixXd::Identity(n, n), right = MatrixXd::Zero(n, 2);
  for (Index i = 1; i + 1 < n; ++i) {
    matrix(i, i - 1) = h[i - 1];
    matrix(i, i) = 2 * (h[i - 1] + h[i]);
    matrix(i, i + 1) = h[i];
    right.row(i) = 6 * ((data.col(i + 1) - data.col(i)) / h[i] - (data.col(i) - data.col(i - 1)) / h[i - 1]);
  }
  const MatrixXd M = matrix.fullPivLu().solve(right).transpose();
  const NaturalCubicPath path{knots, data};
  for (const double t : times_inside()) {
    Index i = 0;
    while (t > knots[i + 1]) ++i;
    const double a = knots[i + 1] - t, b = t - knots[i];
    const VectorXd value = (M.col(i) * (a * a * a) + M.col(i + 1) * (b * b * b)) / (6 * h[i]) +
                           (data.col(i) / h[i] - M.col(i) * h[i] / 6) * a +
                           (data.col(i + 1) / h[i] - M.col(i + 1) * h[i] / 6) * b;
    CHECK((path(t) - value).norm() < 1e-13);
  }
  VectorXd second(2);
  for (Index i = 0; i < n; ++i) {
    path.second_derivative(knots[i], second);
    CHECK((second - M.col(i)).norm() < 1e-12);
    if (i == 0) continue;
    path.second_derivative(std::nextafter(knots[i], 0), second);
    CHECK((second - M.col(i)).norm() < 1e-12);
  }
}

TEST_CASE("On a rectilinear path time and values move in turn", "[paths]") {
  const RectilinearPath path{knots, data};
  REQUIRE((path.channels() == 3 && path.knots().size() == 11));
  for (Index i = 0; i < knots.size(); ++i) {
    CHECK(path(knots[i])(0, 0) == knots[i]);
    CHECK(path(knots[i]).bottomRows(2) == data.col(i));
    if (i + 1 == knots.size()) break;
    const double middle = (knots[i] + knots[i + 1]) / 2, h = knots[i + 1] - knots[i];
    CHECK(path(middle)(0, 0) == knots[i + 1]);
    CHECK(path(middle).bottomRows(2) == data.col(i));
    CHECK(path.derivative(knots[i] + h / 4)(0, 0) == Approx(2));
    CHECK(path.derivative(knots[i] + h / 4).bottomRows(2).norm() == 0);
    CHECK(path.derivative(middle + h / 4)(0, 0) == 0);
    CHECK((path.derivative(middle + h / 4).bottomRows(2) - 2 / h * (data.col(i + 1) - data.col(i))).norm() < 1e-13);
  }
}

TEST_CASE("Missing values are made up from those observed", "[paths]") {
  MatrixXd holes(1, 6);
  holes << missing, 1, missing, missing, 6, missing;
  const auto row = [](const auto& path) { return VectorXd(path.values().row(0)); };
  CHECK((row(LinearPath{knots, holes}) - times_of({1, 1, 2.25, 3.5, 6, 6})).norm() < 1e-15);
  CHECK(row(LinearPath{knots, holes, Missing::fill_forward}) == times_of({1, 1, 1, 1, 6, 6}));
  CHECK(row(HermiteCubicPath{knots, holes}) == row(LinearPath{knots, holes}));
  CHECK(VectorXd(RectilinearPath{knots, holes}.values().row(1)) == times_of({1, 1, 1, 1, 1, 1, 1, 1, 6, 6, 6}));

  SECTION("a natural spline goes through the observed values alone, and the ends") {
    MatrixXd wave(1, 6);
    wave << missing, 1, missing, -2, 0.5, missing;
    const NaturalCubicPath path{knots, wave};
    const NaturalCubicPath observed{times_of({0, 0.5, 2, 3.5, 4}),
                                    MatrixXd(times_of({1, 1, -2, 0.5, 0.5}).transpose())};
    for (double t = 0; t <= 4; t += 0.0625) {
      CHECK(path(t)(0, 0) == Approx(observed(t)(0, 0)).margin(1e-14));
      CHECK(path.derivative(t)(0, 0) == Approx(observed.derivative(t)(0, 0)).margin(1e-13));
    }
  }
  SECTION("one observation is a constant") {
    MatrixXd one = MatrixXd::Constant(1, 6, missing);
    one(0, 3) = 2;
    CHECK(row(NaturalCubicPath{knots, one}) == VectorXd::Constant(6, 2));
    CHECK(NaturalCubicPath{knots, one}.derivative(0.7).norm() == 0);
  }
}

TEST_CASE("A batch has the path of each of its samples, which stays where a sample ends", "[paths]") {
  const std::vector<MatrixXd> samples{random_matrix(2, 6, 2), random_matrix(2, 4, 3), random_matrix(2, 1, 4)};
  const LinearPath batch{knots, samples};
  REQUIRE((batch.channels() == 2 && batch.samples() == 3));
  const LinearPath first{knots, samples[0]}, second{knots.head(4), samples[1]};
  for (const double t : times_inside()) {
    CHECK(batch(t).col(0) == first(t));
    CHECK(batch.derivative(t).col(0) == first.derivative(t));
    CHECK(batch(t).col(1) == (t < 2 ? MatrixXd(second(t)) : MatrixXd(samples[1].col(3))));
    CHECK(batch.derivative(t).col(1) == (t < 2 ? second.derivative(t) : MatrixXd(MatrixXd::Zero(2, 1))));
    CHECK(batch.derivative(t).col(2).norm() == 0);
  }
  Eigen::MatrixXf in_float(2, 3);
  batch.derivative(0.6, in_float);
  CHECK(in_float == batch.derivative(0.6).cast<float>());
  const auto timed = with_time(knots, samples);
  CHECK((timed[1].row(0) == knots.head(4).transpose() && timed[1].bottomRows(2) == samples[1]));
}

TEST_CASE("Observations are counted", "[paths]") {
  MatrixXd holes(2, 3), expected(4, 3);
  holes << missing, 1, 2, 3, missing, 5;
  expected << 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 1, 2;
  CHECK(with_counts(holes).bottomRows(2) == expected.bottomRows(2));
}

TEST_CASE("Gradients with respect to the data are exact, through what was missing", "[paths]") {
  const Holes at(20), along(40);
  const auto check = [&]<class Path>(const auto& make) {
    check_gradient_of_data<Path>(at.samples, along.samples, make, along.flat);
  };
  check.operator()<LinearPath>([](const auto& x) { return LinearPath{knots, x}; });
  check.operator()<LinearPath>([](const auto& x) { return LinearPath{knots, x, Missing::fill_forward}; });
  check.operator()<HermiteCubicPath>([](const auto& x) { return HermiteCubicPath{knots, x}; });
  check.operator()<NaturalCubicPath>([](const auto& x) { return NaturalCubicPath{knots, x}; });
  check.operator()<NaturalCubicPath>([](const auto& x) { return NaturalCubicPath{knots, x, Missing::fill_forward}; });

  // Of a rectilinear path the values move, and not the time.
  const RectilinearPath path{knots, at.samples}, other{knots, along.samples};
  for (const double t : {0.1, 0.4, 1.7, 3.2, 3.9}) {
    MatrixXd bar = random_matrix(3, 3, 7), values_bar = MatrixXd::Zero(9, 11);
    bar.row(0).setZero();
    path.pull_back_derivative(t, bar, values_bar);
    CHECK(path.data_bar(values_bar).cwiseProduct(along.flat).sum() ==
          Approx(bar.cwiseProduct(other.derivative(t)).sum()).margin(1e-12));
  }
  const HermiteCubicPath two{knots.head(2), data.leftCols(2)};
  MatrixXd values_bar = MatrixXd::Zero(2, 2);
  two.pull_back_derivative(0.1, MatrixXd::Ones(2, 1), values_bar);
  CHECK((values_bar - (MatrixXd(2, 2) << -2, 2, -2, 2).finished()).norm() < 1e-14);
}

TEST_CASE("Data that make no path meet a sentence", "[paths]") {
  const auto refuses = [](const auto& make, const std::string& sentence) {
    CHECK_THROWS_WITH(make(), ContainsSubstring(sentence));
    CHECK_THROWS_AS(make(), std::invalid_argument);
  };
  const MatrixXd three = data.leftCols(3);
  refuses(
      [&] {
        LinearPath(times_of({0, 2, 1}), three);
      },
      "time 2 of a path is 1; it must be greater than the time before it, 2");
  refuses([&] { HermiteCubicPath(times_of({0, 1, 1}), three); }, "greater than the time before it, 1");
  refuses([&] { LinearPath(times_of({0, missing, 1}), three); }, "time 1 of a path is nan; it must be finite");
  refuses([&] { LinearPath(times_of({0}), data.leftCols(1)); },
          "the number of a path's knots is 1; it must be at least 2");
  refuses([&] { LinearPath(knots, three); },
          "the number of knots (columns) of a path's values is 3; it must be 6, the number of times");
  refuses([&] { LinearPath(knots, std::vector<MatrixXd>{}); }, "the number of a path's samples is 0");
  refuses(
      [&] {
        LinearPath(knots, std::vector<MatrixXd>{data, MatrixXd::Zero(3, 6)});
      },
      "the number of channels (rows) of sample 1 of a path is 3; it must be 2, as of sample 0");
  refuses(
      [&] {
        LinearPath(knots, std::vector<MatrixXd>{data, MatrixXd::Zero(2, 7)});
      },
      "the number of knots (columns) of sample 1 of a path is 7; it must be between 1 and 6");
  MatrixXd empty = data;
  empty.row(1).setConstant(missing);
  refuses([&] { NaturalCubicPath(knots, empty); },
          "the number of values that channel 1 of sample 0 has is 0; it must be at least 1, the others NaN");
  MatrixXd infinite = data;
  infinite(1, 2) = std::numeric_limits<double>::infinity();
  refuses([&] { LinearPath(knots, infinite); }, "value 2 of channel 1 of sample 0 is inf; it must be finite, or NaN");
  const LinearPath path{knots, data};
  refuses([&] { path(4.5); },
          "the time at which a path is asked for is 4.5; it must be between its first knot, 0, and its last, 4");
  CHECK(path(std::nextafter(4, 5)) == path(4));  // rounding
  refuses([&] { path.derivative(-1e-9); }, "the time at which a path is asked for is -1e-09");
  refuses([&] { path.derivative(missing); }, "the time at which a path is asked for is nan");
  refuses(
      [&] {
        MatrixXd out(3, 1);
        path.derivative(1, out);
      },
      "is 3 x 1; it must be 2 x 1, channels by samples");
}
