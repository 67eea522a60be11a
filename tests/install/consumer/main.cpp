// Differentiates a solve, as a user would, with the library as it was installed, fetched or found, or as one header.
#if __has_include(<antistrophe/antistrophe.hpp>)
#include <antistrophe/antistrophe.hpp>
#else
#include "antistrophe.hpp"
#endif

#include <cmath>
#include <iostream>
#include <string>

#ifdef TWO_FILES
#include "other.hpp"
#endif

namespace {

// y' = −k y, θ = k.
struct Decay {
  Eigen::Vector<double, 1> k{0.5};
  const auto& parameters() const { return k; }
  void operator()(double, const auto& y, auto& dy) const { dy = -k[0] * y; }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& k_bar) const {
    y_bar -= k[0] * w;
    k_bar[0] -= w.dot(y);
  }
};

// The sum of y(1) = y0 exp(−k), and its derivative by k, minus itself.
bool decays() {
  using namespace antistrophe;
  const TerminalLoss sum{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const auto [value, gradient] =
      value_and_gradient(Problem{Decay{}, Eigen::Vector2d{1, 2}, 0.0, 1.0}, Reversible<RK4>{}, FixedSteps{100}, sum);
  return std::fabs(value - 3 * std::exp(-0.5)) < 1e-8 && std::fabs(gradient.theta[0] + value) < 1e-8;
}

#ifdef ANTISTROPHE_HAS_XSIMD
constexpr bool has_xsimd = true;
#else
constexpr bool has_xsimd = false;
#endif

}  // namespace

int main() {
  const std::string version = std::to_string(ANTISTROPHE_VERSION_MAJOR) + '.' +
                              std::to_string(ANTISTROPHE_VERSION_MINOR) + '.' +
                              std::to_string(ANTISTROPHE_VERSION_PATCH);
  std::cout << "antistrophe " << version << (has_xsimd ? ", with xsimd" : ", without xsimd") << '\n';
  if (version != EXPECTED_VERSION) return 1;
  if (!decays()) return 2;
#ifdef TWO_FILES
  if (version_in_the_other_file() != ANTISTROPHE_VERSION) return 3;
  if (!halves_in_the_other_file() || !bounces_in_the_other_file()) return 4;
#endif
}
