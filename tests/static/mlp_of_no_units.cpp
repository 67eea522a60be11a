// expect: Layers: every size is at least 1
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Sizes = Layers<2, 8, 2>;
#else
using Sizes = Layers<2, 0, 2>;
#endif

auto network() { return Mlp<double, Sizes>{}; }
