// expect: -fno-exceptions is refused
// flags: -fno-exceptions
// errors: any
// lines: any
#include <antistrophe/antistrophe.hpp>

const int version = ANTISTROPHE_VERSION;
