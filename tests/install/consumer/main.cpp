#include <antistrophe/antistrophe.hpp>

#include <iostream>
#include <string>

int version_in_the_other_file();

int main() {
  const std::string version = std::to_string(ANTISTROPHE_VERSION_MAJOR) + '.' +
                              std::to_string(ANTISTROPHE_VERSION_MINOR) + '.' +
                              std::to_string(ANTISTROPHE_VERSION_PATCH);
  std::cout << "antistrophe " << version << '\n';
  return version == EXPECTED_VERSION && version_in_the_other_file() == ANTISTROPHE_VERSION ? 0 : 1;
}
