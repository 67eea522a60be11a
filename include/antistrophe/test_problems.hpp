// SPDX-License-Identifier: MIT
// Known test problems with reference values, and a call that tries a method on all of them: docs/test_problems.md.
#pragma once

#include <antistrophe/test_problems/test_problem.hpp>
#include <antistrophe/test_problems/try_out.hpp>
