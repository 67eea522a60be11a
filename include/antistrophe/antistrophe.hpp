// Antistrophe: reversible ODE solving with exact gradients. Everything that needs Eigen alone.
#pragma once

#include <antistrophe/adjoint/direct.hpp>
#include <antistrophe/adjoint/reversible.hpp>
#include <antistrophe/adjoint/solve_with_pullback.hpp>
#include <antistrophe/check/assert_reversible.hpp>
#include <antistrophe/check/check_gradient.hpp>
#include <antistrophe/check/check_vjp.hpp>
#include <antistrophe/core/version.hpp>
#include <antistrophe/field/split_field.hpp>
#include <antistrophe/gradient.hpp>
#include <antistrophe/losses.hpp>
#include <antistrophe/solve/solve.hpp>
#include <antistrophe/stepper/asynchronous_leapfrog.hpp>
#include <antistrophe/stepper/nearly_reversible.hpp>
#include <antistrophe/stepper/reversible.hpp>
#include <antistrophe/stepper/reversible_adams.hpp>
#include <antistrophe/stepper/reversible_heun.hpp>
#include <antistrophe/stepper/runge_kutta.hpp>
#include <antistrophe/stepper/split.hpp>
#include <antistrophe/stepper/two_point.hpp>
