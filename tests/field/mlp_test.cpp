#include <antistrophe/field/mlp.hpp>

#include <antistrophe/field/check_vjp.hpp>

#include "support/catch.hpp"
#include "support/workloads.hpp"

#include <array>
#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using workloads::sine_weights;

namespace {

// The network once more, as it stands in a textbook: W row by row, then b, layer by layer.
template <class S, class Sigma>
std::vector<S> textbook(const std::vector<Eigen::Index>& sizes, const std::vector<S>& theta, std::vector<S> x,
                        const Sigma& sigma) {
  std::size_t at = 0;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    const auto in = static_cast<std::size_t>(sizes[l]), out = static_cast<std::size_t>(sizes[l + 1]);
    std::vector<S> z(out);
    for (std::size_t i = 0; i < out; ++i) {
      z[i] = theta[at + in * out + i];
      for (std::size_t j = 0; j < in; ++j) z[i] += theta[at + i * in + j] * x[j];
      if (l + 2 < sizes.size()) z[i] = sigma(z[i]);
    }
    at += (in + 1) * out;
    x = z;
  }
  return x;
}

struct Sigma {
  static long double tanh(long double x) { return std::tanh(x); }
  static long double relu(long double x) { return std::fmax(x, 0.0L); }
  static long double softplus(long double x) { return std::log1p(std::exp(x)); }
  static long double identity(long double x) { return x; }
};

template <class Field, class Y>
long double distance_from_textbook(const Field& field, double t, const Y& y, long double (*sigma)(long double)) {
  const std::vector<Eigen::Index> sizes(field.sizes().begin(), field.sizes().end());
  std::vector<long double> theta(field.parameters().data(), field.parameters().data() + field.parameters().size());
  Y dy = y;
  field(t, y, dy);
  long double worst = 0;
  for (Eigen::Index c = 0; c < y.cols(); ++c) {
    std::vector<long double> x;
    if (!Field::autonomous) x.push_back(static_cast<long double>(t));
    for (Eigen::Index i = 0; i < y.rows(); ++i) x.push_back(static_cast<long double>(y(i, c)));
    const auto expected = textbook(sizes, theta, x, sigma);
    for (Eigen::Index i = 0; i < y.rows(); ++i)
      worst = std::fmax(worst, std::fabs(static_cast<long double>(dy(i, c)) - expected[static_cast<std::size_t>(i)]));
  }
  return worst;
}

// A cotangent and what a field's vjp makes of it.
template <class Field, class Y>
struct NetworkCotangents {
  Y y_bar;
  typename Field::ParameterVector theta_bar;
  typename Y::Scalar t_bar{0};

  NetworkCotangents(const Field& field, double t, const Y& y, const Y& w)
      : y_bar(Y::Zero(y.rows(), y.cols())), theta_bar(Field::ParameterVector::Zero(field.parameters().size())) {
    auto tape = field.make_tape(y);
    Y dy = y;
    field(t, y, dy, tape);
    if constexpr (Field::autonomous)
      field.vjp(t, y, tape, w, y_bar, theta_bar);
    else
      field.vjp(t, y, tape, w, y_bar, theta_bar, t_bar);
  }
};

template <class Y>
Y some_state(Eigen::Index rows, Eigen::Index columns) {
  Y y(rows, columns);
  for (Eigen::Index i = 0; i < y.size(); ++i)
    y.data()[i] = static_cast<typename Y::Scalar>(1.2 * std::sin(1.0 + 2.3 * static_cast<double>(i)));
  return y;
}

template <class S>
constexpr long double rounding = 64 * static_cast<long double>(std::numeric_limits<S>::epsilon());

}  // namespace

