// Log-signatures: of known paths, Chen's identity, what they do not see, their gradients; and the control that is made of them.
#include <antistrophe/control/linear_path.hpp>
#include <antistrophe/control/log_signature.hpp>
#include <antistrophe/control/log_signature_path.hpp>

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

namespace {

constexpr double pi = 3.14159265358979323846;

MatrixXd random_matrix(Index rows, Index columns, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal;
  MatrixXd result(rows, columns);
  for (double& x : result.reshaped()) x = normal(engine);
  return result;
}

Signature signature_of(const MatrixXd& points) {
  Signature s(points.rows(), 3);
  for (Index i = 1; i < points.cols(); ++i) s.extend(points.col(i) - points.col(i - 1));
  return s;
}

double difference(const Signature& a, const Signature& b) {
  double worst = 0;
  for (int n = 1; n <= 3; ++n) worst = std::max(worst, (a.level(n) - b.level(n)).cwiseAbs().maxCoeff());
  return worst;
}

}  // namespace

TEST_CASE("A log-signature has as many numbers as there are Lyndon words", "[log-signature]") {
  // Witt's formula: n, n(n − 1)/2 and n(n² − 1)/3 of each length.
  for (Index n = 1; n <= 5; ++n) {
    CHECK(LogSignature(n, 1).size() == n);
    CHECK(LogSignature(n, 2).size() == n + n * (n - 1) / 2);
    CHECK(LogSignature(n, 3).size() == n + n * (n - 1) / 2 + n * (n * n - 1) / 3);
  }
  const auto& words = LogSignature(2, 3).words();
  CHECK(words[2] == LogSignature::Word{0, 1, -1});
  CHECK(words[3] == LogSignature::Word{0, 0, 1});
  CHECK(words[4] == LogSignature::Word{0, 1, 1});
}

TEST_CASE("The log-signature of a straight line is where it leads, and nothing else", "[log-signature]") {
  const VectorXd step = random_matrix(4, 1, 1);
  MatrixXd points(4, 6);
  for (Index i = 0; i < 6; ++i) points.col(i) = std::pow(static_cast<double>(i), 1.5) * step;
  const VectorXd found = LogSignature(4, 3)(points);
  CHECK((found.head(4) - (points.col(5) - points.col(0))).norm() < 1e-14);
  CHECK(found.tail(found.size() - 4).cwiseAbs().maxCoeff() < 1e-12 * std::pow(points.cwiseAbs().maxCoeff(), 3));
}

TEST_CASE("Of a circle depth 2 is the area", "[log-signature]") {
  constexpr Index corners = 1000;
  MatrixXd points(2, corners + 1);
  for (Index i = 0; i <= corners; ++i) {
    const double angle = 2 * pi * static_cast<double>(i) / static_cast<double>(corners);
    points.col(i) << std::cos(angle), std::sin(angle);
  }
  const VectorXd found = LogSignature(2, 2)(points);
  CHECK(found.head(2).norm() < 1e-13);
  CHECK(found[2] == Approx(corners / 2.0 * std::sin(2 * pi / corners)).epsilon(1e-12));  // that of the polygon
  CHECK(LogSignature(2, 2)(MatrixXd(points.rowwise().reverse()))[2] == Approx(-found[2]));
}

TEST_CASE("The signature of a curve is that of its iterated integrals", "[log-signature]") {
  // Xᵢ = tⁱ on [0, 1]: Sᵢ = 1, Sᵢⱼ = j/(i + j), Sᵢⱼₖ = jk/((i + j)(i + j + k)). A polygon's error is of order n⁻².
  const auto errors = [](Index n) {
    MatrixXd points(3, n + 1);
    for (Index i = 0; i <= n; ++i)
      for (Index c = 0; c < 3; ++c)
        points(c, i) = std::pow(static_cast<double>(i) / static_cast<double>(n), static_cast<double>(c + 1));
    const Signature s = signature_of(points);
    double worst = 0;
    for (Index i = 0; i < 3; ++i)
      for (Index j = 0; j < 3; ++j) {
        const double di = double(i + 1), dj = double(j + 1);
        worst = std::max(worst, std::fabs(s.level(2)[i * 3 + j] - dj / (di + dj)));
        for (Index k = 0; k < 3; ++k) {
          const double dk = double(k + 1);
          worst = std::max(worst, std::fabs(s.level(3)[(i * 3 + j) * 3 + k] - dj * dk / ((di + dj) * (di + dj + dk))));
        }
      }
    return worst;
  };
  CHECK(errors(1000) < 1e-6);
  CHECK(errors(500) / errors(1000) == Approx(4).epsilon(0.01));
}

TEST_CASE("Chen's identity: the signature of one path after another is the product of theirs", "[log-signature]") {
  const Index n = 3;
  MatrixXd points = random_matrix(n, 9, 2);
  const Signature whole = signature_of(points), a = signature_of(points.leftCols(4)),
                  b = signature_of(points.rightCols(6));
  Signature product(n, 3);
  product.level(1) = a.level(1) + b.level(1);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < n; ++j) {
      product.level(2)[i * n + j] = a.level(2)[i * n + j] + a.level(1)[i] * b.level(1)[j] + b.level(2)[i * n + j];
      for (Index k = 0; k < n; ++k)
        product.level(3)[(i * n + j) * n + k] = a.level(3)[(i * n + j) * n + k] +
                                                a.level(2)[i * n + j] * b.level(1)[k] +
                                                a.level(1)[i] * b.level(2)[j * n + k] + b.level(3)[(i * n + j) * n + k];
    }
  CHECK(difference(product, whole) < 1e-12);
  // And back: a path that returns on itself has done nothing.
  Signature back = whole;
  for (Index i = points.cols() - 1; i > 0; --i) back.extend(points.col(i - 1) - points.col(i));
  CHECK(difference(back, Signature(n, 3)) < 1e-12);
}

