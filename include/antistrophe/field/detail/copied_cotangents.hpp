// SPDX-License-Identifier: MIT
// Whether a function to which cotangents are handed, to be added to, or room for its result, takes one of them by value, its & forgotten:
// what it writes to a copy is lost without a word.
#pragma once

#include <antistrophe/field/concepts.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace antistrophe::detail {

// No argument by value can be made of one.
struct Unmovable {
  Unmovable(const Unmovable&) = delete;
};
// A T can be made of one.
template <class T>
struct MadeInto {
  operator T() const;
};

template <class... T>
struct Types {};

// How a function is called.
struct CallVjp {
  static auto of(const auto& g, auto&&... a) -> decltype(g.vjp(static_cast<decltype(a)>(a)...));
};
struct CallGradient {
  static auto of(const auto& g, auto&&... a) -> decltype(g.gradient(static_cast<decltype(a)>(a)...));
};
struct CallVjpState {
  static auto of(const auto& f, auto&&... a) -> decltype(f.vjp_state(static_cast<decltype(a)>(a)...));
};
struct CallVjpParameters {
  static auto of(const auto& f, auto&&... a) -> decltype(f.vjp_parameters(static_cast<decltype(a)>(a)...));
};
struct CallVjpOfJvp {
  static auto of(const auto& f, auto&&... a) -> decltype(f.vjp_of_jvp(static_cast<decltype(a)>(a)...));
};
struct CallJvp {
  static auto of(const auto& f, auto&&... a) -> decltype(f.jvp(static_cast<decltype(a)>(a)...));
};
struct CallMatrix {
  static auto of(const auto& f, auto&&... a) -> decltype(f.matrix(static_cast<decltype(a)>(a)...));
};
struct CallMatrixVjp {
  static auto of(const auto& f, auto&&... a) -> decltype(f.matrix_vjp(static_cast<decltype(a)>(a)...));
};
struct CallVelocity {
  static auto of(const auto& f, auto&&... a) -> decltype(f.velocity(static_cast<decltype(a)>(a)...));
};
struct CallForce {
  static auto of(const auto& f, auto&&... a) -> decltype(f.force(static_cast<decltype(a)>(a)...));
};
struct CallVelocityVjp {
  static auto of(const auto& f, auto&&... a) -> decltype(f.velocity_vjp(static_cast<decltype(a)>(a)...));
};
struct CallForceVjp {
  static auto of(const auto& f, auto&&... a) -> decltype(f.force_vjp(static_cast<decltype(a)>(a)...));
};

template <class Call, class G, class... A>
concept Callable = requires(const G& g) { Call::of(g, std::declval<A>()...); };

// Of no parameters nothing is lost.
template <class Bar>
inline constexpr bool has_entries = true;
template <class Scalar>
inline constexpr bool has_entries<NoParameters<Scalar>> = false;

// A cotangent that is taken by value, or as a constant Bar, binds to a temporary, and to what is made into one; so does `auto&&`, which
// takes what cannot be copied, too. (`const Eigen::MatrixBase<D>&`, from which Eigen's users cast the constness away, takes matrices alone.)
template <class Call, class G, class Inputs, class Before, class Bar, class After>
struct CopiedBar;
template <class Call, class G, class... I, class... B, class Bar, class... A>
struct CopiedBar<Call, G, Types<I...>, Types<B...>, Bar, Types<A...>> {
  static consteval bool told() {
    if constexpr (!has_entries<Bar> || !Callable<Call, G, I..., B&..., Bar, A&...>)
      return false;
    else if constexpr (!Callable<Call, G, I..., B&..., MadeInto<Bar>, A&...>)
      return false;
    else
      return !Callable<Call, G, I..., B&..., Unmovable, A&...>;
  }
};

