#include <antistrophe/field/check_vjp.hpp>

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include "support/catch.hpp"
#include "support/problems.hpp"
#include "support/workloads.hpp"

#include <cmath>
#include <memory>
#include <random>
#include <sstream>
#include <string>

using namespace antistrophe;
using namespace antistrophe::problems;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("A right vjp passes") {
  REQUIRE(check_vjp(LotkaVolterra<>{}, 0.3, Eigen::Vector2d{1.2, 0.7}));
  REQUIRE(check_vjp(Lorenz<>{}, 0.3, Eigen::Vector3d{1.2, 7.7, 20.0}));
  REQUIRE(check_vjp(VanDerPol<>{}, 0.3, Eigen::Vector2d{1.2, 7.7}));
  REQUIRE(check_vjp(HenonHeiles<>{}, 0.3, Eigen::Vector4d{0.1, 0.2, 0.3, 0.4}));
  REQUIRE(check_vjp(DrivenPendulum<>{}, 0.3, Eigen::Vector2d{0.1, 0.2}));
  REQUIRE(check_vjp(workloads::W1::field(), 0.3, workloads::W1::y0()));
  REQUIRE(check_vjp(workloads::W2::field(), 0.3, workloads::W2::y0()));
}

TEST_CASE("A right vjp passes in every precision and shape") {
  REQUIRE(check_vjp(LotkaVolterra<float>{}, 0.3, Eigen::Vector2f{1.2F, 0.7F}));
  REQUIRE(check_vjp(DrivenPendulum<float>{}, 0.3, Eigen::Array2f{1.2F, 0.7F}));
  REQUIRE(check_vjp(Lorenz<long double>{}, 0.3, Eigen::Vector3<long double>{1.2L, 7.7L, 20.0L}));
  REQUIRE(check_vjp(Lorenz<>{}, 0.3, Eigen::VectorXd(Eigen::Vector3d{1.2, 7.7, 20.0})));
  const Linear<2> linear(Eigen::Matrix2d{{1.0, 2.0}, {-3.0, 4.0}});
  REQUIRE(check_vjp(linear, 0.3, Eigen::MatrixXd{{1.0, 2.0, 0.3}, {0.4, -0.5, 0.6}}));
  REQUIRE(check_vjp(linear, 0.3, Eigen::Matrix<double, 2, 2, Eigen::RowMajor>{{1.0, 2.0}, {0.4, -0.5}}));
}

TEST_CASE("A field that varies fast, or ends nearby, is checked with a shorter step") {
  const auto fast = automatic_vjp(
      [](auto t, const auto& y, const auto& theta, auto& dy) { dy[0] = tanh(200 * y[0] * theta[0]) + sin(100 * t); },
      Eigen::Vector<double, 1>{1.0});
  REQUIRE(check_vjp(fast, 0.3, Eigen::Vector<double, 1>{0.01}));
  const auto near_its_end = automatic_vjp([](auto, const auto& y, auto& dy) {
    dy[0] = sqrt(y[0]) * y[1];
    dy[1] = log(y[1]);
  });
  REQUIRE(check_vjp(near_its_end, 0.3, Eigen::Vector2d{1e-5, 2.0}));
}

TEST_CASE("A large field is checked along random directions") {
  const Eigen::MatrixXf batch = Eigen::MatrixXf::Constant(24, 3, 0.25F);
  REQUIRE(check_vjp(workloads::sine_weights(Mlp<float>{{24, 40, 24}}), 0.3, batch));
}

