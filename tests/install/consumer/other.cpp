#include <antistrophe/antistrophe.hpp>

int version_in_the_other_file();

int version_in_the_other_file() { return ANTISTROPHE_VERSION; }
