// A program of script/bench --peers, in C++; in Python it is worker.py. It is started with the name of a workload, and answers each line of
// standard input, <entry> [<argument>], by one line of standard output:
//   <entry> <value> <gradient>… <CPU seconds of a call>
//   <entry> ! <why there is no result>
// What is set up once and used often is made when an entry is first asked for, and called once before it is timed.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cpu_seconds.hpp"
#include "tried.hpp"

namespace peers {

struct Result {
  double value = 0;
  std::vector<double> gradient;
};
using Call = std::function<Result()>;
using Entry = std::function<Call(double argument)>;  // a tolerance, a number of problems, …
using Workload = std::map<std::string, Entry>;

#ifdef __clang__
inline constexpr auto compiler = "clang++ " __clang_version__;
#else
inline constexpr auto compiler = "g++ " __VERSION__;
#endif

// Of calls that fill 20 ms together.
inline double seconds_of(const Call& call) {
  constexpr double enough = benchmarks::measured_or_tried(0.02, 0.0);
  const double begin = benchmarks::cpu_seconds();
  for (int calls = 1;; ++calls) {
    call();
    const double spent = benchmarks::cpu_seconds() - begin;
    if (spent >= enough) return spent / calls;
  }
}

inline std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// `version`: of what is timed, and what it is compiled with, if that is told.
inline int serve(int count, char** arguments, const std::map<std::string, Workload>& workloads,
                 const std::string& version) {
  if (count > 1 && std::string(arguments[1]) == "--version") {
    std::cout << version << ", compiled by " << compiler << " with " PEERS_FLAGS << std::endl;
    return EXIT_SUCCESS;
  }
  const auto workload = workloads.find(count > 1 ? arguments[1] : "");
  if (workload == workloads.end()) {
    std::cerr << "usage: " << arguments[0] << " <workload>, one of:";
    for (const auto& [name, entries] : workloads) std::cerr << ' ' << name;
    std::cerr << '\n';
    return EXIT_FAILURE;
  }
  std::cout.precision(std::numeric_limits<double>::max_digits10);
  std::map<std::string, std::pair<Call, Result>> made;
  for (std::string line; std::getline(std::cin, line);) {
    const auto space = std::min(line.find(' '), line.size());
    const std::string name = line.substr(0, space);
    std::cout << name;
    try {
      if (!made.count(line)) {
        const auto entry = workload->second.find(name);
        if (entry == workload->second.end()) throw std::invalid_argument("there is no such entry");
        Call call = entry->second(std::atof(line.c_str() + space));
        Result result = call();
        made.emplace(line, std::pair{std::move(call), std::move(result)});
      }
      const auto& [call, result] = made.at(line);
      const double seconds = seconds_of(call);
      std::cout << ' ' << result.value;
      for (const double g : result.gradient) std::cout << ' ' << g;
      std::cout << ' ' << seconds << std::endl;
    } catch (const std::exception& error) {
      std::cout << " ! " << in_one_line(error.what()) << std::endl;
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace peers