namespace {

// Lotka–Volterra with something wrong. Each mistake is one that people make.
enum class Mistake {
  none,
  sign_in_y,
  sign_in_theta,
  missing_term,
  overwrites_y,
  overwrites_theta,
  transposed,
  wrong_parameter,
  doubled,
  unwritten,
  adds_to_dy,
  impure,
  impure_vjp,
};

// The mistake is known at run time only, so that the check is compiled once for all.
struct Mistaken {
  static constexpr bool autonomous = true;
  Mistake mistake = Mistake::none;
  Eigen::Vector4d theta{1.5, 1.0, 3.0, 1.0};
  mutable int calls = 0;

  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = theta[0] * y[0] - theta[1] * y[0] * y[1];
    const double rate = theta[3] * y[0] * y[1] - theta[2] * y[1];
    if (mistake == Mistake::adds_to_dy)
      dy[1] += rate;
    else if (mistake != Mistake::unwritten)
      dy[1] = rate;
    if (mistake == Mistake::impure) dy[0] += 1e-12 * ++calls;
  }

  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    Eigen::Matrix2d j{{theta[0] - theta[1] * y[1], -theta[1] * y[0]}, {theta[3] * y[1], theta[3] * y[0] - theta[2]}};
    if (mistake == Mistake::sign_in_y) j(1, 0) = -j(1, 0);
    if (mistake == Mistake::missing_term) j(0, 1) = 0;
    if (mistake == Mistake::transposed) j.transposeInPlace();
    if (mistake == Mistake::overwrites_y) y_bar[1] = 0;
    y_bar += j.transpose() * w;
    if (mistake == Mistake::impure_vjp) y_bar[0] += 1e-12 * ++calls;

    Eigen::Vector4d bar{w[0] * y[0], -w[0] * y[0] * y[1], -w[1] * y[1], w[1] * y[0] * y[1]};
    if (mistake == Mistake::sign_in_theta) bar[2] = -bar[2];
    if (mistake == Mistake::wrong_parameter) std::swap(bar[2], bar[3]);
    if (mistake == Mistake::doubled) bar[3] *= 2;
    if (mistake == Mistake::overwrites_theta)
      theta_bar = bar;
    else
      theta_bar += bar;
  }
};

VjpReport report_on(Mistake mistake) { return check_vjp(Mistaken{mistake}, 0.3, Eigen::Vector2d{1.2, 0.7}); }

std::string text(const VjpReport& report) {
  std::ostringstream out;
  out << report;
  return out.str();
}

}  // namespace

TEST_CASE("The mistaken field without a mistake passes") { REQUIRE(report_on(Mistake::none)); }

TEST_CASE("A wrong sign is found in its component") {
  const VjpReport in_theta = report_on(Mistake::sign_in_theta);
  CHECK_FALSE(in_theta);
  CHECK(in_theta.component == "theta_bar[2]");
  CHECK(in_theta.got == Approx(-in_theta.expected));
  CHECK(in_theta.error == Approx(2));
  CHECK_THAT(text(in_theta), ContainsSubstring("∂f/∂θ") && ContainsSubstring("is a sign wrong?"));

  const VjpReport in_y = report_on(Mistake::sign_in_y);
  CHECK_FALSE(in_y);
  CHECK(in_y.component == "y_bar[0]");
  CHECK_THAT(text(in_y), ContainsSubstring("∂f/∂y"));
}

TEST_CASE("A missing term is found") {
  const VjpReport report = report_on(Mistake::missing_term);
  CHECK_FALSE(report);
  CHECK(report.component == "y_bar[1]");
}

TEST_CASE("A vjp that overwrites is told apart from a wrong one") {
  const VjpReport in_y = report_on(Mistake::overwrites_y);
  CHECK_FALSE(in_y);
  CHECK(in_y.component == "y_bar[1]");
  CHECK_THAT(text(in_y), ContainsSubstring("overwrites y_bar[1]"));
  const VjpReport in_theta = report_on(Mistake::overwrites_theta);
  CHECK(in_theta.component == "theta_bar[0]");
  CHECK_THAT(text(in_theta), ContainsSubstring("overwrites theta_bar[0]"));
}

TEST_CASE("A missing transpose is recognised") {
  const VjpReport report = report_on(Mistake::transposed);
  CHECK_FALSE(report);
  CHECK_THAT(text(report), ContainsSubstring("y_bar[") && ContainsSubstring("is the transpose missing?"));
}