// Sizes that are narrow, wide, smaller and larger than a pack, and beyond what is unrolled; 64 ε allows for sums of at
// most 80 terms below 1.
TEST_CASE("The network is that of the textbook") {
  const auto check = [](const auto& field, long double (*sigma)(long double) = &Sigma::tanh) {
    using S = typename std::remove_cvref_t<decltype(field)>::Scalar;
    const Eigen::Index rows = field.sizes().back();
    const auto vector = some_state<Eigen::Vector<S, Eigen::Dynamic>>(rows, 1);
    const auto batch = some_state<Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>>(rows, 7);
    CHECK(distance_from_textbook(field, 0.3, vector, sigma) < rounding<S>);
    CHECK(distance_from_textbook(field, 0.3, batch, sigma) < rounding<S>);
  };
  check(sine_weights(Mlp<double, Layers<1, 10, 1>>{}));
  check(sine_weights(Mlp<double, Layers<3, 10, 2>, Tanh, TimeAndState>{}));
  check(sine_weights(Mlp<double, Layers<2, 5, 3, 17, 2>>{}));
  check(sine_weights(Mlp<double, Layers<7, 9, 6>, Tanh, TimeAndState>{}));
  check(sine_weights(Mlp<double, Layers<5, 70, 4, 5>>{}));
  check(sine_weights(Mlp<double, Layers<3, 3>>{}));
  check(sine_weights(Mlp<double, Layers<4, 3>, Tanh, TimeAndState>{}));
  check(sine_weights(Mlp<double>{{40, 64, 40}}));
  check(sine_weights(Mlp<double, RuntimeLayers, Tanh, TimeAndState>{{3, 8, 8, 2}}));
  check(sine_weights(Mlp<double, Layers<2, 9, 2>, Relu>{}), &Sigma::relu);
  check(sine_weights(Mlp<double, Layers<2, 9, 2>, Softplus>{}), &Sigma::softplus);
  check(sine_weights(Mlp<double, RuntimeLayers, Identity>{{2, 9, 9, 2}}), &Sigma::identity);
  check(sine_weights(Mlp<float, Layers<2, 5, 3, 17, 2>>{}));
  check(sine_weights(Mlp<float, RuntimeLayers, Tanh, TimeAndState>{{3, 8, 8, 2}}));
}

TEST_CASE("The vjp agrees with differences") {
  const auto check = [](const auto& field) {
    using S = typename std::remove_cvref_t<decltype(field)>::Scalar;
    const Eigen::Index rows = field.sizes().back();
    REQUIRE(check_vjp(field, 0.3, some_state<Eigen::Vector<S, Eigen::Dynamic>>(rows, 1)));
    REQUIRE(check_vjp(field, 0.3, some_state<Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>>(rows, 4)));
  };
  check(sine_weights(Mlp<double, Layers<2, 5, 3, 17, 2>, Softplus>{}));
  check(sine_weights(Mlp<double, Layers<7, 9, 6>, Tanh, TimeAndState>{}));
  check(sine_weights(Mlp<double, RuntimeLayers, Softplus, TimeAndState>{{3, 8, 8, 2}}));
  check(sine_weights(Mlp<double, RuntimeLayers, Relu>{{2, 9, 2}}));
  check(sine_weights(Mlp<double, RuntimeLayers, Identity>{{2, 9, 9, 2}}));
  check(sine_weights(Mlp<float, Layers<2, 5, 3, 17, 2>>{}));
  REQUIRE(check_vjp(sine_weights(Mlp<double, Layers<5, 70, 4, 5>>{}), 0.3, some_state<Eigen::VectorXd>(5, 1)));
  REQUIRE(check_vjp(sine_weights(Mlp<double, Layers<4, 3>, Tanh, TimeAndState>{}), 0.3, Eigen::Vector3d{0.4, -0.7, 1}));
}

