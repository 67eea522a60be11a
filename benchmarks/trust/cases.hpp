// How sources of problems write them: y0, theta and f, generic in its scalar, twice for the two losses.
#pragma once

#include "trust/problems.hpp"

#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/field/recorded_vjp.hpp>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace trust {

inline VectorXd vector(std::initializer_list<double> entries) {
  VectorXd v(static_cast<Eigen::Index>(entries.size()));
  std::copy(entries.begin(), entries.end(), v.data());
  return v;
}

template <class Differentiable>
Field of(const Differentiable& f, VectorXd theta) {
  auto equations = std::make_shared<Equations>();
  equations->theta = std::move(theta);
  equations->f = [f](double t, const VectorXd& y, VectorXd& dy) { f(t, y, dy); };
  equations->vjp = [f](double t, const VectorXd& y, const VectorXd& w, VectorXd& y_bar, VectorXd& theta_bar) {
    f.vjp(t, y, w, y_bar, theta_bar);
  };
  return {equations};
}
template <class Function>
Field field(Function function, const VectorXd& theta) {
  return of(antistrophe::automatic_vjp(std::move(function), theta), theta);
}
// Of many unknowns.
template <class Function>
Field large_field(Function function, const VectorXd& theta) {
  return of(antistrophe::recorded_vjp(std::move(function), theta), theta);
}

class Cases {
 public:
  template <class Function>
  void add(std::string name, double t1, VectorXd y0, VectorXd theta, Function function,
           std::vector<double> kinks = {}) {
    add(std::move(name), t1, std::move(y0), field(std::move(function), theta), std::move(kinks));
  }
  void add(std::string name, double t1, VectorXd y0, const Field& f, std::vector<double> kinks) {
    for (const bool saves : {false, true}) cases.push_back({name, f, y0, 0, t1, kinks, saves});
  }
  // A third time with ∫ |y|²/2 dt as a last entry of the state, and so of the loss. f must not look at the state's length.
  template <class Function>
  void add_with_cost(std::string name, double t1, const VectorXd& y0, VectorXd theta, Function function,
                     std::vector<double> kinks = {}) {
    add(name, t1, y0, theta, function, kinks);
    const Eigen::Index n = y0.size();
    VectorXd longer = VectorXd::Zero(n + 1);
    longer.head(n) = y0;
    const Field f = field(
        [function, n](const auto& t, const auto& y, const auto& p, auto& dy) {
          function(t, y, p, dy);
          dy[n] = 0.5 * y[0] * y[0];
          for (Eigen::Index i = 1; i < n; ++i) dy[n] += 0.5 * y[i] * y[i];
        },
        std::move(theta));
    cases.push_back({name + ", cost", f, longer, 0, t1, std::move(kinks), false});
  }
  std::vector<Case> cases;
};

// Problems of which nothing in the library was chosen: script/trust --others 1.
std::vector<Case> other_cases();

// So many problems, drawn at random, of seven kinds: script/trust --random <how many> --seed <seed>.
std::vector<Case> random_cases(int many, unsigned seed);

}  // namespace trust
