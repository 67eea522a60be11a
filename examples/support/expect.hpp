// An example is also a test: it says what it expects of its own result, and its exit code says whether that came true.
#pragma once

#include <iostream>
#include <string>

namespace support {

class Expectations {
 public:
  void expect(bool holds, const std::string& sentence) {
    if (holds) return;
    std::cerr << "This is off: " << sentence << '\n';
    exit_code_ = 1;
  }
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_ = 0;
};

}  // namespace support
