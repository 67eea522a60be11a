// expect: Mlp: the scalar is float, double, long double or complex
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Scalar = double;
#else
using Scalar = int;
#endif

auto network() { return Mlp<Scalar>({2, 8, 2}); }
