// Sentences that tell a mistake or a failure and are read nowhere else, word by word (docs/messages.md).
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/second_order.hpp>

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace antistrophe;
using Catch::Matchers::ContainsSubstring;
using Eigen::Vector2d;

namespace {

std::string told(const auto& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "not refused";
}

// y' = (y1, −y0), with θ that nothing depends on; time is never spoken of.
struct Swing {
  Vector2d theta{1, 2};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -y[0]; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar[0] -= w[1];
    y_bar[1] += w[0];
  }
  void jvp(double, const auto&, const auto& y_dot, const auto&, auto& dy_dot) const { dy_dot << y_dot[1], -y_dot[0]; }
};
const Problem swing{Swing{}, Vector2d(1, 0), 0.0, 1.0};

struct Decay {
  void operator()(double, const Vector2d& y, Vector2d& dy) const { dy = -4 * y; }
  void vjp(double, const Vector2d&, const Vector2d& w, Vector2d& y_bar, auto&) const { y_bar -= 4 * w; }
};

struct Turning : Swing {
  static constexpr bool autonomous = true;
};

enum class Fault { none, adds, omits, resizes, not_finite, not_autonomous, assigns, resizes_bar };

// y' = -y, with a fault.
struct Faulty {
  Fault fault;
  static constexpr bool autonomous = true;
  void operator()(double t, const Eigen::VectorXd& y, Eigen::VectorXd& dy) const {
    if (fault == Fault::resizes) {
      dy = Eigen::VectorXd::Zero(3);
    } else if (fault == Fault::adds) {
      dy -= y;
    } else {
      dy[0] = fault == Fault::not_finite ? std::sqrt(-1 - y[0]) : -y[0];
      if (fault != Fault::omits) dy[1] = fault == Fault::not_autonomous ? -y[1] + t : -y[1];
    }
  }
  void vjp(double, const Eigen::VectorXd&, const Eigen::VectorXd& w, Eigen::VectorXd& y_bar, auto&) const {
    if (fault == Fault::assigns)
      y_bar = -w;
    else if (fault == Fault::resizes_bar)
      y_bar = Eigen::VectorXd::Ones(3);
    else
      y_bar -= w;
  }
};

}  // namespace

TEST_CASE("Stiffness is told with what helps", "[messages]") {
  struct VanDerPol {
    void operator()(double, const Vector2d& y, Vector2d& dy) const {
      dy << y[1], 1e6 * (1 - y[0] * y[0]) * y[1] - y[0];
    }
  };
  CHECK_THAT(told([] {
               (void)solve(Problem{VanDerPol{}, Vector2d(2, 0), 0.0, 2000.0}, Dopri5{}, Adaptive{});
             }),
             ContainsSubstring("the problem is stiff here: stability, not accuracy, keeps the steps short. Explicit "
                               "methods are the wrong tool; try a looser tolerance, a smaller lambda of a pair, or an "
                               "implicit solver"));
}

TEST_CASE("A ball that comes to rest is told, and what to do about it", "[messages]") {
  struct Fall {
    void operator()(double, const Vector2d& y, Vector2d& dy) const { dy << y[1], -11.8187; }
  };
  const auto floor = [](double, const Vector2d& y) { return y[0]; };
  const auto duller = [](double, const Vector2d& y, Vector2d& y_new) { y_new << y[0], -0.502163 * y[1]; };
  CHECK_THAT(told([&] {
               (void)solve(Problem{Fall{}, Vector2d(1, 0), 0.0, 2.2}, Reversible<Dopri5>{}, FixedSteps{50},
                           Events{JumpEvent{floor, duller, Crossing::falling}});
             }),
             ContainsSubstring("fires again and again at this time, infinitely often in finite time, like the bounces "
                               "of a ball that comes to rest; let its jump put the state to rest, or end the solve by "
                               "another event before it"));
}

TEST_CASE("A reconstruction that drifts away is told with the method that does not", "[messages]") {
  const TerminalLoss loss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  CHECK_THAT(told([&] {
               (void)value_and_gradient(Problem{Decay{}, Vector2d(1, 2), 0.0, 8.0}, Reversible<Dopri5, Floating>{},
                                        FixedSteps{400}, loss);
             }),
             ContainsSubstring("which a gradient cannot bear: on the way back round-off grows like lambda^-n, and more "
                               "where the way forth contracts; use Exact arithmetic"));
}

TEST_CASE("Directions that do not fit the problem or one another", "[messages]") {
  const auto along = [](const Directions& directions) {
    return told([&] { (void)solve_with_tangents(swing, Dopri5{}, FixedSteps{10}, directions); });
  };
  CHECK_THAT(along({.y0 = Eigen::MatrixXd::Ones(2, 2), .theta = Eigen::MatrixXd::Ones(2, 3)}),
             ContainsSubstring("antistrophe: the number of columns of Directions is 3; it must be the same of all "
                               "parts that are given, 2"));
  CHECK_THAT(along({.y0 = Eigen::MatrixXd::Ones(3, 1)}),
             ContainsSubstring("antistrophe: the shape of Directions::y0 is 3x1; it must be 2x1"));
  CHECK_THAT(along({.t0 = Eigen::RowVectorXd::Ones(1)}),
             ContainsSubstring("antistrophe: Directions::t0 and t1 is not 0; it must be 0, for the field does not say "
                               "how it moves with time: give its jvp t_dot before dy_dot, or declare `static constexpr "
                               "bool autonomous = true`"));
}

