// SPDX-License-Identifier: MIT
// The two arithmetics in which a coupled state is stored. Both offer one set of words, so that a reversible stepper is
// written once: stored numbers, their real values, increments turned into stored numbers, and D ↦ λD with its inverse.
//   Exact:    int64 multiples of a resolution r; sums are exact, λD is a bijection with bits; the way back is the way
//             forth bit for bit (after Levesque & Verlet 1993).
//   Floating: the plain numbers of the state; D/λ on the way back, so round-off grows like λ^{−n}.
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/core/resolution.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/number/exact_factor.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#if defined(__x86_64__) && defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace antistrophe {

// Choices for the Arithmetic of a reversible method.
struct Exact {};
struct Floating {};

namespace detail {

// To the nearest integer, ties to even; |x| < 2^62. The first is for every machine, the second where that is an instruction.
inline std::int64_t nearest_anywhere(double x) { return static_cast<std::int64_t>(std::llrint(x)); }
ANTISTROPHE_ALWAYS_INLINE std::int64_t nearest(double x) {
#if defined(__x86_64__) && defined(__SSE2__)
  return _mm_cvtsd_si64(_mm_set_sd(x));
#else
  return nearest_anywhere(x);
#endif
}

// The same two conversions for loops over many numbers, in operations that vectors have: any int64, correctly rounded (2^84 + 2^63 +
// 2^32 of the upper half, whose bits are the half's own, less that and 2^52, plus 2^52 + the lower half); and |x| < 2^60. With AVX-512
// they are instructions.
#if defined(__AVX512DQ__)
inline constexpr bool vectors_convert = true;
#else
inline constexpr bool vectors_convert = false;
#endif
ANTISTROPHE_ALWAYS_INLINE double real_of_many(std::int64_t x) {
  if constexpr (vectors_convert) return static_cast<double>(x);
  const auto bits = static_cast<std::uint64_t>(x);
  const auto high = std::bit_cast<double>((bits >> 32) ^ 0x4530000080000000U);
  const auto low = std::bit_cast<double>((bits & 0xffffffffU) | 0x4330000000000000U);
  return (high - std::bit_cast<double>(std::uint64_t{0x4530000080100000U})) + low;
}
ANTISTROPHE_ALWAYS_INLINE std::int64_t nearest_of_many(double x) {
  if constexpr (vectors_convert) return static_cast<std::int64_t>(std::rint(x));
  constexpr double whole = 0x1.8p52;  // added, it leaves integers, to the nearest, ties to even
  constexpr auto bits_of_whole = std::bit_cast<std::uint64_t>(whole);
  const double upper = x * 0x1p-32 + whole;
  const double lower = (x - (upper - whole) * 0x1p32) + whole;
  return static_cast<std::int64_t>(((std::bit_cast<std::uint64_t>(upper) - bits_of_whole) << 32) +
                                   (std::bit_cast<std::uint64_t>(lower) - bits_of_whole));
}

// A sum of numbers of which one may stand for what could not be stored, and then it is of no account.
ANTISTROPHE_ALWAYS_INLINE std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

ANTISTROPHE_ALWAYS_INLINE std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

// int64 entries in the shape of Y.
template <class Y>
using Units =
    Eigen::Array<std::int64_t, Y::RowsAtCompileTime, Y::ColsAtCompileTime,
                 Y::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor, Y::MaxRowsAtCompileTime, Y::MaxColsAtCompileTime>;

// The largest entry, rounded up to a power of two; 1 where it is less.
template <EigenState Y>
double power_above(const Y& y0) {
  const double largest = largest_entry(y0);
  return std::exp2(std::ceil(std::log2(larger_of(1.0, largest))));
}

// r = 2^{−k}, k = 42 − ⌈log2 max(1, ‖y0‖∞)⌉: twelve digits below the initial state, six of room above it.
inline constexpr double default_grain = 0x1p-42;

template <EigenState Y>
double default_resolution(const Y& y0) {
  const double largest = largest_entry(y0);
  const double resolution = default_grain * power_above(y0);
  if (largest > 0 && largest < 1024 * resolution) {
    std::ostringstream text;
    text << "antistrophe: the largest entry of y0 is " << largest << ", which the default resolution of " << resolution
         << " would all but lose; set the method's .resolution, for instance to " << std::ldexp(largest, -30);
    throw std::invalid_argument(text.str());
  }
  return resolution;
}

// That of an entry whose absolute tolerance is `tolerance`, 0 for none, in a state of the size power_above: a 64th of the
// tolerance where that is below the default, or `coarse`; but not so fine that the state could not grow a thousandfold.
inline double resolution_below(double tolerance, double size, bool coarse = false) {
  constexpr double finest_grain = 0x1p-50;
  if (!(tolerance > 0)) return default_grain * size;
  const double enough = tolerance / 64;
  return larger_of(coarse ? enough : smaller_of(default_grain * size, enough), finest_grain * size);
}

// An entry of y0 of fewer units than these, and not 0, is small beside the others: it may have a resolution of its own.
inline constexpr double few_units = 0x1p20;

// Its resolution, where `resolution` is what it would have from the others: a millionth of the entry or of what its slope at t0
// makes of it in the solve, whichever is more, so that an entry that is no more than round-off of 0, and is moved by the others,
// stays one of them; or what its own absolute tolerance asks for (0: none), above the round-off of a double.
inline double resolution_of_small(double entry, double reach, double resolution, double tolerance) {
  const double own = reach > entry ? reach : entry;  // entry where the slope is NaN
  double fine = own / few_units;
  if (tolerance > 0) fine = larger_of(smaller_of(fine, tolerance / 64), own * 0x1p-50);
  return smaller_of(resolution, fine);
}

// What would have held a value of entry i beyond the range of fixed-point numbers.
ANTISTROPHE_COLD inline std::string out_of_range_advice(double value, double range, double resolution,
                                                        const char* option, bool per_entry) {
  std::ostringstream text;
  const double enough = std::exp2(std::ceil(std::log2(std::fabs(value))) - 42);
  text << "the value " << value << " leaves the range ±" << range << " of fixed-point numbers with resolution "
       << resolution << "; " << option << " = " << enough
       << " would have held it (if the solution is meant to grow so far; else the steps may be too long to be stable)";
  if (per_entry)
    text << "; entries have resolutions of their own here, from y0, its slope and the tolerances, and one number "
            "serves them "
            "all";
  return text.str();
}

// What FixedPoint does to numbers whose entries have resolutions of their own; out of line, once for each scalar.
inline constexpr double increment_limit = 1152921504606846976.0;  // 2^60

template <class Scalar>
ANTISTROPHE_OUT_OF_LINE bool store_each(const Scalar* from, const double* inverse, std::int64_t* to,
                                        Eigen::Index size) {
  bool fits = true;
  for (Eigen::Index i = 0; i < size; ++i) {
    const double units = static_cast<double>(from[i]) * inverse[i];
    fits &= std::fabs(units) < increment_limit;
    to[i] = nearest(units);
  }
  return fits;
}
template <class Scalar>
ANTISTROPHE_OUT_OF_LINE void real_each(const std::int64_t* from, const double* resolution, Scalar* to,
                                       Eigen::Index size) {
  for (Eigen::Index i = 0; i < size; ++i) to[i] = static_cast<Scalar>(static_cast<double>(from[i]) * resolution[i]);
}

template <EigenState Y>
class FixedPoint {
  static_assert(std::is_same_v<typename Y::Scalar, double> || std::is_same_v<typename Y::Scalar, float>,
                "antistrophe: exact arithmetic holds states of double or float; use Floating for others.");

