// Mistakes of users that leave every number finite: vjps that assign, or take w for y, losses that write no cotangents. They are
// told by default; what only looks like one, a gradient that is 0 or a loss that is level, is not.
#include "battery.hpp"
#include "catch.hpp"
#include "split_problems.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

enum class Slip { none, theta_assigned, y_assigned, t_assigned, swapped };

// y' = (θ0 y1, −θ1 y0 + t), with a slip in the vjp.
struct Swing {
  Slip slip = Slip::none;
  Vector2d theta{1.5, 0.75};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double t, const auto& y, auto& dy) const { dy << theta[0] * y[1], -theta[1] * y[0] + t; }
  void vjp(double, const auto& y_given, const auto& w_given, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    const Vector2d y = slip == Slip::swapped ? w_given : y_given, w = slip == Slip::swapped ? y_given : w_given;
    if (slip == Slip::y_assigned)
      y_bar << -theta[1] * w[1], theta[0] * w[0];
    else
      y_bar += Vector2d(-theta[1] * w[1], theta[0] * w[0]);
    if (slip == Slip::theta_assigned)
      theta_bar << y[1] * w[0], -y[0] * w[1];
    else
      theta_bar += Vector2d(y[1] * w[0], -y[0] * w[1]);
    if (slip == Slip::t_assigned)
      t_bar = w[1];
    else
      t_bar += w[1];
  }
};

Problem<Swing, Vector2d> problem(Slip slip) { return {Swing{slip}, Vector2d(0.5, -1), 0.25, 1.5}; }

// L = |y|²/2.
const auto half_square = [](const auto& ys, auto& ys_bar) {
  ys_bar.back() = ys.back();
  return ys.back().squaredNorm() / 2;
};

std::string refusal(const auto& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "not refused";
}

bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

struct Case {
  Slip slip;
  const char* sentence;
};
const std::vector<Case> cases{{Slip::theta_assigned, "overwrites theta_bar[0]"},
                              {Slip::y_assigned, "overwrites y_bar[0]"},
                              {Slip::t_assigned, "overwrites t_bar"},
                              {Slip::swapped, "are y and w swapped"}};

}  // namespace

TEST_CASE("A vjp that assigns, or takes w for y, is refused by every call for a gradient", "[mistakes]") {
  for (const Case& slipping : cases) {
    const char* sentence = slipping.sentence;
    CAPTURE(sentence);
    const auto wrong = problem(slipping.slip);
    const auto check = [&](const auto& method, const auto& steps, const auto&... extras) {
      CHECK(says(refusal([&] { (void)value_and_gradient(wrong, method, steps, half_square, extras...); }), sentence));
      CHECK(says(refusal([&] { (void)solve_with_pullback(wrong, method, steps, extras...); }), sentence));
      Objective objective{wrong, method, steps, half_square, extras...};
      CHECK(says(refusal([&] { (void)objective(); }), sentence));
      const GradientReport report = check_gradient(wrong, method, steps, half_square, extras...);
      CHECK_FALSE(report.ok);
      CHECK(says(report.message, sentence));
    };
    check(RK4{}, FixedSteps{1});
    check(Reversible<Midpoint>{}, FixedSteps{20});
    check(Reversible<Dopri5>{}, Adaptive{});
    check(ReversibleAdams<3>{}, FixedSteps{20}, DirectAdjoint{});
  }
  CHECK(check_gradient(problem(Slip::none), Reversible<Midpoint>{}, FixedSteps{20}, half_square).ok);
}

namespace {

struct Counted : Swing {
  int* vjps = nullptr;
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    ++*vjps;
    Swing::vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
};

}  // namespace

TEST_CASE("The vjp is tried once, and counted by none but the field itself", "[mistakes]") {
  int vjps = 0;
  Counted field{};
  field.vjps = &vjps;
  Objective objective{Problem{field, Vector2d(0.5, -1), 0.25, 1.5}, RK4{}, FixedSteps{10}, half_square};
  CHECK(objective().gradient.stats.vjps == 40);
  CHECK(vjps == 41);
  CHECK(objective().gradient.stats.vjps == 40);
  CHECK(vjps == 81);
}

namespace {

// g = y0 falls through 0; its derivatives may be assigned or added, for nothing was there before.
struct Floor {
  bool assigned = false;
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    if (assigned)
      y_bar = Vector2d(1, 0), theta_bar.setZero(), t_bar = 0;
    else
      y_bar[0] += 1;
  }
};

