// The methods that are compiled, each list in a source of its own (runner/methods).
#include "runner/method.hpp"

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace antistrophe::runner {

Methods euler_methods();
Methods midpoint_methods();
Methods heun_methods();
Methods ralston_methods();
Methods ralston3_methods();
Methods bosh3_methods();
Methods rk4_methods();
Methods rk38_methods();
Methods tsit5_methods();
Methods dopri5_methods();
Methods dop853_methods();
Methods two_point_methods();
Methods two_point_floating_methods();
Methods node_methods();
Methods adams_methods();
Methods symplectic_methods();
Methods made_ito_methods();

const Methods& all_methods() {
  static const Methods all = joined(
      {euler_methods(), midpoint_methods(), heun_methods(), ralston_methods(), ralston3_methods(), bosh3_methods(),
       rk4_methods(), rk38_methods(), tsit5_methods(), dopri5_methods(), dop853_methods(), two_point_methods(),
       two_point_floating_methods(), node_methods(), adams_methods(), symplectic_methods()});
  return all;
}
const Methods& ito_methods() {
  static const Methods made = made_ito_methods();
  return made;
}

Methods joined(std::initializer_list<Methods> lists) {
  Methods result;
  for (const Methods& list : lists) result.insert(result.end(), list.begin(), list.end());
  return result;
}

namespace {

Methods found(std::string_view names) {
  Methods result;
  int depth = 0;
  std::string name;
  const auto finish = [&] {
    const auto is_it = [&](const AnyMethod& method) { return method.name() == name; };
    for (const Methods* list : {&all_methods(), &ito_methods()}) {
      const auto match = std::find_if(list->begin(), list->end(), is_it);
      if (match == list->end()) continue;
      result.push_back(*match);
      return name.clear();
    }
    throw std::logic_error("no method is compiled by the name of " + name);
  };
  for (const char c : names) {
    depth += c == '<' ? 1 : c == '>' ? -1 : 0;
    if (c == ',' && depth == 0)
      finish();
    else if (c != ' ' || !name.empty())
      name += c;
  }
  finish();
  return result;
}

}  // namespace

// Hundreds of lists are made before each test, and many of them twice.
Methods methods(std::string_view names) {
  static std::map<std::string, Methods, std::less<>> known;
  const auto place = known.find(names);
  return place != known.end() ? place->second : known.emplace(names, found(names)).first->second;
}

}  // namespace antistrophe::runner
