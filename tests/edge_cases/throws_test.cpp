// 17. A throw from each successive call of anything that a user supplies (the field, its vjp, events, jumps, losses, observers): it
// goes through, nothing is leaked, and what is used again afterwards gives the same bits as if nothing had been.
#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/adjoint/checkpointed.hpp>
#include <antistrophe/adjoint/compressed.hpp>
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/adjoint/interpolating.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

#include "catch.hpp"
#include "support/counted_heap.hpp"

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace antistrophe;

namespace {

struct Thrown : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Burns down a call at a time, whoever is called, and then throws.
struct Fuse {
  std::int64_t left = -1;  // never
  std::int64_t calls = 0;
  void burn() {
    ++calls;
    if (left >= 0 && left-- == 0) throw Thrown("the fuse has burnt down");
  }
};
Fuse fuse;

// x' = v, v' = −θ0 sin x + θ1 cos t; split as well.
struct Pendulum {
  Eigen::Vector2d theta{1.2, 0.8};
  const Eigen::Vector2d& parameters() const { return theta; }

  void operator()(double t, const auto& y, auto& dy) const {
    fuse.burn();
    dy[0] = y[1];
    dy[1] = -theta[0] * std::sin(y[0]) + theta[1] * std::cos(t);
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    fuse.burn();
    y_bar[0] -= w[1] * theta[0] * std::cos(y[0]);
    y_bar[1] += w[0];
    theta_bar[0] -= w[1] * std::sin(y[0]);
    theta_bar[1] += w[1] * std::cos(t);
    t_bar -= w[1] * theta[1] * std::sin(t);
  }
  void jvp(double t, const auto& y, const auto& y_dot, const auto& theta_dot, const auto& t_dot, auto& dy_dot) const {
    fuse.burn();
    dy_dot[0] = y_dot[1];
    dy_dot[1] = -theta[0] * std::cos(y[0]) * y_dot[0] - theta_dot[0] * std::sin(y[0]) + theta_dot[1] * std::cos(t) -
                theta[1] * std::sin(t) * t_dot;
  }
};
struct Halves {
  Eigen::Vector2d theta{1.2, 0.8};
  const Eigen::Vector2d& parameters() const { return theta; }
  void velocity(double, const auto& w, auto& dv) const {
    fuse.burn();
    dv = w;
  }
  void force(double t, const auto& v, auto& dw) const {
    fuse.burn();
    dw[0] = -theta[0] * std::sin(v[0]) + theta[1] * std::cos(t);
  }
  void velocity_vjp(double, const auto&, const auto& dv_bar, auto& w_bar, auto&, auto&) const {
    fuse.burn();
    w_bar += dv_bar;
  }
  void force_vjp(double t, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar, auto& t_bar) const {
    fuse.burn();
    v_bar[0] -= dw_bar[0] * theta[0] * std::cos(v[0]);
    theta_bar[0] -= dw_bar[0] * std::sin(v[0]);
    theta_bar[1] += dw_bar[0] * std::cos(t);
    t_bar -= dw_bar[0] * theta[1] * std::sin(t);
  }
};

// The first entry passes a level, and the state is turned back.
struct Level {
  double operator()(double, const auto& y) const {
    fuse.burn();
    return y[0] - 0.3;
  }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const {
    fuse.burn();
    y_bar[0] += 1;
  }
};
struct Turn {
  void operator()(double, const auto& y, auto& y_new) const {
    fuse.burn();
    y_new[0] = y[0];
    y_new[1] = -0.9 * y[1];
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&, auto&) const {
    fuse.burn();
    y_bar[0] += w[0];
    y_bar[1] -= 0.9 * w[1];
  }
};
const Events turns{JumpEvent{Level{}, Turn{}, Crossing::falling, 0.0}};

struct Squares {
  template <class Y>
  double operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    fuse.burn();
    double sum = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] = ys[i];
      sum += ys[i].squaredNorm() / 2;
    }
    return sum;
  }
};

const Problem pendulum{Pendulum{}, Eigen::Vector2d(1, -0.5), 0.0, 1.5};
const SaveAt saves{.times = {0.11, 0.7}, .steps = true};
const Adaptive chosen{.rtol = 1e-3, .atol = 1e-3, .first_step = 1.5};  // so long that it is rejected
const FixedSteps equal{6};

using Numbers = std::vector<double>;

void append(Numbers& numbers, const auto& array) {
  for (Eigen::Index i = 0; i < array.size(); ++i) numbers.push_back(array.data()[i]);
}
Numbers numbers_of(const auto& solution) {
  Numbers numbers = solution.ts();
  for (const auto& y : solution.ys()) append(numbers, y);
  return numbers;
}
template <class F, class Y>
Numbers numbers_of(const ValueAndGradient<F, Y>& result) {
  Numbers numbers{result.value};
  append(numbers, result.gradient.y0);
  append(numbers, result.gradient.theta);
  return numbers;
}

