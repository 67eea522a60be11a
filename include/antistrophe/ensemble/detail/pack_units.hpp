// SPDX-License-Identifier: MIT
// Exact arithmetic in lanes: the fixed-point numbers of W problems side by side, each lane in units of its own problem, with the bits
// that the problem has alone. What shrinking sets aside goes onto one stack, entry by entry and lane by lane.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/resolution.hpp>
#include <antistrophe/detail/forward.hpp>
#include <antistrophe/ensemble/detail/pack.hpp>
#include <antistrophe/number/arithmetic.hpp>
#include <antistrophe/number/bit_stack.hpp>
#include <antistrophe/number/exact_factor.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::detail {

template <int W>
using BitsOfLanes = LaneVector<std::uint64_t, W>;
template <int W>
using NumbersOfLanes = LaneVector<double, W>;

// function(v, …) of the machine's vectors that Lanes consist of.
template <class Result, class Function, class... Lanes>
ANTISTROPHE_ALWAYS_INLINE Result on_vectors(const Function& function, const Lanes&... lanes) {
  if constexpr (requires(Result& result) { result.low; })
    return {on_vectors<decltype(Result::low)>(function, lanes.low...),
            on_vectors<decltype(Result::high)>(function, lanes.high...)};
  else if constexpr (requires(Result& result) { result.v; })
    return {function(lanes.v...)};
  else
    return {function(lanes.x...)};
}

template <int W>
ANTISTROPHE_ALWAYS_INLINE BitsOfLanes<W> bits_of(const NumbersOfLanes<W>& x) {
  return on_vectors<BitsOfLanes<W>>(
      [](auto v) ANTISTROPHE_INLINE_LAMBDA {
        if constexpr (std::is_arithmetic_v<decltype(v)>)
          return std::bit_cast<std::uint64_t>(v);
        else
          return reinterpret_cast<decltype(BitsOfLanes<sizeof(v) / sizeof(double)>::v)>(v);
      },
      x);
}
template <int W>
ANTISTROPHE_ALWAYS_INLINE NumbersOfLanes<W> numbers_of(const BitsOfLanes<W>& bits) {
  return on_vectors<NumbersOfLanes<W>>(
      [](auto v) ANTISTROPHE_INLINE_LAMBDA {
        if constexpr (std::is_arithmetic_v<decltype(v)>)
          return std::bit_cast<double>(v);
        else
          return reinterpret_cast<decltype(NumbersOfLanes<sizeof(v) / sizeof(double)>::v)>(v);
      },
      bits);
}

// real_of_many and nearest_of_many of arithmetic.hpp.
template <int W>
ANTISTROPHE_ALWAYS_INLINE NumbersOfLanes<W> real_of_lanes(const BitsOfLanes<W>& x) {
#if defined(__GNUC__)
  if constexpr (vectors_convert)
    return on_vectors<NumbersOfLanes<W>>(
        [](auto v) ANTISTROPHE_INLINE_LAMBDA {
          constexpr int count = sizeof(v) / sizeof(double);
          return __builtin_convertvector(reinterpret_cast<decltype(LaneVector<std::int64_t, count>::v)>(v),
                                         decltype(NumbersOfLanes<count>::v));
        },
        x);
#endif
  const auto high = numbers_of<W>(on_vectors<BitsOfLanes<W>>(
      [](auto v) ANTISTROPHE_INLINE_LAMBDA { return (v >> 32) ^ std::uint64_t{0x4530000080000000U}; }, x));
  const auto low = numbers_of<W>(on_vectors<BitsOfLanes<W>>(
      [](auto v)
          ANTISTROPHE_INLINE_LAMBDA { return (v & std::uint64_t{0xffffffffU}) | std::uint64_t{0x4330000000000000U}; },
      x));
  return (high - NumbersOfLanes<W>::of(std::bit_cast<double>(std::uint64_t{0x4530000080100000U}))) + low;
}
template <int W>
ANTISTROPHE_ALWAYS_INLINE BitsOfLanes<W> nearest_of_lanes(const NumbersOfLanes<W>& x) {
  using Numbers = NumbersOfLanes<W>;
  constexpr double whole = 0x1.8p52;
  const auto bits_of_whole = BitsOfLanes<W>::of(std::bit_cast<std::uint64_t>(whole));
  const Numbers upper = x * Numbers::of(0x1p-32) + Numbers::of(whole);
  const Numbers lower = (x - (upper - Numbers::of(whole)) * Numbers::of(0x1p32)) + Numbers::of(whole);
  const auto high = on_vectors<BitsOfLanes<W>>([](auto v) ANTISTROPHE_INLINE_LAMBDA { return v << 32; },
                                               bits_of<W>(upper) - bits_of_whole);
  return high + (bits_of<W>(lower) - bits_of_whole);
}

