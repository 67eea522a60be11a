// All engines of reverse differentiation that are here, against vjps written by hand.
#include <antistrophe/field/recorded_vjp.hpp>

#include <antistrophe/field/compiled_vjp.hpp>
#ifdef ANTISTROPHE_TEST_CPPAD
#include <antistrophe/field/cppad_vjp.hpp>
#endif
#ifdef ANTISTROPHE_TEST_ADOLC
#include <antistrophe/field/adolc_vjp.hpp>
#endif
#ifdef ANTISTROPHE_TEST_SACADO
#include <antistrophe/field/sacado_vjp.hpp>
#endif

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/check_vjp.hpp>

#include "support/catch.hpp"
#include "support/larger_problems.hpp"
#include "support/problems.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <dirent.h>
#include <sys/stat.h>

using namespace antistrophe;
using namespace antistrophe::problems;

namespace {

using Eigen::Vector2d, Eigen::VectorXd;

struct ByRecording {
  static constexpr bool takes_plain_time = true;
  static auto field(auto... arguments) { return recorded_vjp(arguments...); }
};
struct ByCompiling {
  static constexpr bool takes_plain_time = false;
  static auto field(auto... arguments) { return compiled_vjp(arguments..., Compilation{.flags = "-O1"}); }
};
#ifdef ANTISTROPHE_TEST_CPPAD
struct ByCppAd {
  static constexpr bool takes_plain_time = true;
  static auto field(auto... arguments) { return cppad_vjp(arguments...); }
};
#endif
#ifdef ANTISTROPHE_TEST_ADOLC
struct ByAdolC {
  static constexpr bool takes_plain_time = true;
  static auto field(auto... arguments) { return adolc_vjp(arguments...); }
};
#endif
#ifdef ANTISTROPHE_TEST_SACADO
struct BySacado {
  static constexpr bool takes_plain_time = true;
  static auto field(auto... arguments) { return sacado_vjp(arguments...); }
};
#endif

using Engines = std::tuple<ByRecording, ByCompiling
#ifdef ANTISTROPHE_TEST_CPPAD
                           ,
                           ByCppAd
#endif
#ifdef ANTISTROPHE_TEST_ADOLC
                           ,
                           ByAdolC
#endif
#ifdef ANTISTROPHE_TEST_SACADO
                           ,
                           BySacado
#endif
                           >;

template <class Y>
struct PulledBack {
  Y y_bar;
  VectorXd theta_bar;
  double t_bar = 0.5;

