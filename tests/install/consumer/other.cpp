// The same library once more, in a second translation unit.
#include "other.hpp"

#include <antistrophe/antistrophe.hpp>

#include <cmath>

int version_in_the_other_file() { return ANTISTROPHE_VERSION; }

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