// Of the bits in all lanes those that are in any.
template <int W>
ANTISTROPHE_ALWAYS_INLINE std::uint64_t in_any_lane(const BitsOfLanes<W>& bits) {
  if constexpr (requires { bits.low; }) {
    return in_any_lane<W / 2>(on_vectors<BitsOfLanes<W / 2>>(
        [](auto a, auto b) ANTISTROPHE_INLINE_LAMBDA { return a | b; }, bits.low, bits.high));
  } else {
    std::uint64_t any = 0;
    for (int l = 0; l < W; ++l) any |= bits[l];
    return any;
  }
}

// An int64 in each lane, which wraps around.
template <int W>
struct LaneUnits {
  BitsOfLanes<W> lane;

  LaneUnits() = default;
  ANTISTROPHE_ALWAYS_INLINE LaneUnits(std::int64_t all)  // NOLINT(google-explicit-constructor): W equal ones
      : lane(BitsOfLanes<W>::of(static_cast<std::uint64_t>(all))) {}
  static ANTISTROPHE_ALWAYS_INLINE LaneUnits of(const BitsOfLanes<W>& bits) {
    LaneUnits result;
    result.lane = bits;
    return result;
  }
  std::int64_t operator[](int l) const { return static_cast<std::int64_t>(lane[l]); }

  friend ANTISTROPHE_ALWAYS_INLINE LaneUnits operator+(const LaneUnits& a, const LaneUnits& b) {
    return of(a.lane + b.lane);
  }
  friend ANTISTROPHE_ALWAYS_INLINE LaneUnits operator-(const LaneUnits& a, const LaneUnits& b) {
    return of(a.lane - b.lane);
  }
  friend bool operator==(const LaneUnits& a, const LaneUnits& b) {  // in all lanes
    return in_any_lane<W>((a - b).lane) == 0;
  }
  // The one that is farthest from 0.
  explicit operator double() const {
    std::int64_t farthest = (*this)[0];
    for (int l = 1; l < W; ++l)
      if (std::fabs(static_cast<double>((*this)[l])) > std::fabs(static_cast<double>(farthest))) farthest = (*this)[l];
    return static_cast<double>(farthest);
  }
  friend ANTISTROPHE_ALWAYS_INLINE void hold_in_register(LaneUnits& x) { x.lane.hold_in_register(); }
};
template <int W>
inline constexpr bool is_register_scalar<LaneUnits<W>> = true;

// An ExactFactor in each lane.
template <int W>
class FactorOfLanes {
 public:
  explicit FactorOfLanes(const ExactFactor& factor)
      : factor_(factor), halvings_(factor.halvings()), taken_(halvings_ * W <= 63 ? halvings_ : -1) {
    for (int l = 0; l < W; ++l) places_.set(l, static_cast<std::uint64_t>(std::max(taken_, 0) * l));
  }

  const ExactFactor& of_one() const { return factor_; }

  ANTISTROPHE_ALWAYS_INLINE LaneUnits<W> shrink(const LaneUnits<W>& d, std::uint64_t seed, std::int64_t i) const {
    if (halvings_ >= 0) {
      const int halvings = halvings_;
      constexpr std::uint64_t sign = std::uint64_t{1} << 63;
      const auto shifted = d + LaneUnits<W>(dither(seed, i)) + LaneUnits<W>(static_cast<std::int64_t>(sign));
      const LaneUnits<W> quotient = LaneUnits<W>::of(on_vectors<BitsOfLanes<W>>(
          [halvings](auto v) ANTISTROPHE_INLINE_LAMBDA { return v >> static_cast<std::uint64_t>(halvings); },
          shifted.lane));
      return quotient - LaneUnits<W>(static_cast<std::int64_t>(sign >> halvings));
    }
    return lane_by_lane([&](int l) { return factor_.shrink(d[l], seed, i); });
  }

  template <class Bits>
  ANTISTROPHE_ALWAYS_INLINE void keep(const LaneUnits<W>& d, std::uint64_t seed, std::int64_t i, Bits& bits) const {
    if (taken_ >= 0) {
      const std::uint64_t mask = low();
      const auto dithered = d + LaneUnits<W>(dither(seed, i));
      bits.push(in_any_lane<W>(on_vectors<BitsOfLanes<W>>([mask](auto v, auto place)
                                                              ANTISTROPHE_INLINE_LAMBDA { return (v & mask) << place; },
                                                          dithered.lane, places_)),
                taken_ * W);
    } else {
      for (int l = 0; l < W; ++l) factor_.keep(d[l], seed, i, bits);
    }
  }

