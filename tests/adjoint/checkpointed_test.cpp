// What is CheckpointedAdjoint's own: its options, its file, what it tells of its cost, its memory. That its gradient is the direct
// one for every method is a law (laws/checkpoints.cpp), how it chooses steps is in checkpoint_schedule_test.cpp.
#include <antistrophe/adjoint/checkpointed.hpp>

#include "support/battery.hpp"
#include "support/catch.hpp"
#include "support/counted_heap.hpp"
#include "support/problems.hpp"
#include "support/switched.hpp"

#include "runner/runner.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

using namespace antistrophe;
using Eigen::Vector2d;

namespace {

const Problem pendulum{problems::DrivenPendulum<>{}, Vector2d(1, 0.5), 0.5, 6.0};
const SaveAt on_the_way{.times = {0.7, 2.5, 2.5, 4.0}, .t1 = true};

template <class G>
bool same_gradient(const G& a, const G& b) {
  return battery::same_bits(a.y0, b.y0) && battery::same_bits(a.theta, b.theta) && a.t0 == b.t0 && a.t1 == b.t1;
}

auto pendulum_pass(const CheckpointedAdjoint& adjoint) {
  return solve_with_pullback(pendulum, Bosh3{}, FixedSteps{50}, on_the_way, adjoint);
}
auto pulled_back(auto& pass) {
  auto ys_bar = pass.ys();
  return pass.pullback(ys_bar);
}
auto direct_gradient() {
  auto pass = solve_with_pullback(pendulum, Bosh3{}, FixedSteps{50}, on_the_way, DirectAdjoint{});
  return pulled_back(pass);
}

template <class Error>
std::string sentence_of(const CheckpointedAdjoint& adjoint) {
  try {
    auto pass = pendulum_pass(adjoint);
    (void)pulled_back(pass);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// A folder of this test alone, empty as long as nothing is left behind.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("checkpoints_" + std::to_string(getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  bool is_empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

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
auto moody_gradient(const Moody& field, const CheckpointedAdjoint& adjoint) {
  *field.calls = 0;
  return value_and_gradient(Problem{field, pendulum.y0, 0.5, 6.0}, Bosh3{}, FixedSteps{50}, battery::WeightedSum{},
                            adjoint);
}

struct Decay {
  static constexpr bool autonomous = true;
  void operator()(double, const auto& y, auto& dy) const { dy = -y; }
  void vjp(double, const auto&, const auto& w, auto& y_bar, auto&) const { y_bar -= w; }
};

using One = Eigen::Vector<double, 1>;
struct Logistic {
  static constexpr bool autonomous = true;
  One theta{0.75};
  const auto& parameters() const { return theta; }
  void operator()(double, const auto& y, auto& dy) const { dy[0] = theta[0] * y[0] * (1 - y[0]); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * (1 - 2 * y[0]) * w[0];
    theta_bar[0] += y[0] * (1 - y[0]) * w[0];
  }
};

}  // namespace

TEST_CASE("Bad slots are refused, in a sentence") {
  for (const std::int64_t slots : {0, -1, -1000})
    CHECK(sentence_of<std::invalid_argument>({.slots = slots}) ==
          "antistrophe: CheckpointedAdjoint::slots is " + std::to_string(slots) +
              "; it must be at least 1, or not given: then about the root of twice the steps");
  CHECK(sentence_of<std::exception>({.slots = 1}).empty());
  CHECK(sentence_of<std::exception>({.slots = 1'000'000'000'000}).empty());
}

TEST_CASE("Checkpoints in a file give the same gradient, and leave nothing behind") {
  const Folder folder;
  const auto expected = direct_gradient();
  for (const std::int64_t slots : {1, 5, 100}) {
    auto pass = pendulum_pass({.slots = slots, .file = folder / "spilled"});
    const auto first = pulled_back(pass), second = pulled_back(pass);
    CHECK(same_gradient(first, expected));
    CHECK(same_gradient(second, expected));
    CHECK(first.stats.checkpoint_bytes >= static_cast<std::size_t>(first.stats.checkpoints) * sizeof(Vector2d));
    CHECK(folder.is_empty());
  }
  CHECK(folder.is_empty());
}

TEST_CASE("Solves that are told the same file do not mix") {
  const Folder folder;
  const CheckpointedAdjoint adjoint{.slots = 4, .file = folder / "spilled"};
  const auto expected = direct_gradient();
  auto one = pendulum_pass(adjoint);
  auto other = solve_with_pullback(Problem{pendulum.field, Vector2d(-2, 0.1), 0.5, 6.0}, Bosh3{}, FixedSteps{50},
                                   on_the_way, adjoint);
  auto third = pendulum_pass(adjoint);
  const auto of_other = pulled_back(other);
  CHECK(same_gradient(pulled_back(one), expected));
  CHECK(same_gradient(pulled_back(third), expected));
  CHECK(same_gradient(pulled_back(other), of_other));
  CHECK_FALSE(same_gradient(of_other, expected));
}

TEST_CASE("A file that is there is not touched, and a folder that is not there is named") {
  const Folder folder;
  const std::string mine = folder / "mine";
  std::ofstream(mine) << "precious";
  CHECK(sentence_of<std::invalid_argument>({.file = mine}) ==
        "antistrophe: CheckpointedAdjoint::file is '" + mine +
            "'; it must be the path of a file that is not there yet, in a folder that can be written to (File exists)");
  std::string content;
  std::ifstream(mine) >> content;
  CHECK(content == "precious");
  const std::string nowhere = folder / "nowhere/file";
  CHECK(sentence_of<std::invalid_argument>({.file = nowhere}) ==
        "antistrophe: CheckpointedAdjoint::file is '" + nowhere +
            "'; it must be the path of a file that is not there yet, in a folder that can be written to (No such file "
            "or directory)");
  CHECK_FALSE(sentence_of<std::invalid_argument>({.file = "/dev/full"}).empty());
}

TEST_CASE("A full disk is one sentence, and leaves nothing behind") {
  const Folder folder;
  const std::string file = folder / "spilled";
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence = sentence_of<std::system_error>({.slots = 20, .file = file});
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(sentence == "antistrophe: CheckpointedAdjoint could not write a checkpoint to '" + file +
                        "' (fewer slots take less room): File too large");
  CHECK(folder.is_empty());
  CHECK(sentence_of<std::exception>({.slots = 20, .file = file}).empty());
}

#ifdef __linux__
TEST_CASE("A file that another cuts short on the way is one sentence") {
  const Folder folder;
  const std::string file = folder / "spilled";
  auto pass = pendulum_pass({.slots = 20, .file = file});
  // It has no name any more, but a number here.
  int cut = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).string().find(file) == 0)
      cut += ftruncate(std::stoi(entry.path().filename().string()), 8) == 0;
  }
  REQUIRE(cut == 1);
  std::string sentence;
  try {
    (void)pulled_back(pass);
  } catch (const std::system_error& error) {
    sentence = error.what();
  }
  CHECK(sentence.find("antistrophe: CheckpointedAdjoint could not read a checkpoint back from '" + file + "'") == 0);
}
#endif

