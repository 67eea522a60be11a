// expect: Mlp: the input is StateOnly or TimeAndState
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Input = StateOnly;
#else
struct Input {};
#endif

auto network() { return Mlp<double, Layers<2, 8, 2>, Tanh, Input>{}; }
