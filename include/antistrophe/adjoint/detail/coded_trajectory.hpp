// SPDX-License-Identifier: MIT
// The states of a solve as whole numbers, few bits each: every state is predicted from the later ones, which are known on the way
// back, and what the prediction misses is coded (detail/coded_bits.hpp). States gather in a ring; as soon as a block of them has
// the later states that predict it, it is coded. A block is of many small states or of one large one.
#pragma once

#include <antistrophe/adjoint/detail/coded_bits.hpp>
#include <antistrophe/adjoint/detail/extrapolation.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace antistrophe::detail {

// What asks the field; it must give the same on the way back. y' at a state, in units a unit of time; and the state at an earlier time
// by one explicit step back from a later one, or that one itself.
struct SlopeOfUnits {
  void* self = nullptr;
  void (*evaluate)(void* self, double t, const std::int64_t* state, double* slope) = nullptr;
  void (*step_back)(void* self, double from, double to, const std::int64_t* later, std::int64_t* state) = nullptr;
};

// The times of a segment's steps.
struct TimesOfSteps {
  const void* self;
  double (*at)(const void* self, std::int64_t step);
};

class CodedTrajectory {
  static constexpr std::size_t most_nodes = Extrapolation::most_nodes, most_slopes = Extrapolation::most_slopes;

 public:
  // A state is made of parts of so many numbers each, of which those in the first have slopes, if `with_slopes`. Steps back are
  // asked for where they save so many bits a number, as soon as twice the bytes of room that they take have been coded.
  void lay_out(std::span<const std::size_t> parts, bool with_slopes, double worth_a_step = HUGE_VAL,
               std::size_t room = 0) {
    parts_.clear();
    std::size_t first = 0;
    for (const std::size_t count : parts) {
      parts_.push_back({first, count});
      first += count;
    }
    width_ = first;
    with_slopes_ = with_slopes && width_ > 0;
    worth_a_step_ = static_cast<float>(worth_a_step);
    bits_before_steps_ = static_cast<std::int64_t>(16 * room);
    block_ = std::clamp<std::size_t>(width_ == 0 ? 1 : few / width_, 1, 64);
    group_ = (64 + block_ - 1) / block_;
    rows_ = block_ + most_nodes;
    numbers_.assign(std::max<std::size_t>(rows_ * width_, 1), 0);  // a state of no entries is somewhere, too
    times_.assign(rows_, 0.0);
    knows_slope_.assign(rows_, false);
    knows_step_.assign(rows_, false);
    stepped_.clear();
    slopes_.assign(with_slopes_ ? rows_ * parts_[0].count : 0, 0.0);
    runs_.clear();
    pieces_.clear();
    std::size_t most = 0;
    for (std::size_t p = 0; p < parts_.size(); ++p)
      for (std::size_t from = 0; from < parts_[p].count; from += piece) {
        const std::size_t count = std::min(piece, parts_[p].count - from);
        runs_.push_back({p, parts_[p].first + from, count});
        if (width_ > piece || pieces_.empty()) pieces_.push_back({runs_.size() - 1, runs_.size(), 0});
        pieces_.back().end = runs_.size();
        pieces_.back().width += count;
        most = std::max(most, pieces_.back().width);
      }
    residues_.assign(most * block_, 0);
    predicted_.assign(std::min(piece, width_), 0);
    low_bits_.assign(most / group_ + runs_.size() + 1, 0);
    clear();
  }

  // Forgets the states, but keeps their memory.
  void clear() {
    bits_.clear();
    steps_.clear();
    pause_ = pause_of_steps_ = 0;
    resumes_ = false;
    blocks_ = 0;
    for (Run& run : runs_) run.bits.fill(std::numeric_limits<float>::quiet_NaN());
    begin_ = next_ = 0;
  }

  // --- The way forth ---