TEST_CASE("A throw on either way leaves no file, and an objective goes on after it") {
  const Folder folder;
  const CheckpointedAdjoint adjoint{.slots = 3, .file = folder / "spilled"};
  const auto clean = moody_gradient({}, adjoint);
  const std::int64_t calls = clean.stats.evaluations + clean.gradient.stats.evaluations;
  for (std::int64_t at = 1; at <= calls; at += 37) {
    CHECK_THROWS_WITH(moody_gradient({.throws_at = at}, adjoint), "moody");
    CHECK(folder.is_empty());
  }
  const Moody field;
  Objective objective{Problem{field, pendulum.y0, 0.5, 6.0}, Bosh3{}, FixedSteps{50}, battery::WeightedSum{}, adjoint};
  CHECK(same_gradient(objective().gradient, clean.gradient));
  CHECK(folder.is_empty());
}

TEST_CASE("A field that is no pure function is told") {
  for (const std::int64_t slots : {1, 7}) try {
      (void)moody_gradient({.impurity = 1e-12}, {.slots = slots});
      FAIL("nothing was noticed");
    } catch (const SolveError& error) {
      CHECK(error.status() == Status::impure_field);
    }
}

TEST_CASE("An observer that stops the solve") {
  const Folder folder;
  const auto stopped = [&](const auto& adjoint) {
    int seen = 0;
    const Observer observer{[&seen](double, const Vector2d&) { return ++seen < 20; }};
    return value_and_gradient(pendulum, Bosh3{}, FixedSteps{50}, battery::WeightedSum{}, SaveAt{.steps = true}, adjoint,
                              observer);
  };
  const auto got = stopped(CheckpointedAdjoint{.slots = 4, .file = folder / "spilled"});
  const auto expected = stopped(DirectAdjoint{});
  CHECK(got.status() == Status::stopped);
  CHECK(same_gradient(got.gradient, expected.gradient));
  CHECK(got.gradient.stats.recomputed > 0);
  CHECK(folder.is_empty());
}