// y ← (1/8 + t/16, θ1 y1), with a slip in the vjp.
struct Kick {
  Slip slip = Slip::none;
  int* vjps = nullptr;
  void operator()(double t, const auto& y, const auto& theta, auto& y_new) const {
    y_new << 0.125 + 0.0625 * t, theta[1] * y[1];
  }
  void vjp(double, const auto& y_given, const auto& theta, const auto& w_given, auto& y_bar, auto& theta_bar,
           auto& t_bar) const {
    if (vjps != nullptr) ++*vjps;
    const Vector2d y = slip == Slip::swapped ? w_given : y_given, w = slip == Slip::swapped ? y_given : w_given;
    const Vector2d of_y(0, theta[1] * w[1]), of_theta(0, y[1] * w[1]);
    y_bar = slip == Slip::y_assigned ? of_y : Vector2d(y_bar + of_y);
    theta_bar = slip == Slip::theta_assigned ? of_theta : Vector2d(theta_bar + of_theta);
    t_bar = (slip == Slip::t_assigned ? 0 : t_bar) + 0.0625 * w[0];
  }
};

// Falls through 0 at once, and again after each jump, for a while.
Problem<Swing, Vector2d> falling() { return {Swing{}, Vector2d(0.5, -1), 0.25, 1.5}; }

}  // namespace

TEST_CASE("So is the vjp of a jump, where it was met", "[mistakes]") {
  const auto events = [](Slip slip, bool assigned = false) {
    return Events{JumpEvent<Floor, Kick>{.g = {assigned}, .jump = {slip}, .crossing = Crossing::falling}};
  };
  const auto check = [&](const auto& method, const auto& steps, const auto&... extras) {
    const auto refused = [&](Slip slip) {
      const std::string by_gradient =
          refusal([&] { (void)value_and_gradient(falling(), method, steps, half_square, events(slip), extras...); });
      CHECK(refusal([&] { (void)solve_with_pullback(falling(), method, steps, events(slip), extras...); }) ==
            by_gradient);
      Objective objective{falling(), method, steps, half_square, events(slip), extras...};
      CHECK(refusal([&] { (void)objective(); }) == by_gradient);
      const GradientReport report = check_gradient(falling(), method, steps, half_square, events(slip), extras...);
      CHECK(report.ok == (by_gradient == "not refused"));
      if (!report.ok) CHECK(says(report.message, by_gradient));
      return by_gradient;
    };
    CHECK(says(refused(Slip::theta_assigned), "the vjp of the jump of event 0 overwrites theta_bar[0]"));
    CHECK(says(refused(Slip::y_assigned), "the vjp of the jump of event 0 overwrites y_bar[0]"));
    CHECK(says(refused(Slip::swapped), "are y and w swapped"));
    // Nothing is there before but 0.
    CHECK(refused(Slip::t_assigned) == "not refused");
    CHECK(refused(Slip::none) == "not refused");
    const auto right =
        value_and_gradient(falling(), method, steps, half_square, events(Slip::none), extras...).gradient;
    const auto with_assigned_g =
        value_and_gradient(falling(), method, steps, half_square, events(Slip::none, true), extras...).gradient;
    CHECK(with_assigned_g.y0 == right.y0);
    CHECK(with_assigned_g.theta == right.theta);
  };
  check(RK4{}, FixedSteps{20});
  check(Reversible<Dopri5>{}, FixedSteps{20});
  check(Dopri5{}, Adaptive{.rtol = 1e-10, .atol = 1e-10}, DirectAdjoint{});
}

TEST_CASE("The vjp of a jump is tried once, and where it is not met not at all", "[mistakes]") {
  int vjps = 0;
  Objective objective{Problem{falling()}, RK4{}, FixedSteps{20}, half_square,
                      Events{JumpEvent<Floor, Kick>{.g = {}, .jump = {Slip::none, &vjps}}}};
  const int met = static_cast<int>(objective().gradient.stats.vjps) > 0 ? vjps - 1 : 0;
  CHECK(met > 0);
  (void)objective();
  CHECK(vjps == 1 + 2 * met);
  vjps = 0;
  (void)value_and_gradient(
      falling(), RK4{}, FixedSteps{20}, half_square,
      Events{JumpEvent<Floor, Kick>{.g = {}, .jump = {Slip::swapped, &vjps}, .crossing = Crossing::rising}});
  CHECK(vjps == 0);
}

