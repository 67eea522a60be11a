// DETEST, the classic collection of test problems (Hull, Enright, Fellen & Sedgwick 1972; Enright & Pryce 1987), by adaptive
// methods: how far off the state at t = 20 is, and the gradient of the sum of its entries, in tolerances. It prints the tables of
// docs/test_problems.md. A method of one's own is tried by one more line in main.
#include "support/csv.hpp"
#include "support/expect.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/test_problems.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;

namespace {

// How far off, in tolerances, a state and a gradient may be; some problems multiply errors: the orbits, whose phase runs away with
// t (D, C5), forces in resonance (F1), derivatives that are infinite every second (F5), and a few that pass by less.
struct Allowance {
  double state = 50, gradient = 500;
};
Allowance allowance(const std::string& problem) {
  if (problem[0] == 'D') return {2000, 200'000};
  if (problem == "F1" || problem == "F5") return {2000, 500};
  if (problem == "C5") return {100, 2000};
  for (const char* near : {"B1", "B4", "B5", "E2", "E3"})
    if (problem == near) return {100, 1500};
  return {};
}

struct Column {
  std::string method;
  double tolerance;
  test_problems::Trials trials;
};

class Trial {
 public:
  Trial() {
    for (test_problems::TestProblem& test : test_problems::all())
      if (test.name.size() == 2) tests_.push_back(std::move(test));  // A1 to F5
  }

  template <class Method>
  void of(const std::string& name, const Method& method) {
    for (const double tolerance : {1e-6, 1e-9}) {
      std::fprintf(stderr, "%s at %.0e\n", name.c_str(), tolerance);
      columns_.push_back(
          {name, tolerance, test_problems::try_out(tests_, method, Adaptive{.rtol = tolerance, .atol = tolerance})});
    }
  }

  // As Markdown: "state / gradient" in tolerances, a method a column.
  void print(double tolerance) const {
    std::printf("\nAt %.0e\n\n|", tolerance);
    for (const Column& column : columns_)
      if (column.tolerance == tolerance) std::printf(" | `%s`", column.method.c_str());
    std::printf(" |\n|---");
    for (const Column& column : columns_)
      if (column.tolerance == tolerance) std::printf("|---");
    std::printf("|\n");
    for (std::size_t i = 0; i < tests_.size(); ++i) {
      std::printf("| %s", tests_[i].name.c_str());
      for (const Column& column : columns_) {
        if (column.tolerance != tolerance) continue;
        const test_problems::Trial& trial = column.trials.each[i];
        if (trial.solved)
          std::printf(" | %.2g / %.2g", trial.error / tolerance, trial.gradient_error / tolerance);
        else
          std::printf(" | %s", trial.why.c_str());
      }
      std::printf(" |\n");
    }
  }

  void write(support::Csv& csv) const {
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (std::size_t i = 0; i < tests_.size(); ++i) {
        const test_problems::Trial& trial = columns_[c].trials.each[i];
        csv.row({double(c), columns_[c].tolerance, double(i), trial.error, trial.gradient_error, double(trial.steps),
                 double(trial.evaluations)});
      }
  }

  void judge(support::Expectations& result) const {
    for (const Column& column : columns_)
      for (const test_problems::Trial& trial : column.trials.each) {
        const Allowance allowed = allowance(trial.name);
        result.expect(trial.solved && trial.error <= allowed.state * column.tolerance &&
                          trial.gradient_error <= allowed.gradient * column.tolerance,
                      trial.name + " by " + column.method + " is within its allowance");
      }
  }

 private:
  std::vector<test_problems::TestProblem> tests_;
  std::vector<Column> columns_;
};

}  // namespace

int main() try {
  Trial trial;
  trial.of("Dopri5", Dopri5{});
  trial.of("Tsit5", Tsit5{});
  trial.of("Dop853", Dop853{});
  trial.of("Reversible<Dopri5>", Reversible<Dopri5>{});
  trial.of("Reversible<Tsit5>", Reversible<Tsit5>{});
  trial.of("Reversible<Dop853>", Reversible<Dop853>{});
  trial.of("ReversibleAdams<4>", ReversibleAdams<4>{});
  trial.of("ReversibleAdams<6>", ReversibleAdams<6>{});
  trial.of("ReversibleAdams<8>", ReversibleAdams<8>{});
  trial.print(1e-6);
  trial.print(1e-9);
  support::Csv csv("detest.csv", {"column", "tolerance", "problem", "error", "gradient_error", "steps", "evaluations"});
  trial.write(csv);

  support::Expectations result;
  trial.judge(result);
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
