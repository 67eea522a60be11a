// Many Lorenz problems to t = 1 that differ in where they start: Σ|y(1)|² over all, and its gradient with respect to the parameters (summed
// up by the call) and to where each starts (summed up for the comparison alone).
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>

#include <cstddef>

#include "peers/ours.hpp"
#include "support/problems.hpp"

namespace {

using namespace antistrophe;

template <class StepsType, class... Extras>
peers::Entry gradient(const StepsType& steps, const Extras&... extras) {
  return [=](double problems) -> peers::Call {
    return [=]() -> peers::Result {
      const Problem first{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 1.0};
      const auto squares = [](const auto& ys, auto& ys_bar) {
        ys_bar[0] = 2 * ys[0];
        return ys[0].squaredNorm();
      };
      const Ensemble ensemble{first, static_cast<std::size_t>(problems),
                              [=](std::size_t i, auto& p) { p.y0[0] += 0.1 * static_cast<double>(i) / problems; }};
      const auto result = ensemble_value_and_gradient(ensemble, Dopri5{}, steps, squares, extras...);
      Eigen::Vector3d y0 = Eigen::Vector3d::Zero();
      for (const auto& of_one : result.gradient.y0) y0 += of_one;
      const auto& theta = result.gradient.theta;
      return {result.value, {theta[0], theta[1], theta[2], y0[0], y0[1], y0[2]}};
    };
  };
}

}  // namespace

int main(int count, char** arguments) {
  const FixedSteps equal{100};
  const Adaptive chosen{.rtol = 1e-6, .atol = 1e-6}, chosen_once{.rtol = 1e-6, .atol = 1e-6, .repeats = 0};
  return peers::serve(
      count, arguments,
      {{"ensemble_of_equal_steps",
        {{"lanes4", gradient(equal, Lanes<4>{})}, {"lanes8", gradient(equal, Lanes<8>{})}, {"alone", gradient(equal)}}},
       {"ensemble_to_a_tolerance",
        {{"lanes4", gradient(chosen_once, Lanes<4>{})},
         {"lanes8", gradient(chosen_once, Lanes<8>{})},
         {"looked_at_again", gradient(chosen, Lanes<8>{})}}}},
      peers::our_version());
}
