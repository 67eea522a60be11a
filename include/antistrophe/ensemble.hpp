// SPDX-License-Identifier: MIT
// Many problems of one field: solve_ensemble and ensemble_value_and_gradient, on one thread or many. On the ranks of MPI:
// ensemble/mpi.hpp beside this.
#pragma once

#include <antistrophe/ensemble/ensemble.hpp>
#include <antistrophe/ensemble/ensemble_gradient.hpp>
#include <antistrophe/ensemble/solve_ensemble.hpp>
