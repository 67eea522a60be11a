#include "fuzz/oracles.hpp"

#include "fuzz/equations.hpp"
#include "fuzz/solver.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace antistrophe::fuzz {
namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw Broken(what);
}

Tally counted;

// --- How a call ends ---------------------------------------------------------------------------------------------------------

struct Ending {
  enum class Kind { done, refused, gave_up, threw };
  Kind kind = Kind::done;
  Status status = Status::success;
  std::string text;

  bool operator==(const Ending&) const = default;
};

void require_sentence(const std::string& text) {
  require(text.starts_with("antistrophe: ") && text.size() > 30 && text.find('\n') == std::string::npos,
          "an error that is no sentence: " + text);
}

template <class Call>
Ending ending_of(const Call& call) {
  try {
    call();
    return {};
  } catch (const std::invalid_argument& error) {
    require_sentence(error.what());
    return {Ending::Kind::refused, {}, error.what()};
  } catch (const SolveError& error) {
    require_sentence(error.what());
    require(failed(error.status()), std::string("thrown for no failure: ") + error.what());
    return {Ending::Kind::gave_up, error.status(), error.what()};
  } catch (const Thrown& error) {
    return {Ending::Kind::threw, {}, error.what()};
  } catch (const Broken&) {
    throw;
  } catch (const std::exception& error) {
    throw Broken(std::string("an exception of another kind: ") + error.what());
  }
}

// --- The same bits -----------------------------------------------------------------------------------------------------------

template <class X>
bool same_numbers(const X& a, const X& b) {
  const auto bytes = static_cast<std::size_t>(a.size()) * sizeof(a.data()[0]);
  return a.size() == b.size() && (bytes == 0 || std::memcmp(a.data(), b.data(), bytes) == 0);
}
template <class Y>
bool same_states(const std::vector<Y>& a, const std::vector<Y>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Y& x, const Y& y) { return same_numbers(x, y); });
}
template <class Y>
bool same_events(const std::vector<EventRecord<Y>>& a, const std::vector<EventRecord<Y>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.index == y.index && x.t == y.t && same_numbers(x.y, y.y);
  });
}
template <class Y>
void require_same(const Solution<Y>& a, const Solution<Y>& b, const std::string& what) {
  require(a.status() == b.status(), what + ": it ends otherwise");
  require(a.ts() == b.ts(), what + ": other times");
  require(same_states(a.ys(), b.ys()), what + ": other states");
  require(same_events(a.events(), b.events()), what + ": other events");
}
bool same_number(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }
template <class G>
bool same_gradients(const G& a, const G& b) {
  return same_numbers(a.y0, b.y0) && same_numbers(a.theta, b.theta) && same_number(a.t0, b.t0) &&
         same_number(a.t1, b.t1);
}

// --- The trial ---------------------------------------------------------------------------------------------------------------

template <class X>
double largest(const X& x) {
  return x.size() > 0 ? static_cast<double>(x.cwiseAbs().maxCoeff()) : 0;
}

template <class Y>
class Trial {
  using Gradient = GradientOf<Y>;

 public:
  Trial(const Case& given, const Solver<Y>& solver) : case_(given), solver_(solver) {
    if (!solver_.adaptive && case_.steps.kind == StepSpec::Kind::adaptive) case_.steps.kind = StepSpec::Kind::equal;
  }

  void run() {
    if (case_.is_faulty()) try_faults();
    std::optional<Solution<Y>> solution, second;
    const Ending ending = ending_of([&] { solution = solve(case_); });
    const Ending again = ending_of([&] { second = solve(case_); });
    require(ending == again, "the same call ends otherwise: " + ending.text + " / " + again.text);
    if (!solution) {
      ++counted.refused;
      require(ending.kind == Ending::Kind::refused, "a solve that returns its status throws: " + ending.text);
      for (const Adjoints adjoint : adjoints())
        require(ending_of([&] { (void)pass(case_, adjoint); }).kind == Ending::Kind::refused,
                "solve refuses and the gradient does not: " + ending.text);
      return;
    }
    try {
      try_solved(*solution, *second);
    } catch (const Broken& broken) {
      std::ostringstream text;
      text.precision(17);
      text << broken.what() << "\n" << *solution << "\nsteps:";
      for (const double t : solution->steps()) text << ' ' << t;
      throw Broken(text.str());
    }
  }

