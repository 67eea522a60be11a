// SPDX-License-Identifier: MIT
// Antistrophe: reversible ODE solving with exact gradients. Everything that needs Eigen alone.
#pragma once

// First what says what is wrong, so that a compiler does not name all that includes it.
#include <antistrophe/core/config.hpp>
#include <antistrophe/method/runge_kutta/tableau/tableau.hpp>

#include <antistrophe/detail/extras.hpp>
#include <antistrophe/field/split.hpp>
#include <antistrophe/method/runge_kutta/tableau/dense.hpp>

#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/adjoint/solve_with_pullback.hpp>
#include <antistrophe/check/assert_reversible.hpp>
#include <antistrophe/check/check_first.hpp>
#include <antistrophe/check/check_gradient.hpp>
#include <antistrophe/core/version.hpp>
#include <antistrophe/error_bars.hpp>
#include <antistrophe/field/check_vjp.hpp>
#include <antistrophe/field/split_field.hpp>
#include <antistrophe/gradient.hpp>
#include <antistrophe/method/adams/reversible_adams.hpp>
#include <antistrophe/method/coupled/reversible.hpp>
#include <antistrophe/method/coupled/two_point.hpp>
#include <antistrophe/method/node/asynchronous_leapfrog.hpp>
#include <antistrophe/method/node/reversible_heun.hpp>
#include <antistrophe/method/runge_kutta/nearly_reversible.hpp>
#include <antistrophe/method/runge_kutta/runge_kutta.hpp>
#include <antistrophe/method/symplectic/symplectic.hpp>
#include <antistrophe/objective.hpp>
#include <antistrophe/problem/losses.hpp>
#include <antistrophe/solve.hpp>
#include <antistrophe/step/adaptive.hpp>
#include <antistrophe/step/fixed.hpp>