 public:
  using Stored = Units<Y>;
  static constexpr bool exact = true;

  // resolution 0 asks for the default.
  FixedPoint(double lambda, const Resolution& resolution, const Y& y0) : factor_(lambda) {
    if (resolution.per_entry())
      take_each(resolution, y0);
    else
      take_one(resolution(0), resolution.is_chosen(), y0);
    for (std::size_t i = 0; i < few; ++i) {
      few_resolutions_[i] = this->resolution(static_cast<Eigen::Index>(i));
      few_inverses_[i] = 1 / few_resolutions_[i];
    }
  }

  double lambda() const { return factor_.value(); }
  Resolution resolution() const {
    if (each_.empty()) return resolution_;
    return Resolution::chosen(std::vector<double>(each_.data(), inverses()));
  }
  double bit_rate() const { return factor_.bit_rate(); }

  Stored zeros(const Y& like) const { return filled<Stored>(like.rows(), like.cols(), 0); }

  // stored := [x/r]; false where an entry is NaN or |x/r| >= 2^60.
  bool store(const Y& x, Stored& stored) const {
    const Eigen::Index size = x.size();
    if constexpr (few == 0) {
      if (!each_.empty()) [[unlikely]]
        return store_each(x.data(), inverses(), stored.data(), size);
    }
    const auto* from = x.data();
    std::int64_t* to = stored.data();
    if constexpr (few == 0) {
      std::int64_t misfits = 0;
      const double inverse = inverse_;
      ANTISTROPHE_INDEPENDENT_PASSES
      for (Eigen::Index i = 0; i < size; ++i) to[i] = units_of_many(from[i], inverse, misfits);
      return misfits >= 0;
    }
    bool fits = true;
    for (Eigen::Index i = 0; i < size; ++i) {
      const double units = static_cast<double>(from[i]) * shared_inverse(i);
      fits &= std::fabs(units) < increment_limit;
      to[i] = nearest(units);
    }
    return fits;
  }

