// SPDX-License-Identifier: MIT
// What an Adams method carries from step to step: a ring of K + 1 states, and on the way back cotangents of them and of K
// values of f.
#pragma once

#include <Eigen/Core>

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace antistrophe::detail {

// The place of number n, a step's or that of the node it starts at, in a ring of K.
template <std::size_t K>
std::size_t ring_slot(std::int64_t n) {
  return static_cast<std::size_t>(static_cast<std::uint64_t>(n) % K);
}

// A number beside states of type Y, in their form; it depends on Y so that programs without Adams methods do not compile it.
template <class Y>
struct NumberBeside {
  using type = Eigen::Array<std::int64_t, 1, 1>;
};

// The newest state and the K before it, number n's in older[n mod K]; and the node at which the method last started,
// counted from the first of the timeline.
template <std::size_t K, class Stored>
struct AdamsHistory {
  static constexpr bool of_states = true;
  Stored newest;
  std::array<Stored, K> older;
  typename NumberBeside<Stored>::type begun;

  auto parts() { return parts_of(*this, std::make_index_sequence<K>{}); }
  auto parts() const { return parts_of(*this, std::make_index_sequence<K>{}); }
  // Of the carry at node n, the states from the newest to the oldest.
  auto parts_by_age(std::int64_t n) { return parts_by_age_of(*this, n, std::make_index_sequence<K>{}); }
  auto parts_by_age(std::int64_t n) const { return parts_by_age_of(*this, n, std::make_index_sequence<K>{}); }

 private:
  template <class Self, std::size_t... I>
  static auto parts_of(Self& self, std::index_sequence<I...>) {
    return std::tie(self.newest, self.older[I]..., self.begun);
  }
  template <class Self, std::size_t... I>
  static auto parts_by_age_of(Self& self, std::int64_t n, std::index_sequence<I...>) {
    return std::tie(self.newest, self.older[ring_slot<K>(n - 1 - static_cast<std::int64_t>(I))]..., self.begun);
  }
};

// Cotangents of the newest state, of those before it, and of values of f; number n's in slot n mod K. Values from number
// `valued` on have been given one.
template <std::size_t K, class Y>
struct AdamsCotangents {
  Y newest;
  std::array<Y, K> older, values;
  typename NumberBeside<Y>::type valued;

  auto parts() { return parts_of(*this, std::make_index_sequence<K>{}); }
  auto parts() const { return parts_of(*this, std::make_index_sequence<K>{}); }

 private:
  template <class Self, std::size_t... I>
  static auto parts_of(Self& self, std::index_sequence<I...>) {
    return std::tie(self.newest, self.older[I]..., self.values[I]..., self.valued);
  }
};

}  // namespace antistrophe::detail