 private:
  void try_solved(const Solution<Y>& solution, const Solution<Y>& second) {
    ++(solution.success() ? counted.solved : counted.gave_up);
    check(solution);
    require_same(solution, second, "solved again");
    require(same_numbers_of(solution) == same_numbers_of(second), "solved again: other statistics");
    take_again(solution);
    turn_round(solution);
    go_back(solution);
    if (case_.steps.kind == StepSpec::Kind::adaptive) take_gradients_again();
  }

  Solution<Y> solve(const Case& c, const StepTo* again = nullptr) {
    return called<Solution<Y>>(c, [&](const ProblemOf<Y>& problem) { return solver_.solve(c, problem, again); });
  }
  AnyPass<Y> pass(const Case& c, Adjoints adjoint, const StepTo* again = nullptr) {
    return solver_.pass(c, problem_of<Y>(c, &seen_of_pass()), adjoint, again);
  }
  Faults& seen_of_pass() {
    seen_.push_back(std::make_unique<Faults>());
    return *seen_.back();
  }
  void check_calls(const Case& c, const Faults& seen) {
    require(!seen.overlapping && !seen.unaligned, "arguments of the field share memory, or are not aligned");
    require(
        seen.calls + seen.vjps == 0 || (seen.earliest >= std::fmin(c.t0, c.t1) && seen.latest <= std::fmax(c.t0, c.t1)),
        "the field is called outside the interval");
  }
  template <class Made, class Call>
  Made called(const Case& c, const Call& call) {
    Faults seen;
    Made made = call(problem_of<Y>(c, &seen));
    check_calls(c, seen);
    return made;
  }

  std::vector<Adjoints> adjoints() const {
    std::vector<Adjoints> all{Adjoints::direct, Adjoints::checkpointed, Adjoints::compressed};
    if (solver_.reversible) all.push_back(Adjoints::reversible);
    return all;
  }
  static std::vector<std::int64_t> same_numbers_of(const Solution<Y>& s) {
    const Stats& stats = s.stats();
    return {stats.steps, stats.accepted, stats.rejected, stats.evaluations, stats.bits};
  }

  // --- A solution by itself ---

  void check(const Solution<Y>& solution) const {
    const double sign = case_.t1 >= case_.t0 ? 1 : -1;
    const Status status = solution.status();
    require(status != Status::impure_field && status != Status::drifted && status != Status::gradient_not_finite &&
                status != Status::not_converged && status != Status::not_accurate,
            "a solve with the status of a gradient");
    require(solution.ts().size() == solution.ys().size(), "as many times as states");
    double before = case_.t0 - sign * slack();
    for (std::size_t i = 0; i < solution.ts().size(); ++i) {
      const double t = solution.ts()[i];
      require(sign * (t - before) >= 0, "saved times are out of order");
      require(sign * (case_.t1 - t) >= -slack(), "a saved time is beyond t1");
      require(solution.ys()[i].allFinite(), "a saved state is not finite");
      before = t;
    }
    before = case_.t0;
    for (const EventRecord<Y>& event : solution.events()) {
      require(sign * (event.t - before) >= 0 && sign * (case_.t1 - event.t) >= 0, "events are out of order");
      require(event.y.allFinite(), "the state at an event is not finite");
      before = event.t;
    }
    check_steps(solution, sign);
    if (solution.failed()) {
      const Failure& failure = solution.failure();
      require(!failure.cause.empty(), "a failure without a cause");
      require(sign * (failure.t - case_.t0) >= 0 && sign * (case_.t1 - failure.t) >= 0, "a failure at a time outside");
    } else {
      check_saves(solution);
    }
  }
  // Times that differ by less are one to the library.
  double slack() const {
    return 8 * std::numeric_limits<double>::epsilon() * std::fmax(std::fabs(case_.t0), std::fabs(case_.t1));
  }
  // An event may come so soon after a node that t does not tell the two apart.
  static bool happens_at(const Solution<Y>& solution, double t) {
    return std::any_of(solution.events().begin(), solution.events().end(),
                       [t](const EventRecord<Y>& event) { return event.t == t; });
  }
  void check_steps(const Solution<Y>& solution, double sign) const {
    const std::vector<double>& steps = solution.steps();
    require(!steps.empty() && steps.front() == case_.t0, "the steps do not begin at t0");
    for (std::size_t i = 1; i < steps.size(); ++i)
      require(sign * (steps[i] - steps[i - 1]) > 0 || (steps[i] == steps[i - 1] && happens_at(solution, steps[i])),
              "a step of no length");
    if (solution.status() == Status::success)
      require(steps.back() == case_.t1 ||
                  (std::fabs(steps.back() - case_.t1) <= slack() && happens_at(solution, steps.back())),
              "the steps do not end at t1");
  }
  void check_saves(const Solution<Y>& solution) const {
    const SaveSpec& s = case_.saves;
    const bool times_alone = !s.t0 && !s.t1 && !s.steps && s.every == 0;
    const bool event = solution.status() == Status::event;
    if (times_alone && s.times.empty()) {
      require(solution.ts().size() == 1, "one state is saved");
      require(std::fabs(solution.ts()[0] - (event ? solution.events().back().t : case_.t1)) <=
                  (solution.events().empty() ? 0 : slack()),
              "the last state is that of the end");
    }
    if (event) return;
    if (times_alone && !s.times.empty()) require(solution.ts() == s.times, "saved at the times that were given");
    for (const double t : s.times)
      require(std::find(solution.ts().begin(), solution.ts().end(), t) != solution.ts().end(),
              "a given time is missing");
    if (s.t1) require(std::fabs(solution.ts().back() - case_.t1) <= slack(), "the end is saved");
  }

