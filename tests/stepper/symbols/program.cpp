// What goes forth and back, for check.cmake to look at its machine code: a program of a user, by a pair, in several ways; and
// steppers called as solve and the adjoints call them (there_and_back.hpp), by two points, reversible Heun, Verlet, and a
// multistep method in equal and unequal steps. One program, for what all of them include costs as much as any of them.
#include "there_and_back.hpp"

#include <antistrophe/antistrophe.hpp>

#include <cstdio>

namespace {

using namespace antistrophe;

// A type for each user, so that none has the other's functions.
template <int user>
struct Field {
  Eigen::Vector2d theta{-0.1, 1.1};
  const auto& parameters() const { return theta; }
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << theta[0] * y[0] + theta[1] * y[1], theta[0] * y[1] - theta[1] * y[0] + t;
  }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * w[0] - theta[1] * w[1];
    y_bar[1] += theta[0] * w[1] + theta[1] * w[0];
    theta_bar[0] += w.dot(y);
    theta_bar[1] += w[0] * y[1] - w[1] * y[0];
  }
};

// Constant times and states, the bait for a compiler that likes to specialise functions.
bool program_is_good() {
  const Problem problem{Field<0>{}, Eigen::Vector2d(1, 0.5), 0.0, 1.0};
  const auto loss = TerminalLoss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const auto back = value_and_gradient(problem, Reversible<RK4>{}, FixedSteps{10}, loss);
  const auto stored = value_and_gradient(problem, Reversible<RK4>{}, FixedSteps{10}, loss, {}, DirectAdjoint{});
  const auto trip = assert_reversible(problem, Reversible<RK4>{}, FixedSteps{10});
  const auto plain = solve(problem, Reversible<RK4>{}, FixedSteps{10});
  return back.value == stored.value && trip.y0 == problem.y0 && trip.y1 == plain.ys().back();
}

struct Halves {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{1.5};
  const auto& parameters() const { return theta; }
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void velocity_vjp(double, const auto&, const auto& dv_bar, auto& w_bar, auto&) const { w_bar += dv_bar; }
  void force(double, const auto& v, auto& dw) const { dw = -theta[0] * v; }
  void force_vjp(double, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar) const {
    v_bar -= theta[0] * dw_bar;
    theta_bar[0] -= v.dot(dw_bar);
  }
};

struct Decays {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{-0.5};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy = theta[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar += theta[0] * w;
    theta_bar[0] += w.dot(y);
  }
};
bool pair_of_many_is_good() {
  return there_and_back(Reversible<Midpoint>{}, Decays{}, Eigen::VectorXd(Eigen::VectorXd::LinSpaced(600, -1, 1)),
                        Timeline::uniform(0, 1, 10));
}

template <class M>
bool family_is_good(const M& method) {
  return there_and_back(method, SplitField{Halves{}}, Eigen::Vector4d(1, 0.5, -0.25, 2), Timeline::uniform(0, 1, 10));
}

bool adams_is_good(const Timeline& timeline) {
  return there_and_back(ReversibleAdams<4>{}, Field<1>{}, Eigen::Vector2d(1, 0.5), timeline);
}

}  // namespace

int main() {
  const bool good = program_is_good() && pair_of_many_is_good() && family_is_good(TwoPoint<RK4>{}) &&
                    family_is_good(ReversibleHeun<>{}) && family_is_good(Verlet<>{}) &&
                    adams_is_good(Timeline::uniform(0, 1, 10)) &&
                    adams_is_good(Timeline::listed({0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1}));
  std::printf("%s\n", good ? "good" : "the ways differ");
  return good ? 0 : 1;
}