TEST_CASE("A cotangent that belongs to another parameter is recognised") {
  const VjpReport report = report_on(Mistake::wrong_parameter);
  CHECK_FALSE(report);
  CHECK((report.component == "theta_bar[2]" || report.component == "theta_bar[3]"));
  CHECK_THAT(text(report), ContainsSubstring("is an index wrong?"));
  CHECK_THAT(text(report_on(Mistake::doubled)),
             ContainsSubstring("theta_bar[3]") && ContainsSubstring("counted twice?"));
}

TEST_CASE("A field that is not a function of t and y is found before its vjp is blamed") {
  const VjpReport unwritten = report_on(Mistake::unwritten);
  CHECK(unwritten.component == "dy[1]");
  CHECK_THAT(text(unwritten), ContainsSubstring("does not write dy[1]"));
  const VjpReport adds = report_on(Mistake::adds_to_dy);
  CHECK(adds.component == "dy[1]");
  CHECK_THAT(text(adds), ContainsSubstring("it must assign (=)"));
  const VjpReport impure = report_on(Mistake::impure);
  CHECK(impure.component == "dy[0]");
  CHECK_THAT(text(impure), ContainsSubstring("f is not a pure function"));
  const VjpReport impure_vjp = report_on(Mistake::impure_vjp);
  CHECK(impure_vjp.component == "y_bar[0]");
  CHECK_THAT(text(impure_vjp), ContainsSubstring("the vjp is not a pure function"));
}

namespace {

// y' = −a t² y.
template <int mistake>
struct Timed {
  Eigen::Vector<double, 1> theta{0.5};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double t, const auto& y, auto& dy) const { dy = -theta[0] * t * t * y; }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    y_bar -= theta[0] * t * t * w;
    theta_bar[0] -= t * t * w.dot(y);
    t_bar += (mistake == 1 ? 2 : -2) * theta[0] * t * w.dot(y);
  }
};

struct SaysItIsAutonomous {
  static constexpr bool autonomous = true;
  void operator()(double t, const auto& y, auto& dy) const { dy = t * y; }
  void vjp(double t, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += t * w; }
};

// y' = y², keeping y on its tape.
template <int mistake>
struct Taped {
  static constexpr bool autonomous = true;
  struct Tape {
    double y = 0;
    bool known = false;
  };
  void operator()(double, const auto& y, auto& dy) const { dy[0] = y[0] * y[0]; }
  void operator()(double, const auto& y, auto& dy, Tape& tape) const {
    dy[0] = y[0] * y[0] * (mistake == 1 ? 1 + 1e-15 : 1);
    if (mistake == 2 && tape.known) return;
    tape.y = y[0];
    tape.known = true;
  }
  void vjp(double, const auto&, const Tape& tape, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] += 2 * tape.y * w[0];
  }
};

// θ in a place of its own, which a copy of the field shares.
struct ReadOnly {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{0.5};
  double factor = 1;  // of theta_bar: 1 is right
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar += theta[0] * w;
    theta_bar[0] += factor * w.dot(y);
  }
};
struct Copied : ReadOnly {
  auto parameters() const { return theta; }
};
struct Shared : ReadOnly {
  std::shared_ptr<Eigen::Vector<double, 1>> all = std::make_shared<Eigen::Vector<double, 1>>(theta);
  const auto& parameters() const { return *all; }
};

// Wrong in one component alone.
struct WrongInOneEntry {
  void operator()(double, const auto& y, auto& dy) const { dy = 2 * y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar += 2 * w;
    y_bar(1, 2) += w(1, 2);
  }
};

struct WrongInOneWeight : Mlp<double> {
  using Mlp<double>::Mlp;
  using Mlp<double>::operator();
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    Mlp<double>::vjp(t, y, w, y_bar, theta_bar);
    theta_bar[1234] += w[0];
  }
};