TEST_CASE("With every other extra, and error bars") {
  const auto with_all = [](const auto& adjoint) {
    double told = 0;
    const Progress progress{.callable = [&told](double fraction, const Stats&) { told = fraction; }};
    auto result =
        value_and_gradient(pendulum, Dopri5{}, Adaptive{.rtol = 1e-5, .atol = 1e-5}, battery::WeightedSum{}, on_the_way,
                           adjoint, progress, OnFailure::return_status, CheckFirst{}, ErrorBars{});
    CHECK(told == 1);
    return result;
  };
  const auto got = with_all(CheckpointedAdjoint{.slots = 3}), expected = with_all(DirectAdjoint{});
  REQUIRE(got.success());
  CHECK(got.value == expected.value);
  CHECK(same_gradient(got.gradient, expected.gradient));
  CHECK(battery::same_bits(got.error.y0, expected.error.y0));
  CHECK(got.gradient.stats.recomputed > 0);
  CHECK(check_gradient(pendulum, Dopri5{}, FixedSteps{40}, battery::WeightedSum{}, on_the_way,
                       CheckpointedAdjoint{.slots = 3}));
}

TEST_CASE("Adams methods, one evaluation a step, and float states in adaptive steps, with jumps of f") {
  const auto check = [](const auto& problem, const auto& method, Adaptive steps) {
    steps.jumps = problems::switches();
    const auto gradient = [&](const runner::AnyAdjoint& adjoint) {
      return value_and_gradient(problem, method, steps, battery::WeightedSum{}, SaveAt{.steps = true},
                                runner::StoredAdjoint(adjoint))
          .gradient;
    };
    const auto expected = gradient({});
    for (const std::int64_t slots : {1, 3, 10, 100'000}) {
      const auto got = gradient(CheckpointedAdjoint{.slots = slots});
      CHECK(battery::same_bits(got.y0, expected.y0));
      CHECK(battery::same_bits(got.theta, expected.theta));
    }
  };
  const Vector2d y0(0.9, -0.4);
  const Adaptive rough{.rtol = 1e-4, .atol = 1e-4};
  check(Problem{problems::SwitchedVortex<>{}, y0, 0.5, 3.5}, ReversibleAdams<4>{}, rough);
  check(Problem{problems::SwitchedVortex<>{}, y0, 3.5, 0.5}, ReversibleHeun<Floating>{}, rough);
  check(Problem{problems::SwitchedVortex<float>{}, Eigen::Vector2f(0.9F, -0.4F), 0.5, 3.5}, Dopri5{}, rough);
}

TEST_CASE("What is told of the cost: steps recomputed, checkpoints, and bytes, which are what the heap grows by") {
  // 64 numbers, and a pair of them.
  using State = Eigen::Vector<double, 64>;
  const Problem decay{Decay{}, State(State::LinSpaced(1, 2)), 0.0, 1.0};
  const auto measured = [&](std::int64_t slots, const auto& steps) {
    counted_heap::begin();
    const auto result = value_and_gradient(decay, Reversible<Bosh3>{}, steps, battery::WeightedSum{},
                                           CheckpointedAdjoint{.slots = slots});
    CHECK(result.gradient.stats.checkpoints == slots);
    return std::pair{counted_heap::most_since_begin(), result.gradient.stats};
  };
  const auto check = [&](const auto& steps) {
    const auto [least, of_least] = measured(10, steps);
    for (const std::int64_t slots : {50, 200}) {
      const auto [heap, stats] = measured(slots, steps);
      const auto grown = static_cast<double>(stats.checkpoint_bytes - of_least.checkpoint_bytes);
      CHECK(static_cast<double>(heap - least) == Approx(grown).epsilon(0.05));
      // The carries, and some bytes of bookkeeping for each.
      CHECK(grown >= static_cast<double>(slots - 10) * 2 * sizeof(State));
      CHECK(grown <= static_cast<double>(slots - 10) * (2 * sizeof(State) + 80));
    }
  };
  check(FixedSteps{300});
  check(Adaptive{.rtol = 1e-5, .atol = 1e-5, .dtmax = 1.0 / 300});
  // Griewank & Walther's least number for 301 steps, 2 · 301 − C(52, 51) of 50 slots, less the 300 of the way forth; and two, one to
  // see whether the field repeats itself, and one to be back where that step began.
  CHECK(measured(50, FixedSteps{300}).second.recomputed == 2 * 301 - 52 - 300 + 2);
}

TEST_CASE("An objective allocates nothing in later calls") {
  Objective objective{pendulum, Bosh3{}, FixedSteps{50}, battery::WeightedSum{}, CheckpointedAdjoint{.slots = 5}};
  const auto first = objective().gradient;
  (void)objective();
  const std::int64_t before = counted_heap::allocations;
  const auto& again = objective();
  CHECK(counted_heap::allocations == before);
  CHECK(same_gradient(again.gradient, first));
  CHECK(again.gradient.stats.recomputed == first.stats.recomputed);
}

TEST_CASE("The gradient of a hundred steps is the direct one for every number of slots, bit for bit") {
  const auto check = [](const auto& steps, bool known) {
    const auto gradient = [&](const runner::AnyAdjoint& adjoint) {
      return value_and_gradient(pendulum, Bosh3{}, steps, battery::WeightedSum{}, on_the_way,
                                runner::StoredAdjoint(adjoint))
          .gradient;
    };
    const auto expected = gradient({});
    std::int64_t recomputed = 100 * 100;
    for (std::int64_t slots = 1; slots <= 101; ++slots) {
      CAPTURE(slots);
      const auto got = gradient(CheckpointedAdjoint{.slots = slots});
      CHECK(same_gradient(got, expected));
      if (known) CHECK(got.stats.recomputed <= recomputed);  // fewer with every slot more
      recomputed = got.stats.recomputed;
    }
    CHECK(recomputed == 0);
  };
  check(FixedSteps{100}, true);
  check(Adaptive{.rtol = 1e-4, .atol = 1e-4, .dtmax = 0.06}, false);
}

TEST_CASE("A million steps and 200 slots: at most three recomputations a step, in the memory of 200 carries") {
  // Two carries of a pair in a step of 64 numbers: what the sweep holds beside the slots is no carry.
  using State = Eigen::Vector<double, 64>;
  const Problem decay{Decay{}, State(State::LinSpaced(1, 2)), 0.0, 1.0};
  const auto heap_of = [&](std::int64_t slots) {
    counted_heap::begin();
    const auto result = value_and_gradient(decay, Bosh3{}, FixedSteps{1000}, battery::WeightedSum{},
                                           CheckpointedAdjoint{.slots = slots});
    CHECK(result.gradient.stats.checkpoints == slots);
    return static_cast<double>(counted_heap::most_since_begin());
  };
  const double some = heap_of(10), many = heap_of(210), carry = sizeof(State);
  CHECK(many - some <= 200 * (carry + 40));
  CHECK(some <= 10 * (carry + 40) + 1000);

  const Problem logistic{Logistic{}, One(0.1), 0.0, 4.0};
  const FixedSteps steps{1'000'000};
  const auto gradient = [&](const runner::AnyAdjoint& adjoint) {
    return value_and_gradient(logistic, Euler{}, steps, battery::WeightedSum{}, runner::StoredAdjoint(adjoint))
        .gradient;
  };
  const auto expected = gradient({}), got = gradient(CheckpointedAdjoint{.slots = 200});
  CHECK(same_gradient(got, expected));
  CHECK(got.stats.checkpoints == 200);
  CHECK(got.stats.recomputed <= 3 * 1'000'000);
  // Beside them where each of the 200 stands.
  CHECK(got.stats.checkpoint_bytes <= 200 * sizeof(One) + 200 * 40);
}