namespace {

// v' = θ0 w, w' = −θ1 v, with a slip in one half or the other.
struct SlippingHalves {
  static constexpr bool autonomous = true;
  int slip = 0;
  Vector2d theta{1, 2};
  const auto& parameters() const { return theta; }
  void velocity(double, const auto& w, auto& dv) const { dv = theta[0] * w; }
  void force(double, const auto& v, auto& dw) const { dw = -theta[1] * v; }
  void velocity_vjp(double, const auto& w, const auto& dv_bar, auto& w_bar, auto& theta_bar) const {
    w_bar += theta[0] * dv_bar;
    theta_bar[0] = (slip == 1 ? 0 : theta_bar[0]) + w.dot(dv_bar);
  }
  void force_vjp(double, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar) const {
    if (slip == 2)
      v_bar = -theta[1] * dw_bar;
    else
      v_bar -= theta[1] * dw_bar;
    theta_bar[1] -= v.dot(dw_bar);
  }
};

}  // namespace

TEST_CASE("So are the vjps of a split field's halves", "[mistakes]") {
  const auto refused = [](int slip) {
    const Problem halves{SplitField{SlippingHalves{slip}}, Eigen::Vector4d(1, 2, 3, 4), 0.0, 1.0};
    return refusal([&] { (void)value_and_gradient(halves, Verlet<>{}, FixedSteps{10}, half_square); });
  };
  CHECK(refused(0) == "not refused");
  CHECK(says(refused(1), "overwrites theta_bar[0]"));
  CHECK(says(refused(2), "overwrites v_bar, by force_vjp,[0]"));
}

namespace {

struct Draining {
  void operator()(double, const auto& y, auto& dy) const { dy = -y.cwiseMax(0).cwiseSqrt(); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const {
    for (Eigen::Index i = 0; i < y.size(); ++i) y_bar[i] -= w[i] / (2 * std::sqrt(y[i]));
  }
};

// Saved in the place of the state.
struct First {
  double operator()(double, const auto& y) const { return y[0]; }
  void vjp(double, const auto&, double w, auto& y_bar, auto&) const { y_bar[0] += w; }
};

}  // namespace

TEST_CASE("Where f has no derivative the trial of the vjp says nothing", "[mistakes]") {
  // y' = −√y ends at 0, where ∂f/∂y is infinite, and 0 · ∞ is NaN.
  const Problem empty{Draining{}, Vector2d(0, 0), 0.0, 1.0};
  CHECK(refusal([&] { (void)solve_with_pullback(empty, RK4{}, FixedSteps{4}); }) == "not refused");
}

TEST_CASE("A loss that changes with the states and writes no cotangents is refused", "[mistakes]") {
  const auto refused = [](const auto& loss, const auto&... extras) {
    return refusal([&] { (void)value_and_gradient(problem(Slip::none), RK4{}, FixedSteps{10}, loss, extras...); });
  };
  const char* sentence = "writes nothing to ys_bar";
  CHECK(says(refused([](const auto& ys, auto&) { return ys.back().squaredNorm(); }), sentence));
  CHECK(says(refused([](const auto& ys, auto& all) {
               auto ys_bar = all;  // a copy
               ys_bar.back() = 2 * ys.back();
               return ys.back().squaredNorm();
             }),
             sentence));
  CHECK(says(refused([](const auto&, const auto& ys, auto&, auto&) { return ys[0][0]; }, SaveAt{.steps = true}),
             sentence));
  CHECK(says(refused([](const auto& values, auto&) { return values.back(); }, SaveAt{}.of(First{})), sentence));
  const GradientReport report =
      check_gradient(problem(Slip::none), RK4{}, FixedSteps{10}, [](const auto& ys, auto&) { return ys.back()[0]; });
  CHECK_FALSE(report.ok);
  CHECK(says(report.message, sentence));
  Objective objective{problem(Slip::none), RK4{}, FixedSteps{10}, [](const auto& ys, auto&) { return ys.back()[0]; }};
  CHECK(says(refusal([&] { (void)objective(); }), sentence));
}

TEST_CASE("A loss that is level where it is asked is none that writes nothing", "[mistakes]") {
  const auto end = solve(problem(Slip::none), RK4{}, FixedSteps{10}).ys().back();
  const auto gradient_of = [](const auto& loss) {
    return value_and_gradient(problem(Slip::none), RK4{}, FixedSteps{10}, loss).gradient;
  };
  const auto is_zero = [&](const auto& loss) {
    const auto gradient = gradient_of(loss);
    return gradient.y0.isZero(0) && gradient.theta.isZero(0);
  };
  // Constant, in either sense.
  CHECK(is_zero([](const auto&, auto&) { return 3.0; }));
  CHECK(is_zero([](const auto& ys, auto&) { return ys.back().normalized().squaredNorm(); }));
  // A perfect fit, whose cotangents are 0, or −0.
  CHECK(is_zero([&](const auto& ys, auto& ys_bar) {
    ys_bar.back() = 2 * (ys.back() - end);
    return (ys.back() - end).squaredNorm();
  }));
  CHECK(is_zero([&](const auto& ys, auto& ys_bar) {
    ys_bar.back() += -2 * (end - ys.back());
    return (ys.back() - end).squaredNorm() + 1;
  }));
  // A hinge on its level side, and close to its edge.
  const auto hinge = [&](double edge) {
    return [=](const auto& ys, auto& ys_bar) {
      const double over = ys.back()[0] - edge;
      if (over > 0) ys_bar.back()[0] = 1;
      return std::fmax(0.0, over);
    };
  };
  CHECK(is_zero(hinge(end[0] + 1)));
  CHECK(is_zero(hinge(end[0] + 1e-5)));
  // A count, level but for jumps, one of them next door on either side.
  for (const double side : {1.0 - 1e-5, 1.0 + 1e-5, 1.0 - 3e-4, 1.0 + 3e-4})
    CHECK(is_zero([&](const auto& ys, auto&) { return ys.back()[0] > side * end[0] ? 1.0 : 0.0; }));
  // A loss that takes no other states than those of the solve.
  CHECK(is_zero([&](const auto& ys, auto&) {
    if (ys.back() != end) throw std::runtime_error("not mine");
    return 1.0;
  }));
}

namespace {

// A wrong factor, which adds and is linear in w.
struct WrongFactor : Swing {
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    Swing::vjp(t, y, Vector2d(2 * w), y_bar, theta_bar, t_bar);
  }
};

}  // namespace