TEST_CASE("The vjps of state and of parameters alone, with a tape and without, are parts of the whole") {
  const auto check = [](auto network, const auto& y) {
    using Field = decltype(network);
    using Y = std::remove_cvref_t<decltype(y)>;
    network.parameters() *= 4.0;
    const Y w = 0.5 * y + Y::Ones(y.rows(), y.cols());
    typename Field::ParameterVector of_all = network.parameters(), of_parameters = of_all, of_tape = of_all;
    Y y_bar = w, state_bar = w, tape_bar = w;  // to which they add
    auto tape = network.make_tape(y);
    Y dy = y;
    network(0.3, y, dy, tape);
    network.vjp(0.3, y, tape, w, y_bar, of_all);
    network.vjp_state(0.3, y, w, state_bar);
    network.vjp_state(0.3, y, tape, w, tape_bar);
    network.vjp_parameters(0.3, y, w, of_parameters);
    network.vjp_parameters(0.3, y, tape, w, of_tape);
    CHECK((y_bar - w).norm() > 1e-3);
    CHECK((of_all - network.parameters()).norm() > 1e-3);
    const auto near = [](const auto& a, const auto& b) { return (a - b).norm() <= 1e-14 * b.norm(); };
    CHECK(near(state_bar, y_bar));
    CHECK(near(tape_bar, y_bar));
    CHECK(near(of_parameters, of_all));
    CHECK(near(of_tape, of_all));
  };
  check(sine_weights(Mlp<double, Layers<2, 5, 3, 17, 2>, Softplus>{}), Eigen::Vector2d(0.4, -0.7));
  check(sine_weights(Mlp<double, RuntimeLayers, Tanh, TimeAndState>{{3, 8, 8, 2}}),
        Eigen::MatrixXd(some_state<Eigen::MatrixXd>(2, 5)));
}

TEST_CASE("A network of long double") {
  const auto network = sine_weights(Mlp<long double, Layers<3, 10, 2>, Tanh, TimeAndState>{});
  const auto y = some_state<Eigen::Vector<long double, 2>>(2, 1);
  CHECK(distance_from_textbook(network, 0.3, y, &Sigma::tanh) < rounding<long double>);
  REQUIRE(check_vjp(network, 0.3, y));
}

TEST_CASE("States of every kind are met") {
  const auto network = sine_weights(Mlp<double, Layers<3, 10, 2>, Tanh, TimeAndState>{});
  REQUIRE(check_vjp(network, 0.3, Eigen::Vector2d{0.4, -0.7}));
  REQUIRE(check_vjp(network, 0.3, Eigen::Array2d{0.4, -0.7}));
  REQUIRE(check_vjp(network, 0.3, Eigen::Matrix<double, 2, 3>{{0.4, -0.7, 0.1}, {1.0, 0.3, -0.2}}));
  REQUIRE(check_vjp(network, 0.3, Eigen::Matrix<double, 2, 3, Eigen::RowMajor>{{0.4, -0.7, 0.1}, {1.0, 0.3, -0.2}}));
  REQUIRE(check_vjp(network, 0.3, Eigen::ArrayXXd(some_state<Eigen::ArrayXXd>(2, 5))));
  const auto of_one = sine_weights(Mlp<double, Layers<1, 10, 1>>{});
  REQUIRE(check_vjp(of_one, 0.3, Eigen::RowVector4d{0.4, -0.7, 0.1, 1.0}));
  REQUIRE(
      check_vjp(sine_weights(Mlp<double>{{1, 10, 1}}), 0.3, Eigen::RowVectorXd(some_state<Eigen::RowVectorXd>(1, 4))));
}