template <class Call, class G, class Inputs, class... Before>
consteval bool copies_one(Types<Before...>, Types<>) {
  return false;
}
template <class Call, class G, class Inputs, class... Before, class Bar, class... After>
consteval bool copies_one(Types<Before...>, Types<Bar, After...>) {
  if constexpr (CopiedBar<Call, G, Inputs, Types<Before...>, Bar, Types<After...>>::told())
    return true;
  else
    return copies_one<Call, G, Inputs>(Types<Before..., Bar>{}, Types<After...>{});
}

// Whether Call of a G, with arguments of the types Inputs and then cotangents Bars, takes one of these by value.
template <class Call, class G, class Inputs, class... Bars>
inline constexpr bool copies_cotangent = copies_one<Call, G, Inputs>(Types<>{}, Types<Bars...>{});

// A call operator mostly is that of a lambda, whose type of result is found by compiling its body, so that it cannot be tried with other types:
// it is asked whether it is one of arguments of these very types.
template <class L, class... Taken>
concept HasOperator =
    std::is_same_v<L, void (*)(Taken...)> || requires { static_cast<void (L::*)(Taken...) const>(&L::operator()); };

template <class L, class... Taken, class... Results>
consteval bool takes_exactly(Types<Taken...>, Types<>, Types<Results...>) {
  return HasOperator<L, Taken..., Results...>;
}
template <class L, class... Taken, class Input, class... Inputs, class... Results>
consteval bool takes_exactly(Types<Taken...>, Types<Input, Inputs...>, Types<Results...> results) {
  return takes_exactly<L>(Types<Taken..., const Input&>{}, Types<Inputs...>{}, results) ||
         takes_exactly<L>(Types<Taken..., Input>{}, Types<Inputs...>{}, results);
}

// Whether a call operator of L, of Inputs as they are or by const reference, takes by value the Result to which it writes.
template <class L, class Inputs, class Result>
inline constexpr bool copies_result = takes_exactly<L>(Types<>{}, Inputs{}, Types<Result>{});
// One that is given room for a tape too: one of the two, or both.
template <class L, class Inputs, class Result, class Tape>
inline constexpr bool copies_result_or_tape = takes_exactly<L>(Types<>{}, Inputs{}, Types<Result, Tape&>{}) ||
                                              takes_exactly<L>(Types<>{}, Inputs{}, Types<Result&, Tape>{}) ||
                                              takes_exactly<L>(Types<>{}, Inputs{}, Types<Result, Tape>{});

// The one or the other, of what may keep a tape of states Y.
template <class L, class Inputs, class Y>
inline constexpr bool copies_what_it_writes = [] {
  if constexpr (HasTape<L, Y>)
    return copies_result<L, Inputs, Y> || copies_result_or_tape<L, Inputs, Y, Tape<L, Y>>;
  else
    return copies_result<L, Inputs, Y>;
}();

// Of one that returns a value, or whose inputs are of any type, its own types are read.

// The number `from` and further ones of the arguments of a member function: whether one is no reference.
template <std::size_t from, class Member>
inline constexpr bool takes_values = false;
template <std::size_t from, class... A>
inline constexpr bool any_value = [] {
  std::size_t i = 0;
  return ((i++ >= from && !std::is_reference_v<A>) || ...);
}();
template <std::size_t from, class R, class C, class... A>
inline constexpr bool takes_values<from, R (C::*)(A...) const> = any_value<from, A...>;
template <std::size_t from, class R, class C, class... A>
inline constexpr bool takes_values<from, R (C::*)(A...) const noexcept> = any_value<from, A...>;

// Of a call operator that is no template, or one of the types T.
template <class L, std::size_t from, class... T>
consteval bool operator_takes_values() {
  if constexpr (requires { &L::operator(); })
    return takes_values<from, decltype(&L::operator())>;
  else if constexpr (requires { &L::template operator()<T...>; })
    return takes_values<from, decltype(&L::template operator()<T...>)>;
  else
    return false;
}

}  // namespace antistrophe::detail
