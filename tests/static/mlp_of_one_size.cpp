// expect: Layers: name at least the input's and the output's size
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Sizes = Layers<2, 2>;
#else
using Sizes = Layers<2>;
#endif

auto network() { return Mlp<double, Sizes>{}; }
