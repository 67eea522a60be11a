// SPDX-License-Identifier: MIT
// C source made into machine code while the program runs: written to a folder of its own, which nobody else can read or write
// (mkdtemp), translated by the compiler that is found, loaded, and removed again before anything is called. For POSIX systems.
#pragma once

#if !__has_include(<dlfcn.h>) || !__has_include(<spawn.h>)
#error \
    "antistrophe: compiled_vjp needs a POSIX system (dlopen, posix_spawn); recorded_vjp does the same without a compiler"
#endif

#include <antistrophe/core/config.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;  // NOLINT: POSIX declares it nowhere

namespace antistrophe {

// How compiled_vjp compiles.
struct Compilation {
  // A C compiler, or a command of several words that begins with one; empty: $CC, or else the first of cc, gcc and clang. It is
  // given flags, -shared, -fPIC, the source and -o.
  std::string compiler = {};
  std::string flags = "-O2 -march=native -fno-math-errno -fno-trapping-math";
  // Ways through the function's branches that are compiled; beyond them it is recorded at each call.
  std::size_t branches = 8;
};

namespace detail {

ANTISTROPHE_COLD [[noreturn]] inline void cannot_compile(const std::string& what) {
  throw std::runtime_error("antistrophe: compiled_vjp " + what);
}

// A folder for one compilation, gone with its files at the end of its scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* const given = std::getenv("TMPDIR");  // NOLINT: nobody sets it meanwhile
    const std::string parent = given && *given ? given : "/tmp";
    path_ = parent + "/antistrophe-XXXXXX";
    if (!mkdtemp(path_.data()))
      cannot_compile("could not make a folder for its code in " + parent + " (" + std::strerror(errno) +
                     "); set TMPDIR to one that may be written to");
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    for (const std::string& file : files_) unlink(file.c_str());
    rmdir(path_.c_str());
  }

  std::string file(const char* name) {
    files_.push_back(path_ + "/" + name);
    return files_.back();
  }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

class NativeCode {
 public:
  NativeCode(const std::string& source, const Compilation& how) {
    TemporaryFolder folder;
    const std::string code = folder.file("vjp.c"), library = folder.file("vjp.so"), told = folder.file("told.txt");
    write(code, source);
    compile(how, code, library, told);
    library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_)
      cannot_compile(std::string("could not load what was compiled (") + dlerror() +
                     "); set TMPDIR to a folder from which programs may be run");
    function_ = reinterpret_cast<Function*>(dlsym(library_, "antistrophe_vjp"));
    if (!function_) {
      dlclose(library_);
      cannot_compile("did not find its function in what was compiled; is '" + how.flags + "' right as flags?");
    }
  }
  NativeCode(const NativeCode&) = delete;
  NativeCode& operator=(const NativeCode&) = delete;
  ~NativeCode() { dlclose(library_); }

  using Function = int(const double* x, const double* w, double* bar, double* s);
  int operator()(const double* x, const double* w, double* bar, double* s) const { return function_(x, w, bar, s); }

 private:
  static void write(const std::string& path, const std::string& text) {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    bool written = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file) written = std::fclose(file) == 0 && written;
    if (!written)
      cannot_compile("could not write its code to " + path + " (" + std::strerror(errno) +
                     "); set TMPDIR to a folder with room");
  }

  static std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> result;
    std::size_t from = 0;
    while ((from = text.find_first_not_of(' ', from)) != std::string::npos) {
      const std::size_t to = std::min(text.find(' ', from), text.size());
      result.push_back(text.substr(from, to - from));
      from = to;
    }
    return result;
  }

  static void compile(const Compilation& how, const std::string& code, const std::string& library,
                      const std::string& told) {
    const char* const from_environment = std::getenv("CC");  // NOLINT: nobody sets it meanwhile
    std::vector<std::string> compilers;
    if (!how.compiler.empty())
      compilers = {how.compiler};
    else if (from_environment && *from_environment)
      compilers = {from_environment};
    else
      compilers = {"cc", "gcc", "clang"};
    for (const std::string& compiler : compilers) {
      std::vector<std::string> command = words(compiler);
      for (std::string& flag : words(how.flags)) command.push_back(std::move(flag));
      command.insert(command.end(), {"-shared", "-fPIC", code, "-o", library, "-lm"});
      const int status = run(command, told);
      if (status == 0) return;
      if (status != not_there)
        cannot_compile("could not compile its code by '" + compiler + " " + how.flags + "': " + first_line(told));
    }
    std::string tried;
    for (const std::string& compiler : compilers) tried.append(tried.empty() ? "" : ", ").append(compiler);
    cannot_compile("found no compiler (tried: " + tried +
                   "); set CC or Compilation{.compiler = …} to one, or take recorded_vjp, which needs none");
  }

  static constexpr int not_there = 127;

  // The command's exit status; what it says goes to the file `told`.
  static int run(const std::vector<std::string>& command, const std::string& told) {
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, told.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     S_IRUSR | S_IWUSR);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t child = 0;
    const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return not_there;
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
      if (errno != EINTR) return 0;  // the program lets nobody wait for its children: loading will tell
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }

  static std::string first_line(const std::string& path) {
    std::string line;
    if (std::FILE* const file = std::fopen(path.c_str(), "r")) {
      char text[300] = "";
      if (std::fgets(text, sizeof text, file)) line = text;
      std::fclose(file);
    }
    while (!line.empty() && line.back() == '\n') line.pop_back();
    return line.empty() ? "it said nothing" : line;
  }

  void* library_ = nullptr;
  Function* function_ = nullptr;
};

}  // namespace detail

}  // namespace antistrophe