  // From what is there already, to which a vjp adds.
  template <class Field>
  PulledBack(const Field& field, double t, const Y& y, const Y& w) : y_bar(Y::Constant(y.rows(), y.cols(), 0.5)) {
    Parameters<Field, Y> bar = detail::zero_parameters<Field, Y>(field);
    bar.setConstant(0.5);
    if constexpr (detail::HasTimedVjp<Field, Y>)
      field.vjp(t, y, w, y_bar, bar, t_bar);
    else
      field.vjp(t, y, w, y_bar, bar);
    theta_bar = bar;
  }
};

// Round-off: some tens of roundings, each of a number of the size of the largest, of sums of as many terms as there are unknowns.
template <class Y>
void require_equal(const PulledBack<Y>& found, const PulledBack<Y>& expected) {
  const double size = expected.y_bar.size() == 0 ? 1 : expected.y_bar.cwiseAbs().maxCoeff();
  CHECK((found.y_bar - expected.y_bar).norm() <= 1e-14 * (1 + size) * std::sqrt(double(found.y_bar.size())));
  CHECK((found.theta_bar - expected.theta_bar).norm() <=
        1e-14 * (1 + expected.theta_bar.norm()) * std::sqrt(double(found.y_bar.size())));
  CHECK(std::abs(found.t_bar - expected.t_bar) <= 1e-14 * (1 + std::abs(expected.t_bar)));
}

template <class Hand, class Field, class Y>
void compare(const Hand& hand, const Field& field, const Y& y) {
  const Y w = Y::NullaryExpr(y.rows(), y.cols(),
                             [](Eigen::Index i, Eigen::Index j) { return std::cos(2.1 * double(i + 3 * j)); });
  for (const double t : {0.3, 1.1})  // recorded, and replayed elsewhere
    for (const double stretch : {1.0, 0.75}) {
      const Y at = stretch * y;
      require_equal(PulledBack<Y>(field, t, at, w), PulledBack<Y>(hand, t, at, w));
    }
}

// The gradient of the sum of squares of two saved states; every number to round-off of the hand's.
template <class Hand, class Field, class Y, class Method, class Steps>
void compare_gradients(const Hand& hand, const Field& field, const Y& y0, const Method& method, const Steps& steps) {
  const auto loss = [](const auto& ys, auto& ys_bar) {
    double value = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      value += ys[i].squaredNorm();
      ys_bar[i] = 2 * ys[i];
    }
    return value;
  };
  const SaveAt half{.times = {0.5}, .t1 = true};
  const auto expected = value_and_gradient(Problem{hand, y0, 0.0, 1.0}, method, steps, loss, half);
  const auto found = value_and_gradient(Problem{field, y0, 0.0, 1.0}, method, steps, loss, half);
  CHECK(found.value == expected.value);  // the way forth is the same code
  CHECK((found.gradient.y0 - expected.gradient.y0).norm() <= 1e-12 * expected.gradient.y0.norm());
  CHECK((found.gradient.theta - expected.gradient.theta).norm() <= 1e-12 * expected.gradient.theta.norm());
  CHECK(std::abs(found.gradient.t1 - expected.gradient.t1) <= 1e-12 * (1 + std::abs(expected.gradient.t1)));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("A vjp by reverse differentiation is that written by hand", "", Engines) {
  const LotkaVolterra<> predators;
  const auto two = TestType::field(LotkaVolterraEquations{}, predators.theta);
  compare(predators, two, Vector2d(1.2, 0.7));
  compare(predators, two, VectorXd(Vector2d(1.2, 0.7)));
  CHECK(check_vjp(two, 0.0, Vector2d(1.2, 0.7)));

  const Mixture mixture;
  const auto mixed = TestType::field(MixtureEquations{}, mixture.theta);
  compare(mixture, mixed, Vector2d(0.4, 0.9));
  CHECK(check_vjp(mixed, 0.3, Vector2d(0.9, 0.4)));

  const Chain chain;
  compare(chain, TestType::field(ChainEquations{}, VectorXd(chain.theta)), Chain::start(20));

  const GrayScott ring;
  compare(ring, TestType::field(GrayScottEquations{}, ring.theta), GrayScott::start(200));
}

TEMPLATE_LIST_TEST_CASE("Every function that recorded numbers have, against differences", "", Engines) {
  const auto all = TestType::field(
      [](auto, const auto& y, const auto& theta, auto& dy) {
        using std::abs, std::max, std::min;
        const auto x = y[0] * theta[0];  // held in an auto, as one does
        dy[0] = sqrt(x) + exp(-x) * log(x) + sin(x) / cos(x) - tan(x) + asin(x / 3) * acos(x / 3) + atan(x);
        dy[1] = sinh(x) * cosh(x) - tanh(x) + abs(-x) + expm1(x) * log1p(x) + cbrt(x) + atan2(y[1], x) + hypot(x, y[1]);
        dy[2] = atan(x) * atan2(y[1], x) * pow(x, 1.5) + pow(x, 1.5) + pow(x, 2) + pow(x, y[1]) + pow(2 + 0 * x, y[1]) +
                3 / x - 2 * x + (+x) * (1 - x);
        dy[3] = (x < 1 ? x : 2 - x * x) + max(x, y[1]) - min(x, y[2]) + (y[2] > 0 ? 1 : 0) + fabs(y[2]) + max(x, 0.5);
        dy[3] += y[3] / 2;
        dy[3] -= y[3] * y[3];
        dy[3] *= 2 + y[0];
        dy[3] /= 1 + y[1] * y[1];
      },
      Eigen::Vector<double, 1>{0.7});
  CHECK(check_vjp(all, 0.0, Eigen::Vector4d{1.2, 0.6, 0.4, 0.1}));
  CHECK(check_vjp(all, 0.0, Eigen::Vector4d{2.2, 1.6, -0.4, 0.1}));
}

TEMPLATE_LIST_TEST_CASE("Eigen's own products, sums and norms are recorded", "", Engines) {
  const auto field = TestType::field(
      [](auto t, const auto& y, const auto& theta, auto& dy) {
        const Eigen::Matrix2d a{{0.0, 1.0}, {-1.0, 0.0}};
        dy = a * y * theta[0] - y.squaredNorm() * y + theta.sum() * y / y.norm();
        dy[0] += y.dot(theta) * t + y.prod();
      },
      Vector2d{0.4, 0.6});
  CHECK(check_vjp(field, 0.3, Vector2d{1.2, 0.7}));
}

TEMPLATE_LIST_TEST_CASE("A batch is a matrix here too", "", Engines) {
  const auto field = TestType::field(
      [](auto, const auto& y, const auto& theta, auto& dy) {
        for (Eigen::Index c = 0; c < y.cols(); ++c) {
          dy(0, c) = y(1, c);
          dy(1, c) = -theta[0] * sin(y(0, c));
        }
      },
      VectorXd::Constant(1, 9.81));
  CHECK(check_vjp(field, 0.0, Eigen::MatrixXd{{0.1, 0.7, -0.4}, {1.0, 0.2, 0.3}}));
  CHECK(check_vjp(field, 0.0, Eigen::MatrixXd{{0.1, 0.7}, {1.0, 0.2}}));  // of another size, by the same field
  CHECK(check_vjp(field, 0.0, Eigen::Matrix<double, 2, 3>{{0.1, 0.7, -0.4}, {1.0, 0.2, 0.3}}));
}

TEMPLATE_LIST_TEST_CASE("Whole gradients are those of the vjp written by hand", "", Engines) {
  const LotkaVolterra<> predators;
  const auto two = TestType::field(LotkaVolterraEquations{}, predators.theta);
  compare_gradients(predators, two, Vector2d(1.2, 0.7), Reversible<RK4>{}, FixedSteps{40});
  const GrayScott ring;
  const auto many = TestType::field(GrayScottEquations{}, VectorXd(ring.theta));
  compare_gradients(ring, many, GrayScott::start(200), Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6});
}

