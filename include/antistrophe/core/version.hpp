// SPDX-License-Identifier: MIT
// The version of the library, in this one place: CMake reads it from here, and CHANGELOG.md names the same one.
#pragma once

#define ANTISTROPHE_VERSION_MAJOR 0
#define ANTISTROPHE_VERSION_MINOR 2
#define ANTISTROPHE_VERSION_PATCH 0

// 10203 for 1.2.3: one number to compare with.
#define ANTISTROPHE_VERSION \
  (ANTISTROPHE_VERSION_MAJOR * 10000 + ANTISTROPHE_VERSION_MINOR * 100 + ANTISTROPHE_VERSION_PATCH)
