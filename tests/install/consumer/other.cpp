// The same library once more, in a second translation unit: adaptive steps and events.
#include "other.hpp"

#include <antistrophe/antistrophe.hpp>

#include <cmath>

namespace {

// y' = −k y, θ = k.
struct Decay {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> k{0.5};
  const auto& parameters() const { return k; }
  void operator()(double, const auto& y, auto& dy) const { dy = -k[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& k_bar) const {
    y_bar -= k[0] * w;
    k_bar[0] -= w.dot(y);
  }
};

struct Half {
  double operator()(double, const auto& y) const { return y[0] - 0.5; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

}  // namespace

int version_in_the_other_file() { return ANTISTROPHE_VERSION; }

// The time at which y falls to ½, ln 2 / k, and its derivative −ln 2 / k².
bool halves_in_the_other_file() {
  using namespace antistrophe;
  const Problem problem{Decay{}, Eigen::Vector2d{1, 2}, 0.0, 10.0};
  const auto time = [](const auto& ts, const auto&, auto& ts_bar, auto&) {
    ts_bar.back() = 1;
    return ts.back();
  };
  const auto [value, gradient] =
      value_and_gradient(problem, Reversible<Dopri5>{}, Adaptive{.rtol = 1e-10, .atol = 1e-10}, time, SaveAt{},
                         ReversibleAdjoint{}, Events{Event{Half{}}});
  return std::fabs(value - 2 * std::log(2.0)) < 1e-8 && std::fabs(gradient.theta[0] + 4 * std::log(2.0)) < 1e-7;
}

// A ball that falls from height 1 at g = 2 meets the floor at t = 1 with v = −2, and, thrown back as fast, again at t = 3.
bool bounces_in_the_other_file() {
  using namespace antistrophe;
  const auto fall = [](double, const auto& y, auto& dy) {
    dy[0] = y[1];
    dy[1] = -2;
  };
  const auto floor = [](double, const auto& y) { return y[0]; };
  const auto bounce = [](double, const auto& y, auto& y_new) {
    y_new[0] = 0;
    y_new[1] = -y[1];
  };
  const auto apex = [](double, const auto& y) { return y[1]; };
  const auto solution =
      solve(Problem{fall, Eigen::Vector2d{1, 0}, 0.0, 2.5}, Dopri5{}, FixedSteps{7}, SaveAt{},
            Events{JumpEvent{floor, bounce, Crossing::falling}, Event{apex, Crossing::falling, false}});
  return solution.events().size() == 2 && std::fabs(solution.events()[0].t - 1) < 1e-12 &&
         std::fabs(solution.events()[1].t - 2) < 1e-12 && std::fabs(solution.ys().back()[0] - 0.75) < 1e-12;
}
