#include <antistrophe/adjoint/detail/checkpoint_schedule.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

using antistrophe::detail::binomial_reach;
using antistrophe::detail::CheckpointSchedule;
using antistrophe::detail::slots_by_default;

namespace {

using Kind = CheckpointSchedule::Action::Kind;

// A solve and ways back through it, of steps that do nothing, in segments that end after so many steps.
struct Run {
  bool sound = true;       // each step was gone back through once, in order, from the carry that belongs to it
  std::int64_t forth = 0;  // steps, on all ways
  std::int64_t most = 0;   // times that a step was gone forth, the first included
  std::int64_t slots = 0;  // used
};

Run run(std::int64_t slots, std::int64_t n, std::int64_t told, std::vector<std::int64_t> ends = {}, int ways_back = 1) {
  ends.push_back(n);
  CheckpointSchedule schedule;
  schedule.begin(slots, told);
  Run result;
  std::map<std::int64_t, std::int64_t> held;  // the step of each slot
  std::vector<int> times(static_cast<std::size_t>(n), 1);
  std::int64_t begin = 0;
  for (const std::int64_t end : ends) {
    held[schedule.start_segment()] = begin;
    for (std::int64_t step = begin; step < end; ++step) {
      const std::int64_t slot = schedule.keep(step);
      if (slot >= 0) held[slot] = step;
      result.sound = result.sound && schedule.keep(step) == CheckpointSchedule::none;  // tried again
    }
    begin = end;
  }
  for (int way = 0; way < ways_back; ++way) {
    schedule.turn();
    for (std::size_t k = ends.size(); k-- > 0;) {
      const std::int64_t first = k > 0 ? ends[k - 1] : 0;
      schedule.enter(k, first, ends[k]);
      std::int64_t at = -1, wanted = ends[k] - 1;
      for (auto action = schedule.next(); action.kind != Kind::done; action = schedule.next()) {
        const bool is_here = at == action.step;
        if (action.kind == Kind::restore) {
          at = action.step;
          result.sound = result.sound && held.at(action.slot) == at;
        } else if (action.kind == Kind::advance) {
          result.sound = result.sound && at >= first && at < action.step && action.step < ends[k];
          for (; at < action.step; ++at) ++times[static_cast<std::size_t>(at)];
        } else if (action.kind == Kind::keep) {
          result.sound = result.sound && is_here;
          held[action.slot] = at;
        } else {
          result.sound = result.sound && is_here && at == wanted--;
        }
      }
      result.sound = result.sound && wanted == first - 1;
    }
  }
  result.forth = std::accumulate(times.begin(), times.end(), std::int64_t{0});
  result.most = n > 0 ? *std::max_element(times.begin(), times.end()) : 0;
  result.slots = schedule.used();
  return result;
}

// The fewest steps forth that take `length` steps back with c slots, the last of which is not gone forth, by dynamic programming:
// t(l, c) = min_m m + t(l − m, c − 1) + t(m, c).
class Optimum {
 public:
  Optimum(std::int64_t length, std::int64_t c) : c_(c + 1), table_(static_cast<std::size_t>((length + 1) * c_)) {
    for (std::int64_t slots = 1; slots < c_; ++slots)
      for (std::int64_t l = 2; l <= length; ++l) {
        std::int64_t best = l * (l - 1) / 2;
        for (std::int64_t m = 1; slots > 1 && m < l; ++m)
          best = std::min(best, m + (*this)(l - m, slots - 1) + (*this)(m, slots));
        table_[static_cast<std::size_t>(l * c_ + slots)] = best;
      }
  }
  std::int64_t operator()(std::int64_t l, std::int64_t c) const { return table_[static_cast<std::size_t>(l * c_ + c)]; }

 private:
  std::int64_t c_;
  std::vector<std::int64_t> table_;
};

// How often steps are gone forth at most with c slots.
std::int64_t times_forth(std::int64_t n, std::int64_t c) {
  std::int64_t r = 1;
  while (binomial_reach(c, r) <= n) ++r;
  return r;
}

}  // namespace