struct Kinked {
  void operator()(double, const auto& y, auto& dy) const { dy[0] = std::abs(y[0]); }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar[0] += w[0]; }
};

}  // namespace

TEST_CASE("Explicit time") {
  const Eigen::Vector2d y{1.2, 0.7};
  REQUIRE(check_vjp(Timed<0>{}, 0.3, y));
  const VjpReport wrong = check_vjp(Timed<1>{}, 0.3, y);
  CHECK_FALSE(wrong);
  CHECK(wrong.component == "t_bar");
  CHECK_THAT(text(wrong), ContainsSubstring("is a sign wrong?"));
  const VjpReport autonomous = check_vjp(SaysItIsAutonomous{}, 0.3, y);
  CHECK_FALSE(autonomous);
  CHECK(autonomous.component == "t_bar");
  CHECK_THAT(text(autonomous), ContainsSubstring("autonomous"));
}

TEST_CASE("The tape") {
  const Eigen::Vector<double, 1> y{1.7};
  REQUIRE(check_vjp(Taped<0>{}, 0.3, y));
  const VjpReport other_value = check_vjp(Taped<1>{}, 0.3, y);
  CHECK(other_value.component == "dy[0]");
  CHECK_THAT(text(other_value), ContainsSubstring("f with a tape gives another dy[0]"));
  const VjpReport stale = check_vjp(Taped<2>{}, 0.3, y);
  CHECK(stale.component == "y_bar[0]");
  CHECK_THAT(text(stale), ContainsSubstring("the vjp with tape"));
}

TEST_CASE("Parameters that can only be read are checked where a copy of the field has its own") {
  const Eigen::Vector2d y{1.2, 0.7};
  CHECK(check_vjp(ReadOnly{}, 0.3, y));
  const VjpReport wrong = check_vjp(ReadOnly{.factor = 0}, 0.3, y);
  CHECK_FALSE(wrong);
  CHECK(wrong.component == "theta_bar[0]");
  const auto gradient = [&](const auto& field) {
    return check_gradient(Problem{field, y, 0.0, 1.0}, RK4{}, FixedSteps{10},
                          TerminalLoss{[](const auto& end, auto& bar) { return bar.setOnes(), end.sum(); }});
  };
  CHECK(gradient(ReadOnly{}));
  CHECK_FALSE(gradient(ReadOnly{.factor = 0}));
  CHECK(gradient(ReadOnly{.factor = 0}).component == "theta[0]");
}

TEST_CASE("Parameters that cannot be moved are not checked, and it is said") {
  const Eigen::Vector2d y{1.2, 0.7};
  const auto unmoved = [&](const auto& field) {
    const VjpReport report = check_vjp(field, 0.3, y);
    CHECK(report);
    CHECK_THAT(text(report), ContainsSubstring("theta_bar is not checked"));
    const GradientReport of_gradient =
        check_gradient(Problem{field, y, 0.0, 1.0}, RK4{}, FixedSteps{10},
                       TerminalLoss{[](const auto& end, auto& bar) { return bar.setOnes(), end.sum(); }});
    CHECK(of_gradient);
    CHECK_THAT(of_gradient.message, ContainsSubstring("dL/dtheta is not checked"));
  };
  unmoved(Shared{});
  unmoved(Copied{});
}

TEST_CASE("A component of a matrix state is named by row and column") {
  const VjpReport report = check_vjp(WrongInOneEntry{}, 0.3, Eigen::MatrixXd(Eigen::MatrixXd::Constant(2, 3, 0.5)));
  CHECK_FALSE(report);
  CHECK(report.component == "y_bar(1, 2)");
  const VjpReport row_major = check_vjp(
      WrongInOneEntry{}, 0.3, Eigen::Matrix<double, 2, 3, Eigen::RowMajor>(Eigen::MatrixXd::Constant(2, 3, 0.5)));
  CHECK(row_major.component == "y_bar(1, 2)");
}