// A complex step through the same network: the slope along a direction without any difference.
TEST_CASE("The vjp agrees with a complex step") {
  using Complex = std::complex<double>;
  const auto network = sine_weights(Mlp<double, Layers<3, 10, 2>, Tanh, TimeAndState>{});
  auto complex = sine_weights(Mlp<Complex, Layers<3, 10, 2>, Tanh, TimeAndState>{});
  const Eigen::Vector2d y{0.4, -0.7}, w{0.3, 1.1};
  const NetworkCotangents found(network, 0.3, y, w);
  const auto slope = [&](const Eigen::Vector2cd& at) {
    Eigen::Vector2cd dy;
    complex(0.3, at, dy);
    return w.dot(dy.imag()) / 1e-30;
  };
  for (Eigen::Index i = 0; i < 2; ++i) {
    Eigen::Vector2cd at = y.cast<Complex>();
    at[i] += Complex(0, 1e-30);
    CHECK(found.y_bar[i] == Approx(slope(at)).epsilon(1e-13));
  }
  for (Eigen::Index i = 0; i < complex.parameters().size(); ++i) {
    complex.parameters()[i] += Complex(0, 1e-30);
    CHECK(found.theta_bar[i] == Approx(slope(y.cast<Complex>())).epsilon(1e-12).margin(1e-15));
    complex.parameters()[i].imag(0);
  }
}

// Fixed and dynamic sizes, a vector and a column of a batch: other code, the same field to round-off.
TEMPLATE_TEST_CASE("Fixed, dynamic and batched calls agree", "", float, double) {
  using S = TestType;
  const auto fixed = sine_weights(Mlp<S, Layers<3, 10, 2>, Tanh, TimeAndState>{});
  const auto dynamic = sine_weights(Mlp<S, RuntimeLayers, Tanh, TimeAndState>{{3, 10, 2}});
  REQUIRE(fixed.parameters() == dynamic.parameters());
  using Batch = Eigen::Matrix<S, 2, 6>;
  const Batch y = some_state<Batch>(2, 6), w = some_state<Batch>(2, 6).array().sin().matrix();
  const Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic> y_dynamic = y, w_dynamic = w;
  const NetworkCotangents of_fixed(fixed, 0.3, y, w);
  const NetworkCotangents of_dynamic(dynamic, 0.3, y, w);
  const NetworkCotangents of_fixed_network(fixed, 0.3, y_dynamic, w_dynamic);
  Eigen::Vector<S, 62> theta_bar = Eigen::Vector<S, 62>::Zero();
  S t_bar(0);
  const S tolerance = static_cast<S>(rounding<S>);
  for (Eigen::Index c = 0; c < 6; ++c) {
    const Eigen::Vector<S, 2> column = y.col(c), cotangent = w.col(c);
    const NetworkCotangents one(fixed, 0.3, column, cotangent);
    CHECK((one.y_bar - of_fixed.y_bar.col(c)).norm() < tolerance);
    CHECK((one.y_bar - of_dynamic.y_bar.col(c)).norm() < tolerance);
    CHECK((one.y_bar - of_fixed_network.y_bar.col(c)).norm() < tolerance);
    theta_bar += one.theta_bar;
    t_bar += one.t_bar;
  }
  CHECK((theta_bar - of_fixed.theta_bar).norm() < tolerance);
  CHECK((theta_bar - of_dynamic.theta_bar).norm() < tolerance);
  CHECK((theta_bar - of_fixed_network.theta_bar).norm() < tolerance);
  CHECK(std::abs(t_bar - of_fixed.t_bar) < tolerance);
  CHECK(std::abs(t_bar - of_dynamic.t_bar) < tolerance);
}

// The bits of f and of a vjp are the same wherever state, rate and tape lie.
TEST_CASE("Nothing depends on alignment") {
  const auto run = [](const auto& network, const auto& y) {
    using Field = std::remove_cvref_t<decltype(network)>;
    using Y = std::remove_cvref_t<decltype(y)>;
    const NetworkCotangents<Field, Y> first(network, 0.3, y, y);
    Y first_dy = y;
    network(0.3, y, first_dy);
    std::vector<Y> states(17, y), rates(17, y);
    for (std::size_t i = 0; i < states.size(); ++i) {
      network(0.3, states[i], rates[i]);
      REQUIRE(rates[i] == first_dy);
      const NetworkCotangents<Field, Y> here(network, 0.3, states[i], states[i]);
      REQUIRE(here.y_bar == first.y_bar);
      REQUIRE(here.theta_bar == first.theta_bar);
    }
  };
  run(sine_weights(Mlp<double, Layers<1, 10, 1>>{}), Eigen::Vector<double, 1>(0.7));
  run(sine_weights(Mlp<float, Layers<3, 17, 3>>{}), Eigen::Vector3f(0.7F, 0.1F, -0.4F));
  run(sine_weights(Mlp<double>{{5, 33, 5}}), Eigen::VectorXd(some_state<Eigen::VectorXd>(5, 1)));
  run(sine_weights(Mlp<float>{{5, 33, 5}}), Eigen::MatrixXf(some_state<Eigen::MatrixXf>(5, 7)));
}