TEST_CASE("C(c + r, c)") {
  CHECK(binomial_reach(1, 7) == 8);
  CHECK(binomial_reach(7, 0) == 1);
  CHECK(binomial_reach(3, 4) == 35);
  CHECK(binomial_reach(200, 3) == 1'373'701);
  CHECK(binomial_reach(30, 30) == 118'264'581'564'861'424);
  CHECK(binomial_reach(1'000, 1'000) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE(
    "Of a known number of steps, none is gone forth oftener than the binomial bound, and all together not once too "
    "often") {
  const Optimum optimum(81, 9);
  for (std::int64_t c = 1; c <= 9; ++c)
    for (std::int64_t n = 1; n <= 80; ++n) {
      CAPTURE(c, n);
      const Run known = run(c, n, n);
      CHECK(known.sound);
      // The loss sees the state after the last step: as if one more step had to be taken back, but not forth.
      CHECK(known.forth == optimum(n + 1, c));
      CHECK(known.most <= times_forth(n, c));
      CHECK(known.slots <= std::min(c, n));
    }
}

TEST_CASE("Of an unknown number of steps, none is gone forth oftener than once more, with as many slots") {
  for (const std::int64_t c : {1, 2, 3, 5, 9, 20})
    for (std::int64_t n = 1; n <= 200; ++n) {
      CAPTURE(c, n);
      const Run online = run(c, n, 0), known = run(c, n, n);
      CHECK(online.sound);
      CHECK(online.most <= times_forth(n, c) + 1);
      CHECK(online.forth <= known.forth + n);
      CHECK(online.slots == std::min(c, n));
    }
}

TEST_CASE("As many slots as steps, and more, recompute nothing") {
  for (const std::int64_t told : {0, 50})
    for (const std::int64_t slots : {50, 51, 1'000'000'000}) CHECK(run(slots, 50, told).forth == 50);
}

TEST_CASE("By default there are as many slots as keep every step from being recomputed twice, or three times online") {
  for (std::int64_t n = 1; n <= 5'000; n += n < 100 ? 1 : 97) {
    CAPTURE(n);
    const std::int64_t c = slots_by_default(n);
    CHECK((c + 1) * (c + 2) / 2 > n);
    CHECK((c == 1 || c * (c + 1) / 2 <= n));
    const Run known = run(0, n, n), online = run(0, n, 0);
    CHECK((known.sound && known.most <= 2 && known.slots <= c));
    CHECK((online.sound && online.most <= 3 && online.slots <= c));
  }
}

TEST_CASE("The steps of a solve are not what was expected: it is gone back all the same") {
  for (const std::int64_t slots : {0, 1, 2, 3, 5, 20})
    for (const std::int64_t told : {0, 40, 60, 1'000}) {
      CAPTURE(slots, told);
      for (const std::int64_t n : {0, 1, 7, 39, 40}) CHECK(run(slots, n, told).sound);
      // Segments, some of no step, of which a start each is kept beside.
      const Run segments = run(slots, 40, told, {0, 3, 3, 4, 20, 20, 33, 40});
      CHECK(segments.sound);
      if (slots > 0) CHECK(segments.slots <= slots + 8);
    }
}

TEST_CASE("A second way back has the starts of segments, and as many slots") {
  const Optimum optimum(40, 4);
  for (const std::int64_t told : {0, 40}) {
    const Run once = run(4, 40, told), twice = run(4, 40, told, {}, 2), thrice = run(4, 40, told, {}, 3);
    CHECK((twice.sound && thrice.sound));
    CHECK(twice.forth - once.forth == optimum(40, 4));
    CHECK(thrice.forth - twice.forth == optimum(40, 4));
    CHECK(thrice.slots <= 4);
    CHECK(run(4, 40, told, {0, 3, 3, 4, 20, 20, 33, 40}, 3).sound);
  }
}

TEST_CASE("A million steps and 200 slots: three times forth at most, and in all as few as can be") {
  const std::int64_t n = 1'000'000;
  const Run known = run(200, n, n), online = run(200, n, 0);
  CHECK((known.sound && known.most == 3 && known.slots == 200));
  // Griewank & Walther: t(l, c) = r l − C(c + r, c + 1), here of l = n + 1 and r = 3.
  CHECK(known.forth == 3 * (n + 1) - binomial_reach(201, 2));
  CHECK((online.sound && online.most <= 4 && online.slots == 200));
  CHECK(online.forth < known.forth + n / 100);
}
