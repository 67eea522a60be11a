// What nearly every test includes, compiled once.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include "support/catch.hpp"
#ifdef ANTISTROPHE_COMMON_INSTANCES
#include "support/common_instances.hpp"
#endif