TEST_CASE("No call with a tape allocates") {
  const auto run = [](const auto& network, const auto& y) {
    using Field = std::remove_cvref_t<decltype(network)>;
    using Y = std::remove_cvref_t<decltype(y)>;
    auto tape = network.make_tape(y);
    Y dy = y, y_bar = y;
    typename Field::ParameterVector theta_bar = network.parameters();
    Eigen::internal::set_is_malloc_allowed(false);
    network(0.3, y, dy, tape);
    network.vjp(0.3, y, tape, dy, y_bar, theta_bar);
    if constexpr (Y::SizeAtCompileTime != Eigen::Dynamic &&
                  Field::ParameterVector::SizeAtCompileTime != Eigen::Dynamic) {
      network(0.3, y, dy);
      network.vjp(0.3, y, dy, y_bar, theta_bar);
    }
    Eigen::internal::set_is_malloc_allowed(true);
    CHECK(std::isfinite(theta_bar.sum()));
  };
  run(workloads::W1::field(), workloads::W1::y0());
  run(workloads::W2::field(), workloads::W2::y0());
  run(sine_weights(Mlp<double, Layers<40, 50, 40>>{}), some_state<Eigen::Vector<double, 40>>(40, 1));
  run(sine_weights(Mlp<double>{{3, 64, 64, 3}}), Eigen::VectorXd(some_state<Eigen::VectorXd>(3, 1)));
  run(sine_weights(Mlp<double, RuntimeLayers, Softplus, TimeAndState>{{4, 64, 64, 3}}),
      Eigen::VectorXd(some_state<Eigen::VectorXd>(3, 1)));
  run(sine_weights(Mlp<float>{{8, 16, 8}}), Eigen::MatrixXf(some_state<Eigen::MatrixXf>(8, 12)));
  run(workloads::W3<64>::field(), Eigen::MatrixXf(some_state<Eigen::MatrixXf>(64, 128)));
}

TEST_CASE("A tape that was not made for its state grows at first use") {
  const auto network = sine_weights(Mlp<double>{{3, 8, 3}});
  const Eigen::MatrixXd small = some_state<Eigen::MatrixXd>(3, 2), large = some_state<Eigen::MatrixXd>(3, 9);
  Mlp<double>::Tape<Eigen::MatrixXd> tape;
  for (const auto& y : {small, large, small}) {
    Eigen::MatrixXd dy = y, expected = y, y_bar = Eigen::MatrixXd::Zero(3, y.cols());
    Eigen::VectorXd theta_bar = Eigen::VectorXd::Zero(network.parameters().size());
    network(0.3, y, dy, tape);
    network.vjp(0.3, y, tape, y, y_bar, theta_bar);
    network(0.3, y, expected);
    const NetworkCotangents fresh(network, 0.3, y, y);
    CHECK(dy == expected);
    CHECK(y_bar == fresh.y_bar);
    CHECK(theta_bar == fresh.theta_bar);
  }
}

