// What is CompressedAdjoint's own: its coder, its grid, its memory. That its gradient is the direct one for every method, bit for bit
// or to the grid, is a law (laws/checkpoints.cpp).
#include <antistrophe/adjoint/compressed.hpp>

#include "support/battery.hpp"
#include "support/catch.hpp"
#include "support/counted_heap.hpp"
#include "support/problems.hpp"
#include "support/switched.hpp"

#include "runner/runner.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(),
                       highest = std::numeric_limits<std::int64_t>::max();

// --- The coder ---

double unequal_time(std::int64_t step) {
  return 0.1 * static_cast<double>(step) + 0.02 * std::sin(static_cast<double>(step));
}
constexpr detail::TimesOfSteps times{nullptr, [](const void*, std::int64_t step) { return unequal_time(step); }};

using States = std::vector<std::vector<std::int64_t>>;

// Codes segments of states and reads them twice.
void check_round_trip(detail::CodedTrajectory& coded, const std::vector<States>& segments,
                      const detail::SlopeOfUnits& slope = {}) {
  coded.clear();
  for (const States& states : segments) {
    coded.begin_segment(slope);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const auto step = static_cast<std::int64_t>(i);
      if (i % 3 == 0) std::fill_n(coded.put(step, 77, slope), states[i].size(), 5);  // a step that failed, put again
      std::copy(states[i].begin(), states[i].end(), coded.put(step, unequal_time(step), slope));
    }
  }
  coded.finish(slope);
  for (int twice = 0; twice < 2; ++twice) {
    coded.turn();
    for (std::size_t s = segments.size(); s-- > 0;) {
      coded.enter(s);
      for (std::size_t i = segments[s].size(); i-- > 0;) {
        const std::int64_t* const got = coded.get(static_cast<std::int64_t>(i), times, slope);
        REQUIRE(got != nullptr);
        REQUIRE(std::equal(segments[s][i].begin(), segments[s][i].end(), got));
      }
    }
  }
}

template <class Number>
States states_of(std::size_t steps, std::size_t width, const Number& number) {
  States states(steps, std::vector<std::int64_t>(width));
  for (std::size_t i = 0; i < steps; ++i)
    for (std::size_t e = 0; e < width; ++e) states[i][e] = number(i, e);
  return states;
}

std::int64_t smooth(std::size_t i, std::size_t e) {
  const double t = unequal_time(static_cast<std::int64_t>(i));
  return std::llrint(1e8 * std::sin(0.3 * t + static_cast<double>(e)));
}
// Of these the slopes, of one number.
constexpr detail::SlopeOfUnits smooth_slope{
    nullptr, [](void*, double t, const std::int64_t*, double* slope) { *slope = 0.3e8 * std::cos(0.3 * t); }};

// --- Solves ---

const Problem pendulum{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0};
const SaveAt on_the_way{.times = {0.7, 2.5, 2.5, 4.0}, .t1 = true};

template <class G>
bool same_gradient(const G& a, const G& b) {
  return battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta) && a.t0 == b.t0 && a.t1 == b.t1;
}
template <class G>
double off(const G& a, const G& b) {
  return std::max(battery::relative_difference(b.y0, a.y0), battery::relative_difference(b.theta, a.theta));
}

template <class ProblemType, class StepsType>
std::string sentence(const ProblemType& problem, const StepsType& steps, const CompressedAdjoint& adjoint) {
  try {
    (void)value_and_gradient(problem, Bosh3{}, steps, battery::WeightedSum{}, adjoint);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

// The pendulum whose field throws at a given call, or changes with every call.
struct Moody {
  problems::DrivenPendulum<> field = {};
  std::int64_t throws_at = -1;
  double impurity = 0;
  std::shared_ptr<std::int64_t> calls = std::make_shared<std::int64_t>(0);
  const auto& parameters() const { return field.parameters(); }
  void operator()(double t, const auto& y, auto& dy) const {
    if (++*calls == throws_at) throw std::runtime_error("moody");
    field(t, y, dy);
    dy[0] += impurity * static_cast<double>(*calls);
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    field.vjp(t, y, w, y_bar, theta_bar, t_bar);
  }
};

struct Growth {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar += w; }
};

// n oscillators that hang together, each of a frequency of its own: y = (x, v).
struct Chain {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    const Eigen::Index n = y.size() / 2;
    dy.head(n) = y.tail(n);
    dy.tail(n) = -y.head(n);
    dy.tail(n - 1) += 0.3 * y.head(n - 1);
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    const Eigen::Index n = w.size() / 2;
    y_bar.tail(n) += w.head(n);
    y_bar.head(n) -= w.tail(n);
    y_bar.head(n - 1) += 0.3 * w.tail(n - 1);
  }
};

