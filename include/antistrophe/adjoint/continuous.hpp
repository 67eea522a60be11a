// SPDX-License-Identifier: MIT
// For adjoints that solve an equation of their own backwards: what an adjoint of one's own that says is_continuous includes.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/adjoint/detail/continuous_pass.hpp>