// One of each family; a stepper knows its field by the same calls whatever it is made of.
TEST_CASE("Methods of every family take a recorded vjp") {
  const LotkaVolterra<> hand;
  const auto recorded = recorded_vjp(LotkaVolterraEquations{}, hand.theta);
  const Vector2d y0(1.2, 0.7);
  compare_gradients(hand, recorded, y0, TwoPoint<Midpoint>{}, FixedSteps{40});
  compare_gradients(hand, recorded, y0, AsynchronousLeapfrog<>{}, FixedSteps{40});
  compare_gradients(hand, recorded, y0, ReversibleAdams<4>{}, FixedSteps{40});
  compare_gradients(hand, recorded, y0, NearlyReversible<EES25>{}, FixedSteps{40});
}

// Where a branch changes, the slope does: the hand's is known on both sides.
TEMPLATE_LIST_TEST_CASE("A field that branches on y, on theta or on t is never replayed along the wrong branch", "",
                        Engines) {
  const auto field = TestType::field(
      [](auto t, const auto& y, const auto& theta, auto& dy) {
        if (y[0] > 0)
          dy[0] = 2 * y[0];
        else
          dy[0] = -3 * y[0];
        dy[1] = y[1];
        if (theta[0] <= 1) dy[1] = 5 * y[1];
        if (t < 1) dy[1] *= 7.0;
        if (!(y[1] == 0)) dy[1] += theta[0];
      },
      Eigen::Vector<double, 1>{0.0});
  auto other = field;  // a copy has what was recorded, and its own θ
  int turns = 0;
  for (int round = 0; round < 3; ++round)
    for (const double y : {1.0, -1.0, 2.0})
      for (const double theta : {0.5, 1.5})
        for (const double t : {0.5, 2.0}) {
          other.parameters()[0] = theta;
          Vector2d y_bar = Vector2d::Zero();
          Eigen::Vector<double, 1> theta_bar{0};
          other.vjp(t, Vector2d(y, 1.5), Vector2d(1, 1), y_bar, theta_bar);
          CHECK(y_bar[0] == (y > 0 ? 2 : -3));
          CHECK(y_bar[1] == (theta <= 1 ? 5 : 1) * (t < 1 ? 7 : 1));
          CHECK(theta_bar[0] == 1);
          ++turns;
        }
  CHECK(turns == 36);
  for (int round = 0; round < 3; ++round) {  // y₁ == 0: a ninth way
    Vector2d y_bar = Vector2d::Zero();
    Eigen::Vector<double, 1> theta_bar{0};
    other.vjp(2.0, Vector2d(-1, 0), Vector2d(1, 1), y_bar, theta_bar);
    CHECK(theta_bar[0] == 0);
    other.vjp(2.0, Vector2d(-1, 1e-300), Vector2d(1, 1), y_bar, theta_bar);
    CHECK(theta_bar[0] == 1);
  }
  if constexpr (requires { field.engine().times_recorded(); }) {
    // Eight ways and a ninth; engines that keep one recording at a time have recorded more often, none has less.
    CHECK(field.engine().times_recorded() >= 9);
  }
}