// Damped oscillations of complex numbers, each of which depends on its conjugate too.
struct Spirals {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const {
    dy = std::complex<double>(-0.1, 2) * y + 0.3 * y.conjugate();
  }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const {
    y_bar += std::complex<double>(-0.1, -2) * w + 0.3 * w.conjugate();
  }
};

}  // namespace

TEST_CASE("Bits come back from the top, over many chunks") {
  std::mt19937_64 random(7);
  detail::CodedBits bits;
  for (int again = 0; again < 2; ++again) {
    bits.clear();
    std::vector<std::pair<std::uint64_t, int>> pushed;
    std::int64_t size = 0;
    for (int i = 0; i < 20'000; ++i) {
      const int count = static_cast<int>(random() % 65);
      const std::uint64_t value = count == 0 ? 0 : random() >> (64 - count);
      bits.push(value, count);
      pushed.emplace_back(value, count);
      size += count;
    }
    CHECK(bits.size() == size);
    detail::CodedBits::Reader reader(bits);
    bool same = true;
    for (std::size_t i = pushed.size(); i-- > 0;) same &= reader.pop(pushed[i].second) == pushed[i].first;
    CHECK(same);
  }
}

TEST_CASE("Numbers of every size come back, whatever their low bits") {
  std::mt19937_64 random(8);
  detail::CodedBits bits;
  std::vector<std::pair<std::uint64_t, int>> pushed;
  for (int k = 0; k <= 62; ++k)
    for (int i = 0; i < 200; ++i) {
      std::uint64_t u = random() >> (random() % 64);
      if (i == 0) u = 0;
      if (i == 1) u = std::numeric_limits<std::uint64_t>::max();
      if (i >= 100) u = random() >> std::max(0, 60 - k);  // some ones, and k low bits
      bits.push_number(u, k);
      pushed.emplace_back(u, k);
    }
  detail::CodedBits::Reader reader(bits);
  bool same = true;
  for (std::size_t i = pushed.size(); i-- > 0;) same &= reader.pop_number(pushed[i].second) == pushed[i].first;
  CHECK(same);
}

TEST_CASE("The low bits of a group are about the best there are") {
  std::mt19937_64 random(9);
  for (const int scale : {1, 5, 20, 40}) {
    std::vector<std::uint64_t> numbers(64);
    std::geometric_distribution<std::int64_t> geometric(std::ldexp(0.5, -scale));
    detail::BitWidths widths;
    for (std::uint64_t& u : numbers) widths.add(u = static_cast<std::uint64_t>(geometric(random)));
    const auto cost = [&](int k) {
      detail::CodedBits bits;
      for (const std::uint64_t u : numbers) bits.push_number(u, k);
      return static_cast<double>(bits.size());
    };
    double least = cost(0);
    for (int k = 1; k <= 62; ++k) least = std::min(least, cost(k));
    CHECK(cost(widths.best_low_bits()) <= 1.03 * least);
  }
}

TEST_CASE("States of all widths come back, of one part and of several, smooth or not") {
  std::mt19937_64 random(10);
  const std::vector<std::vector<std::size_t>> layouts{{1},   {2},   {3, 3}, {2, 2, 2, 1}, {17},  {100, 100},
                                                      {255}, {257}, {1000}, {5000, 5000}, {9000}};
  for (const auto& layout : layouts) {
    std::size_t width = 0;
    for (const std::size_t part : layout) width += part;
    CAPTURE(width);
    detail::CodedTrajectory coded;
    coded.lay_out(layout, false);
    const std::size_t many = width > 1000 ? 9 : 200;
    check_round_trip(coded, {});
    for (const std::size_t steps : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}, many}) {
      check_round_trip(coded, {states_of(steps, width, smooth)});
      check_round_trip(coded, {states_of(steps, width, [](std::size_t, std::size_t) { return -12345; })});
      check_round_trip(
          coded,
          {states_of(steps, width, [&](std::size_t, std::size_t) { return static_cast<std::int64_t>(random()); })});
      check_round_trip(
          coded,
          {states_of(steps, width, [](std::size_t i, std::size_t e) { return (i + e) % 2 == 0 ? lowest : highest; })});
      check_round_trip(coded, {states_of(steps, width, [](std::size_t i, std::size_t e) {
                         return smooth(i, e) + (i % 50 == 49 ? std::int64_t{1} << 55 : 0);
                       })});
    }
    // Segments, of no step too.
    check_round_trip(
        coded, {states_of(many, width, smooth), {}, states_of(1, width, smooth), states_of(70, width, smooth), {}});
  }
}