  // --- The same bits by other ways ---

  void take_again(const Solution<Y>& solution) {
    if (!solution.success()) return;
    if (case_.saves.every > 0 && case_.has_events()) return;  // a step that was cut counts
    const StepTo steps{solution.steps()};
    if (std::adjacent_find(steps.times.begin(), steps.times.end()) != steps.times.end()) return;  // an event at a node
    std::optional<Solution<Y>> again;
    const Ending ending = ending_of([&] { again = solve(case_, &steps); });
    require(again.has_value(), "the steps that were taken are refused: " + ending.text);
    require_same(solution, *again, "the steps taken again");
  }
  void turn_round(const Solution<Y>& solution) {
    const Case mirrored = mirror_image(case_);
    const Solution<Y> image = solve(mirrored);
    require(solution.status() == image.status(), "mirrored in time: it ends otherwise");
    require(solution.ts().size() == image.ts().size(), "mirrored in time: other times");
    for (std::size_t i = 0; i < image.ts().size(); ++i)
      require(solution.ts()[i] == -image.ts()[i], "mirrored in time: other times");
    require(same_states(solution.ys(), image.ys()), "mirrored in time: other states");
    require(same_numbers_of(solution) == same_numbers_of(image), "mirrored in time: other statistics");
  }

  // --- Gradients ---

  std::vector<Y> cotangents(const std::vector<Y>& ys) const {
    std::vector<Y> bars = ys;
    for (std::size_t i = 0; i < bars.size(); ++i)
      for (Eigen::Index k = 0; k < bars[i].size(); ++k)
        bars[i][k] =
            static_cast<typename Y::Scalar>(std::sin(1 + 3.7 * static_cast<double>(i) + 1.3 * static_cast<double>(k)));
    return bars;
  }

  struct WayBack {
    Ending forth, back;
    std::optional<Solution<Y>> solution;
    std::optional<Gradient> gradient;
  };
  WayBack go_back_by(Adjoints adjoint) {
    WayBack result;
    std::optional<AnyPass<Y>> made;
    result.forth = ending_of([&] { made = pass(case_, adjoint); });
    if (made) {
      result.solution = made->solution();
      const std::vector<Y> bars = cotangents(made->ys());
      result.back = ending_of([&] { result.gradient = made->pullback(bars); });
      if (result.gradient) ++counted.gradients;
      if (result.gradient) check_pullback(*made, *result.gradient, bars);
    }
    check_calls(case_, *seen_.back());
    return result;
  }
  // It is linear, and the same again.
  void check_pullback(AnyPass<Y>& made, const Gradient& gradient, std::vector<Y> bars) const {
    require(gradient.y0.allFinite() && gradient.theta.allFinite() && std::isfinite(gradient.t0) &&
                std::isfinite(gradient.t1),
            "a gradient that is not finite");
    require(same_gradients(made.pullback(bars), gradient), "pulled back again: another gradient");
    for (Y& bar : bars) bar.setZero();
    const Gradient none = made.pullback(bars);
    require(largest(none.y0) == 0 && largest(none.theta) == 0 && none.t0 == 0 && none.t1 == 0,
            "a gradient of nothing that is not 0");
  }