TEST_CASE("A direction of a product by second derivatives that does not fit the problem", "[messages]") {
  const MeanSquaredError loss{std::vector<Eigen::VectorXd>(1, Eigen::VectorXd::Zero(2))};
  const auto along = [&](const Eigen::VectorXd& y0, const Vector2d& theta) {
    return told([&] {
      (void)gauss_newton_product(Problem{Swing{}, Eigen::VectorXd(Vector2d(1, 0)), 0.0, 1.0}, Dopri5{}, FixedSteps{10},
                                 loss, {y0, theta});
    });
  };
  CHECK_THAT(along(Eigen::VectorXd::Ones(3), Vector2d(1, 0)),
             ContainsSubstring("antistrophe: the shape of the direction's y0 is 3x1; it must be 2x1"));
  CHECK_THAT(along(Vector2d(1, std::nan("")), Vector2d(1, 0)),
             ContainsSubstring("antistrophe: the direction's y0[1] is nan; it must be finite"));
}

TEST_CASE("Cotangents of times or events of another number", "[messages]") {
  auto pass = solve_with_pullback(Problem{Turning{}, Vector2d(1, 0), 0.0, 1.0}, Dopri5{}, FixedSteps{10},
                                  SaveAt{.times = {0.5, 1.0}});
  const std::vector<Vector2d> ys_bar(2, Vector2d::Ones());
  CHECK_THAT(told([&] { (void)pass.pullback(ys_bar, std::vector<double>{1.0}); }),
             ContainsSubstring("antistrophe: the length of ts_bar is 1; it must be 0 or that of ts(), 2"));
}

TEST_CASE("Networks whose sizes are no field's", "[messages]") {
  CHECK(told([] { Mlp<double>{{2}}; }) ==
        "antistrophe: Mlp: sizes has 1 entries; name at least the input's and the output's size");
  CHECK(told([] { Mlp<double>{{2, 0, 2}}; }) == "antistrophe: Mlp: a layer's size is 0; it is at least 1");
  CHECK(told([] {
          Mlp<double>{{3, 8, 2}};
        }) == "antistrophe: Mlp: sizes begin with 3 and end with 2; a vector field has as many inputs as outputs");
}

TEST_CASE("A field that gives dy, or a vjp that gives y_bar, another shape is refused where it is called",
          "[messages]") {
  const auto with = [](Fault fault) { return Problem{Faulty{fault}, Eigen::VectorXd(Vector2d(1, 2)), 0.0, 1.0}; };
  const auto of_dy =
      "antistrophe: the shape that the field gives dy is 3x1; it must be 2x1, that of the state: it must write into dy "
      "as it finds it";
  const auto check = [&](const auto& method, const auto& steps) {
    CHECK(told([&] { (void)solve(with(Fault::resizes), method, steps); }) == of_dy);
  };
  check(RK4{}, FixedSteps{10});
  check(Dopri5{}, Adaptive{});
  check(Reversible<RK4>{}, FixedSteps{10});
  check(TwoPoint<Bosh3>{}, FixedSteps{10});
  check(ReversibleAdams<2>{}, FixedSteps{10});
  check(ReversibleHeun<>{}, FixedSteps{10});
  check(AsynchronousLeapfrog<>{}, FixedSteps{10});
  const TerminalLoss loss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  CHECK(told([&] { (void)value_and_gradient(with(Fault::resizes_bar), RK4{}, FixedSteps{10}, loss); }) ==
        "antistrophe: the shape that the vjp gives y_bar is 3x1; it must be 2x1: it adds to what it finds");
  CHECK(value_and_gradient(with(Fault::none), RK4{}, FixedSteps{10}, loss).gradient.y0.size() == 2);
}

TEST_CASE("What check_vjp says of f itself", "[messages]") {
  const auto message = [](Fault fault) {
    return check_vjp(Faulty{fault}, 0.5, Eigen::VectorXd(Vector2d(1, 2))).message;
  };
  CHECK(message(Fault::resizes) ==
        "antistrophe: f has given dy another shape than y's; it must write into dy as it finds it");
  CHECK(message(Fault::adds) ==
        "antistrophe: f makes dy[0] depend on what dy held before; it must assign (=), not add (+=)");
  CHECK(message(Fault::omits) == "antistrophe: f does not write dy[1]; it must assign every component of dy");
  CHECK_THAT(message(Fault::not_finite),
             ContainsSubstring("antistrophe: f is not finite at the given t and y: dy[0] is ") &&
                 ContainsSubstring("nan; check at another point"));
  CHECK(message(Fault::not_autonomous) ==
        "antistrophe: the field says that it is autonomous, but its value changes with t");
  CHECK_THAT(
      message(Fault::assigns),
      ContainsSubstring("overwrites y_bar[0], or adds a multiple of it; it must add to it (+=): from 0 it makes "));
}