TEST_CASE("The samples of a batch are summed before they are added to what a solve has gathered") {
  // Of 128 samples, of biases (and the weights of t), from accumulators a thousand times as large as the sum: one rounding to their
  // size, half a unit in the last place, and that of the sum, 128 of its own. Added one by one, each sample would be rounded so.
  const auto check = [](const auto& order) {
    using Y = std::remove_cvref_t<decltype(order)>;
    const auto network = sine_weights(Mlp<float, RuntimeLayers, Tanh, TimeAndState>{{4, 70, 3}});
    auto exact = Mlp<double, RuntimeLayers, Tanh, TimeAndState>{{4, 70, 3}};
    exact.parameters() = network.parameters().cast<double>();
    Y y = some_state<Eigen::MatrixXf>(3, 128), w = y.cwiseAbs(), y_bar = Y::Zero(3, 128);
    const NetworkCotangents expected(exact, 0.3, Eigen::MatrixXd(y.template cast<double>()),
                                     Eigen::MatrixXd(w.template cast<double>()));
    const float gathered = 1000 * static_cast<float>(expected.theta_bar.cwiseAbs().maxCoeff());
    Eigen::VectorXf theta_bar = Eigen::VectorXf::Constant(network.parameters().size(), gathered);
    auto tape = network.make_tape(y);
    Y dy = y;
    network(0.3, y, dy, tape);
    network.vjp(0.3, y, tape, w, y_bar, theta_bar);
    const double unit = static_cast<double>(std::nextafter(gathered, 2 * gathered) - gathered);
    for (Eigen::Index i = 0; i < theta_bar.size(); ++i) {
      CAPTURE(i);
      CHECK(std::fabs(static_cast<double>(theta_bar[i]) - static_cast<double>(gathered) - expected.theta_bar[i]) <=
            0.75 * unit);
    }
  };
  check(Eigen::MatrixXf{});
  check(Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>{});
}

TEST_CASE("A NaN passes through once and leaves nothing behind") {
  const auto run = [](const auto& network, const auto& y) {
    using Field = std::remove_cvref_t<decltype(network)>;
    using Y = std::remove_cvref_t<decltype(y)>;
    auto tape = network.make_tape(y);
    Y bad = y, dy = y;
    bad.data()[0] = std::numeric_limits<typename Y::Scalar>::quiet_NaN();
    typename Field::ParameterVector theta_bar = network.parameters();
    network(0.3, bad, dy, tape);
    CHECK_FALSE(dy.allFinite());
    Y y_bar = y;
    network.vjp(0.3, bad, tape, dy, y_bar, theta_bar);
    CHECK_FALSE(y_bar.allFinite());
    network(0.3, y, dy, tape);
    CHECK(dy.allFinite());
    y_bar = y;
    theta_bar.setZero();
    network.vjp(0.3, y, tape, y, y_bar, theta_bar);
    CHECK(y_bar.allFinite());
    CHECK(theta_bar.allFinite());
  };
  run(sine_weights(Mlp<double, Layers<2, 5, 40, 7, 2>>{}), Eigen::Vector2d(0.3, 0.4));
  run(sine_weights(Mlp<double, Layers<2, 5, 40, 7, 2>, Softplus>{}), Eigen::Vector2d(0.3, 0.4));
  run(sine_weights(Mlp<float>{{3, 17, 9, 3}}), Eigen::MatrixXf(some_state<Eigen::MatrixXf>(3, 5)));
}

TEST_CASE("Time belongs to the fields that take it") {
  using WithTime = Mlp<double, Layers<3, 10, 2>, Tanh, TimeAndState>;
  using Without = Mlp<double, Layers<2, 10, 2>>;
  STATIC_REQUIRE_FALSE(WithTime::autonomous);
  STATIC_REQUIRE(Without::autonomous);
  STATIC_REQUIRE(TimeDifferentiable<WithTime, Eigen::Vector2d>);
  STATIC_REQUIRE(TimeDifferentiable<Without, Eigen::Vector2d>);
  STATIC_REQUIRE(detail::HasTimedTapeVjp<WithTime, Eigen::Vector2d>);
  STATIC_REQUIRE_FALSE(detail::HasTimedTapeVjp<Without, Eigen::Vector2d>);
}