  void go_back(const Solution<Y>& plain) {
    // With one slot n²/2 steps are taken again, which the equations would take for endless.
    if (case_.slots == 1 && plain.stats().accepted > 300) case_.slots = 2;
    const WayBack direct = go_back_by(Adjoints::direct);
    if (case_.steps.kind != StepSpec::Kind::adaptive && direct.solution)
      require_same(plain, *direct.solution, "solved for a gradient");
    for (const Adjoints adjoint : adjoints()) {
      if (adjoint == Adjoints::direct) continue;
      const WayBack other = go_back_by(adjoint);
      static constexpr const char* names[]{"direct", "checkpointed", "compressed", "reversible"};
      const std::string name = std::string(names[static_cast<int>(adjoint)]) + ": ";
      require(other.forth == direct.forth,
              name + "the solve ends otherwise: " + other.forth.text + " / " + direct.forth.text);
      if (direct.solution) require_same(*direct.solution, *other.solution, name + "the solve");
      require(other.back.status != Status::impure_field, name + "a pure field is called impure");
      const bool to_the_bit = adjoint == Adjoints::checkpointed || (adjoint == Adjoints::compressed && solver_.exact);
      if (to_the_bit)
        require(other.back == direct.back,
                name + "the way back ends otherwise: " + other.back.text + " / " + direct.back.text);
      if (!direct.gradient || !other.gradient) continue;
      if (to_the_bit) require(same_gradients(*direct.gradient, *other.gradient), name + "another gradient");
      if (adjoint == Adjoints::reversible && solver_.exact) require_close(*direct.gradient, *other.gradient);
    }
  }
  static void require_close(const Gradient& a, const Gradient& b) {
    const double round_off = std::sqrt(static_cast<double>(std::numeric_limits<typename Y::Scalar>::epsilon()));
    const auto near = [&](double off, double size) { return off <= round_off * size; };
    require(near(largest((a.y0 - b.y0).eval()), largest(a.y0)) &&
                near(largest((a.theta - b.theta).eval()), largest(a.theta) + largest(a.y0)),
            "the reversible adjoint has another gradient");
  }

  // --- Gradients that are taken again where they are in doubt ---

  struct Valued {
    Ending ending;
    std::optional<ValueOf<Y>> of;
  };
  AnyLoss<Y> loss() const {
    return [this](const std::vector<Y>& ys, std::vector<Y>& ys_bar) {
      ys_bar = cotangents(ys);
      RealOf<Y> sum = 0;
      for (std::size_t i = 0; i < ys.size(); ++i) sum += ys[i].dot(ys_bar[i]);
      return sum;
    };
  }
  Valued value(const Case& c, const Adaptive& steps) {
    Valued result;
    result.ending = ending_of([&] { result.of = solver_.value(c, problem_of<Y>(c, nullptr), steps, loss()); });
    return result;
  }
  static void require_same_value(const ValueOf<Y>& a, const ValueOf<Y>& b, const std::string& what) {
    require(a.failure.status == b.failure.status && a.failure.cause == b.failure.cause,
            what + ": it ends otherwise: " + a.failure.cause + " / " + b.failure.cause);
    require_same_numbers(a, b, what);
    const BackwardStats &x = a.gradient.stats, &y = b.gradient.stats;
    require(a.stats.evaluations == b.stats.evaluations && x.vjps == y.vjps && x.judged == y.judged &&
                x.discarded == y.discarded && same_number(x.tightened, y.tightened) &&
                same_number(x.estimated_error, y.estimated_error),
            what + ": other statistics");
  }
  // Of what is not known all numbers are NaN, whose bits may differ.
  static void require_same_numbers(const ValueOf<Y>& a, const ValueOf<Y>& b, const std::string& what) {
    const bool unknown = std::isnan(a.value);
    require(unknown ? std::isnan(b.value) : same_number(a.value, b.value), what + ": another value");
    if (!unknown) require(same_gradients(a.gradient, b.gradient), what + ": another gradient");
  }

