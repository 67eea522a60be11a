// DirectAdjoint keeps the stages of steps while they fit its budget, and gives the same gradient bit for bit.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/running_cost.hpp>

#include "support/catch.hpp"

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace antistrophe;

namespace {

using Y = Eigen::VectorXd;

// y' = sin(W y + t), with a tape of the cosines, as a network has one; W is θ, row by row.
struct Layer {
  Y theta;

  const Y& parameters() const { return theta; }
  Y& parameters() { return theta; }
  auto W(Eigen::Index n) const { return Eigen::Map<const Eigen::MatrixXd>(theta.data(), n, n).transpose(); }

  struct Tape {
    Y cosine;
    std::size_t bytes() const { return sizeof(double) * static_cast<std::size_t>(cosine.size()); }
  };
  static Tape make_tape(const Y& y) { return {Y::Zero(y.size())}; }

  void operator()(double t, const Y& y, Y& dy) const {
    Tape tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  void operator()(double t, const Y& y, Y& dy, Tape& tape) const {
    dy = W(y.size()) * y;
    dy.array() += t;
    tape.cosine = dy.array().cos();
    dy = dy.array().sin();
  }
  void vjp(double t, const Y& y, const Y& w, Y& y_bar, Y& theta_bar, double& t_bar) const {
    Y dy = y;
    Tape tape = make_tape(y);
    (*this)(t, y, dy, tape);
    vjp(t, y, tape, w, y_bar, theta_bar, t_bar);
  }
  void vjp(double, const Y& y, const Tape& tape, const Y& w, Y& y_bar, Y& theta_bar, double& t_bar) const {
    const Y z_bar = tape.cosine.cwiseProduct(w);
    y_bar += W(y.size()).transpose() * z_bar;
    for (Eigen::Index i = 0; i < y.size(); ++i) theta_bar.segment(i * y.size(), y.size()) += z_bar[i] * y;
    t_bar += z_bar.sum();
  }
};

Problem<Layer, Y> layer() { return {Layer{Y::LinSpaced(9, -1, 1.3)}, Y::LinSpaced(3, 0.2, 1), 0.0, 1.5}; }

const auto half_squares = [](const auto& ys, auto& ys_bar) {
  double sum = 0;
  for (std::size_t i = 0; i < ys.size(); ++i) {
    ys_bar[i] = ys[i];
    sum += ys[i].squaredNorm() / 2;
  }
  return sum;
};

void check_same(const Gradient<Layer, Y>& a, const Gradient<Layer, Y>& b) {
  CHECK(a.y0 == b.y0);
  CHECK(a.theta == b.theta);
  CHECK(a.t0 == b.t0);
  CHECK(a.t1 == b.t1);
}

constexpr DirectAdjoint none_kept{.memory_budget = 0};

}  // namespace

TEMPLATE_TEST_CASE("No stage is evaluated again while the budget lasts, and no bit is another", "", Euler, RK4, Bosh3,
                   Dopri5) {
  constexpr std::int64_t n = 20, s = tableau::increment_stages<typename TestType::TableauType>;
  const auto gradient = [](const auto&... extras) {
    return value_and_gradient(layer(), TestType{}, FixedSteps{n}, half_squares, extras...).gradient;
  };
  const auto again = gradient(none_kept), kept = gradient(), few = gradient(DirectAdjoint{.memory_budget = 1500});
  CHECK(again.stats.evaluations == n * s);
  CHECK(kept.stats.evaluations == 0);
  CHECK(few.stats.evaluations > 0);
  CHECK(few.stats.evaluations < n * s);
  CHECK(kept.stats.vjps == again.stats.vjps);
  check_same(kept, again);
  check_same(few, again);
}

TEST_CASE("Adaptive steps keep their stages too, those that were rejected none") {
  const Adaptive steps{.rtol = 1e-5, .atol = 1e-5, .first_step = 1.4};
  const auto gradient = [&](const auto& method, const auto&... extras) {
    auto result = value_and_gradient(layer(), method, steps, half_squares, extras...);
    CHECK(result.stats.rejected > 0);
    return std::move(result.gradient);
  };
  const auto check = [&](const auto& method) {
    const auto again = gradient(method, none_kept), kept = gradient(method);
    CHECK(again.stats.evaluations > 0);
    CHECK(kept.stats.evaluations == 0);
    check_same(kept, again);
  };
  check(Dopri5{});
  check(Bosh3{});
}

TEST_CASE("The way forth is the same whether stages are kept or not: as many evaluations, and the same steps") {
  // It comes to rest, so that the guard of sensitivities bounds its steps by what it sees of f, after so many evaluations.
  struct Settling {
    struct Tape {
      Y cosine;
      std::size_t bytes() const { return sizeof(double) * static_cast<std::size_t>(cosine.size()); }
    };
    static Tape make_tape(const Y& y) { return {Y::Zero(y.size())}; }
    void operator()(double t, const Y& y, Y& dy) const {
      Tape tape = make_tape(y);
      (*this)(t, y, dy, tape);
    }
    void operator()(double, const Y& y, Y& dy, Tape& tape) const {
      dy = -20 * y.array().sin();
      tape.cosine = y.array().cos();
    }
    void vjp(double, const Y& y, const Y& w, Y& y_bar, Eigen::Vector<double, 0>&) const {
      y_bar.array() -= 20 * y.array().cos() * w.array();
    }
    void vjp(double, const Y&, const Tape& tape, const Y& w, Y& y_bar, Eigen::Vector<double, 0>&) const {
      y_bar -= 20 * tape.cosine.cwiseProduct(w);
    }
  };
  const Problem settling{Settling{}, Y(Y::LinSpaced(3, 0.2, 1)), 0.0, 20.0};
  const auto check = [&](const auto& method, const auto& problem) {
    const auto with = [&](const DirectAdjoint& adjoint) {
      return solve_with_pullback(problem, method, Adaptive{.rtol = 1e-5, .atol = 1e-5}, SaveAt{.steps = true}, adjoint);
    };
    const auto kept = with({}), none = with(none_kept);
    CHECK(kept.stats().evaluations == none.stats().evaluations);
    CHECK(kept.stats().guarded == none.stats().guarded);
    CHECK((kept.ts() == none.ts() && kept.ys() == none.ys()));
  };
  check(Dopri5{}, layer());
  check(Dopri5{}, settling);
  check(Bosh3{}, settling);
}

TEST_CASE("A step inside which values were saved, or a cost was integrated, is evaluated again") {
  const auto gradient = [](const auto&... extras) {
    return value_and_gradient(layer(), Dopri5{}, FixedSteps{10}, half_squares, extras...).gradient;
  };
  const SaveAt inside{.times = {0.07, 0.31, 1.5}};
  const auto again = gradient(none_kept, inside), kept = gradient(inside);
  CHECK(kept.stats.evaluations > 0);
  CHECK(kept.stats.evaluations < again.stats.evaluations / 3);
  check_same(kept, again);

  const RunningCost cost{[](auto, const auto& y, const auto&) { return y[0] * y[1]; }};
  check_same(gradient(cost), gradient(none_kept, cost));
}

TEST_CASE("Stages that were kept serve every pull-back, and every call of an Objective") {
  auto pass = solve_with_pullback(layer(), RK4{}, FixedSteps{20});
  const std::vector<Y> w{Y::LinSpaced(3, 1, 2)}, v{Y::LinSpaced(3, 0, -1)};
  const auto first = pass.pullback(w);
  check_same(pass.pullback(v), solve_with_pullback(layer(), RK4{}, FixedSteps{20}, none_kept).pullback(v));
  check_same(pass.pullback(w), first);

  Objective objective{layer(), Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, half_squares};
  Objective without{layer(), Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, half_squares, none_kept};
  for (const double scale : {1.0, 2.5, 0.3, 1.0}) {  // longer and shorter solves
    const Y theta = scale * layer().field.theta;
    check_same(objective(theta).gradient, without(theta).gradient);
    CHECK(objective(theta).gradient.stats.evaluations == 0);
  }
  Objective copy = objective;
  check_same(copy(Y(layer().field.theta)).gradient, without(Y(layer().field.theta)).gradient);
}

TEST_CASE("What is kept is told, and stays within the budget") {
  for (const std::size_t budget : {std::size_t{0}, std::size_t{3000}, std::size_t{50'000}}) {
    const auto bytes = [&](const DirectAdjoint& adjoint) {
      return value_and_gradient(layer(), RK4{}, FixedSteps{100}, half_squares, adjoint).stats.bytes_kept;
    };
    const std::size_t carries = bytes(none_kept), all = bytes(DirectAdjoint{.memory_budget = budget});
    CHECK(all <= carries + budget);
    CHECK(all + 1200 >= carries + budget);  // another step's do not fit
  }
}

TEST_CASE("Unless a budget is given, what a cache holds is kept, and no more") {
  constexpr std::int64_t n = 20'000;
  const auto solved = [](const auto& adjoint) {
    return value_and_gradient(layer(), RK4{}, FixedSteps{n}, half_squares, adjoint);
  };
  const auto none = solved(none_kept), some = solved(DirectAdjoint{}),
             all = solved(DirectAdjoint{.memory_budget = 1 << 30});
  const std::size_t kept = some.stats.bytes_kept - none.stats.bytes_kept;
  CHECK(kept <= 4 << 20);
  CHECK(kept > (4 << 20) - 1200);
  CHECK(all.stats.bytes_kept - none.stats.bytes_kept > 2 * kept);
  CHECK(some.gradient.stats.evaluations > n);
  CHECK(some.gradient.stats.evaluations < none.gradient.stats.evaluations);
  CHECK(all.gradient.stats.evaluations == 0);
  check_same(some.gradient, none.gradient);
  check_same(all.gradient, none.gradient);
}

TEST_CASE("A cheap field's stages are kept where a budget is given") {
  struct Spring {
    void operator()(double, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const { dy << y[1], -std::sin(y[0]); }
    void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar,
             Eigen::Vector<double, 0>&) const {
      y_bar[0] -= std::cos(y[0]) * w[1];
      y_bar[1] += w[0];
    }
  };
  const Problem problem{Spring{}, Eigen::Vector2d(1, 0.5), 0.0, 2.0};
  const auto gradient = [&](const DirectAdjoint& adjoint) {
    return value_and_gradient(problem, RK4{}, FixedSteps{30}, half_squares, adjoint).gradient;
  };
  const auto by_default = gradient({}), kept = gradient({.memory_budget = 1 << 20});
  CHECK(by_default.stats.evaluations == 120);
  CHECK(kept.stats.evaluations == 0);
  CHECK(kept.y0 == by_default.y0);
}
