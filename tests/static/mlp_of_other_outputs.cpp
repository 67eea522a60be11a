// expect: Mlp: a vector field has as many outputs as the state has rows
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Sizes = Layers<2, 8, 2>;
#else
using Sizes = Layers<2, 8, 3>;
#endif

auto network() { return Mlp<double, Sizes>{}; }