  // The real values; `buffer` holds them.
  const Y& real(const Stored& stored, Y& buffer) const {
    const Eigen::Index size = stored.size();
    const std::int64_t* from = stored.data();
    auto* to = buffer.data();
    if constexpr (few == 0) {
      if (!each_.empty()) [[unlikely]] {
        real_each(from, each_.data(), to, size);
        return buffer;
      }
    }
    if constexpr (has_few_entries<Y>)
      for_entries<Y>([&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
        to[i] = scalar<Y>(static_cast<double>(entry(stored, i)) * shared_resolution(i));
      });
    else if constexpr (few > 0)
      for (Eigen::Index i = 0; i < size; ++i) to[i] = scalar<Y>(static_cast<double>(from[i]) * shared_resolution(i));
    else
      real_of_all(from, resolution_, to, size);
    return buffer;
  }

  // |stored| < 2^61 throughout: of two such, and an increment below 2^60, every sum here fits 64 bits with room to spare.
  bool in_range(const Stored& stored) const { return below(stored_limit, stored); }
  // Of two such the difference is below twice as much.
  bool gap_in_range(const Stored& gap) const { return below(2 * stored_limit, gap); }

  // The same entry by entry, for loops that do several of these things at once. hold: [x/r]; where it cannot be stored, 0, and
  // `stored` becomes false.
  ANTISTROPHE_ALWAYS_INLINE std::int64_t hold(typename Y::Scalar x, Eigen::Index i, bool& stored) const {
    double inverse;
    if constexpr (few > 0)
      inverse = few_inverses_[static_cast<std::size_t>(i)];
    else
      inverse = !each_.empty() ? inverses()[i] : inverse_;
    const double units = static_cast<double>(x) * inverse;
    const bool fits = std::fabs(units) < increment_limit;
    stored &= fits;
    return nearest(fits ? units : 0.0);
  }
  // The same for loops over many entries, whose resolution is one: `misfits` becomes negative.
  ANTISTROPHE_ALWAYS_INLINE static std::int64_t units_of_many(typename Y::Scalar x, double inverse,
                                                              std::int64_t& misfits) {
    constexpr auto limit = std::bit_cast<std::int64_t>(increment_limit);
    constexpr std::int64_t size = 0x7fffffffffffffff;
    const double units = static_cast<double>(x) * inverse;
    const std::int64_t misfit = limit - 1 - (std::bit_cast<std::int64_t>(units) & size);  // ordered as the numbers are
    misfits |= misfit;
    if constexpr (vectors_convert) return nearest_of_many(misfit < 0 ? 0.0 : units);
    return nearest_of_many(units);
  }
  // Whether all entries have one resolution, and there are so many that loops over them are worth vectors; it, and its inverse.
  bool are_many_of_one() const { return few == 0 && each_.empty(); }
  double resolution_of_many() const { return resolution_; }
  double inverse() const { return inverse_; }
  // Of a state of a few numbers.
  double resolution_of_few(Eigen::Index i) const { return few_resolutions_[static_cast<std::size_t>(i)]; }
  double inverse_of_few(Eigen::Index i) const { return few_inverses_[static_cast<std::size_t>(i)]; }
  static constexpr bool may_be_many = Y::SizeAtCompileTime == Eigen::Dynamic || Y::SizeAtCompileTime > 16;
  ANTISTROPHE_ALWAYS_INLINE static bool holds_entry(std::int64_t sum) {
    return (sum < stored_limit) & (sum > -stored_limit);
  }
  // Negative where it does not.
  ANTISTROPHE_ALWAYS_INLINE static std::int64_t outside_of_many(std::int64_t sum) {
    return wrapping_sum(stored_limit, ~sum) | wrapping_sum(sum, stored_limit - 1);
  }
  ANTISTROPHE_ALWAYS_INLINE static std::int64_t gap_outside_of_many(std::int64_t gap) {
    return wrapping_sum(2 * stored_limit, ~gap) | wrapping_sum(gap, 2 * stored_limit - 1);
  }
  ANTISTROPHE_ALWAYS_INLINE static bool holds_gap(std::int64_t gap) {
    return (gap < 2 * stored_limit) & (gap > -2 * stored_limit);
  }
  const ExactFactor& factor() const { return factor_; }

