#include "fuzz/instantiate.hpp"

namespace antistrophe::fuzz {

std::vector<AnySolver> pair_solvers() {
  return {compiled<Reversible<Bosh3>, Eigen::VectorXd>("Reversible<Bosh3>"),
          compiled<Reversible<Midpoint, Floating>, Eigen::Vector2d>("Reversible<Midpoint, Floating>")};
}

}  // namespace antistrophe::fuzz
