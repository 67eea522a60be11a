// SPDX-License-Identifier: MIT
// Known test problems with reference values, and a call that tries a method on all of them: docs/problems.md.
#pragma once

#include <antistrophe/problems/test_problem.hpp>
#include <antistrophe/problems/try_out.hpp>
