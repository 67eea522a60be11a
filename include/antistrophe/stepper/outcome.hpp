// SPDX-License-Identifier: MIT
// How an attempted step went. not_converged is for implicit methods: the equations of a step were not solved to their
// tolerance. Adaptive steps then try a shorter one; with fixed steps the solve ends. The last two are said by those who choose
// the steps: the estimated error is above the tolerance; the step is outside the region where what should decay does.
#pragma once

namespace antistrophe {

enum class Outcome { ok, not_finite, out_of_range, not_converged, inaccurate, unstable };

}  // namespace antistrophe
