// SPDX-License-Identifier: MIT
// The unit of an exact method's fixed-point numbers: one for all entries of the state, or one for each.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe {

// In the state's own unit, rounded down to powers of two where they are used; 0 asks for the default, which is found from y0,
// the slope there and an absolute tolerance (docs/adaptive.md, Resolution). Of an Eigen vector, or a state, each entry is that
// of the state's entry in storage order.
class Resolution {
 public:
  Resolution(double all = 0) : all_(all) {}
  template <class Derived>
  Resolution(const Eigen::DenseBase<Derived>& each) {
    each_.reserve(static_cast<std::size_t>(each.size()));
    for (const auto& entry : each.derived().reshaped()) each_.push_back(static_cast<double>(entry));
  }
  // Of the library's own choice, which may be coarse beside y0 without a word; one for all where they are all the same.
  static Resolution chosen(std::vector<double> each) {
    Resolution result;
    result.chosen_ = true;
    if (each.empty()) return result;
    if (std::all_of(each.begin(), each.end(), [&](double entry) { return entry == each.front(); }))
      result.all_ = each.front();
    else
      result.each_ = std::move(each);
    return result;
  }
  static Resolution chosen(double all) {
    Resolution result(all);
    result.chosen_ = true;
    return result;
  }
  // The same, as the library's own choice: that of a solve whose steps are taken again.
  Resolution as_chosen() const {
    Resolution result = *this;
    result.chosen_ = true;
    return result;
  }

  bool per_entry() const { return !each_.empty(); }
  Eigen::Index size() const { return static_cast<Eigen::Index>(each_.size()); }
  double operator()(Eigen::Index i) const { return each_.empty() ? all_ : each_[static_cast<std::size_t>(i)]; }
  double smallest() const { return each_.empty() ? all_ : *std::min_element(each_.begin(), each_.end()); }
  bool is_default() const { return each_.empty() && all_ == 0; }
  bool is_chosen() const { return chosen_; }

  // That of slopes which over a step of h are worth this one.
  Resolution over(double h) const {
    Resolution result = *this;
    result.all_ /= h;
    for (double& entry : result.each_) entry /= h;
    return result;
  }

  friend bool operator==(const Resolution& a, const Resolution& b) { return a.all_ == b.all_ && a.each_ == b.each_; }

 private:
  double all_ = 0;
  std::vector<double> each_;
  bool chosen_ = false;
};

}  // namespace antistrophe