  void take_gradients_again() {
    const Adaptive steps = adaptive(case_);
    const Valued one = value(case_, steps), same = value(case_, steps);
    require(one.ending == same.ending, "the same gradient ends otherwise: " + one.ending.text + same.ending.text);
    require(one.of.has_value() || one.ending.kind == Ending::Kind::refused,
            "a gradient that returns its status throws: " + one.ending.text);
    Adaptive once = steps;
    once.repeats = 0;
    if (!one.of) return;  // of tighter steps that is so, too, or of the first alone
    require_same_value(*one.of, *same.of, "the same gradient");
    check_repeats(*one.of, once);
    by_objective(*one.of, steps);
    by_ensemble(*one.of, steps);
  }
  void check_repeats(const ValueOf<Y>& repeated, const Adaptive& once) {
    const BackwardStats& stats = repeated.gradient.stats;
    const Status status = repeated.failure.status;
    const bool known = !failed(status) || status == Status::not_accurate;
    require(!known || (std::isfinite(repeated.value) && repeated.gradient.y0.allFinite() &&
                       repeated.gradient.theta.allFinite()),
            "a gradient that is known and not finite");
    require(stats.tightened > 0 && stats.tightened <= 1 && stats.discarded >= 0 && stats.judged >= 0 &&
                std::isfinite(stats.estimated_error) && stats.estimated_error >= 0,
            "what has become of a gradient is told in wrong numbers");
    require(stats.tightened == 1 || stats.discarded > 0, "a gradient that was taken again has discarded none");
    require(case_.steps.guard || (stats.discarded == 0 && stats.judged == 0), "looked at without the guard");
    const Valued first = value(case_, once);
    require(first.of.has_value(), "the first of several gradients is refused: " + first.ending.text);
    require(first.of->gradient.stats.discarded == 0 && first.of->gradient.stats.tightened == 1,
            "without repeats, a gradient is taken again");
    require(!(succeeded(first.of->failure.status) && failed(status)) || status == Status::not_accurate,
            "a gradient is there, and none when it is taken again: " + repeated.failure.cause);
    if (stats.discarded > 0) ++counted.taken_again;
    if (stats.tightened == 1) {
      if (known) require_same_numbers(*first.of, repeated, "held against others");
      return;
    }
    require(known, "taken again: " + repeated.failure.cause);
    Adaptive tight = once.tightened(stats.tightened);
    tight.gradient_rtol = std::numeric_limits<double>::infinity();
    const Valued direct = value(case_, tight);
    require(
        direct.of.has_value() && succeeded(direct.of->failure.status),
        "at tightened tolerances it ends otherwise: " + (direct.of ? direct.of->failure.cause : direct.ending.text));
    require_same_numbers(*direct.of, repeated, "at tightened tolerances");
  }
  void by_objective(const ValueOf<Y>& alone, const Adaptive& steps) {
    ProblemOf<Y> other = problem_of<Y>(case_, nullptr);
    other.y0 *= typename Y::Scalar(0.75);
    std::vector<ValueOf<Y>> made;
    const Ending ending =
        ending_of([&] { made = solver_.values(case_, problem_of<Y>(case_, nullptr), other, steps, loss()); });
    require(made.size() == 2, "an objective refuses: " + ending.text);
    require_same_value(alone, made[0], "by an objective");
    require_same_value(alone, made[1], "by an objective, after another problem");
  }
  void by_ensemble(const ValueOf<Y>& alone, const Adaptive& steps) {
    std::vector<ProblemOf<Y>> problems;
    for (int i = 0; i < 3; ++i) problems.push_back(problem_of<Y>(case_, nullptr));
    for (const std::size_t threads : {1U, 2U}) {
      std::optional<ValuesOf<Y>> made;
      const Ending ending = ending_of([&] { made = solver_.ensemble(case_, problems, steps, loss(), threads); });
      require(made.has_value(), "an ensemble refuses: " + ending.text);
      const auto& gradient = made->gradient;
      require(made->failures.size() == (failed(alone.failure.status) ? 3U : 0U), "an ensemble fails otherwise");
      for (const ProblemFailure& failure : made->failures)
        require(failure.failure.status == alone.failure.status && failure.failure.cause == alone.failure.cause,
                "an ensemble fails otherwise: " + failure.failure.cause + " / " + alone.failure.cause);
      for (std::size_t i = 0; i < 3; ++i) {
        const bool unknown = std::isnan(alone.value);
        require(unknown ? std::isnan(made->values[i]) : same_number(made->values[i], alone.value),
                "in an ensemble: another value");
        require(unknown ||
                    (same_numbers(gradient.y0[i], alone.gradient.y0) &&
                     same_numbers(gradient.each_theta[i], alone.gradient.theta) &&
                     same_number(gradient.t0[i], alone.gradient.t0) && same_number(gradient.t1[i], alone.gradient.t1)),
                "in an ensemble: another gradient");
      }
      const BackwardStats &sum = gradient.stats, &each = alone.gradient.stats;
      require(sum.discarded == 3 * each.discarded && sum.judged == 3 * each.judged && sum.vjps == 3 * each.vjps &&
                  same_number(sum.tightened, each.tightened) &&
                  same_number(sum.estimated_error, each.estimated_error) &&
                  made->stats.evaluations == 3 * alone.stats.evaluations,
              "in an ensemble: other statistics");
    }
  }