  template <class Cursor>
  ANTISTROPHE_ALWAYS_INLINE LaneUnits<W> grow(const LaneUnits<W>& shrunk, std::uint64_t seed, std::int64_t i,
                                              Cursor& bits) const {
    if (taken_ >= 0) {
      const int halvings = taken_;
      const std::uint64_t mask = low();
      const auto lost = BitsOfLanes<W>::of(bits.pop(halvings * W));
      const auto grown = LaneUnits<W>::of(on_vectors<BitsOfLanes<W>>(
          [halvings, mask](auto v, auto all, auto place) ANTISTROPHE_INLINE_LAMBDA {
            return (v << static_cast<std::uint64_t>(halvings)) | ((all >> place) & mask);
          },
          shrunk.lane, lost, places_));
      return grown - LaneUnits<W>(dither(seed, i));
    }
    LaneUnits<W> grown;
    for (int l = W; l-- > 0;) grown.lane.set(l, static_cast<std::uint64_t>(factor_.grow(shrunk[l], seed, i, bits)));
    return grown;
  }

 private:
  std::uint64_t low() const { return (std::uint64_t{1} << halvings_) - 1; }
  std::int64_t dither(std::uint64_t seed, std::int64_t i) const { return ExactFactor::dither(seed, i, low()); }
  template <class Function>
  static LaneUnits<W> lane_by_lane(const Function& function) {
    LaneUnits<W> result;
    for (int l = 0; l < W; ++l) result.lane.set(l, static_cast<std::uint64_t>(function(l)));
    return result;
  }

  ExactFactor factor_;
  int halvings_,
      taken_;  // q of a factor 2^{−q}, −1 of another; and −1 where the bits of all lanes are more than a push takes
  BitsOfLanes<W> places_;  // of the first bit of each lane
};

template <class Scalar>
inline constexpr int lanes_in = 0;
template <class T, int W>
inline constexpr int lanes_in<LanePack<T, W>> = W;
template <class Y>
concept StateOfPacks = lanes_in<typename Y::Scalar> > 0;
template <class Scalar>
struct NumberOfPack;
template <class T, int W>
struct NumberOfPack<LanePack<T, W>> {
  using type = T;
};
// The state of one lane.
template <class Y>
using StateOfLane = WithPacks<Y, typename NumberOfPack<typename Y::Scalar>::type>;

template <class Y>
  requires StateOfPacks<Y>
inline constexpr bool arithmetic_supports<Exact, Y> = true;

// A resolution for each entry of each lane, one entry's lanes side by side, or one for all.
template <EigenState Y>
  requires StateOfPacks<Y>
class FixedPoint<Y> {
  static constexpr int W = lanes_in<typename Y::Scalar>;
  using Alone = StateOfLane<Y>;
  using Number = typename Alone::Scalar;
  using Numbers = LanePack<double, W>;
  using Each =
      Eigen::Array<Numbers, Y::RowsAtCompileTime, Y::ColsAtCompileTime,
                   Y::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor, Y::MaxRowsAtCompileTime, Y::MaxColsAtCompileTime>;

 public:
  using Stored =
      Eigen::Array<LaneUnits<W>, Y::RowsAtCompileTime, Y::ColsAtCompileTime,
                   Y::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor, Y::MaxRowsAtCompileTime, Y::MaxColsAtCompileTime>;
  static constexpr bool exact = true;
  static constexpr bool may_be_many = false;

  FixedPoint(double lambda, const Resolution& resolution, const Y& y0)
      : factor_(ExactFactor(lambda)), resolutions_(y0.rows(), y0.cols()), inverses_(y0.rows(), y0.cols()) {
    const Eigen::Index size = y0.size();
    std::vector<double> all;
    Alone of_lane;
    for (int l = 0; l < W; ++l) {
      take_lane(y0, static_cast<std::size_t>(l), of_lane);
      const FixedPoint<Alone> alone(lambda, lane_of(resolution, l, size), of_lane);
      const Resolution taken = alone.resolution();
      for (Eigen::Index i = 0; i < size; ++i) {
        resolutions_.data()[i].lane.set(l, taken(i));
        inverses_.data()[i].lane.set(l, 1 / taken(i));
      }
    }
  }

  double lambda() const { return factor_.of_one().value(); }
  double bit_rate() const { return W * factor_.of_one().bit_rate(); }
  // Of the solve as a whole none can be told.
  Resolution resolution() const { return {}; }

  Stored zeros(const Y& like) const { return filled<Stored>(like.rows(), like.cols(), LaneUnits<W>(0)); }
  bool store(const Y& x, Stored& stored) const {
    bool fits = true;
    for (Eigen::Index i = 0; i < x.size(); ++i) stored.data()[i] = hold(x.data()[i], i, fits);
    return fits;
  }
  const Y& real(const Stored& stored, Y& buffer) const {
    visit_entries(stored, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA {
      const auto units = Numbers::of(real_of_lanes<W>(entry(stored, i).lane));
      const auto value = units * resolutions_.data()[i];
      if constexpr (std::is_same_v<Number, double>)
        buffer.data()[i] = value;
      else
        buffer.data()[i] = typename Y::Scalar(value);
    });
    return buffer;
  }