TEMPLATE_TEST_CASE("Recorded numbers say whether they are finite, and the recording holds as long as they are", "",
                   ByRecording, ByCompiling) {
  const auto field = TestType::field([](auto, const auto& y, auto& dy) {
    using Eigen::numext::abs2;
    using std::isfinite, std::isinf, std::isnan;
    dy[0] = abs2(y[0]);
    if (y[0] >= 2.0) dy[0] *= 3.0;
    if (isnan(y[1]))
      dy[1] = 5 * y[0];
    else if (isinf(y[1]))
      dy[1] = 7 * y[0];
    else if (isfinite(y[1]))
      dy[1] = 11 * y[0];
  });
  const double infinity = std::numeric_limits<double>::infinity(), not_a_number = std::nan("");
  for (int round = 0; round < 2; ++round)
    for (const double x : {1.0, 2.0, 3.0})
      for (const double second : {1.0, not_a_number, -infinity, 1e308}) {
        CAPTURE(x, second);
        Vector2d y_bar = Vector2d::Zero();
        detail::NoTheta none;
        field.vjp(0.0, Vector2d(x, second), Vector2d(1, 1), y_bar, none);
        CHECK(y_bar[0] == 2 * x * (x >= 2 ? 3 : 1) + (std::isnan(second) ? 5 : std::isinf(second) ? 7 : 11));
      }
}

// More ways than are kept.
TEMPLATE_LIST_TEST_CASE("Many branches are recorded at each call", "", Engines) {
  const auto field = TestType::field([](auto, const auto& y, auto& dy) {
    for (Eigen::Index i = 0; i < y.size(); ++i)
      if (y[i] > 0)
        dy[i] = 2 * y[i];
      else
        dy[i] = -3 * y[i];
  });
  for (unsigned way = 0; way < 16; ++way) {
    VectorXd y(4), expected(4), y_bar = VectorXd::Zero(4);
    for (unsigned i = 0; i < 4; ++i) {
      const bool up = ((way >> i) & 1U) != 0;
      y[i] = up ? 1 : -1;
      expected[i] = up ? 2 : -3;
    }
    detail::NoTheta none;
    field.vjp(0.0, y, VectorXd(VectorXd::Ones(4)), y_bar, none);
    CHECK(y_bar == expected);
  }
}

// What a function has captured by reference is no argument of it: the recording knows of it what it was.
TEMPLATE_LIST_TEST_CASE("A function that has changed since it was recorded is recorded anew", "", Engines) {
  double rate = 2;
  const auto field = TestType::field([&](auto, const auto& y, auto& dy) { dy[0] = rate * y[0]; });
  const auto slope = [&](const auto& of) {
    Eigen::Vector<double, 1> y{1.5}, w{1}, y_bar{0};
    detail::NoTheta none;
    of.try_out(0.0, y);  // as a solve does before it begins
    of.vjp(0.0, y, w, y_bar, none);
    return y_bar[0];
  };
  CHECK(slope(field) == 2);
  CHECK(slope(field) == 2);
  rate = -5;
  CHECK(slope(field) == -5);
  CHECK(slope(field) == -5);
}