TEST_CASE("One wrong component among thousands is found by halving") {
  const auto field = workloads::sine_weights(WrongInOneWeight{{24, 40, 24}});
  const VjpReport report = check_vjp(field, 0.3, Eigen::VectorXd(Eigen::VectorXd::Constant(24, 0.25)));
  CHECK_FALSE(report);
  CHECK(report.component == "theta_bar[1234]");
}

struct Grows {
  void operator()(double, const auto& y, auto& dy) const { dy.setOnes(y.size() + 1); }
  void vjp(double, const auto&, const auto&, auto&, auto&) const {}
};

TEST_CASE("A field that gives dy another shape is told so") {
  const VjpReport report = check_vjp(Grows{}, 0.3, Eigen::VectorXd(Eigen::VectorXd::Constant(3, 0.5)));
  CHECK_FALSE(report);
  CHECK(report.component == "dy");
  CHECK_THAT(text(report), ContainsSubstring("another shape than y's"));
}

TEST_CASE("A point beside which f is not finite is refused, and named") {
  // The root of y − 1 at the next double after 1: no step to the left is short enough.
  const auto field = automatic_vjp([](auto, const auto& y, auto& dy) { dy[0] = sqrt(y[0] - 1.0); });
  const VjpReport report = check_vjp(field, 0.3, Eigen::Vector<double, 1>{std::nextafter(1.0, 2.0)});
  CHECK_FALSE(report);
  CHECK(report.component == "y_bar[0]");
  CHECK_THAT(text(report), ContainsSubstring("f is not finite close to the given point") &&
                               ContainsSubstring("cannot be checked in y_bar[0]"));
}

TEST_CASE("A point where f is not finite is refused") {
  const auto field = automatic_vjp([](auto, const auto& y, auto& dy) { dy[0] = log(y[0]); });
  const VjpReport report = check_vjp(field, 0.3, Eigen::Vector<double, 1>{-1.0});
  CHECK_FALSE(report);
  CHECK_THAT(text(report), ContainsSubstring("not finite"));
}

TEST_CASE("A slope that f's rounding hides is not called wrong, and one that is too large for that is") {
  struct Faint {
    double slope;
    void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy << 2 - y[0] + 1e-25 * t, y[1]; }
    void vjp(double, const Eigen::Vector2d&, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar,
             Eigen::Vector<double, 0>&, double& t_bar) const {
      y_bar += Eigen::Vector2d(-w[0], w[1]);
      t_bar += slope * w[0];
    }
  };
  CHECK(check_vjp(Faint{1e-25}, 0.3, Eigen::Vector2d(1, 2)).ok);
  CHECK(!check_vjp(Faint{1e-9}, 0.3, Eigen::Vector2d(1, 2)).ok);
}

TEST_CASE("At a kink differences say something else than any vjp") {
  CHECK(check_vjp(Kinked{}, 0.3, Eigen::Vector<double, 1>{1.0}));
  const VjpReport at_kink = check_vjp(Kinked{}, 0.3, Eigen::Vector<double, 1>{0.0});
  CHECK_FALSE(at_kink);
}

