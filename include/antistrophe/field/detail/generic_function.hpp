// SPDX-License-Identifier: MIT
// What fields made of a function f(t, y, theta, dy), generic in its numbers, have in common.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <Eigen/Core>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// Parameters that note an index beyond their end. They do not throw where they are read, which may be in the middle of
// dy << …, theta[2]: Eigen aborts where that is left.
template <class Theta>
struct GuardedParameters : Theta {
  explicit GuardedParameters(const Theta& theta) : Theta(theta) {}
  const typename Theta::Scalar& operator[](Eigen::Index i) const { return entry(i); }
  const typename Theta::Scalar& operator()(Eigen::Index i) const { return entry(i); }

  // After they were read: refuses such an index in the name of who was given the parameters and of who read them.
  void refuse_beyond(const std::string& name, const std::string& reader) const {
    if (beyond_)
      refuse("the length of " + name, this->size(),
             "longer, for " + reader + " reads theta[" + std::to_string(*beyond_) + "]");
  }

 private:
  const typename Theta::Scalar& entry(Eigen::Index i) const {
    if (i >= 0 && i < this->size()) return this->coeffRef(i);
    if (!beyond_) beyond_ = i;
    return none_;
  }

  typename Theta::Scalar none_{1};
  mutable std::optional<Eigen::Index> beyond_;
};

template <class A, class Scalar>
using WithScalarOf = std::remove_cvref_t<decltype(std::declval<const A&>().template cast<Scalar>().eval())>;

}  // namespace antistrophe::detail