  // The states of a segment are predicted by these alone. `slope` as for the states of the segment before.
  void begin_segment(const SlopeOfUnits& slope) {
    if (!steps_.empty()) finish(slope);
    if (steps_.size() == steps_.capacity()) steps_.reserve(steps_.size() + 16);
    steps_.push_back(0);
    begin_ = next_ = 0;
  }
  // Where the numbers of the state before a step of the segment go; the last step may be put again.
  std::int64_t* put(std::int64_t step, double t, const SlopeOfUnits& slope) {
    if (step >= next_) {
      if (next_ - begin_ == static_cast<std::int64_t>(rows_)) {
        code(static_cast<std::int64_t>(block_), slope);
      }
      next_ = step + 1;
      steps_.back() = next_;
    }
    const std::size_t at = row(step);
    times_[at] = t;
    knows_slope_[at] = knows_step_[at] = false;
    return numbers_.data() + at * width_;
  }
  // Codes what is left of the last segment.
  void finish(const SlopeOfUnits& slope) {
    while (next_ > begin_) code(std::min(next_ - begin_, static_cast<std::int64_t>(block_)), slope);
  }

  // --- The way back, any number of times after finish ---

  void turn() { reader_ = CodedBits::Reader(bits_); }
  // Segments are entered from the last to the first.
  void enter(std::size_t segment) { begin_ = next_ = segment < steps_.size() ? steps_[segment] : 0; }
  // The numbers of the state before a step, steps from the last to the first; null where they are not those that were put.
  const std::int64_t* get(std::int64_t step, const TimesOfSteps& times, const SlopeOfUnits& slope) {
    while (step < begin_)
      if (!decode(times, slope)) return nullptr;
    return numbers_.data() + row(step) * width_;
  }

  std::int64_t bits() const { return bits_.size(); }
  std::size_t bytes() const {
    return bits_.bytes() + bytes_of(numbers_) + bytes_of(times_) + bytes_of(slopes_) + bytes_of(knows_slope_) +
           bytes_of(knows_step_) + bytes_of(stepped_) + bytes_of(runs_) + bytes_of(pieces_) + bytes_of(parts_) +
           bytes_of(residues_) + bytes_of(predicted_) + bytes_of(low_bits_) + bytes_of(steps_);
  }

 private:
  static constexpr std::size_t few = 256;      // numbers in a block of several states
  static constexpr std::size_t piece = 4096;   // and of one state, that are coded at a time
  static constexpr std::uint8_t nothing = 63;  // in the place of low bits: all numbers of a group are zero

  // How a run of numbers is predicted: from so many later states; with their slopes too; as the next part of the next state, which
  // is what a method of several steps had there; as the first part of the same state, or that and the gap in the next state; by a
  // step back from the next state.
  enum Kind : std::uint8_t {
    zero,
    nodes_1,
    nodes_5 = 5,
    slopes_2,
    slopes_4 = 8,
    moved,
    beside,
    beside_and_gap,
    stepped
  };
  static bool by_slopes(std::size_t kind) { return kind >= slopes_2 && kind <= slopes_4; }

  struct Part {
    std::size_t first, count;
  };
  // Entries of one part, which are predicted alike. bits: a number by each kind, of late; NaN where not tried.
  struct Run {
    std::size_t part, first, count;
    std::uint8_t kind = nodes_1, without_steps = nodes_1;
    std::array<float, stepped> bits{};
  };
  // Runs that are coded together.
  struct Piece {
    std::size_t begin, end, width;
  };

  template <class T>
  static std::size_t bytes_of(const std::vector<T>& vector) {
    return vector.capacity() * sizeof(T);
  }
  std::size_t row(std::int64_t step) const { return static_cast<std::size_t>(step) % rows_; }
  std::int64_t* state(std::int64_t step) { return numbers_.data() + row(step) * width_; }
  std::int64_t last() const { return steps_.empty() ? 0 : next_; }

  // --- Prediction, the same both ways. `end`: the step after the last of those that are known. ---