namespace {

enum class JvpFault { none, sign, parameter, time, adds, misses, counts };

// y' = (θ0 y1 + t, θ1 y0 y1), with a jvp in both forms, of which one thing is wrong.
template <JvpFault fault, bool timed = true>
struct WithJvp {
  Eigen::Vector2d theta{0.5, -2};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  mutable int calls = 0;

  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << theta[0] * y[1] + (timed ? t : 0), theta[1] * y[0] * y[1];
  }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[1] * y[1] * w[1];
    y_bar[1] += theta[0] * w[0] + theta[1] * y[0] * w[1];
    theta_bar[0] += y[1] * w[0];
    theta_bar[1] += y[0] * y[1] * w[1];
  }
  void vjp(double t, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar,
           double& t_bar) const
    requires timed
  {
    vjp(t, y, w, y_bar, theta_bar);
    t_bar += w[0];
  }
  void jvp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& y_dot, const Eigen::Vector2d& theta_dot,
           Eigen::Vector2d& dy_dot) const {
    const double sign = fault == JvpFault::sign ? -1 : 1;
    const double count = fault == JvpFault::counts ? ++calls : 0;
    const double before = fault == JvpFault::adds ? dy_dot[1] : 0;
    dy_dot[0] = theta[0] * y_dot[1] + y[1] * theta_dot[0] + count;
    if (fault != JvpFault::misses)
      dy_dot[1] = before + theta[1] * (y_dot[0] * y[1] + sign * y[0] * y_dot[1]) +
                  (fault == JvpFault::parameter ? 0 : y[0] * y[1] * theta_dot[1]);
  }
  void jvp(double t, const Eigen::Vector2d& y, const Eigen::Vector2d& y_dot, const Eigen::Vector2d& theta_dot,
           double t_dot, Eigen::Vector2d& dy_dot) const
    requires timed
  {
    jvp(t, y, y_dot, theta_dot, dy_dot);
    dy_dot[0] += fault == JvpFault::time ? 2 * t_dot : t_dot;
  }
};

template <JvpFault fault>
std::string jvp_message() {
  const auto report = check_vjp(WithJvp<fault>{}, 0.3, Eigen::Vector2d{1.5, -0.75});
  CHECK(report.ok == (fault == JvpFault::none));
  return report.message;
}

}  // namespace

TEST_CASE("check_vjp holds a jvp against the vjp") {
  STATIC_REQUIRE(HasJvp<WithJvp<JvpFault::none>, Eigen::Vector2d>);
  STATIC_REQUIRE_FALSE(HasJvp<problems::Lorenz<>, Eigen::Vector3d>);
  CHECK_THAT(jvp_message<JvpFault::none>(), ContainsSubstring("; and so does the jvp; and so does the jvp with t_dot"));
  const auto untimed = check_vjp(WithJvp<JvpFault::none, false>{}, 0.3, Eigen::Vector2d{1.5, -0.75});
  CHECK(untimed);
  CHECK_THAT(untimed.message, !ContainsSubstring("t_dot"));
  CHECK_THAT(jvp_message<JvpFault::sign>(), ContainsSubstring("the jvp does not agree with the vjp along y_dot[1]: w · "
                                                              "dy_dot is "));
  CHECK_THAT(jvp_message<JvpFault::parameter>(), ContainsSubstring("along theta_dot[1]"));
  CHECK_THAT(jvp_message<JvpFault::time>(), ContainsSubstring("along t_dot"));
  CHECK_THAT(jvp_message<JvpFault::adds>(),
             ContainsSubstring("the jvp does not write dy_dot[1], or adds to it; it must assign (=) every component"));
  CHECK_THAT(jvp_message<JvpFault::misses>(), ContainsSubstring("the jvp does not write dy_dot[1]"));
  CHECK_THAT(jvp_message<JvpFault::counts>(), ContainsSubstring("the jvp is not a pure function"));
}

TEST_CASE("automatic_vjp's jvp agrees with its vjp, whatever the scalar and the parameters") {
  const auto circle = [](auto t, const auto& y, auto& dy) {
    dy[0] = y[1] + t;
    dy[1] = -y[0] * y[1];
  };
  for (const auto& report : {check_vjp(automatic_vjp(circle), 0.3, Eigen::Vector2d{1.5, -0.75}),
                             check_vjp(automatic_vjp(circle), 0.3, Eigen::VectorXd{{1.5, -0.75}}),
                             check_vjp(automatic_vjp(circle), 0.3, Eigen::Vector2f{1.5F, -0.75F}),
                             check_vjp(automatic_vjp(problems::LotkaVolterraEquations{}, Eigen::VectorXd{{1, 2, 3, 4}}),
                                       0.3, Eigen::Vector2d{1.5, -0.75})}) {
    CAPTURE(report.message);
    CHECK(report);
    CHECK_THAT(report.message, ContainsSubstring("and so does the jvp with t_dot"));
  }
}

