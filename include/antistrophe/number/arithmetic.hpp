// The two arithmetics in which a coupled state is stored. Both offer one set of words, so that a reversible stepper is
// written once: stored numbers, their real values, increments turned into stored numbers, and D ↦ λD with its inverse.
//   Exact:    int64 multiples of a resolution r; sums are exact, λD is a bijection with bits; the way back is the way
//             forth bit for bit (after Levesque & Verlet 1993).
//   Floating: the plain numbers of the state; D/λ on the way back, so round-off grows like λ^{−n}.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/number/exact_factor.hpp>

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <type_traits>

#if defined(__x86_64__) && defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace antistrophe {

// Choices for the Arithmetic of a reversible method.
struct Exact {};
struct Floating {};

namespace detail {

// To the nearest integer, ties to even; |x| < 2^62.
ANTISTROPHE_ALWAYS_INLINE std::int64_t nearest(double x) {
#if defined(__x86_64__) && defined(__SSE2__)
  return _mm_cvtsd_si64(_mm_set_sd(x));
#else
  return static_cast<std::int64_t>(std::llrint(x));
#endif
}

// int64 entries in the shape of Y.
template <class Y>
using Units =
    Eigen::Array<std::int64_t, Y::RowsAtCompileTime, Y::ColsAtCompileTime,
                 Y::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor, Y::MaxRowsAtCompileTime, Y::MaxColsAtCompileTime>;

// r = 2^{−k}, k = 42 − ⌈log2 max(1, ‖y0‖∞)⌉: twelve digits below the initial state, six of room above it.
template <EigenState Y>
double default_resolution(const Y& y0) {
  const double largest = y0.size() == 0 ? 0.0 : static_cast<double>(y0.array().abs().maxCoeff());
  const double resolution = std::ldexp(1.0, static_cast<int>(std::ceil(std::log2(std::fmax(1.0, largest)))) - 42);
  if (largest > 0 && largest < 1024 * resolution) {
    std::ostringstream text;
    text << "antistrophe: the largest entry of y0 is " << largest << ", which the default resolution of " << resolution
         << " would all but lose; set the method's .resolution, for instance to " << std::ldexp(largest, -30);
    throw std::invalid_argument(text.str());
  }
  return resolution;
}

// What would have held a value beyond the range of fixed-point numbers.
ANTISTROPHE_COLD inline std::string out_of_range_advice(double value, double range, double resolution,
                                                        const char* option) {
  std::ostringstream text;
  const double enough = std::exp2(std::ceil(std::log2(std::fabs(value))) - 42);
  text << "the value " << value << " leaves the range ±" << range << " of fixed-point numbers with resolution "
       << resolution << "; " << option << " = " << enough
       << " would have held it (if the solution is meant to grow so far)";
  return text.str();
}

template <EigenState Y>
class FixedPoint {
  static_assert(std::is_same_v<typename Y::Scalar, double> || std::is_same_v<typename Y::Scalar, float>,
                "antistrophe: exact arithmetic holds states of double or float; use Floating for others.");

 public:
  using Stored = Units<Y>;
  static constexpr bool exact = true;

  // resolution 0 asks for the default.
  FixedPoint(double lambda, double resolution, const Y& y0) : factor_(lambda) {
    if (!std::isfinite(resolution) || resolution < 0)
      refuse("resolution", resolution, "positive, or 0 for the default");
    resolution_ = resolution > 0 ? std::exp2(std::floor(std::log2(resolution))) : default_resolution(y0);
    inverse_ = 1 / resolution_;
    if (!std::isnormal(resolution_) || !std::isnormal(inverse_))
      refuse("resolution", resolution, "a normal number with a normal inverse");
    const double largest = y0.size() == 0 ? 0.0 : static_cast<double>(y0.array().abs().maxCoeff());
    if (!(largest * inverse_ < increment_limit) || (largest > 0 && largest < resolution_))
      refuse_resolution(resolution, largest, largest * inverse_ < increment_limit);
  }

  double lambda() const { return factor_.value(); }
  double resolution() const { return resolution_; }
  double bit_rate() const { return factor_.bit_rate(); }

  Stored zeros(const Y& like) const { return Stored::Zero(like.rows(), like.cols()); }

  // stored := [x/r]; false where an entry is NaN or |x/r| >= 2^60.
  bool store(const Y& x, Stored& stored) const {
    bool fits = true;
    const Eigen::Index size = x.size();
    const auto* from = x.data();
    std::int64_t* to = stored.data();
    for (Eigen::Index i = 0; i < size; ++i) {
      const double units = static_cast<double>(from[i]) * inverse_;
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
    for (Eigen::Index i = 0; i < size; ++i)
      to[i] = static_cast<typename Y::Scalar>(static_cast<double>(from[i]) * resolution_);
    return buffer;
  }

  // |stored| < 2^61 throughout: of two such, and an increment below 2^60, every sum here fits 64 bits with room to spare.
  bool in_range(const Stored& stored) const { return below(stored_limit, stored); }
  // Of two such the difference is below twice as much.
  bool gap_in_range(const Stored& gap) const { return below(2 * stored_limit, gap); }

  // shrunk := λd rounded, with the dither of step n.
  void shrink(std::int64_t n, const Stored& d, Stored& shrunk) const {
    const std::uint64_t seed = ExactFactor::seed(n);
    for (Eigen::Index i = 0; i < d.size(); ++i) shrunk.data()[i] = factor_.shrink(d.data()[i], seed, i);
  }

  // Pushes what shrinking d at step n lost.
  template <class Bits>
  void keep(std::int64_t n, const Stored& d, Bits& bits) const {
    if constexpr (!std::is_same_v<Bits, NoBits>) {
      const std::uint64_t seed = ExactFactor::seed(n);
      for (Eigen::Index i = 0; i < d.size(); ++i) factor_.keep(d.data()[i], seed, i, bits);
    }
  }

  // d := that of which `d` is the shrunken, in place; pops components in reverse order.
  template <class Cursor>
  void grow(std::int64_t n, Stored& d, Cursor& bits) const {
    const std::uint64_t seed = ExactFactor::seed(n);
    for (Eigen::Index i = d.size(); i-- > 0;) d.data()[i] = factor_.grow(d.data()[i], seed, i, bits);
  }

  static bool same(const Stored& a, const Stored& b) { return (a == b).all(); }

  // Why x could not be stored: the first offending entry, and a resolution that would have held it.
  Eigen::Index offender(const Y& x) const {
    for (Eigen::Index i = 0; i < x.size(); ++i)
      if (!(std::fabs(static_cast<double>(x.data()[i]) * inverse_) < increment_limit)) return i;
    return -1;
  }
  std::string advice(double value, const char* option = ".resolution") const {
    return out_of_range_advice(value, static_cast<double>(stored_limit) * resolution_, resolution_, option);
  }

 private:
  ANTISTROPHE_COLD [[noreturn]] static void refuse_resolution(double resolution, double largest, bool fits) {
    std::string what = in_words(fits ? largest : largest / increment_limit);
    what.insert(0, fits ? "at most the largest entry of y0, " : "above ");
    what.append(fits ? ", or y0 would be lost" : ", so that y0 fits in 60 bits");
    refuse("resolution", resolution, what);
  }

  static constexpr double increment_limit = 1152921504606846976.0;  // 2^60
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
};

template <EigenState Y>
class FloatingPoint {
 public:
  using Stored = Y;
  static constexpr bool exact = false;

  FloatingPoint(double lambda, double, const Y&) : lambda_(lambda) {
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
  std::string advice(double, const char* = "") const { return {}; }

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
