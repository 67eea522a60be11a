// Problems and losses on which gradients are tried: what an adaptive solve calls success is held against a reference.
#pragma once

#include <antistrophe/antistrophe.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace trust {

using Eigen::VectorXd;

struct Equations {
  std::function<void(double, const VectorXd&, VectorXd&)> f;
  std::function<void(double, const VectorXd&, const VectorXd&, VectorXd&, VectorXd&)> vjp;
  VectorXd theta;
};

// One type of field for all problems, so that every method is compiled once.
struct Field {
  std::shared_ptr<const Equations> equations;
  const VectorXd& parameters() const { return equations->theta; }
  void operator()(double t, const VectorXd& y, VectorXd& dy) const { equations->f(t, y, dy); }
  void vjp(double t, const VectorXd& y, const VectorXd& w, VectorXd& y_bar, VectorXd& theta_bar) const {
    equations->vjp(t, y, w, y_bar, theta_bar);
  }
};

struct Case {
  std::string name;
  Field field;
  VectorXd y0;
  double t0, t1;
  std::vector<double> kinks;  // where the reference has nodes
  bool saves = false;         // the loss reads five states, each squared, and not the sum of the last one's entries
  std::string title() const { return name + (saves ? ", saves" : ""); }
};

std::vector<Case> all_cases();

}  // namespace trust