  // shrunk := λd rounded, with the dither of step n.
  void shrink(std::int64_t n, const Stored& d, Stored& shrunk) const {
    const std::uint64_t seed = ExactFactor::seed(n);
    for (Eigen::Index i = 0; i < d.size(); ++i) shrunk.data()[i] = factor_.shrink(d.data()[i], seed, i);
  }

  // Pushes what shrinking d at step n lost.
  template <class Bits>
  void keep(std::int64_t n, const Stored& d, Bits& bits) const {
    if constexpr (!std::is_same_v<Bits, NoBits>) {
      const std::int64_t* const entries = d.data();
      factor_.keep_all([=](std::int64_t i) { return entries[i]; }, d.size(), ExactFactor::seed(n), bits);
    }
  }

  // d := that of which `d` is the shrunken, in place; pops components in reverse order.
  template <class Cursor>
  void grow(std::int64_t n, Stored& d, Cursor& bits) const {
    const std::uint64_t seed = ExactFactor::seed(n);
    for (Eigen::Index i = d.size(); i-- > 0;) d.data()[i] = factor_.grow(d.data()[i], seed, i, bits);
  }

  static bool same(const Stored& a, const Stored& b) { return std::equal(a.data(), a.data() + a.size(), b.data()); }

  static void real_of_all(const std::int64_t* from, double resolution, typename Y::Scalar* to, Eigen::Index size) {
    ANTISTROPHE_INDEPENDENT_PASSES
    for (Eigen::Index i = 0; i < size; ++i) to[i] = scalar<Y>(real_of_many(from[i]) * resolution);
  }

  // Why x could not be stored: the first offending entry, and a resolution that would have held it.
  Eigen::Index offender(const Y& x) const {
    for (Eigen::Index i = 0; i < x.size(); ++i)
      if (!(std::fabs(static_cast<double>(x.data()[i])) / resolution(i) < increment_limit)) return i;
    return -1;
  }
  std::string advice(Eigen::Index i, double value, const char* option = ".resolution") const {
    return out_of_range_advice(value, static_cast<double>(stored_limit) * resolution(i), resolution(i), option,
                               !each_.empty());
  }

 private:
  // Of a few entries each has its own at any rate, which costs less than to ask whether they differ.
  static constexpr std::size_t few = Y::SizeAtCompileTime > 0 && Y::SizeAtCompileTime <= 16
                                         ? static_cast<std::size_t>(Y::SizeAtCompileTime)
                                         : 0;

  ANTISTROPHE_ALWAYS_INLINE double shared_resolution([[maybe_unused]] Eigen::Index i) const {
    if constexpr (few > 0)
      return few_resolutions_[static_cast<std::size_t>(i)];
    else
      return resolution_;
  }
  ANTISTROPHE_ALWAYS_INLINE double shared_inverse([[maybe_unused]] Eigen::Index i) const {
    if constexpr (few > 0)
      return few_inverses_[static_cast<std::size_t>(i)];
    else
      return inverse_;
  }

  const double* inverses() const { return each_.data() + each_.size() / 2; }
  double resolution(Eigen::Index i) const { return !each_.empty() ? each_.data()[i] : resolution_; }

  void take_one(double resolution, bool chosen, const Y& y0) {
    check_sign("resolution", resolution);
    resolution_ = resolution > 0 ? std::exp2(std::floor(std::log2(resolution))) : default_resolution(y0);
    inverse_ = 1 / resolution_;
    check_normal("resolution", resolution, resolution_);
    const double largest = largest_entry(y0);
    if (!(largest * inverse_ < increment_limit) || (!chosen && largest > 0 && largest < resolution_))
      refuse_resolution("resolution", "the largest entry of y0", resolution, largest,
                        largest * inverse_ < increment_limit);
  }

