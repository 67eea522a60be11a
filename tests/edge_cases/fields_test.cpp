// Nasty fields: written in every way a field may be written, and some in which it may not.
#include <antistrophe/antistrophe.hpp>

#include "catch.hpp"

#include <cmath>
#include <string>
#include <utility>

using namespace antistrophe;

// --- 20. Ways to write a field -------------------------------------------------------------------------------------------------

namespace {

using Y = Eigen::Vector3d;
const Y start{1.0, -2.0, 0.5};

// Each is y' = A y with A = (0 1 0; −1 0 0; 0 0 −1), written in another way; out of order, at once, through views.
struct ByEntry {
  void operator()(double, const Y& y, Y& dy) const {
    dy[0] = 1e3;  // were dy y, the next would be wrong
    dy[1] = -y[0];
    dy[2] = -y[2];
    dy[0] = y[1];
  }
};
struct Generic {
  void operator()(double, const auto& y, auto& dy) const { dy << y[1], -y[0], -y[2]; }
};
struct ByReference {
  void operator()(double, const Eigen::Ref<const Y>& y, Eigen::Ref<Y> dy) const { dy << y[1], -y[0], -y[2]; }
};
struct OfBase {
  template <class In, class Out>
  void operator()(double, const Eigen::MatrixBase<In>& y, Eigen::MatrixBase<Out>& dy) const {
    dy.template head<2>() = y.template head<2>().reverse().cwiseProduct(Eigen::Vector2d(1, -1));
    dy.template tail<1>() = -y.template tail<1>();
  }
};
struct ByValue {
  void operator()(double, Y y, Y& dy) const {
    std::swap(y[0], y[1]);
    dy = y.cwiseProduct(Y(1, -1, -1));
  }
};
struct Forwarding {
  void operator()(auto&&, auto&& y, auto&& dy) const { dy << y[1], -y[0], -y[2]; }
};
struct Answering {  // what it returns is not looked at
  Y& operator()(double, const Y& y, Y& dy) const { return dy = Y(y[1], -y[0], -y[2]); }
};
const auto lambda = [](double, const auto& y, auto& dy) {
  dy = -y;
  dy[0] = y[1];
  dy[1] = -y[0];
};
void function(double, const Y& y, Y& dy) { dy << y[1], -y[0], -y[2]; }

}  // namespace

TEST_CASE("20. However a field takes its arguments, it is the same field", "[edge_cases]") {
  // (cos t · x0 + sin t · x1, cos t · x1 − sin t · x0, e^{−t} x2); RK4 with h = 0.01 is right to h⁴/120 = 1e−10.
  const double c = std::cos(1.0), s = std::sin(1.0);
  const Y exact{c * start[0] + s * start[1], c * start[1] - s * start[0], std::exp(-1.0) * start[2]};
  const auto check = [&](const auto& field) {
    const Problem problem{field, start, 0.0, 1.0};
    CHECK((solve(problem, RK4{}, FixedSteps{100}).ys().back() - exact).norm() < 1e-9);
  };
  check(ByEntry{});
  check(Generic{});
  check(ByReference{});
  check(OfBase{});
  check(ByValue{});
  check(Forwarding{});
  check(Answering{});
  check(lambda);
  check(&function);
}

TEST_CASE("20. The initial state may be any expression", "[edge_cases]") {
  const Eigen::MatrixXd table = Eigen::MatrixXd::Random(3, 4);
  const Y reference = solve(Problem{Generic{}, Y(table.col(1)), 0.0, 1.0}, RK4{}, FixedSteps{10}).ys().back();
  const auto check = [&](const auto& problem) {
    CHECK((solve(problem, RK4{}, FixedSteps{10}).ys().back() - reference).norm() == 0);
  };
  check(Problem{Generic{}, table.col(1), 0.0, 1.0});
  check(Problem{Generic{}, table.block<3, 1>(0, 1), 0, 1});
  check(Problem{Generic{}, (table.col(1) * 2.0) / 2.0, 0.0, 1.0});
  check(Problem{Generic{}, Eigen::Map<const Y>(table.data() + 3), 0.0, 1.0});
  check(Problem{Generic{}, Eigen::Ref<const Eigen::VectorXd>(table.col(1)), 0.0, 1.0});
}

namespace {

// An entry of dy that nobody writes; one that is added to what was there.
struct Careless {
  bool adds;
  void operator()(double, const auto& y, auto& dy) const {
    if (adds) {
      dy += y;
    } else {
      dy[0] = y[1];
      dy[1] = -y[0];
    }
  }
};

template <class F, class State, class M>
void ends_at_once(const F& field, const State& y0, const M& method, Eigen::Index component) {
  const Problem problem{field, y0, 0.0, 1.0};
  const auto solution = solve(problem, method, FixedSteps{10}, {}, OnFailure::return_status);
  CHECK(solution.status() == Status::not_finite);
  CHECK(solution.failure().step == 0);
  CHECK(solution.failure().component == component);
  CHECK(solution.failure().cause.find("left an entry of dy unwritten") != std::string::npos);
}

}  // namespace

TEMPLATE_TEST_CASE("20. A field that leaves dy unwritten ends the solve, and is not taken for 0", "[edge_cases]", Euler,
                   Dopri5, Reversible<Midpoint>, (Reversible<Midpoint, Floating>)) {
  for (const bool adds : {false, true}) {
    const Eigen::Index component = adds ? 0 : 2;
    ends_at_once(Careless{adds}, start, TestType{}, component);                                       // in registers
    ends_at_once(Careless{adds}, Eigen::VectorXd(Eigen::VectorXd::Ones(40)), TestType{}, component);  // in memory
  }
}
