// SPDX-License-Identifier: MIT
// Whether a loss takes the cotangents that it writes by value, its & forgotten.
#pragma once

#include <antistrophe/field/detail/copied_cotangents.hpp>

#include <utility>

namespace antistrophe::detail {

// Whether loss(of, bar) takes bar by value. What cannot be called with a temporary in its place does not.
template <class L, class Of>
consteval bool loss_copies_bar() {
  if constexpr (requires(const L& loss, const Of& of) { loss(of, std::declval<Of>()); })
    return operator_takes_values<L, 1, Of, Of>() || operator_takes_values<L, 1, Of>();
  else
    return false;
}

}  // namespace antistrophe::detail