  void know_slope(std::int64_t step, const SlopeOfUnits& slope) {
    const std::size_t at = row(step);
    if (knows_slope_[at]) return;
    slope.evaluate(slope.self, times_[at], numbers_.data() + at * width_, slopes_.data() + at * parts_[0].count);
    knows_slope_[at] = true;
  }

  // Room for it is made where it is first asked for.
  void know_step(std::int64_t step, const SlopeOfUnits& slope) {
    const std::size_t at = row(step), next = row(step + 1);
    if (knows_step_[at]) return;
    if (stepped_.empty()) stepped_.assign(block_ * width_, 0);
    slope.step_back(slope.self, times_[next], times_[at], numbers_.data() + next * width_, of_step(step));
    knows_step_[at] = true;
  }
  std::int64_t* of_step(std::int64_t step) {
    return stepped_.data() + static_cast<std::size_t>(step) % block_ * width_;
  }

  // So many nodes as there are later states.
  std::size_t kind_at(std::size_t kind, std::int64_t later) const {
    if (later <= 0) return kind == beside ? static_cast<std::size_t>(beside) : static_cast<std::size_t>(zero);
    if (kind <= nodes_5) return std::min(kind, static_cast<std::size_t>(later));
    if (!by_slopes(kind)) return kind;
    return later < 2 ? static_cast<std::size_t>(nodes_1)
                     : std::min(kind, static_cast<std::size_t>(slopes_2 + later - 2));
  }

  // `count` entries of the run from its entry `from` on, of the state before `step`.
  void predict(const Run& run, std::size_t wanted, std::int64_t step, std::int64_t end, std::size_t from,
               std::size_t count, const SlopeOfUnits& slope) {
    const std::size_t kind = kind_at(wanted, end - 1 - step);
    const std::size_t first = run.first + from;
    const std::size_t in_part = first - parts_[run.part].first;
    std::int64_t* const result = predicted_.data();
    switch (kind) {
      case zero:
        std::fill_n(result, count, std::int64_t{0});
        return;
      case moved:
        std::copy_n(state(step + 1) + parts_[run.part + 1].first + in_part, count, result);
        return;
      case beside:
        std::copy_n(state(step) + in_part, count, result);
        return;
      case beside_and_gap: {
        const std::int64_t *const other = state(step) + in_part, *const next = state(step + 1);
        for (std::size_t i = 0; i < count; ++i)
          result[i] = sum(other[i], difference(next[first + i], next[in_part + i]));
        return;
      }
      case stepped:
        know_step(step, slope);
        std::copy_n(of_step(step) + first, count, result);
        return;
      default:
        break;
    }
    Extrapolation weights;
    weights.with_slopes = by_slopes(kind);
    weights.nodes = static_cast<int>(weights.with_slopes ? kind - slopes_2 + 2 : kind);
    std::array<const std::int64_t*, most_nodes> nodes{};
    std::array<const double*, most_nodes> slopes{};
    std::array<double, most_nodes> times{};
    for (std::size_t j = 0; j < static_cast<std::size_t>(weights.nodes); ++j) {
      const std::int64_t later = step + 1 + static_cast<std::int64_t>(j);
      if (weights.with_slopes) {
        know_slope(later, slope);
        slopes[j] = slopes_.data() + row(later) * parts_[0].count;
      }
      nodes[j] = state(later);
      times[j] = times_[row(later)];
    }
    if (weights.nodes > 1 || weights.with_slopes) weigh(times_[row(step)], times.data(), weights);
    extrapolate(weights, nodes.data(), slopes.data(), first, count, result);
  }

  // A signed residue as an unsigned number, small where its size is.
  static std::uint64_t folded(std::int64_t x) {
    return (static_cast<std::uint64_t>(x) << 1) ^ static_cast<std::uint64_t>(x >> 63);
  }
  static std::int64_t unfolded(std::uint64_t u) { return static_cast<std::int64_t>((u >> 1) ^ (~(u & 1) + 1)); }

