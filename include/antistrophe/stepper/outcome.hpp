// How an attempted step went.
#pragma once

namespace antistrophe {

enum class Outcome { ok, not_finite, out_of_range };

}  // namespace antistrophe
