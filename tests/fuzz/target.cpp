// The fuzzer's entry, and without a fuzzer a program of its own:
//   fuzz <file>…               tries these cases: files of bytes, or <name>.txt with a case of hexadecimal digits in each line
//   fuzz -seconds=60 -seed=1   then random ones
// With clang's libFuzzer its options are those of libFuzzer, and an empty folder that it is given for its corpus is filled with the
// cases of corpus.txt. Those of regressions.txt, which once failed, are tried first by either.
#include "fuzz/oracles.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string digits_of(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(byte));
    text += two;
  }
  return text;
}

// What is wrong is told with the line that repeats it; then it ends, as a fuzzer wants it to.
void try_or_abort(std::span<const std::uint8_t> bytes) {
  try {
    antistrophe::fuzz::try_bytes(bytes);
  } catch (const std::exception& error) {
    std::cerr << "\n" << error.what() << "\nas a line of regressions.txt: " << digits_of(bytes) << std::endl;
    std::abort();
  }
}

// A case a line, in hexadecimal digits; what follows # is a remark.
std::vector<Bytes> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "cannot read " << path << "\n";
    std::exit(2);
  }
  std::vector<Bytes> cases;
  for (std::string line; std::getline(file, line);) {
    Bytes bytes;
    const std::string text = line.substr(0, line.find('#'));
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
      std::uint8_t byte = 0;
      if (std::from_chars(&text[i], &text[i] + 2, byte, 16).ec != std::errc()) break;
      bytes.push_back(byte);
    }
    if (!bytes.empty()) cases.push_back(std::move(bytes));
  }
  return cases;
}

const std::string folder = ANTISTROPHE_FUZZ_FOLDER;

void try_lines(const std::string& path) {
  const std::vector<Bytes> cases = read_lines(path);
  for (const Bytes& bytes : cases) try_or_abort(bytes);
  std::cerr << cases.size() << " cases of " << path << " passed\n";
}

void tell_tally() {
  const antistrophe::fuzz::Tally& tally = antistrophe::fuzz::tally();
  std::cerr << "of all " << tally.refused << " were refused, " << tally.gave_up << " could not go on, " << tally.solved
            << " were solved, with " << tally.gradients << " gradients, " << tally.taken_again << " and, in lanes, "
            << tally.taken_again_in_lanes << " of them taken again\n";
}

}  // namespace

#ifdef ANTISTROPHE_LIBFUZZER

extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
  std::atexit(tell_tally);
  try_lines(folder + "/regressions.txt");
  for (int i = 1; i < *count; ++i) {
    const std::filesystem::path corpus((*words)[i]);
    if (!std::filesystem::is_directory(corpus)) continue;
    if (!std::filesystem::is_empty(corpus)) break;
    std::size_t number = 0;
    for (const Bytes& bytes : read_lines(folder + "/corpus.txt")) {
      std::ofstream file(corpus / std::to_string(number++), std::ios::binary);
      for (const std::uint8_t byte : bytes) file.put(static_cast<char>(byte));
    }
    break;
  }
  return 0;
}
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_or_abort({data, size});
  return 0;
}

#else

int main(int count, char** words) {
  try_lines(folder + "/regressions.txt");
  try_lines(folder + "/corpus.txt");
  double seconds = 0;
  unsigned seed = 1;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word.starts_with("-seconds=")) {
      seconds = std::stod(word.substr(9));
    } else if (word.starts_with("-seed=")) {
      seed = static_cast<unsigned>(std::stoul(word.substr(6)));
    } else if (word.ends_with(".txt")) {
      try_lines(word);
    } else {
      std::ifstream file(word, std::ios::binary);
      try_or_abort(Bytes(std::istreambuf_iterator<char>(file), {}));
    }
  }
  std::mt19937 random(seed);
  const auto start = std::chrono::steady_clock::now();
  std::int64_t cases = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    Bytes bytes(std::uniform_int_distribution<std::size_t>(0, 160)(random));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    try_or_abort(bytes);
    ++cases;
  }
  std::cerr << cases << " random cases passed; ";
  tell_tally();
}

#endif
