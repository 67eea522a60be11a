// What each of our programs tells of itself.
#pragma once

#include <antistrophe/core/version.hpp>

#include <Eigen/Core>

#include <string>

#include "peers/worker.hpp"

namespace peers {

inline std::string our_version() {
  const auto dotted = [](int major, int minor, int patch) {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  };
  return "Antistrophe " + dotted(ANTISTROPHE_VERSION_MAJOR, ANTISTROPHE_VERSION_MINOR, ANTISTROPHE_VERSION_PATCH) +
         ", Eigen " + dotted(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
}

}  // namespace peers