namespace {

// A pendulum whose halves of the vjp are offered apart, one of them perhaps wrong.
enum class HalfFault { none, state_assigns, parameter_missing };
template <HalfFault fault>
struct InHalves : problems::DrivenPendulum<> {
  void vjp_state(double t, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar) const {
    if (fault == HalfFault::state_assigns) y_bar.setZero();
    Eigen::Vector3d theta_bar;
    double t_bar = 0;
    vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
  void vjp_parameters(double t, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector3d& theta_bar) const {
    const double before = theta_bar[2];
    Eigen::Vector2d y_bar;
    double t_bar = 0;
    vjp(t, y, w, y_bar, theta_bar, t_bar);
    if (fault == HalfFault::parameter_missing) theta_bar[2] = before;
  }
};
template <HalfFault fault>
VjpReport halves_report() {
  return check_vjp(InHalves<fault>{}, 0.3, Eigen::Vector2d{1.5, -0.75});
}

}  // namespace

TEST_CASE("Halves of a vjp that are offered apart add what the whole adds") {
  CHECK(halves_report<HalfFault::none>());
  const VjpReport state = halves_report<HalfFault::state_assigns>();
  CHECK_FALSE(state);
  CHECK(state.component == "y_bar[0]");
  CHECK_THAT(state.message,
             ContainsSubstring("vjp_state does not add to y_bar[0] what the vjp adds: from 1 it makes "));
  const VjpReport parameters = halves_report<HalfFault::parameter_missing>();
  CHECK_FALSE(parameters);
  CHECK(parameters.component == "theta_bar[2]");
  CHECK_THAT(parameters.message, ContainsSubstring("vjp_parameters does not add to theta_bar[2]"));
}

namespace {

// y' = −θ y, whose vjp takes its cotangents in the ways in which users pass matrices that are written to.
struct Decaying {
  Eigen::VectorXd theta = Eigen::VectorXd::Constant(1, 2.0);
  const Eigen::VectorXd& parameters() const { return theta; }
  void operator()(double, const Eigen::VectorXd& y, Eigen::VectorXd& dy) const { dy = -theta[0] * y; }
  void add(const auto& y, const auto& w, auto&& y_bar, auto&& theta_bar) const {
    y_bar -= theta[0] * w;
    theta_bar[0] -= w.dot(y);
  }
};
struct ByRef : Decaying {
  void vjp(double, const Eigen::VectorXd& y, const Eigen::VectorXd& w, Eigen::Ref<Eigen::VectorXd> y_bar,
           Eigen::Ref<Eigen::VectorXd> theta_bar) const {
    add(y, w, y_bar, theta_bar);
  }
};
struct ByConstantBase : Decaying {
  template <class A, class B>
  void vjp(double, const Eigen::VectorXd& y, const Eigen::VectorXd& w, const Eigen::MatrixBase<A>& y_bar,
           const Eigen::MatrixBase<B>& theta_bar) const {
    add(y, w, y_bar.const_cast_derived(), theta_bar.const_cast_derived());
  }
};
struct ByAnything : Decaying {
  void vjp(double, const auto& y, const auto& w, auto&& y_bar, auto&& theta_bar) const { add(y, w, y_bar, theta_bar); }
};
struct ByDeducedReturn : Decaying {
  auto vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const { add(y, w, y_bar, theta_bar); }
};

}  // namespace

TEST_CASE("A vjp may take its cotangents in every way in which a matrix is written to") {
  const Eigen::VectorXd y = Eigen::Vector2d(1, 2);
  CHECK(check_vjp(ByRef{}, 0.0, y));
  CHECK(check_vjp(ByConstantBase{}, 0.0, y));
  CHECK(check_vjp(ByAnything{}, 0.0, y));
  CHECK(check_vjp(ByDeducedReturn{}, 0.0, y));
}