TEST_CASE("A log-signature does not see how fast a path goes", "[log-signature]") {
  const MatrixXd points = random_matrix(3, 6, 3);
  const LogSignature logarithm(3, 3);
  MatrixXd slow(3, 3 * 5 + 1);
  for (Index i = 0; i < 5; ++i) {
    slow.col(3 * i) = points.col(i);
    slow.col(3 * i + 1) = points.col(i);  // it rests
    slow.col(3 * i + 2) = 0.3 * points.col(i) + 0.7 * points.col(i + 1);
  }
  slow.col(15) = points.col(5);
  CHECK((logarithm(slow) - logarithm(points)).norm() < 1e-13);
  CHECK((logarithm(points.rowwise().reverse()) + logarithm(points)).norm() < 1e-13);  // backwards it is undone
  CHECK((logarithm(points.colwise() + VectorXd::Ones(3)) - logarithm(points)).norm() < 1e-13);
}

TEST_CASE("The gradient of a log-signature is that of its points", "[log-signature]") {
  for (int depth = 1; depth <= 3; ++depth) {
    const LogSignature logarithm(3, depth);
    const MatrixXd points = random_matrix(3, 7, 4);
    const VectorXd bar = random_matrix(logarithm.size(), 1, 5);
    MatrixXd found = MatrixXd::Zero(3, 7);
    logarithm.pull_back(points, bar, found);
    for (Index i = 0; i < points.size(); ++i) {
      const auto moved = [&](double by) {
        MatrixXd other = points;
        other.data()[i] += by;
        return bar.dot(logarithm(other));
      };
      // A polynomial of degree 3 in each number: this difference is exact but for rounding.
      const double h = 0.1;
      const double expected = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
      CHECK(found.data()[i] == Approx(expected).margin(1e-11));
    }
  }
}

TEST_CASE("Over windows X moves by log-signatures", "[log-signature]") {
  const VectorXd times = VectorXd::LinSpaced(12, 0, 11);
  const std::vector<MatrixXd> samples{random_matrix(2, 12, 6), random_matrix(2, 7, 7)};
  const LogSignaturePath path{times, samples, 4, 3};
  REQUIRE((path.channels() == 5 && path.samples() == 2));
  CHECK(path.knots() == (VectorXd(4) << 0, 4, 8, 11).finished());
  CHECK(path.jumps() == std::vector<double>{4, 8});
  CHECK(path(0).col(0).head(2) == samples[0].col(0));
  CHECK(path(0).bottomRows(3).norm() == 0);
  const LogSignature logarithm(2, 3);
  CHECK((path.derivative(5.5).col(0) - logarithm(samples[0].middleCols(4, 5)) / 4).norm() < 1e-14);
  CHECK((path.derivative(9.0).col(0) - logarithm(samples[0].rightCols(4)) / 3).norm() < 1e-14);
  CHECK((path.derivative(5.5).col(1) - logarithm(samples[1].rightCols(3)) / 4).norm() < 1e-14);
  CHECK(path.derivative(9.0).col(1).norm() == 0);

  const LogSignaturePath whole{times, samples[0], 1, 1};  // no window: the line itself
  const LinearPath line{times, samples[0]};
  for (double t = 0.25; t < 11; t += 0.5) CHECK((whole.derivative(t) - line.derivative(t)).norm() < 1e-13);
}

TEST_CASE("Cotangents of a path of log-signatures go back to its data", "[log-signature]") {
  const VectorXd times = VectorXd::LinSpaced(10, 0, 3);
  std::vector<MatrixXd> samples{random_matrix(2, 10, 6), random_matrix(2, 6, 7)};
  samples[0](1, 0) = samples[0](0, 4) = samples[1](1, 3) = std::numeric_limits<double>::quiet_NaN();
  const MatrixXd bar = random_matrix(2 * 5, 4, 8);
  const auto value = [&](const std::vector<MatrixXd>& x) {
    return LogSignaturePath{times, x, 3, 3}.values().cwiseProduct(bar).sum();
  };
  const MatrixXd found = LogSignaturePath{times, samples, 3, 3}.data_bar(bar);
  REQUIRE((found.rows() == 4 && found.cols() == 10));
  for (std::size_t s = 0; s < 2; ++s)
    for (Index j = 0; j < 10; ++j)
      for (Index c = 0; c < 2; ++c) {
        double expected = 0;
        if (j < samples[s].cols() && !std::isnan(samples[s](c, j))) {
          const auto moved = [&](double by) {
            std::vector<MatrixXd> x = samples;
            x[s](c, j) += by;
            return value(x);
          };
          const double h = 0.1;
          expected = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
        }
        CHECK(found(2 * Index(s) + c, j) == Approx(expected).margin(1e-11));
      }
}

TEST_CASE("Log-signatures that cannot be meet a sentence", "[log-signature]") {
  CHECK_THROWS_WITH(Signature(2, 4), ContainsSubstring("the depth of a signature is 4; it must be 1, 2 or 3"));
  CHECK_THROWS_WITH(LogSignature(0, 2), ContainsSubstring("the number of channels of a signature is 0"));
  CHECK_THROWS_WITH(
      LogSignature(2, 2)(MatrixXd::Zero(3, 4)),
      ContainsSubstring("the number of rows of a log-signature's points is 3; it must be 2, its channels"));
  CHECK_THROWS_WITH((LogSignaturePath{VectorXd::LinSpaced(3, 0, 1), MatrixXd::Zero(2, 3), 0, 2}),
                    ContainsSubstring("LogSignaturePath's window is 0; it must be at least 1 step from knot to knot"));
}
