#include "fuzz/instantiate.hpp"

namespace antistrophe::fuzz {

std::vector<AnySolver> point_solvers() {
  return {compiled<TwoPoint<Midpoint>, Eigen::Vector2d>("TwoPoint<Midpoint>"),
          compiled<Verlet<>, Eigen::VectorXd>("Verlet<>")};
}

}  // namespace antistrophe::fuzz