  ANTISTROPHE_COLD void take_each(const Resolution& resolution, const Y& y0) {
    const Eigen::Index size = y0.size();
    if (resolution.size() != size)
      refuse("the number of entries of resolution", resolution.size(),
             "that of the numbers it is for, " + std::to_string(size));
    each_.resize(2 * static_cast<std::size_t>(size));
    double *const each = each_.data(), *const inverse = each + size;
    for (Eigen::Index i = 0; i < size; ++i) {
      const std::string index = "[" + std::to_string(i) + "]";
      const double given = resolution(i), entry = std::fabs(static_cast<double>(y0.data()[i]));
      if (!(given > 0) || !std::isfinite(given)) refuse("resolution" + index, given, "positive");
      each[i] = std::exp2(std::floor(std::log2(given)));
      inverse[i] = 1 / each[i];
      check_normal("resolution" + index, given, each[i]);
      const bool fits = entry * inverse[i] < increment_limit;
      if (!fits || (!resolution.is_chosen() && entry > 0 && entry < each[i]))
        refuse_resolution("resolution" + index, "y0" + index, given, entry, fits);
    }
  }

  static void check_sign(const std::string& name, double given) {
    if (!std::isfinite(given) || given < 0) refuse(name, given, "positive, or 0 for the default");
  }
  static void check_normal(const std::string& name, double given, double taken) {
    if (!std::isnormal(taken) || !std::isnormal(1 / taken))
      refuse(name, given, "a normal number with a normal inverse");
  }
  ANTISTROPHE_COLD [[noreturn]] static void refuse_resolution(const std::string& name, const std::string& of,
                                                              double given, double size, bool fits) {
    std::string what = in_words(fits ? size : size / increment_limit);
    what.insert(0, fits ? "at most " + of + ", " : "above ");
    what.append(fits ? ", or y0 would be lost" : ", so that y0 fits in 60 bits");
    refuse(name, given, what);
  }

  static constexpr std::int64_t stored_limit = std::int64_t{1} << 61;

  static bool below(std::int64_t limit, const Stored& stored) {
    bool fits = true;
    const Eigen::Index size = stored.size();
    const std::int64_t* data = stored.data();
    for (Eigen::Index i = 0; i < size; ++i) fits &= (data[i] < limit) & (data[i] > -limit);
    return fits;
  }

  ExactFactor factor_;
  double resolution_ = 0, inverse_ = 0;
  std::array<double, few> few_resolutions_{}, few_inverses_{};
  std::vector<double> each_;  // where entries differ, their resolutions and then the inverses; else empty
};

template <EigenState Y>
class FloatingPoint {
 public:
  using Stored = Y;
  static constexpr bool exact = false;

  FloatingPoint(double lambda, const Resolution&, const Y&) : lambda_(lambda) {
    if (!(lambda > 0 && lambda <= 1)) refuse("lambda of a floating coupling", lambda, "in (0, 1]");
  }

  double lambda() const { return lambda_; }
  double bit_rate() const { return 0; }

  Stored zeros(const Y& like) const { return zeros_like(like); }
  bool store(const Y& x, Stored& stored) const {
    stored = x;
    return all_finite(x);
  }
  const Y& real(const Stored& stored, Y&) const { return stored; }
  bool in_range(const Stored&) const { return true; }
  bool gap_in_range(const Stored&) const { return true; }
  void shrink(std::int64_t, const Stored& d, Stored& shrunk) const { shrunk = factor() * d; }
  template <class Bits>
  void keep(std::int64_t, const Stored&, Bits&) const {}
  template <class Cursor>
  void grow(std::int64_t, Stored& d, Cursor&) const {
    d /= factor();
  }
  static bool same(const Stored& a, const Stored& b) { return a == b; }
  Eigen::Index offender(const Y& x) const { return first_not_finite(x); }
  std::string advice(Eigen::Index, double, const char* = "") const { return {}; }

 private:
  typename Y::Scalar factor() const { return scalar<Y>(lambda_); }
  double lambda_;
};

// Exact arithmetic holds states of double and float.
template <class Arithmetic, class Y>
inline constexpr bool arithmetic_supports =
    !std::is_same_v<Arithmetic, Exact> || std::is_same_v<typename Y::Scalar, double> ||
    std::is_same_v<typename Y::Scalar, float>;

template <class Arithmetic, class Y>
struct ArithmeticOf;
template <class Y>
struct ArithmeticOf<Exact, Y> {
  using type = FixedPoint<Y>;
};
template <class Y>
struct ArithmeticOf<Floating, Y> {
  using type = FloatingPoint<Y>;
};

}  // namespace detail
}  // namespace antistrophe