// call() with a throw at its first user-supplied call, its second, and so on until it ends. After each it is called in peace: it
// gives what it gave, and as much memory is in use as before.
template <class Call>
void throws_at_every_call(const Call& call) {
  fuse = {};
  const Numbers expected = call();
  REQUIRE(expected.size() > 2);
  fuse = {};
  (void)call();  // the first one tries the vjp, too
  const std::int64_t calls = fuse.calls, in_use = counted_heap::live;
  REQUIRE(calls > 20);
  std::int64_t thrown = 0, leaked = 0, right = 0;
  for (std::int64_t k = 0; k < calls; ++k) {
    fuse = {k, 0};
    try {
      (void)call();
    } catch (const Thrown&) {
      ++thrown;
    }
    fuse = {};
    right += call() == expected ? 1 : 0;
    leaked += counted_heap::live != in_use ? 1 : 0;
  }
  CHECK(thrown == calls);
  CHECK(right == calls);
  CHECK(leaked == 0);
}

// The gradient by an objective made anew each time, and by one that is used throughout.
template <class P, class... Arguments>
void gradients_throw(const P& problem, const Arguments&... arguments) {
  {
    INFO("made anew");
    throws_at_every_call([&] { return numbers_of(Objective(problem, arguments...)()); });
  }
  INFO("used throughout");
  Objective objective(problem, arguments...);
  throws_at_every_call([&] { return numbers_of(objective()); });
}

}  // namespace

TEMPLATE_TEST_CASE("17. A solve that is thrown out of leaks nothing", "[edge_cases][throws]", Dopri5, Reversible<Bosh3>,
                   TwoPoint<Midpoint>, ReversibleAdams<2>, AsynchronousLeapfrog<>) {
  const auto call = [](const auto& steps) {
    throws_at_every_call([&] {
      Numbers seen;
      const Observer observer{[&seen](double t, const Eigen::Vector2d& y) {
        fuse.burn();
        seen.push_back(t);
        append(seen, y);
      }};
      (void)solve(pendulum, TestType{}, steps, saves, turns, observer);
      return seen;
    });
  };
  call(chosen);
  call(equal);
}

TEMPLATE_TEST_CASE("17. A gradient that is thrown out of leaks nothing, by stored states", "[edge_cases][throws]",
                   DirectAdjoint, CheckpointedAdjoint, CompressedAdjoint) {
  gradients_throw(pendulum, Dopri5{}, chosen, Squares{}, saves, turns, TestType{});
}

TEMPLATE_TEST_CASE("17. A gradient that is thrown out of leaks nothing, by the way back", "[edge_cases][throws]",
                   Reversible<Bosh3>, (Reversible<Midpoint, Floating>), ReversibleAdams<2>) {
  gradients_throw(pendulum, TestType{}, chosen, Squares{}, saves, turns, ReversibleAdjoint{});
}

TEMPLATE_TEST_CASE("17. A gradient that is thrown out of leaks nothing, by an equation of its own",
                   "[edge_cases][throws]", BacksolveAdjoint<>, InterpolatingAdjoint<>) {
  gradients_throw(pendulum, Dopri5{}, chosen, Squares{}, saves, turns, TestType{});
}

TEST_CASE("17. A gradient that is thrown out of leaks nothing, of tangents and of halves", "[edge_cases][throws]") {
  gradients_throw(pendulum, Dopri5{}, chosen, Squares{}, saves, ForwardMode{});
  gradients_throw(Problem{SplitField{Halves{}}, Eigen::Vector2d(1, -0.5), 0.0, 1.5}, Verlet<>{}, equal, Squares{},
                  SaveAt{.steps = true}, ReversibleAdjoint{});
}

TEST_CASE("17. An ensemble that is thrown out of leaks nothing", "[edge_cases][throws]") {
  const Ensemble pendulums{pendulum, 3, [](std::size_t i, auto& problem) {
                             fuse.burn();
                             problem.y0[0] += 0.1 * static_cast<double>(i);
                           }};
  const auto loss = [](std::size_t, const auto& ys, auto& ys_bar) { return Squares{}(ys, ys_bar); };
  throws_at_every_call([&] {
    const auto result = ensemble_value_and_gradient(pendulums, Dopri5{}, equal, loss);
    Numbers numbers{result.value};
    append(numbers, result.gradient.theta);
    return numbers;
  });
}