  // --- Choice of the prediction ---

  bool possible(const Run& run, std::size_t kind, bool slopes) const {
    if (kind == zero) return false;
    if (by_slopes(kind)) return slopes && run.part == 0;
    const std::size_t count = parts_[run.part].count;
    if (kind == moved) return run.part + 1 < parts_.size() && parts_[run.part + 1].count == count;
    if (kind >= beside) return run.part > 0 && parts_[0].count == count;
    return true;
  }

  // A sample of what is missed in the block of `count` steps from `first` on; its bits a number without any code, and in it.
  struct Sample {
    float plain, coded;
  };
  Sample tried(const Run& run, std::size_t kind, std::int64_t first, std::int64_t count, const SlopeOfUnits& slope) {
    const std::int64_t stride = std::max<std::int64_t>(1, count / 8);
    const std::size_t sample = std::min<std::size_t>(run.count, std::max<std::size_t>(32, run.count / 8));
    const std::size_t from = run.count == sample ? 0 : (static_cast<std::size_t>(blocks_) * 977) % (run.count - sample);
    std::int64_t bits = 0, numbers = 0;
    BitWidths widths;
    for (std::int64_t step = first + (count - 1) % stride; step < first + count; step += stride) {
      predict(run, kind, step, last(), from, sample, slope);
      const std::int64_t* const value = state(step) + run.first + from;
      for (std::size_t i = 0; i < sample; ++i) {
        const std::uint64_t missed = folded(difference(value[i], predicted_[i]));
        bits += static_cast<std::int64_t>(std::bit_width(missed));
        widths.add(missed);
      }
      numbers += static_cast<std::int64_t>(sample);
    }
    return {static_cast<float>(bits) / static_cast<float>(numbers), static_cast<float>(widths.bits_a_number())};
  }

  // All kinds now and then, else those near the best. A step back has to save enough of the code, and is not tried where it could not,
  // for it leaves some bits.
  void choose(Run& run, bool slopes, bool steps, std::int64_t first, std::int64_t count, const SlopeOfUnits& slope) {
    const bool all = blocks_ < 2 || blocks_ % 16 == 0 || resumes_;
    const std::size_t before = run.kind == stepped ? run.without_steps : run.kind;
    for (std::size_t kind = 0; kind < stepped; ++kind) {
      const bool near = kind + 1 >= before && kind <= before + 1;
      if (!possible(run, kind, slopes) || !(all || near)) continue;
      const float now = tried(run, kind, first, count, slope).plain;
      float& bits = run.bits[kind];
      bits = bits >= 0 ? 0.5F * bits + 0.5F * now : now;
    }
    std::size_t best = nodes_1;
    for (std::size_t kind = 0; kind < stepped; ++kind)
      if (possible(run, kind, slopes) && run.bits[kind] < run.bits[best]) best = kind;
    run.kind = run.without_steps = static_cast<std::uint8_t>(best);
    if (!steps || run.part != 0) return;
    const float without = tried(run, best, first, count, slope).coded;
    if (without > worth_a_step_ + 2 && tried(run, stepped, first, count, slope).coded + worth_a_step_ < without)
      run.kind = stepped;
  }

