// SPDX-License-Identifier: MIT
// BrownianPath{…}: W(t) as a function of a seed and of t, a virtual Brownian tree: [t0, t1] is halved again and again, and the
// path in the middle of each part is drawn from its law given the ends, by random numbers that are a function of the seed and
// of the part (Li, Wong, Chen & Duvenaud, arXiv 2001.01328). The same bits whatever is asked for before, in any direction and
// order. With .area, space-time Lévy areas too (Foster, Lyons & Oberhauser 2020).
//
//   BrownianPath path{.seed = 7, .channels = 2, .t0 = 0, .t1 = 1};
//   Eigen::VectorXd w = path(0.3), dw = path.increment(0.3, 0.4);     // each time from the root of the tree
//   BrownianWalk walk(path);                                          // remembers where it is: for many queries
//   walk.increment(0.3, 0.4, dw);
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/noise/detail/random.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace antistrophe {

// channels: numbers of W(t). samples: independent paths beside each other, one a column; that of column j is what stream + j
// would give alone, and a channel's path does not depend on how many there are. t0 < t1, W(t0) = 0.
// tolerance: times further apart than it have W's law exactly, jointly; those that are nearer may lie in one leaf of the tree,
// where W at each has its law, but the two are made of one random number. The leaves are 2^−k (t1 − t0), no longer than it;
// 0 asks for k = 24. A query costs a random number a channel for each level below the last query's, so that queries in order
// cost one for each level between their distance and the leaves, and one or two at times that are whole multiples of 2^−m (t1 − t0).
// area: the path knows ∫ W too, for the space-time Lévy areas; it is another path, and costs twice as much.
struct BrownianPath {
  std::uint64_t seed = 0;
  Eigen::Index channels = 1;
  Eigen::Index samples = 1;
  double t0 = 0, t1 = 1;
  double tolerance = 0;
  bool area = false;
  std::uint64_t stream = 0;

  // W(t), channels × samples.
  Eigen::MatrixXd operator()(double t) const;
  // W(u) − W(s).
  Eigen::MatrixXd increment(double s, double u) const;
  // H = (1/h) ∫ (W(r) − W(s) − (r − s)/h (W(u) − W(s))) dr over [s, u], h = u − s: N(0, h/12), independent of the increment.
  Eigen::MatrixXd levy_area(double s, double u) const;

  bool operator==(const BrownianPath&) const = default;

  // Throws std::invalid_argument where an option is none.
  void check() const {
    if (channels < 1) detail::refuse("BrownianPath::channels", channels, "at least 1");
    if (samples < 0) detail::refuse("BrownianPath::samples", samples, "at least 0");
    if (!std::isfinite(t0)) detail::refuse("BrownianPath::t0", t0, "finite");
    if (!std::isfinite(t1) || !(t1 > t0)) detail::refuse("BrownianPath::t1", t1, "finite, and later than t0");
    if (tolerance != 0 && !(tolerance >= (t1 - t0) * 0x1p-48))
      detail::refuse("BrownianPath::tolerance", tolerance,
                     "0, or at least 2^-48 (t1 - t0), below which t does not tell times apart");
  }
  // How often [t0, t1] is halved.
  int levels() const {
    if (tolerance == 0) return 24;
    int k = 0;
    for (double leaf = t1 - t0; leaf > tolerance; leaf /= 2) ++k;
    return k;
  }
};

// A walk along a path: it remembers the last two times and the parts of the tree around the last. Copies are independent of
// one another, and threads want one each.
class BrownianWalk {
 public:
  explicit BrownianWalk(const BrownianPath& path)
      : path_((path.check(), path)),
        levels_(path.levels()),
        size_(static_cast<std::size_t>(path.channels * path.samples)),
        row_(path.area ? 2 * size_ : size_),
        source_{path.seed, path.stream, path.channels, path.samples},
        scale_(std::ldexp(1 / (path.t1 - path.t0), levels_)),
        low_(static_cast<std::size_t>(levels_) + 1),
        high_(low_),
        rows_((static_cast<std::size_t>(levels_) + first_middle) * row_, 0.0),
        random_(static_cast<std::size_t>(levels_ + 1) * row_) {
    if (row_ <= 64 && levels_ >= fan_levels) {
      fans_ = true;
      rows_.resize(rows_.size() + (fan_parts + 1) * row_);
      fan_random_.resize(2 * fan_parts * row_);
    }
    for (int level = 0; level <= levels_; ++level) {
      lengths_.push_back(std::ldexp(path.t1 - path.t0, -level));
      deviations_.push_back(std::sqrt(lengths_.back()) / 2);
    }
    for (Query& query : last_) query.at.assign(row_, 0.0);
    high_[0] = 1;
    root();
  }

  const BrownianPath& path() const { return path_; }

  // W(t), sample after sample; there until the next query but one.
  const double* operator()(double t) { return at(t).data(); }
  // W(u) − W(s), written to a matrix or array of channels × samples, of any scalar.
  template <class D>
  void increment(double s, double u, D& dw) {
    const Ends ends = both(s, u);
    resize(dw);
    for (std::size_t i = 0; i < size_; ++i) dw.data()[i] = detail::scalar<D>((*ends.u)[i] - (*ends.s)[i]);
  }
  // The space-time Lévy area of [s, u] or of [u, s], of a path with .area. By differences of ∫ W: |∫ W| 2^−53/h is its round-off.
  template <class D>
  void levy_area(double s, double u, D& area) {
    if (!path_.area)
      throw std::invalid_argument("antistrophe: the BrownianPath knows no space-time Levy area; give it .area = true");
    const Ends ends = both(s, u);
    resize(area);
    for (std::size_t i = 0; i < size_; ++i) {
      const double whole = ((*ends.u)[size_ + i] - (*ends.s)[size_ + i]) / (u - s);
      area.data()[i] = detail::scalar<D>(whole - ((*ends.s)[i] + (*ends.u)[i]) / 2);
    }
  }
  // False of two times within one leaf, between which W is not resolved.
  bool resolves(double s, double u) const {
    const double a = (s - path_.t0) * scale_, b = (u - path_.t0) * scale_;
    return std::floor(a) != std::floor(b) || a == std::floor(a) || b == std::floor(b);
  }
  double leaf() const { return lengths_.back(); }

 private:
  // W at t and, with areas, its integral from t0 on.
  struct Query {
    double t;
    std::vector<double> at;
  };
  struct Ends {
    const std::vector<double>*s, *u;
  };
  // Rows of the tree: W(t0), W(t1), and those in the middle of the part of each level around the last query.
  using Row = std::uint16_t;
  static constexpr std::size_t first_middle = 2;
  static constexpr std::size_t most_levels = 48;
  static constexpr int fan_levels = 4;
  static constexpr std::size_t fan_parts = 16;

  template <class D>
  void resize(D& to) const {
    if constexpr (D::ColsAtCompileTime == 1)
      to.resize(path_.channels * path_.samples);
    else
      to.resize(path_.channels, path_.samples);
  }

  Ends both(double s, double u) {
    // The one that is known first: the other does not then take its place.
    const bool knows_u = last_[0].t == u || last_[1].t == u;
    const std::vector<double>* const first = &at(knows_u ? u : s);
    const std::vector<double>* const second = &at(knows_u ? s : u);
    return knows_u ? Ends{second, first} : Ends{first, second};
  }

  const std::vector<double>& at(double t) {
    if (last_[newest_].t == t) return last_[newest_].at;
    newest_ = 1 - newest_;
    Query& query = last_[newest_];
    if (query.t != t) {
      query.t = std::nan("");
      evaluate(t, query.at.data());
      query.t = t;
    }
    return query.at;
  }

  void root() {
    double* const z = random_.data();
    draw_side_by_side(0, 1, z);
    const double h = path_.t1 - path_.t0, root_h = std::sqrt(h), root_h_12 = std::sqrt(h / 12);
    double* const end = row(1);
    for (std::size_t i = 0; i < size_; ++i) {
      end[i] = root_h * z[i];
      if (path_.area) end[size_ + i] = h * (root_h_12 * z[size_ + i] + end[i] / 2);
    }
  }
  // The random numbers of parts, those of W and of the areas.
  void draw(std::span<const std::uint64_t> parts, double* to) const {
    source_.fill(parts, 0, to, row_);
    if (path_.area) source_.fill(parts, 1, to + size_, row_);
  }
  void draw_side_by_side(std::uint64_t first, std::size_t parts, double* to) const {
    std::array<std::uint64_t, fan_parts> list;
    for (std::size_t i = 0; i < fan_parts; ++i) list[i] = first + i;
    draw({list.data(), parts}, to);
  }

  double* row(std::size_t i) { return rows_.data() + i * row_; }

  void evaluate(double t, double* to) {
    if (!(t >= path_.t0 && t <= path_.t1)) outside(t);
    const double x = (t - path_.t0) * scale_;
    const std::uint64_t leaves = std::uint64_t{1} << levels_;
    const auto leaf = static_cast<std::uint64_t>(x);
    if (t == path_.t1 || leaf >= leaves) return copy(row(1), to);
    const double part = x - static_cast<double>(leaf);
    if (in_fan(leaf, part)) return of_fan(leaf, part, to);
    if (part == 0) {
      if (leaf == 0) return copy(row(0), to);
      const int level = levels_ - std::countr_zero(leaf);  // it is in the middle of a part of the level above
      descend(leaf, level);
      return copy(row(first_middle + static_cast<std::size_t>(level - 1)), to);
    }
    descend(leaf, levels_);
    const auto last = static_cast<std::size_t>(levels_);
    if (last > 0) enter(leaf, levels_);
    draw_side_by_side(leaves + leaf, 1, random_.data());
    bridge(random_.data(), lengths_[last], part, row(low_[last]), row(high_[last]), to);
  }

  // --- A fan: a part and all of its parts four levels below, made in one go ----------------------------------------------------
  //
  // Queries a step apart go up and down a few levels of the tree, each time another number of them, which costs more than what they
  // find there. Where the last query was one step away, a leaf or a whole multiple of a part, the next ones are looked up.

  // Whether the fan has it; where it has not and the queries go in such steps, it is spread around this one first.
  bool in_fan(std::uint64_t leaf, double part) {
    if (!fans_) return false;
    const std::uint64_t gap = leaf > asked_ ? leaf - asked_ : asked_ - leaf;
    asked_ = leaf;
    if (covers(leaf, part)) return true;
    const int below = part != 0 ? 0 : static_cast<int>(std::bit_width(gap)) - 1;  // levels below the fan's last
    if (gap == 0 || (part != 0 && gap > 2) || below + fan_levels > levels_) return false;
    if (std::countr_zero(leaf) < below) return false;
    spread(leaf, below);
    return true;
  }
  bool covers(std::uint64_t leaf, double part) const {
    const std::uint64_t inside = (std::uint64_t{1} << fan_below_) - 1;
    return (leaf >> (fan_below_ + fan_levels)) == fan_part_ && (leaf & inside) == 0 && (part == 0 || fan_below_ == 0);
  }
  void spread(std::uint64_t leaf, int below) {
    fan_below_ = below;
    fan_part_ = leaf >> (below + fan_levels);
    fan_has_leaves_ = false;
    const int level = levels_ - below - fan_levels;
    descend(leaf, level);
    if (level > 0) enter(leaf, level);
    const auto l = static_cast<Row>(level);
    copy(row(low_[l]), fan(0));
    copy(row(high_[l]), fan(fan_parts));
    std::array<Middle, fan_parts - 1> middles;
    std::size_t count = 0;
    Row below_it = 0;
    for (std::size_t half = fan_parts / 2; half > 0; half /= 2, ++below_it) {
      draw_side_by_side(((std::uint64_t{1} << level) + fan_part_) << below_it, fan_parts / (2 * half),
                        fan_random_.data() + count * row_);
      for (std::size_t i = half; i < fan_parts; i += 2 * half)
        middles[count++] = {fan_row(i - half), fan_row(i + half), fan_row(i), static_cast<Row>(l + below_it)};
    }
    make(middles, fan_random_.data());
  }
  void of_fan(std::uint64_t leaf, double part, double* to) {
    const auto at = static_cast<std::size_t>(leaf >> fan_below_) % fan_parts;
    if (part == 0) return copy(fan(at), to);
    double* const z = fan_random_.data() + fan_parts * row_;
    if (!fan_has_leaves_) draw_side_by_side((std::uint64_t{1} << levels_) + leaf - at, fan_parts, z);
    fan_has_leaves_ = true;
    bridge(z + at * row_, lengths_.back(), part, fan(at), fan(at + 1), to);
  }
  Row fan_row(std::size_t i) const { return static_cast<Row>(first_middle + static_cast<std::size_t>(levels_) + i); }
  double* fan(std::size_t i) { return row(fan_row(i)); }

  void copy(const double* from, double* to) const {
    for (std::size_t i = 0; i < row_; ++i) to[i] = from[i];
  }

  // Makes sure of the middles of the parts around a leaf, down to some level.
  void descend(std::uint64_t leaf, int levels) {
    const int kept = std::min(known_, levels_ + 1 - static_cast<int>(std::bit_width(leaf ^ leaf_)));
    leaf_ = leaf;
    known_ = std::min(kept, levels_);
    // All of their random numbers first, for these do not wait for one another.
    std::array<std::uint64_t, most_levels> parts;
    std::size_t count = 0;
    const std::uint64_t leaf_part = (std::uint64_t{1} << levels_) + leaf;
    for (int level = known_; level < levels; ++level) parts[count++] = leaf_part >> (levels_ - level);
    if (count > 0) draw({parts.data(), count}, random_.data());
    std::array<Middle, most_levels> middles;
    for (std::size_t i = 0; i < count; ++i) {
      const auto l = static_cast<std::size_t>(known_) + i;
      if (l > 0) enter(leaf, static_cast<int>(l));
      middles[i] = {low_[l], high_[l], static_cast<Row>(first_middle + l), static_cast<Row>(l)};
    }
    make({middles.data(), count}, random_.data());
    known_ = std::max(known_, levels);
  }
  // Which rows are the ends of the part of a level around the leaf.
  void enter(std::uint64_t leaf, int level) {
    const auto l = static_cast<std::size_t>(level);
    const bool right = ((leaf >> (levels_ - level)) & 1u) != 0;
    const Row middle = static_cast<Row>(first_middle + l - 1);
    low_[l] = right ? middle : low_[l - 1];
    high_[l] = right ? high_[l - 1] : middle;
  }

  // What lies in the middle from row a to row b, given these, by the random numbers z, a row for each; one may be an end of the next. One
  // machine code for all, for the bits must not depend on the way there; so has bridge.
  struct Middle {
    Row a, b, to, level;
  };
  ANTISTROPHE_ONE_INSTANCE void make(std::span<const Middle> middles, const double* z) {
    for (const Middle& it : middles) {
      const double *const a = row(it.a), *const b = row(it.b);
      double* const to = row(it.to);
      if (path_.area) {
        bridge(z, lengths_[it.level], 0.5, a, b, to);
      } else {
        const double deviation = deviations_[it.level];
        for (std::size_t i = 0; i < size_; ++i) to[i] = (a[i] + b[i]) / 2 + deviation * z[i];
      }
      z += row_;
    }
  }
  // What lies at `at` of the way from a to b, given these, by the random numbers z of a part of length h.
  ANTISTROPHE_ONE_INSTANCE void bridge(const double* z, double h, double at, const double* a, const double* b,
                                       double* to) const {
    if (!path_.area) {
      const double deviation = std::sqrt(h * at * (1 - at));
      for (std::size_t i = 0; i < size_; ++i) to[i] = a[i] + at * (b[i] - a[i]) + deviation * z[i];
      return;
    }
    const double p = at, q = 1 - at, l = p * h;
    const double v = std::sqrt(h * p * q / (p * p * p + q * q * q)) / 2;  // their law: Foster, Lyons & Oberhauser 2020
    const double of_w = 2 * v * (p * p * p + q * q * q), of_h = v * p * p, other = v * q / std::sqrt(3.0);
    for (std::size_t i = 0; i < size_; ++i) {
      const double* const x = z + i;
      const double dw = b[i] - a[i], area = (b[size_ + i] - a[size_ + i]) / h - (a[i] + b[i]) / 2;
      const double dw_l = p * dw + 6 * p * q * area + of_w * x[0];
      const double area_l = p * p * area - of_h * x[0] + other * x[size_];
      to[i] = a[i] + dw_l;
      to[size_ + i] = a[size_ + i] + l * (a[i] + area_l + dw_l / 2);
    }
  }

  ANTISTROPHE_COLD [[noreturn]] void outside(double t) const {
    throw std::invalid_argument("antistrophe: a BrownianPath over [" + detail::in_words(path_.t0) + ", " +
                                detail::in_words(path_.t1) + "] is asked for W(" + detail::in_words(t) +
                                "); give it .t0 and .t1 around all times of the solve");
  }

  BrownianPath path_;
  int levels_;
  std::size_t size_, row_;
  detail::NormalSource source_;
  double scale_;
  std::uint64_t leaf_ = 0;  // around which the middles of the first known_ levels are there
  int known_ = 0;
  std::vector<Row> low_, high_;  // of each level, which rows are the ends of the part around the leaf
  std::vector<double> rows_, random_;
  std::uint64_t asked_ = 0;  // the last query's leaf
  bool fans_ = false;
  std::vector<double> fan_random_;
  std::uint64_t fan_part_ = ~std::uint64_t{0};
  int fan_below_ = 0;
  bool fan_has_leaves_ = false;
  std::vector<double> lengths_, deviations_;  // of the parts of each level; of their middles, given the ends
  std::array<Query, 2> last_{Query{std::nan(""), {}}, Query{std::nan(""), {}}};
  std::size_t newest_ = 0;
};

inline Eigen::MatrixXd BrownianPath::operator()(double t) const {
  BrownianWalk walk(*this);
  return Eigen::Map<const Eigen::MatrixXd>(walk(t), channels, samples);
}
inline Eigen::MatrixXd BrownianPath::increment(double s, double u) const {
  Eigen::MatrixXd dw;
  BrownianWalk(*this).increment(s, u, dw);
  return dw;
}
inline Eigen::MatrixXd BrownianPath::levy_area(double s, double u) const {
  Eigen::MatrixXd result;
  BrownianWalk(*this).levy_area(s, u, result);
  return result;
}

}  // namespace antistrophe