TEST_CASE("An initialiser meets every parameter in its order") {
  Mlp<double, Layers<3, 4, 2>, Tanh, TimeAndState> network;
  REQUIRE(network.parameters() == Eigen::Vector<double, 26>::Zero());
  Eigen::Index next = 0;
  network.initialise([&](const MlpParameter& p) {
    CHECK(p.index == next++);
    const bool first = p.index < 16;
    CHECK(p.layer == (first ? 0 : 1));
    CHECK(p.fan_in == (first ? 3 : 4));
    CHECK(p.fan_out == (first ? 4 : 2));
    CHECK(p.is_bias == ((p.index >= 12 && p.index < 16) || p.index >= 24));
    return double(p.index);
  });
  CHECK(next == 26);
  CHECK(network.parameters()[25] == 25.0);
}

// Of 4096 weights uniform in ±a, the mean square is a²/3 up to a² · 0.30 / √4096 (one standard deviation).
TEST_CASE("Random weights have the spread their rule says, and depend on the engine alone") {
  Mlp<double> network{{64, 64, 64}}, again = network;
  std::mt19937_64 engine(1), same(1);
  network.initialise(GlorotUniform{engine});
  again.initialise(GlorotUniform{same});
  CHECK(network.parameters() == again.parameters());
  const double glorot = std::sqrt(6.0 / 128.0);
  const auto weights = network.parameters().head(4096);
  CHECK(weights.cwiseAbs().maxCoeff() <= glorot);
  CHECK(weights.squaredNorm() / 4096 == Approx(glorot * glorot / 3).epsilon(5 * 0.3 * 3 / 64));
  CHECK(network.parameters().segment(4096, 64) == Eigen::VectorXd::Zero(64));

  std::mt19937 engine_of_32_bits(1);
  network.initialise(FanInUniform{engine_of_32_bits});
  CHECK(network.parameters().cwiseAbs().maxCoeff() <= 1.0 / 8.0);
  CHECK(network.parameters().segment(4096, 64).cwiseAbs().maxCoeff() > 0.0);
}

TEST_CASE("Sizes that make no vector field are refused") {
  CHECK_THROWS_WITH(Mlp<double>{{3}}, ContainsSubstring("sizes has 1 entries"));
  CHECK_THROWS_WITH((Mlp<double>{{3, 0, 3}}), ContainsSubstring("size is 0"));
  CHECK_THROWS_WITH((Mlp<double>{{3, 8, 2}}), ContainsSubstring("begin with 3 and end with 2"));
  CHECK_THROWS_WITH((Mlp<double, RuntimeLayers, Tanh, TimeAndState>{{3, 8, 3}}),
                    ContainsSubstring("one more for time"));
  CHECK_THROWS_AS((Mlp<double>{{3, 8, 2}}), std::invalid_argument);
}

TEST_CASE("A state of another size is refused") {
  const Mlp<double> network{{3, 8, 3}};
  const Eigen::VectorXd y = Eigen::VectorXd::Zero(4);
  Eigen::VectorXd dy = y;
  CHECK_THROWS_WITH(network(0.0, y, dy),
                    ContainsSubstring("antistrophe: Mlp: the state has 4 rows, the network 3 outputs"));
  CHECK_THROWS_AS(network.make_tape(y), std::invalid_argument);
}

// W1 and W2, by a plain loop: their values and gradients to the digits of the reference.
TEST_CASE("The workloads have their values") {
  using workloads::W1;
  const auto network = W1::field();
  auto y = W1::y0();
  W1::State k;
  for (int i = 0; i < 1000; ++i) {
    network(0, y, k);
    const W1::State middle = y + 0.5 * W1::h * k;
    network(0, middle, k);
    y += W1::h * k;
  }
  CHECK(y[0] * y[0] == Approx(W1::loss).epsilon(5e-12));
}