  ANTISTROPHE_ALWAYS_INLINE LaneUnits<W> hold(const typename Y::Scalar& x, Eigen::Index i, bool& stored) const {
    const Numbers units = Numbers(x) * inverses_.data()[i];
    const auto beyond = on_vectors<BitsOfLanes<W>>(
        [](auto v) ANTISTROPHE_INLINE_LAMBDA {
          return (std::bit_cast<std::uint64_t>(increment_limit) - 1) - (v & ~(std::uint64_t{1} << 63));
        },
        bits_of<W>(units.lane));
    stored &= in_any_lane<W>(beyond) >> 63 == 0;
    return LaneUnits<W>::of(nearest_of_lanes<W>(units.lane));
  }
  ANTISTROPHE_ALWAYS_INLINE static bool holds_entry(const LaneUnits<W>& sum) { return within(stored_limit, sum); }
  ANTISTROPHE_ALWAYS_INLINE static bool holds_gap(const LaneUnits<W>& gap) { return within(2 * stored_limit, gap); }
  bool in_range(const Stored& stored) const {
    bool fits = true;
    for (Eigen::Index i = 0; i < stored.size(); ++i) fits &= holds_entry(stored.data()[i]);
    return fits;
  }
  const FactorOfLanes<W>& factor() const { return factor_; }

  template <class Bits>
  void keep(std::int64_t n, const Stored& d, Bits& bits) const {
    if constexpr (!std::is_same_v<Bits, NoBits>) {
      const std::uint64_t seed = ExactFactor::seed(n);
      visit_entries(d, [&](Eigen::Index i) ANTISTROPHE_INLINE_LAMBDA { factor_.keep(entry(d, i), seed, i, bits); });
    }
  }

  static bool same(const Stored& a, const Stored& b) { return std::equal(a.data(), a.data() + a.size(), b.data()); }

  // Problems whose lanes fail are solved alone, and told of there.
  static Eigen::Index offender(const Y&) { return -1; }
  static std::string advice(Eigen::Index, double, const char* = "") { return {}; }

 private:
  static constexpr std::uint64_t stored_limit = std::uint64_t{1} << 61;

  ANTISTROPHE_ALWAYS_INLINE static bool within(std::uint64_t limit, const LaneUnits<W>& units) {
    const auto outside = on_vectors<BitsOfLanes<W>>(
        [limit](auto v) ANTISTROPHE_INLINE_LAMBDA { return (limit + ~v) | (v + (limit - 1)); }, units.lane);
    return in_any_lane<W>(outside) >> 63 == 0;
  }
  static Resolution lane_of(const Resolution& all, int l, Eigen::Index size) {
    if (!all.per_entry() || all.size() != W * size) return all;
    std::vector<double> each(static_cast<std::size_t>(size));
    for (Eigen::Index i = 0; i < size; ++i) each[static_cast<std::size_t>(i)] = all(W * i + l);
    return Resolution::chosen(std::move(each));
  }

  FactorOfLanes<W> factor_;
  Each resolutions_, inverses_;
};

// That of each lane, as its problem would have it alone (detail/forward.hpp).
template <EigenState Y, class F>
  requires StateOfPacks<Y>
Resolution fitting_resolution(const Y& y0, const ResolutionWishes& wishes, const F& field, double t0, double t1) {
  constexpr int W = lanes_in<typename Y::Scalar>;
  using Alone = StateOfLane<Y>;
  const Eigen::Index size = y0.size();
  std::vector<double> all(static_cast<std::size_t>(W * size));
  Alone of_lane, slope;
  std::optional<Y> slopes;
  for (int l = 0; l < W; ++l) {
    const auto lane = static_cast<std::size_t>(l);
    take_lane(y0, lane, of_lane);
    const FittingResolution<Alone> fitting(of_lane, wishes);
    Resolution fits;
    if (fitting.needs_slope()) {
      if (!slopes) slopes = slope_at(field, t0, y0);
      take_lane(*slopes, lane, slope);
      fits = fitting.each(slope, std::fabs(t1 - t0));
    } else {
      fits = fitting.without_slope();
    }
    for (Eigen::Index i = 0; i < size; ++i) all[static_cast<std::size_t>(W * i + l)] = fits(i);
  }
  return Resolution::chosen(std::move(all));
}

}  // namespace antistrophe::detail

template <int W>
struct Eigen::NumTraits<antistrophe::detail::LaneUnits<W>> : Eigen::NumTraits<std::int64_t> {
  using Real = antistrophe::detail::LaneUnits<W>;
  using NonInteger = Real;
  using Nested = Real;
  using Literal = Real;
  enum { AddCost = 2, MulCost = 2, ReadCost = 2 };
};