TEST_CASE("What is smooth takes few bits, fewer with slopes; what rests takes none") {
  const auto bits_a_number = [](const States& states, bool with_slopes) {
    detail::CodedTrajectory coded;
    const std::vector<std::size_t> layout{1};
    coded.lay_out(layout, with_slopes);
    check_round_trip(coded, {states}, with_slopes ? smooth_slope : detail::SlopeOfUnits{});
    return static_cast<double>(coded.bits()) / static_cast<double>(states.size());
  };
  const States states = states_of(2000, 1, smooth);
  // 28 bits as they are. The error of a polynomial through 5 nodes 0.1 apart is about 1e8 (0.03)^5 = 2, plus the rounding of the
  // nodes times the sum of its weights, 31.
  CHECK(bits_a_number(states, false) < 7.5);
  // Through 2 nodes and their slopes it is 1e8 (0.03)^4 = 80 at most times a few, of sums of weights of 9; through more, less.
  CHECK(bits_a_number(states, true) < 6.5);
  CHECK(bits_a_number(states_of(2000, 1, [](std::size_t, std::size_t) { return 1'000'000'007; }), false) < 0.7);
}

TEST_CASE("A part that is another one moved on takes no bits, nor one that follows another") {
  detail::CodedTrajectory coded;
  const std::vector<std::size_t> two{50, 50};
  std::mt19937_64 random(11);
  const States noise =
      states_of(402, 50, [&](std::size_t, std::size_t) { return static_cast<std::int64_t>(random() >> 40); });
  States moved, beside;
  for (std::size_t i = 1; i <= 400; ++i) {
    moved.push_back(noise[i]);
    moved.back().insert(moved.back().end(), noise[i - 1].begin(), noise[i - 1].end());
    beside.push_back(noise[i]);
    for (const std::int64_t x : noise[i]) beside.back().push_back(x + 3);
  }
  for (const States& states : {moved, beside}) {
    coded.lay_out(two, false);
    check_round_trip(coded, {states});
    CHECK(static_cast<double>(coded.bits()) / (400 * 50) < 26.5);  // of 24 random ones, and the other part's 0
  }
}

TEST_CASE("Slopes that do not repeat themselves are noticed") {
  struct Drifting {
    double by = 0;
  } drifting;
  const detail::SlopeOfUnits slope{&drifting, [](void* self, double t, const std::int64_t*, double* to) {
                                     *to = 0.3e8 * std::cos(0.3 * t) + static_cast<Drifting*>(self)->by;
                                   }};
  detail::CodedTrajectory coded;
  const std::vector<std::size_t> layout{1};
  coded.lay_out(layout, true);
  // Few states, 1 apart, so that slopes are worth their while.
  coded.begin_segment(slope);
  const auto value = [](std::int64_t i) { return std::llrint(1e8 * std::sin(0.3 * static_cast<double>(i))); };
  const detail::TimesOfSteps whole{nullptr, [](const void*, std::int64_t i) { return static_cast<double>(i); }};
  for (std::int64_t i = 0; i < 300; ++i) *coded.put(i, static_cast<double>(i), slope) = value(i);
  coded.finish(slope);
  const auto met = [&] {
    coded.turn();
    coded.enter(0);
    std::int64_t i = 300;
    for (; i-- > 0;) {
      const std::int64_t* const got = coded.get(i, whole, slope);
      if (got == nullptr || *got != value(i)) return got == nullptr ? i : lowest;
    }
    return i;
  };
  CHECK(met() == -1);
  drifting.by = 1000;
  CHECK(met() > 200);
}

TEST_CASE(
    "States come back that steps back predict, of all widths, through segments, and what does not repeat itself is "
    "noticed") {
  // Each state follows from the next one by what looks like chance: polynomials are of no use, and steps back all but right.
  struct Chance {
    std::size_t width;
    std::int64_t steps = 0, off = 0;
  };
  const auto step_back = [](void* self, double from, double to, const std::int64_t* later, std::int64_t* state) {
    auto& chance = *static_cast<Chance*>(self);
    ++chance.steps;
    for (std::size_t e = 0; e < chance.width; ++e) {
      const auto x = static_cast<std::uint64_t>(later[e]) / 8 + static_cast<std::uint64_t>(1e6 * (from - to));
      state[e] = static_cast<std::int64_t>((x * 0x9E3779B97F4A7C15U) >> 24) + chance.off;
    }
  };
  std::mt19937_64 random(12);
  for (const std::size_t width : {1U, 2U, 17U, 257U, 9000U}) {
    CAPTURE(width);
    Chance chance{width};
    const detail::SlopeOfUnits slope{&chance, nullptr, step_back};
    const auto states_back_from = [&](std::size_t count) {
      States states(count, std::vector<std::int64_t>(width));
      for (std::size_t i = count; i-- > 0;)
        for (std::size_t e = 0; e < width; ++e) {
          states[i][e] = static_cast<std::int64_t>(random() >> 24);
          if (i + 1 == count) continue;
          const double from = unequal_time(static_cast<std::int64_t>(i) + 1),
                       to = unequal_time(static_cast<std::int64_t>(i));
          const auto x =
              static_cast<std::uint64_t>(states[i + 1][e]) / 8 + static_cast<std::uint64_t>(1e6 * (from - to));
          states[i][e] =
              static_cast<std::int64_t>((x * 0x9E3779B97F4A7C15U) >> 24) + static_cast<std::int64_t>(random() % 5);
        }
      return states;
    };
    detail::CodedTrajectory coded;
    const std::vector<std::size_t> layout{width};
    const std::size_t many = width > 1000 ? 9 : 200;
    const std::vector<States> segments{states_back_from(many), {}, states_back_from(1), states_back_from(70), {}};
    const double numbers = static_cast<double>((many + 71) * width);
    coded.lay_out(layout, false, std::numeric_limits<double>::infinity());
    check_round_trip(coded, segments, {&chance, nullptr, nullptr});
    const auto without = static_cast<double>(coded.bits());
    CHECK(without > 38 * numbers);
    coded.lay_out(layout, false, 8);
    check_round_trip(coded, segments, slope);
    CHECK(static_cast<double>(coded.bits()) < 0.4 * without);
    CHECK(chance.steps > 0);
    // Too little saved, or too few bits for the room that steps take.
    chance.steps = 0;
    coded.lay_out(layout, false, 60);
    check_round_trip(coded, segments, slope);
    CHECK(chance.steps == 0);
    coded.lay_out(layout, false, 8, std::size_t{1} << 40);
    check_round_trip(coded, segments, slope);
    CHECK(chance.steps == 0);

    coded.lay_out(layout, false, 8);
    coded.begin_segment(slope);
    for (std::size_t i = 0; i < many; ++i) {
      const auto step = static_cast<std::int64_t>(i);
      std::copy(segments[0][i].begin(), segments[0][i].end(), coded.put(step, unequal_time(step), slope));
    }
    coded.finish(slope);
    chance.off = 1;
    coded.turn();
    coded.enter(0);
    bool noticed = false;
    for (std::size_t i = many; i-- > 0 && !noticed;)
      noticed = coded.get(static_cast<std::int64_t>(i), times, slope) == nullptr;
    CHECK(noticed);
  }
}

TEST_CASE("Bad grids are refused, each in a sentence") {
  const auto of = [](const Resolution& resolution) {
    return sentence(pendulum, FixedSteps{50}, CompressedAdjoint{.resolution = resolution});
  };
  const std::string what =
      "; it must be positive, with a normal inverse, or not given: then it is that of the tolerance";
  CHECK(of(0) == "antistrophe: CompressedAdjoint::resolution is 0" + what);
  CHECK(of(-0.5) == "antistrophe: CompressedAdjoint::resolution is -0.5" + what);
  CHECK(of(std::numeric_limits<double>::quiet_NaN()) == "antistrophe: CompressedAdjoint::resolution is nan" + what);
  CHECK(of(std::numeric_limits<double>::infinity()) == "antistrophe: CompressedAdjoint::resolution is inf" + what);
  CHECK(of(std::numeric_limits<double>::denorm_min()).find("with a normal inverse") != std::string::npos);
  CHECK(of(Vector2d(1e-9, 0)) == "antistrophe: CompressedAdjoint::resolution[1] is 0" + what);
  CHECK(of(Eigen::Vector3d(1e-9, 1e-9, 1e-9)) ==
        "antistrophe: the number of entries of CompressedAdjoint::resolution is 3; it must be that of the state's "
        "entries, 2");
  CHECK(of(1e-9).empty());
  CHECK(of(Vector2d(1e-9, 1e-12)).empty());
  for (const double bits : {-1.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THAT(sentence(pendulum, FixedSteps{50}, CompressedAdjoint{.worth_a_step = bits}),
               Catch::Matchers::ContainsSubstring("CompressedAdjoint::worth_a_step is "));
  CHECK(sentence(pendulum, FixedSteps{50}, CompressedAdjoint{.worth_a_step = 0}).empty());
}

TEST_CASE("A state off the grid ends the gradient in a sentence, of which what it advises holds") {
  const Problem growth{Growth{}, Vector2d(1e-3, 1), 0.0, 30.0};
  const std::string said = sentence(growth, FixedSteps{300}, CompressedAdjoint{.resolution = 1e-12});
  // 2^60 units of 2^-40 are 2^20 = 1.04858e6, which e^t reaches at 13.86.
  CHECK_THAT(said, Catch::Matchers::ContainsSubstring("out of range at t = 13.9"));
  CHECK_THAT(said, Catch::Matchers::ContainsSubstring("component 1"));
  CHECK_THAT(said,
             Catch::Matchers::ContainsSubstring("is off the grid of CompressedAdjoint, which goes to ±1048576; "));
  const auto at = said.find(".resolution = ");
  REQUIRE(at != std::string::npos);
  const double advised = std::stod(said.substr(at + 14));
  CHECK(sentence(growth, FixedSteps{300}, CompressedAdjoint{.resolution = 1024 * 1024 * advised}).empty());
  const auto result = value_and_gradient(growth, Bosh3{}, FixedSteps{300}, battery::WeightedSum{},
                                         OnFailure::return_status, CompressedAdjoint{.resolution = 1e-12});
  CHECK(result.status() == Status::out_of_range);
}

TEST_CASE("States that are not finite end the solve, as they do without it") {
  const Problem growth{Growth{}, Vector2d(1e300, 1e300), 0.0, 100.0};
  const std::string said = sentence(growth, FixedSteps{100}, {});
  CHECK_THAT(said, Catch::Matchers::ContainsSubstring("not finite"));
}

TEST_CASE("At 1e-6 a number takes at most 20 bits, and the gradient is the direct one within the tolerance") {
  const auto check = [](const auto& problem, double bound = 1e-6) {
    // Two ways to the gradient of these steps, however good these are.
    const Adaptive steps{.rtol = 1e-6, .atol = 1e-6, .gradient_rtol = std::numeric_limits<double>::infinity()};
    const auto direct = value_and_gradient(problem, Dopri5{}, steps, battery::WeightedSum{}, DirectAdjoint{});
    const auto got = value_and_gradient(problem, Dopri5{}, steps, battery::WeightedSum{}, CompressedAdjoint{});
    CHECK(got.value == direct.value);
    CHECK(got.stats.accepted == direct.stats.accepted);
    const auto numbers = static_cast<double>(got.stats.accepted * problem.y0.size());
    CHECK(static_cast<double>(got.stats.bits) <= 20 * numbers);
    CHECK(off(got.gradient, direct.gradient) <= bound);
    CHECK(got.stats.bytes_kept < direct.stats.bytes_kept);
    // How far the direct gradient itself is from that of the equation is no nearer.
    const Adaptive finer{.rtol = 1e-9, .atol = 1e-9, .gradient_rtol = std::numeric_limits<double>::infinity()};
    const auto truth = value_and_gradient(problem, Dopri5{}, finer, battery::WeightedSum{}, DirectAdjoint{});
    CHECK(off(got.gradient, direct.gradient) <= 0.01 * off(truth.gradient, direct.gradient));
  };
  check(Problem{problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 40.0});
  check(Problem{problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 100.0});
  // Of thousands of steps it is the last digit of these steps that decides: from 9e-7 to 2e-6 was seen.
  check(Problem{problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 400.0}, 3e-6);
  check(Problem{problems::VanDerPol<>{}, Vector2d(2, 0), 0.0, 100.0});
  check(Problem{problems::VanDerPol<>{}, Vector2d(2, 0), 0.0, 400.0});
  check(Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 15.0});
}

namespace {

template <class F>
struct CountedCalls {
  static constexpr bool autonomous = true;
  F field;
  std::int64_t* calls;
  const auto& parameters() const { return field.parameters(); }
  void operator()(double t, const auto& y, auto& dy) const {
    ++*calls;
    field(t, y, dy);
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    field.vjp(t, y, w, y_bar, theta_bar);
  }
};
template <class F>
CountedCalls(F, std::int64_t*) -> CountedCalls<F>;

}  // namespace

TEST_CASE(
    "By Dop853 a number takes at most 20 bits, with steps back, which are counted; without them the gradient has the "
    "same bits") {
  const auto check = [](const auto& problem, double tolerance) {
    CAPTURE(tolerance);
    const Adaptive steps{
        .rtol = tolerance, .atol = tolerance, .gradient_rtol = std::numeric_limits<double>::infinity()};
    const auto by = [&](const auto& adjoint) {
      return value_and_gradient(problem, Dop853{}, steps, battery::WeightedSum{}, adjoint);
    };
    const auto direct = by(DirectAdjoint{}), got = by(CompressedAdjoint{}),
               without = by(CompressedAdjoint{.worth_a_step = std::numeric_limits<double>::infinity()});
    const auto numbers = static_cast<double>(got.stats.accepted * problem.y0.size());
    CHECK(static_cast<double>(got.stats.bits) <= 20 * numbers);
    CHECK(static_cast<double>(without.stats.bits) > 21 * numbers);
    CHECK(same_gradient(got.gradient, without.gradient));
    CHECK(off(got.gradient, direct.gradient) <= tolerance);
    // Twelve evaluations a step, and one more where slopes are asked for; along the slow branches of van der Pol's cycle polynomials do, and
    // by then every other step.
    for (const auto& [more, less] : {std::pair{got.stats.evaluations, direct.stats.evaluations},
                                     std::pair{got.gradient.stats.evaluations, direct.gradient.stats.evaluations}}) {
      CHECK(more > less + 12 * got.stats.accepted / 3);
      CHECK(more <= less + 13 * got.stats.accepted);
    }
    // None that f was asked for is left out.
    std::int64_t calls = 0;
    const Problem counted{CountedCalls{problem.field, &calls}, problem.y0, problem.t0, problem.t1};
    const auto again = value_and_gradient(counted, Dop853{}, steps, battery::WeightedSum{}, CompressedAdjoint{});
    CHECK(again.stats.evaluations + again.gradient.stats.evaluations == calls);
    CHECK(again.stats.evaluations == got.stats.evaluations);
  };
  for (const double tolerance : {1e-6, 1e-9}) {
    check(Problem{problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, 200.0}, tolerance);
    check(Problem{problems::VanDerPol<>{}, Vector2d(2, 0), 0.0, 200.0}, tolerance);
    check(Problem{problems::Lorenz<>{}, Eigen::Vector3d(1, 1, 1), 0.0, 15.0}, tolerance);
  }
}

TEST_CASE("Where steps are long, as of high order or to a loose tolerance, the gradient is within the tolerance too") {
  const auto check = [](const auto& method, double tolerance, double t1) {
    const Problem problem{problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, t1};
    const Adaptive steps{
        .rtol = tolerance, .atol = tolerance, .gradient_rtol = std::numeric_limits<double>::infinity()};
    const auto by = [&](const auto& adjoint) {
      return value_and_gradient(problem, method, steps, battery::WeightedSum{}, adjoint);
    };
    const auto direct = by(DirectAdjoint{}), got = by(CompressedAdjoint{});
    CHECK(got.value == direct.value);
    CHECK(off(got.gradient, direct.gradient) <= tolerance);
  };
  for (const double t1 : {100.0, 400.0}) {
    for (const double tolerance : {1e-4, 1e-6, 1e-8}) check(Dop853{}, tolerance, t1);
    for (const double tolerance : {1e-3, 1e-4, 1e-5}) check(Dopri5{}, tolerance, t1);
  }
  check(Bosh3{}, 1e-3, 100);
}

TEST_CASE("What rounding makes of a gradient does not grow with the number of steps") {
  // Of rounding to the nearest point the errors of many small steps sum up, to twenty times as much in the longest of these solves.
  const auto direct_and_compressed = [](double t1) {
    const Problem problem{problems::LotkaVolterra<>{}, Vector2d(1, 0.5), 0.0, t1};
    const FixedSteps steps{static_cast<std::int64_t>(100 * t1)};
    const auto by = [&](const auto& adjoint) {
      return value_and_gradient(problem, RK4{}, steps, battery::WeightedSum{}, adjoint).gradient;
    };
    return off(by(CompressedAdjoint{.resolution = 0x1p-20}), by(DirectAdjoint{}));
  };
  for (const double t1 : {5.0, 50.0, 500.0}) CHECK(direct_and_compressed(t1) <= 0x1p-19);
}

TEST_CASE("A finer grid is nearer to the direct gradient, and takes more bits") {
  const auto gradient = [](const auto& adjoint) {
    return value_and_gradient(pendulum, Dopri5{}, FixedSteps{200}, battery::WeightedSum{}, on_the_way, adjoint);
  };
  const auto direct = gradient(DirectAdjoint{});
  double before = 1;
  std::int64_t bits = 0;
  for (const double unit : {0x1p-10, 0x1p-20, 0x1p-30, 0x1p-40}) {
    const auto got = gradient(CompressedAdjoint{.resolution = unit});
    const double now = off(got.gradient, direct.gradient);
    CHECK(now > 0);
    CHECK(now < 20 * unit);
    CHECK(now < before);
    CHECK(got.stats.bits > bits);
    before = now;
    bits = got.stats.bits;
  }
  // Of each entry its own: the first is kept as well as can be, the second badly.
  const auto uneven = gradient(CompressedAdjoint{.resolution = Vector2d(0x1p-40, 0x1p-10)});
  const auto other = gradient(CompressedAdjoint{.resolution = Vector2d(0x1p-10, 0x1p-40)});
  CHECK(off(uneven.gradient, direct.gradient) > 1e-7);
  CHECK(off(other.gradient, direct.gradient) > 1e-7);
}

TEST_CASE("Float states, complex ones, tolerances of each entry, halves, and jumps of f") {
  const Adaptive rough{.rtol = 1e-4, .atol = 1e-4, .jumps = problems::switches()};
  const auto check = [](const auto& problem, const auto& method, const auto& steps, double within) {
    const auto gradient = [&](const auto& adjoint) {
      return value_and_gradient(problem, method, steps, battery::WeightedSum{}, SaveAt{.steps = true}, adjoint)
          .gradient;
    };
    const auto expected = gradient(DirectAdjoint{}), got = gradient(CompressedAdjoint{});
    CHECK(off(got, expected) <= within);
    CHECK(same_gradient(gradient(CompressedAdjoint{.worth_a_step = 0}), got));
  };
  const Vector2d y0(0.9, -0.4);
  check(Problem{problems::SwitchedVortex<float>{}, Eigen::Vector2f(0.9F, -0.4F), 0.5, 3.5}, Dopri5{}, rough, 1e-4);
  check(Problem{problems::SwitchedVortex<float>{}, Eigen::Vector2f(0.9F, -0.4F), 0.5, 3.5}, RK4{}, FixedSteps{.n = 60},
        1e-5);
  check(Problem{problems::SwitchedVortex<>{}, y0, 3.5, 0.5}, ReversibleHeun<Floating>{}, rough, 1e-4);
  check(Problem{problems::SwitchedVortex<>{}, y0, 0.5, 3.5}, ReversibleAdams<4>{}, rough, 0);
  check(Problem{problems::SwitchedVortex<>{}, y0, 0.5, 3.5}, AsynchronousLeapfrog<Floating>{}, rough, 0);
  Adaptive each = rough;
  each.atol = Vector2d(1e-4, 1e-7);
  check(Problem{problems::SwitchedVortex<>{}, y0, 0.5, 3.5}, Dopri5{}, each, 1e-4);
  check(Problem{problems::SwitchedVortex<>{}, y0, 0.5, 3.5}, Reversible<Dopri5>{}, each, 0);
  Adaptive without = rough;
  without.atol = 0;
  check(Problem{problems::SwitchedVortex<>{}, y0, 0.5, 3.5}, Dopri5{}, without, 1e-9);
}

TEST_CASE("Complex states are kept on the grid, real and imaginary parts apart") {
  const Problem spirals{Spirals{}, Eigen::VectorXcd(Eigen::VectorXcd::LinSpaced(3, {1, 0.5}, {-0.2, 0.7})), 0.0, 10.0};
  const auto loss = [](const auto& ys, auto& ys_bar) {
    ys_bar.back() = 2 * ys.back();
    return ys.back().squaredNorm();
  };
  const auto check = [&](const auto& method, const auto& steps, double within) {
    const auto direct = value_and_gradient(spirals, method, steps, loss, DirectAdjoint{});
    const auto got = value_and_gradient(spirals, method, steps, loss, CompressedAdjoint{});
    CHECK(got.value == direct.value);
    CHECK((got.gradient.y0 - direct.gradient.y0).norm() <= within * direct.gradient.y0.norm());
    const auto numbers = static_cast<double>(2 * got.stats.accepted * spirals.y0.size());
    CHECK(static_cast<double>(got.stats.bits) < 40 * numbers);
  };
  check(Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, 1e-6);
  check(RK4{}, FixedSteps{200}, 1e-10);

  // A gradient is that with respect to real and imaginary parts: against differences of the value. None is given of times.
  const auto solved = [&](std::complex<double> off) {
    auto moved = spirals;
    moved.y0[1] += off;
    return value_and_gradient(moved, RK4{}, FixedSteps{200}, loss, CompressedAdjoint{});
  };
  const double step = 1e-6;
  const auto value = [&](double re, double im) { return solved({re, im}).value; };
  const std::complex<double> slope(value(step, 0) - value(-step, 0), value(0, step) - value(0, -step));
  const auto gradient = solved({}).gradient;
  CHECK(std::abs(gradient.y0[1] - slope / (2 * step)) <= 1e-7 * std::abs(gradient.y0[1]));
  static_assert(!std::is_same_v<std::decay_t<decltype(gradient.t0)>, double>);
}

TEST_CASE("What is told of the memory is what the heap grows by") {
  const auto check = [](const auto& method, Eigen::Index n, const auto& steps_of, std::int64_t few, std::int64_t many) {
    const Problem chain{Chain{}, Eigen::VectorXd(Eigen::VectorXd::LinSpaced(n, -1, 1)), 0.0, 20.0};
    const auto measured = [&](std::int64_t steps, bool compressed) {
      counted_heap::begin();
      runner::StoredAdjoint adjoint;
      if (compressed) adjoint.compressed.emplace();
      const auto result = value_and_gradient(chain, method, steps_of(steps), battery::WeightedSum{}, adjoint);
      return std::pair{counted_heap::most_since_begin(), static_cast<std::int64_t>(result.stats.bytes_kept)};
    };
    const auto [least, of_least] = measured(few, true);
    const auto [heap, told] = measured(many, true);
    CHECK(static_cast<double>(heap - least) == Approx(static_cast<double>(told - of_least)).epsilon(0.05));
    CHECK(told < measured(many, false).second * 6 / 10);
    // Of all that a gradient takes beside what is told, it takes as much whether it compresses or not.
    const auto [direct, of_direct] = measured(few, false);
    CHECK(static_cast<double>(least - of_least) <=
          static_cast<double>(direct - of_direct) + 6000 + 40 * static_cast<double>(n));
  };
  const auto fixed = [](std::int64_t n) { return FixedSteps{n}; };
  check(Dopri5{}, 4, fixed, 100, 10'000);
  check(Dopri5{}, 64, fixed, 20, 2'000);
  check(Dopri5{}, 10'000, fixed, 10, 100);
  check(Reversible<Bosh3>{}, 64, fixed, 20, 2'000);
}

TEST_CASE("Memory grows by chunks, and an objective allocates nothing in later calls") {
  const auto allocated = [](std::int64_t n) {
    const std::int64_t before = counted_heap::allocations;
    (void)value_and_gradient(pendulum, Bosh3{}, FixedSteps{n}, battery::WeightedSum{}, CompressedAdjoint{});
    return counted_heap::allocations - before;
  };
  CHECK(allocated(100'000) - allocated(1000) < 120);
  Objective objective{pendulum, Dopri5{}, FixedSteps{500}, battery::WeightedSum{}, CompressedAdjoint{}};
  const auto first = objective().gradient;
  (void)objective();
  const std::int64_t before = counted_heap::allocations;
  const auto& again = objective();
  CHECK(counted_heap::allocations == before);
  CHECK(same_gradient(again.gradient, first));
  // From another first state, whose grid is another one.
  const auto far = objective.at(Vector2d(1000, 500)).gradient;
  CHECK_FALSE(same_gradient(far, first));
  CHECK(same_gradient(far, value_and_gradient(Problem{pendulum.field, Vector2d(1000, 500), 0.5, 6.0}, Dopri5{},
                                              FixedSteps{500}, battery::WeightedSum{}, CompressedAdjoint{})
                               .gradient));
}

TEST_CASE("A throw on either way goes through, and an objective goes on after it") {
  const auto gradient = [](const Moody& field) {
    *field.calls = 0;
    return value_and_gradient(Problem{field, pendulum.y0, 0.5, 6.0}, Dopri5{}, FixedSteps{150}, battery::WeightedSum{},
                              CompressedAdjoint{});
  };
  const auto clean = gradient({});
  Moody counting;
  (void)gradient(counting);
  CHECK(*counting.calls == clean.stats.evaluations + clean.gradient.stats.evaluations);
  for (std::int64_t at = 1; at <= *counting.calls; at += 97) CHECK_THROWS_WITH(gradient({.throws_at = at}), "moody");
}

TEST_CASE("A field that is no pure function is told, where slopes are asked for") {
  try {
    (void)value_and_gradient(Problem{Moody{.impurity = 1e-6}, pendulum.y0, 0.5, 60.0}, Dopri5{}, FixedSteps{150},
                             battery::WeightedSum{}, CompressedAdjoint{.resolution = 1e-9});
    FAIL("nothing was noticed");
  } catch (const SolveError& error) {
    CHECK(error.status() == Status::impure_field);
  }
}

TEST_CASE("An observer that stops the solve, every other extra, and error bars") {
  const auto stopped = [&](const auto& adjoint) {
    int seen = 0;
    const Observer observer{[&seen](double, const Vector2d&) { return ++seen < 20; }};
    return value_and_gradient(pendulum, Bosh3{}, FixedSteps{50}, battery::WeightedSum{}, SaveAt{.steps = true}, adjoint,
                              observer);
  };
  const auto got = stopped(CompressedAdjoint{}), expected = stopped(DirectAdjoint{});
  CHECK(got.status() == Status::stopped);
  CHECK(off(got.gradient, expected.gradient) < 1e-11);

  const auto with_all = [](const auto& adjoint) {
    double told = 0;
    const Progress progress{.callable = [&told](double fraction, const Stats&) { told = fraction; }};
    auto result =
        value_and_gradient(pendulum, Dopri5{}, Adaptive{.rtol = 1e-5, .atol = 1e-5}, battery::WeightedSum{}, on_the_way,
                           adjoint, progress, OnFailure::return_status, CheckFirst{}, ErrorBars{});
    CHECK(told == 1);
    return result;
  };
  const auto all = with_all(CompressedAdjoint{}), direct = with_all(DirectAdjoint{});
  REQUIRE(all.success());
  CHECK(all.value == direct.value);
  CHECK(off(all.gradient, direct.gradient) < 1e-5);
  CHECK(check_gradient(pendulum, Dopri5{}, FixedSteps{40}, battery::WeightedSum{}, on_the_way, CompressedAdjoint{}));
}

TEST_CASE("Nothing is kept of no step") {
  const Problem instant{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 0.5};
  const auto gradient = [&](const auto& adjoint) {
    return value_and_gradient(instant, Dopri5{}, Adaptive{}, battery::WeightedSum{}, adjoint).gradient;
  };
  CHECK(same_gradient(gradient(CompressedAdjoint{}), gradient(DirectAdjoint{})));
}