TEMPLATE_LIST_TEST_CASE("Time as auto gives a t_bar, time as double none and a right vjp", "", Engines) {
  using Y = Eigen::Vector<double, 1>;
  const auto with = TestType::field([](auto t, const auto& y, auto& dy) { dy[0] = y[0] * cos(t); });
  STATIC_REQUIRE(TimeDifferentiable<decltype(with), Y>);
  STATIC_REQUIRE_FALSE(detail::HasParameters<decltype(with)>);
  CHECK(check_vjp(with, 0.3, Y{1.3}));
  if constexpr (TestType::takes_plain_time) {
    const auto without = TestType::field([](double t, const auto& y, auto& dy) { dy[0] = y[0] * std::cos(t); });
    STATIC_REQUIRE(DifferentiableVectorField<decltype(without), Y>);
    STATIC_REQUIRE_FALSE(TimeDifferentiable<decltype(without), Y>);
    for (const double t : {0.3, 0.9, 0.3, 2.0}) {
      Y y_bar{0};
      detail::NoTheta none;
      without.vjp(t, Y{1.3}, Y{1}, y_bar, none);
      CHECK(y_bar[0] == Approx(std::cos(t)).epsilon(1e-14));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("Copies are used by threads at a time", "", Engines) {
  const GrayScott ring;
  const auto field = TestType::field(GrayScottEquations{}, ring.theta);
  const VectorXd w = Chain::start(40);
  std::vector<std::thread> threads;
  std::vector<VectorXd> found(4), expected(4);
  for (std::size_t k = 0; k < 4; ++k) {
    auto copy = field;
    auto hand = ring;
    copy.parameters()[0] = hand.theta[0] = 0.1 * double(k + 1);
    Eigen::Vector4d none = Eigen::Vector4d::Zero();
    expected[k] = VectorXd::Zero(40);
    hand.vjp(0, GrayScott::start(40), w, expected[k], none);
    threads.emplace_back([&, copy, k] {
      for (int i = 0; i < 200; ++i) {
        found[k] = VectorXd::Zero(40);
        Eigen::Vector4d theta_bar = Eigen::Vector4d::Zero();
        copy.vjp(0.0, GrayScott::start(40), w, found[k], theta_bar);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t k = 0; k < 4; ++k) CHECK((found[k] - expected[k]).norm() < 1e-14);
}

TEMPLATE_LIST_TEST_CASE("Numbers that are not finite come back as such, and do not stay", "", Engines) {
  const auto field = TestType::field([](auto, const auto& y, auto& dy) {
    dy[0] = y[0] * y[0] + y[1];
    dy[1] = y[1] * exp(y[0]);
  });
  const auto pull = [&](double y0) {
    Vector2d y_bar = Vector2d::Zero();
    detail::NoTheta none;
    field.vjp(0.0, Vector2d(y0, 1), Vector2d(1, 1), y_bar, none);
    return y_bar;
  };
  CHECK(std::isnan(pull(std::numeric_limits<double>::quiet_NaN())[0]));
  CHECK_FALSE(std::isfinite(pull(std::numeric_limits<double>::infinity())[0]));
  CHECK(pull(0.0) == Vector2d(1, 2));
}

TEMPLATE_LIST_TEST_CASE("Cotangents of the wrong size are refused by name", "", Engines) {
  const auto field = TestType::field(LotkaVolterraEquations{}, VectorXd(VectorXd::Ones(4)));
  const VectorXd y = Vector2d(1, 2);
  VectorXd y_bar = VectorXd::Zero(2), theta_bar = VectorXd::Zero(4), wrong = VectorXd::Zero(3);
  CHECK_THROWS_WITH(field.vjp(0.0, y, wrong, y_bar, theta_bar),
                    "antistrophe: the size of w is 3; it must be that of y, 2");
  CHECK_THROWS_WITH(field.vjp(0.0, y, y, wrong, theta_bar),
                    "antistrophe: the size of y_bar is 3; it must be that of y, 2");
  CHECK_THROWS_WITH(field.vjp(0.0, y, y, y_bar, wrong),
                    "antistrophe: the length of theta_bar is 3; it must be that of theta, 4");
  CHECK_NOTHROW(field.vjp(0.0, y, y, y_bar, theta_bar));
}

TEMPLATE_LIST_TEST_CASE("A function that throws while it is recorded leaves everything as it was", "", Engines) {
  bool bad = true;
  const auto field = TestType::field([&](auto, const auto& y, auto& dy) {
    dy[0] = 3 * y[0];
    if (bad) throw std::runtime_error("not now");
  });
  using Y = Eigen::Vector<double, 1>;
  Y y_bar{0};
  detail::NoTheta none;
  CHECK_THROWS_WITH(field.vjp(0.0, Y{1}, Y{1}, y_bar, none), "not now");
  CHECK(y_bar[0] == 0);
  bad = false;
  field.vjp(0.0, Y{1}, Y{1}, y_bar, none);
  CHECK(y_bar[0] == 3);
}

TEST_CASE("A theta that is too short for the function is refused in the field's own name") {
  const auto f = [](auto, const auto& y, const auto& theta, auto& dy) { dy = -theta[2] * y; };
  CHECK_THROWS_WITH(
      (void)solve(Problem{recorded_vjp(f, Vector2d{1, 1}), Vector2d{1, 2}, 0.0, 1.0}, Midpoint{}, FixedSteps{2}),
      "antistrophe: the length of recorded_vjp's theta is 2; it must be longer, for the function reads "
      "theta[2]");
}

TEST_CASE("A function is recorded once for all states of a size") {
  const auto field = recorded_vjp(LotkaVolterraEquations{}, LotkaVolterra<>{}.theta);
  for (int i = 1; i < 20; ++i) (void)PulledBack<Vector2d>(field, 0.1 * i, Vector2d(0.1 * i, 1), Vector2d(1, i));
  CHECK(field.engine().times_recorded() == 1);
  const auto copy = field;
  (void)PulledBack<Vector2d>(copy, 0.1, Vector2d(2, 1), Vector2d(1, 2));
  CHECK(field.engine().times_recorded() == 1);
}

// 0 · ∞ where nothing depends on it: by sweeps and by code alike.
TEMPLATE_TEST_CASE("An infinite slope does no harm where its cotangent is 0", "", ByRecording, ByCompiling) {
  const auto field = TestType::field([](auto, const auto& y, auto& dy) {
    dy[0] = sqrt(y[0]) + cbrt(y[0]) + pow(y[0], 0.5) + log(y[0]) + hypot(y[0], y[0]);
    dy[1] = y[1];
  });
  Vector2d y_bar = Vector2d::Zero();
  detail::NoTheta none;
  field.vjp(0.0, Vector2d(0, 1), Vector2d(0, 3), y_bar, none);
  CHECK(y_bar == Vector2d(0, 3));
}

namespace {

// The files of a folder, less those that every folder has.
int files_in(const std::string& path) {
  int count = 0;
  DIR* const folder = opendir(path.c_str());
  REQUIRE(folder != nullptr);
  while (const dirent* const entry = readdir(folder))
    if (entry->d_name[0] != '.') ++count;
  closedir(folder);
  return count;
}

// An environment variable for a while.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = std::make_unique<std::string>(before);
    setenv(name, value, 1);
  }
  ~Environment() {
    if (before_)
      setenv(name_, before_->c_str(), 1);
    else
      unsetenv(name_);
  }

 private:
  const char* name_;
  std::unique_ptr<std::string> before_;
};

void compile_with(const Compilation& how) {
  const auto field = compiled_vjp(LotkaVolterraEquations{}, Eigen::Vector4d(1, 2, 3, 4), how);
  Vector2d y_bar = Vector2d::Zero();
  Eigen::Vector4d theta_bar = Eigen::Vector4d::Zero();
  field.vjp(0.0, Vector2d(1, 2), Vector2d(1, 1), y_bar, theta_bar);
  CHECK(y_bar == Vector2d(1 - 4 + 8, -2 + 4 - 3));
}

}  // namespace

TEST_CASE("What fails on the way to machine code is told in one sentence, and leaves no files") {
  using Catch::Matchers::ContainsSubstring;
  char folder[] = "/tmp/reverse_vjp_test-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  {
    const Environment here("TMPDIR", folder);
    compile_with({});
    CHECK(files_in(folder) == 0);
    CHECK_THROWS_WITH(compile_with({.compiler = "no-such-compiler"}),
                      "antistrophe: compiled_vjp found no compiler (tried: no-such-compiler); set CC or "
                      "Compilation{.compiler = …} to one, or take recorded_vjp, which needs none");
    CHECK_THROWS_WITH(
        compile_with({.flags = "-no-such-flag"}),
        ContainsSubstring("antistrophe: compiled_vjp could not compile its code by 'cc -no-such-flag': ") ||
            ContainsSubstring(" -no-such-flag': "));
    CHECK_THROWS_WITH(compile_with({.compiler = "true"}), ContainsSubstring("could not load what was compiled"));
    CHECK_THROWS_WITH(compile_with({.flags = "-O1 -Dantistrophe_vjp=another_name"}),
                      ContainsSubstring("did not find its function in what was compiled"));
    {
      const Environment compiler("CC", "cc -O1");
      compile_with({.flags = ""});
    }
    {
      const Environment compiler("CC", "nothing-here");
      CHECK_THROWS_WITH(compile_with({}), ContainsSubstring("found no compiler (tried: nothing-here)"));
    }
    CHECK(files_in(folder) == 0);
  }
  rmdir(folder);
  const Environment nowhere("TMPDIR", folder);
  CHECK_THROWS_WITH(compile_with({}),
                    ContainsSubstring("antistrophe: compiled_vjp could not make a folder for its code in ") &&
                        ContainsSubstring("; set TMPDIR to one that may be written to"));
}