  // Slopes cost evaluations: where they hardly help, they are not asked for in the next states.
  void weigh_slopes() {
    const Run& run = runs_[0];
    float plain = run.bits[nodes_1], sloping = run.bits[slopes_2];
    for (std::size_t kind = nodes_1; kind <= moved; ++kind) {
      float& least = by_slopes(kind) ? sloping : plain;
      if (run.bits[kind] < least) least = run.bits[kind];
    }
    if (!(plain - sloping > 2) || run.kind == stepped) pause_ = 1 + 1024 / static_cast<std::int64_t>(block_);
  }
  // So do steps back.
  void weigh_steps() {
    const bool taken = std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return run.kind == stepped; });
    if (!taken) pause_of_steps_ = 1 + 1024 / static_cast<std::int64_t>(block_);
  }

  // --- Coding ---

  std::uint64_t check_sum(std::int64_t first, std::int64_t count) {
    constexpr std::uint64_t factor = 0x9E3779B97F4A7C15U;
    std::array<std::uint64_t, 4> sums{};  // that do not wait for each other
    for (std::int64_t step = first; step < first + count; ++step) {
      const std::int64_t* const numbers = state(step);
      std::size_t e = 0;
      for (; e + 4 <= width_; e += 4)
        for (std::size_t k = 0; k < 4; ++k) sums[k] = sums[k] * factor + static_cast<std::uint64_t>(numbers[e + k]);
      for (; e < width_; ++e) sums[0] = sums[0] * factor + static_cast<std::uint64_t>(numbers[e]);
    }
    return (((sums[0] * factor + sums[1]) * factor + sums[2]) * factor + sums[3]) >> 48;
  }

  // The numbers of a block: a piece is read by steps from the last to the first, and pushed the other way round.
  void code(std::int64_t count, const SlopeOfUnits& slope) {
    const std::int64_t first = begin_;
    const bool slopes = with_slopes_ && slope.evaluate != nullptr && pause_ == 0;
    const bool steps =
        width_ > 0 && slope.step_back != nullptr && pause_of_steps_ == 0 && bits_.size() >= bits_before_steps_;
    for (std::size_t p = pieces_.size(); p-- > 0;) {
      const Piece& of = pieces_[p];
      for (std::size_t r = of.begin; r < of.end; ++r) choose(runs_[r], slopes, steps, first, count, slope);
      miss(of, first, count, slope);
      push(of, count);
    }
    bits_.push(check_sum(first, count), 16);
    bits_.push(static_cast<std::uint64_t>(count), 7);
    if (slopes && blocks_ > 0) weigh_slopes();
    resumes_ = pause_ == 1;
    if (resumes_)
      for (std::size_t kind = slopes_2; kind <= slopes_4; ++kind)
        for (Run& run : runs_) run.bits[kind] = std::numeric_limits<float>::quiet_NaN();
    if (pause_ > 0) --pause_;
    if (pause_of_steps_ > 0)
      --pause_of_steps_;
    else if (steps && blocks_ > 0 && first + count < next_)  // the last state of a segment is predicted by nothing
      weigh_steps();
    begin_ += count;
    ++blocks_;
  }

  // What the prediction misses, in the order in which it is read.
  void miss(const Piece& of, std::int64_t first, std::int64_t count, const SlopeOfUnits& slope) {
    std::uint64_t* to = residues_.data();
    for (std::int64_t step = first + count; step-- > first;)
      for (std::size_t r = of.begin; r < of.end; ++r) {
        const Run& run = runs_[r];
        predict(run, run.kind, step, last(), 0, run.count, slope);
        const std::int64_t* const value = state(step) + run.first;
        for (std::size_t i = 0; i < run.count; ++i) *to++ = folded(difference(value[i], predicted_[i]));
      }
  }

  void push(const Piece& of, std::int64_t count) {
    const auto steps = static_cast<std::size_t>(count);
    std::size_t groups = 0, at = 0;
    for (std::size_t r = of.begin; r < of.end; ++r) {
      for (std::size_t from = 0; from < runs_[r].count; from += group_) {
        const std::size_t to = std::min(from + group_, runs_[r].count);
        BitWidths widths;
        for (std::size_t s = 0; s < steps; ++s) widths.add(residues_.data() + s * of.width + at + from, to - from);
        low_bits_[groups++] = widths.all_zero() ? nothing : static_cast<std::uint8_t>(widths.best_low_bits());
      }
      at += runs_[r].count;
    }
    for (std::size_t s = steps; s-- > 0;) {
      const std::uint64_t* residue = residues_.data() + (s + 1) * of.width;
      std::size_t g = groups;
      for (std::size_t r = of.end; r-- > of.begin;)
        for (std::size_t to = runs_[r].count; to > 0;) {
          const std::size_t from = (to - 1) / group_ * group_;
          const int low = low_bits_[--g];
          if (low != nothing)
            for (std::size_t i = to; i-- > from;)
              bits_.push_number(residue[static_cast<std::ptrdiff_t>(i) - static_cast<std::ptrdiff_t>(to)], low);
          residue -= to - from;
          to = from;
        }
    }
    for (std::size_t g = groups; g-- > 0;) bits_.push(low_bits_[g], 6);
    for (std::size_t r = of.end; r-- > of.begin;) bits_.push(runs_[r].kind, 4);
  }

  // The block before begin_; false where it is not what was coded.
  bool decode(const TimesOfSteps& times, const SlopeOfUnits& slope) {
    const auto count = static_cast<std::int64_t>(reader_.pop(7));
    const std::uint64_t expected = reader_.pop(16);
    if (count == 0 || count > begin_) return false;
    const std::int64_t first = begin_ - count;
    for (std::int64_t step = first; step < begin_; ++step) {
      times_[row(step)] = times.at(times.self, step);
      knows_slope_[row(step)] = knows_step_[row(step)] = false;
    }
    for (const Piece& of : pieces_) pop(of, first, count, slope);
    begin_ = first;
    return check_sum(first, count) == expected;
  }

  void pop(const Piece& of, std::int64_t first, std::int64_t count, const SlopeOfUnits& slope) {
    for (std::size_t r = of.begin; r < of.end; ++r) runs_[r].kind = static_cast<std::uint8_t>(reader_.pop(4));
    std::size_t groups = 0;
    for (std::size_t r = of.begin; r < of.end; ++r)
      for (std::size_t from = 0; from < runs_[r].count; from += group_)
        low_bits_[groups++] = static_cast<std::uint8_t>(reader_.pop(6));
    for (std::int64_t step = first + count; step-- > first;) {
      std::size_t g = 0;
      for (std::size_t r = of.begin; r < of.end; ++r) {
        const Run& run = runs_[r];
        predict(run, run.kind, step, last(), 0, run.count, slope);
        std::int64_t* const value = state(step) + run.first;
        for (std::size_t from = 0; from < run.count; from += group_) {
          const std::size_t to = std::min(from + group_, run.count);
          const int low = low_bits_[g++];
          if (low == nothing)
            std::copy(predicted_.data() + from, predicted_.data() + to, value + from);
          else
            for (std::size_t i = from; i < to; ++i) value[i] = sum(predicted_[i], unfolded(reader_.pop_number(low)));
        }
      }
    }
  }

  std::vector<Part> parts_;
  std::vector<Run> runs_;
  std::vector<Piece> pieces_;
  std::size_t width_ = 0, rows_ = 1, block_ = 1, group_ = 1;
  bool with_slopes_ = false;
  // A ring of states, their times and slopes: that before step i of the segment in row i mod rows_. Of the segment at hand, steps
  // from begin_ to next_ are there; on the way back next_ stays at its end.
  std::vector<std::int64_t> numbers_;
  std::vector<double> times_, slopes_;
  std::vector<char> knows_slope_, knows_step_;
  std::vector<std::int64_t> stepped_;  // of the steps of a block: what steps back from the next states give
  std::int64_t begin_ = 0, next_ = 0;
  std::vector<std::int64_t> steps_;  // of each segment
  CodedBits bits_;
  CodedBits::Reader reader_;
  float worth_a_step_ = 0;
  std::int64_t bits_before_steps_ = 0;
  std::int64_t blocks_ = 0, pause_ = 0, pause_of_steps_ = 0;  // slopes, or steps, are not asked for in so many blocks
  bool resumes_ = false;                                      // they are again
  std::vector<std::uint64_t> residues_;
  std::vector<std::int64_t> predicted_;
  std::vector<std::uint8_t> low_bits_;
};

}  // namespace antistrophe::detail
