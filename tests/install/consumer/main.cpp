// Solves, differentiates and meets an event, as a user would.
#include <antistrophe/antistrophe.hpp>

#include <cmath>
#include <iostream>
#include <string>

#include "other.hpp"

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

// The time at which y falls to ½, ln 2 / k, and its derivative −ln 2 / k².
bool halves_in_time() {
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

}  // namespace

int main() {
  const std::string version = std::to_string(ANTISTROPHE_VERSION_MAJOR) + '.' +
                              std::to_string(ANTISTROPHE_VERSION_MINOR) + '.' +
                              std::to_string(ANTISTROPHE_VERSION_PATCH);
  std::cout << "antistrophe " << version << '\n';
  if (version != EXPECTED_VERSION || version_in_the_other_file() != ANTISTROPHE_VERSION) return 1;
  if (!halves_in_time()) return 2;
  return bounces_in_the_other_file() ? 0 : 3;
}
