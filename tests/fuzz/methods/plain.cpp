#include "fuzz/instantiate.hpp"

namespace antistrophe::fuzz {

std::vector<AnySolver> plain_solvers() {
  return {compiled<Dopri5, Eigen::Vector2d>("Dopri5"), compiled<RK4, Eigen::VectorXd>("RK4")};
}

}  // namespace antistrophe::fuzz
