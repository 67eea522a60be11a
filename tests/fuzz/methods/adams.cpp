#include "fuzz/instantiate.hpp"

namespace antistrophe::fuzz {

std::vector<AnySolver> adams_solvers() {
  return {compiled<ReversibleAdams<3>, Eigen::VectorXd>("ReversibleAdams<3>"),
          compiled<AsynchronousLeapfrog<>, Eigen::Vector2f>("AsynchronousLeapfrog<>")};
}

}  // namespace antistrophe::fuzz
