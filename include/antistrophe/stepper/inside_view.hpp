// SPDX-License-Identifier: MIT
// What wants to see the dense output of each step on the way back, before the cotangents of states inside the step are used: it may
// depend on these states what their cotangents are.
#pragma once

#include <concepts>

namespace antistrophe {

// polynomial: a StepPolynomial<State, dense_degree> of the stepper's, which it fills before it calls look(context).
struct InsideView {
  void* polynomial;
  void* context;
  void (*look)(void* context);
};

// A stepper whose pullback and step_back do so for a view that they were given, where cotangents inside the step are given, too;
// nullptr for none.
template <class S>
concept ShowsInside = requires(S s, InsideView* view) { s.show_inside_to(view); };

}  // namespace antistrophe
