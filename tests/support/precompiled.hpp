// What nearly every test includes, compiled once.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include "support/catch.hpp"
