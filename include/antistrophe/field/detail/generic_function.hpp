// SPDX-License-Identifier: MIT
// What fields made of a function f(t, y, theta, dy), generic in its numbers, have in common.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <Eigen/Core>

#include <string>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// Parameters that refuse an index beyond their end, in the name of who was given them.
template <class Theta>
struct GuardedParameters : Theta {
  GuardedParameters(const Theta& theta, const char* name) : Theta(theta), name_(name) {}
  const typename Theta::Scalar& operator[](Eigen::Index i) const { return entry(i); }
  const typename Theta::Scalar& operator()(Eigen::Index i) const { return entry(i); }

 private:
  const typename Theta::Scalar& entry(Eigen::Index i) const {
    if (i < 0 || i >= this->size())
      refuse((std::string("the length of ") + name_ + "'s theta").c_str(), this->size(),
             "longer, for the function reads theta[" + std::to_string(i) + "]");
    return this->coeff(i);
  }

  const char* name_;
};

template <class A, class Scalar>
using WithScalarOf = std::remove_cvref_t<decltype(std::declval<const A&>().template cast<Scalar>().eval())>;

}  // namespace antistrophe::detail
