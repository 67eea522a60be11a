// expect: -ffast-math and -ffinite-math-only are refused
// flags: -ffast-math
#include <antistrophe/antistrophe.hpp>

const int version = ANTISTROPHE_VERSION;