  // --- Throws ---

  void try_faults() {
    for (const Adjoints adjoint : adjoints()) {
      Faults faults{.throw_at_call = case_.throw_at_call, .throw_at_vjp = case_.throw_at_vjp};
      std::optional<AnyPass<Y>> made;
      (void)ending_of([&] { made = solver_.pass(case_, problem_of<Y>(case_, &faults), adjoint, nullptr); });
      if (!made) continue;
      const std::vector<Y> bars = cotangents(made->ys());
      const auto throws_or_not = [&] {
        std::optional<Gradient> gradient;
        (void)ending_of([&] { gradient = made->pullback(bars); });
        return gradient;
      };
      (void)throws_or_not();
      faults = {};
      const auto first = throws_or_not(), second = throws_or_not();
      require(first.has_value() == second.has_value(), "after a throw a pull-back ends otherwise");
      if (first) require(same_gradients(*first, *second), "after a throw a pull-back has another gradient");
      std::optional<AnyPass<Y>> clean;
      if (ending_of([&] { clean = pass(case_, adjoint); }).kind != Ending::Kind::done) continue;
      std::optional<Gradient> expected;
      (void)ending_of([&] { expected = clean->pullback(bars); });
      require(first.has_value() == expected.has_value(), "after a throw a pull-back ends otherwise than before one");
      if (first) require(same_gradients(*first, *expected), "after a throw a pull-back is not what it was");
    }
  }

  Case case_;
  const Solver<Y>& solver_;
  std::vector<std::unique_ptr<Faults>> seen_;
};

const std::vector<AnySolver>& solvers() {
  static const std::vector<AnySolver> all = [] {
    std::vector<AnySolver> made;
    for (auto* const list : {&plain_solvers, &pair_solvers, &point_solvers, &adams_solvers})
      for (AnySolver& solver : list()) made.push_back(std::move(solver));
    return made;
  }();
  return all;
}

}  // namespace

const Tally& tally() { return counted; }

void try_case(const Case& given) {
  const AnySolver& solver = solvers()[given.method % solvers().size()];
  std::visit(
      [&]<class Y>(const SolverOf<Y>& chosen) {
        try {
          Trial<Y>(given, *chosen).run();
          if (chosen->name == "Dopri5") counted.taken_again_in_lanes += try_lanes(given);
        } catch (const Broken& broken) {
          throw Broken(std::string(broken.what()) + "\n" + chosen->name + ": " + describe(given));
        } catch (const Endless& endless) {
          throw Broken(std::string(endless.what()) + "\n" + chosen->name + ": " + describe(given));
        }
      },
      solver);
}

void try_bytes(std::span<const std::uint8_t> bytes) { try_case(decode(bytes)); }

}  // namespace antistrophe::fuzz