TEST_CASE("CheckFirst tries the vjp on the first state before anything is solved", "[mistakes]") {
  const Problem wrong{WrongFactor{}, Vector2d(0.5, -1), 0.25, 1.5};
  const Reversible<Midpoint> method;
  const FixedSteps steps{20};
  const char* sentence = "finite differences say";
  CHECK(refusal([&] { (void)value_and_gradient(wrong, method, steps, half_square); }) == "not refused");
  CHECK(says(refusal([&] { (void)value_and_gradient(wrong, method, steps, half_square, CheckFirst{}); }), sentence));
  CHECK(says(
      refusal([&] { (void)value_and_gradient(wrong, method, steps, half_square, SaveAt{.t1 = true}, CheckFirst{}); }),
      sentence));
  CHECK(
      says(refusal([&] { (void)solve_with_pullback(wrong, method, steps, CheckFirst{}, DirectAdjoint{}); }), sentence));
  Objective objective{wrong, method, steps, half_square, CheckFirst{}};
  CHECK(says(refusal([&] { (void)objective(); }), sentence));
  CHECK(says(refusal([&] { (void)objective(); }), sentence));  // no call goes unchecked because one was
  const GradientReport report = check_gradient(wrong, method, steps, half_square, CheckFirst{});
  CHECK_FALSE(report.ok);
  CHECK(says(report.message, sentence));
  // A loose tolerance lets it pass, as it does in check_vjp.
  CHECK(refusal([&] {
          (void)value_and_gradient(wrong, method, steps, half_square, CheckFirst{.options = {.tolerance = 10}});
        }) == "not refused");
  // Of a right vjp it changes nothing.
  const auto right = problem(Slip::none);
  CHECK(value_and_gradient(right, method, steps, half_square, CheckFirst{}).gradient.theta ==
        value_and_gradient(right, method, steps, half_square).gradient.theta);
  CHECK(check_gradient(right, method, steps, half_square, CheckFirst{}).ok);
}
