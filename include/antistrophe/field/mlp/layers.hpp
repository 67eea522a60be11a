// SPDX-License-Identifier: MIT
// The sizes of a network's layers, and what it is fed with.
#pragma once

#include <Eigen/Core>

namespace antistrophe {

// Layer sizes fixed at compile time, input first: Layers<1, 10, 1>.
template <Eigen::Index... Sizes>
struct Layers {};

// Layer sizes given when the network is made: Mlp<double>{{3, 64, 64, 2}}.
struct RuntimeLayers {};

// What the network is fed with: the state, or (t, y) with time as its first input.
struct StateOnly {};
struct TimeAndState {};

}  // namespace antistrophe
