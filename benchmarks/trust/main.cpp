// Tries every method with an error estimate on every problem at every tolerance, by both adjoints, and says where an answer
// called success is wrong: value or gradient off by more than 1000 tol (1 + |g|).
//   script/trust [--tolerance <tol>]… [--problem <part of a name>] [--method <part of a name>] [--references <file>]
//                [--table <file.csv>] [--bars <rtol>] [--others 1] [--random <how many> [--seed <seed>]]
// --others 1 takes other problems, by which nothing was chosen, and --random some that are drawn, by one adjoint each; of these, those without a
// reference to 1e-8, or with a gradient beyond 1e6, do not count. --references keeps the references from run to run. --bars holds
// error bars against true errors instead, refined to rtol where it is not 0. `needless` are right answers that were refused; `price` is the geometric mean, and the
// 90th percentile, of the evaluations there and back, those of gradients that were taken again among them, to those of one gradient.
#include "trust/cases.hpp"
#include "trust/methods.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <limits>
#include <map>
#include <sstream>

namespace {

using namespace trust;

void write(std::ostream& out, const std::string& title, const Reference& r) {
  out << title << '\n'
      << std::setprecision(17) << r.uncertainty << ' ' << r.answer.success << ' ' << r.answer.value << ' '
      << r.answer.y0.size() << ' ' << r.answer.y0.transpose() << ' ' << r.answer.theta.size() << ' '
      << r.answer.theta.transpose() << '\n';
}
std::map<std::string, Reference> read(const std::string& file) {
  std::map<std::string, Reference> all;
  std::ifstream in(file);
  for (std::string title; std::getline(in, title);) {
    std::string line;
    std::getline(in, line);
    std::istringstream words(line);
    Reference r;
    Eigen::Index n = 0;
    const auto take = [&](VectorXd& v) {
      words >> n;
      v.resize(n);
      for (Eigen::Index i = 0; i < n; ++i) words >> v[i];
    };
    words >> r.uncertainty >> r.answer.success >> r.answer.value;
    take(r.answer.y0), take(r.answer.theta);
    all[title] = r;
  }
  return all;
}

double size_of(const Answer& a) {
  return std::max(a.y0.cwiseAbs().maxCoeff(), a.theta.size() > 0 ? a.theta.cwiseAbs().maxCoeff() : 0.0);
}

// How far an answer is off, in tolerances times 1 + |g|, the largest entry of the gradient.
double error_of(const Answer& a, const Answer& b, double tolerance) {
  double size = 0, error = std::fabs(a.value - b.value);
  for (const auto& [mine, right] : {std::pair{&a.y0, &b.y0}, std::pair{&a.theta, &b.theta}}) {
    size = std::max(size, right->cwiseAbs().maxCoeff());
    const double difference = (*mine - *right).cwiseAbs().maxCoeff();
    error = std::isfinite(difference) ? std::max(error, difference) : HUGE_VAL;
  }
  return error / (1 + size) / tolerance;
}

// Bars against true errors. The ratio of a solve's widest bar to its largest error counts where one of them is above a
// ten-thousandth of the tolerance: below, the grain of numbers has its say.
struct BarTally {
  int cases = 0, counted = 0, effective = 0, refused = 0;
  std::int64_t entries = 0, covered = 0;
};

void count_bars(const BarredAnswer& a, const Answer& right, double unknown, double tolerance, BarTally& tally,
                double& effectivity) {
  double widest = 0, largest = 0;
  const auto entry = [&](double value, double bar, double truth) {
    const double error = std::fabs(value - truth);
    ++tally.entries;
    if (error <= 3 * bar + unknown * (1 + std::fabs(truth))) ++tally.covered;
    if (error > largest) largest = error;
    if (bar > widest) widest = bar;
  };
  entry(a.value, a.value_bar, right.value);
  for (Eigen::Index i = 0; i < a.y0.size(); ++i) entry(a.y0[i], a.y0_bar[i], right.y0[i]);
  for (Eigen::Index i = 0; i < a.theta.size(); ++i) entry(a.theta[i], a.theta_bar[i], right.theta[i]);
  double size = std::fabs(right.value);
  for (const VectorXd* part : {&right.y0, &right.theta}) size = std::max(size, part->cwiseAbs().maxCoeff());
  effectivity = widest / largest;
  ++tally.cases;
  if (std::max(widest, largest) < std::max(1e-4 * tolerance, 10 * unknown) * (1 + size)) return;
  ++tally.counted;
  if (effectivity >= 0.5 && effectivity <= 2) ++tally.effective;
}

// The widest bar, over 1 + |g|.
double bar_of(const BarredAnswer& a) {
  return std::max({a.value_bar, a.y0_bar.maxCoeff(), a.theta_bar.size() > 0 ? a.theta_bar.maxCoeff() : 0.0}) /
         (1 + size_of(a));
}

// What is refused for its errors is there all the same: `needless` are those that were right.
struct Tally {
  int right = 0, wrong = 0, refused = 0, needless = 0;
  double worst = 0;
  std::int64_t evaluations = 0, plain_evaluations = 0;
  std::vector<double> prices;  // evaluations there and back, of all that was solved, to those of one gradient
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<double> tolerances;
  bool bars = false, others = false;
  double rtol = 0;
  int random = 0;
  unsigned seed = 1;
  std::string problem_part, references_file, table_file;
  std::vector<std::string> method_parts;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--tolerance") tolerances.push_back(std::stod(value));
    if (option == "--bars") bars = true, rtol = std::stod(value);
    if (option == "--others") others = value != "0";
    if (option == "--random") random = std::stoi(value);
    if (option == "--seed") seed = static_cast<unsigned>(std::stoul(value));
    if (option == "--problem") problem_part = value;
    if (option == "--method") method_parts.push_back(value);
    if (option == "--references") references_file = value;
    if (option == "--table") table_file = value;
  }
  if (tolerances.empty()) tolerances = {1e-3, 1e-6, 1e-9};

  std::vector<Method> methods;
  for (const auto& some :
       {runge_kutta_methods(), pairs(), floating_pairs(), two_point_methods(), adams_methods(), node_methods()})
    for (const Method& method : some) {
      const auto named = [&](const std::string& part) { return method.name.find(part) != std::string::npos; };
      if (method_parts.empty() || std::any_of(method_parts.begin(), method_parts.end(), named))
        methods.push_back(method);
    }

  auto references = read(references_file);
  std::ofstream table;
  if (!table_file.empty()) table.open(table_file);
  table << (bars ? "problem,method,tolerance,adjoint,outcome,bar,error,steps,evaluations\n"
                 : "problem,method,tolerance,adjoint,outcome,error in tol,steps,evaluations,plain "
                   "evaluations,back,discarded,once,estimate\n");
  std::map<std::string, std::map<double, Tally>> tallies;
  std::map<std::string, std::map<double, BarTally>> bar_tallies;
  int cases = 0;
  for (const Case& problem : random > 0 ? random_cases(random, seed) : others ? other_cases() : all_cases()) {
    if (problem.title().find(problem_part) == std::string::npos) continue;
    if (!references.contains(problem.title())) {
      try {
        references[problem.title()] = reference(problem);
      } catch (const antistrophe::SolveError& error) {
        references[problem.title()].answer.why = error.what();
      }
      const Reference& r = references[problem.title()];
      if (!references_file.empty()) {
        std::ofstream out(references_file, std::ios::app);
        write(out, problem.title(), r);
      }
      if (random == 0 && (r.uncertainty > 1e-8 || !r.answer.success))
        std::printf("reference of %s: %s, uncertain by %.1e\n", problem.title().c_str(), r.answer.why.c_str(),
                    r.uncertainty);
    }
    const Reference& r = references[problem.title()];
    if (random > 0 && !(r.answer.success && r.uncertainty <= 1e-8 && size_of(r.answer) <= 1e6)) continue;
    ++cases;
    for (const Method& method : methods)
      for (const double tolerance : tolerances)
        for (const bool stored : {false, true}) {
          if (stored && (!method.reversible || random > 0)) continue;
          if (bars) {
            const BarredAnswer a = method.bars(problem, tolerance, stored, rtol);
            BarTally& tally = bar_tallies[method.name][tolerance];
            if (!a.success && !(a.value_bar > 0)) {
              ++tally.refused;
              continue;
            }
            double effectivity = 0;
            const auto covered = tally.covered, entries = tally.entries;
            const int before = tally.counted - tally.effective;
            count_bars(a, r.answer, std::max(r.uncertainty, 1e-13), tolerance, tally, effectivity);
            const bool off = tally.counted - tally.effective > before,
                       uncovered = tally.covered - covered < tally.entries - entries;
            if (off || uncovered || !a.success)
              std::printf("%-9s %-30s %-28s %.0e%s effectivity %.2g, %lld of %lld covered, error %.1e  %s\n",
                          !a.success  ? "too wide"
                          : uncovered ? "UNCOVERED"
                                      : "off",
                          problem.title().c_str(), method.name.c_str(), tolerance, stored ? " stored" : "       ",
                          effectivity, static_cast<long long>(tally.covered - covered),
                          static_cast<long long>(tally.entries - entries), error_of(a, r.answer, 1), a.why.c_str());
            table << '"' << problem.title() << "\",\"" << method.name << "\"," << tolerance << ','
                  << (stored ? "stored" : "default") << ',' << (a.success ? "success" : "too wide") << ',' << bar_of(a)
                  << ',' << error_of(a, r.answer, 1) << ',' << a.steps << ',' << a.evaluations << '\n';
            continue;
          }
          const Answer a = method.solve(problem, tolerance, stored);
          Tally& tally = tallies[method.name][tolerance];
          const double error = a.y0.size() > 0 && std::isfinite(a.value) ? error_of(a, r.answer, tolerance)
                                                                         : std::numeric_limits<double>::quiet_NaN();
          const bool wrong = a.success && !(error <= 1000);
          (wrong ? tally.wrong : a.success ? tally.right : tally.refused)++;
          if (!a.success && error <= 1000) ++tally.needless;
          if (a.success) tally.worst = std::max(tally.worst, error);
          if (!stored) tally.evaluations += a.evaluations, tally.plain_evaluations += a.evaluations_without_gradient;
          if (a.success && a.once > 0)
            tally.prices.push_back(static_cast<double>(a.evaluations + a.back + a.discarded) /
                                   static_cast<double>(a.once));
          const char* outcome = wrong ? "WRONG" : a.success ? "right" : "refused";
          if (wrong || !a.success)
            std::printf("%-8s %-30s %-28s %.0e%s %9.2g tol, %7lld steps  %s\n", outcome, problem.title().c_str(),
                        method.name.c_str(), tolerance, stored ? " stored" : "       ", error,
                        static_cast<long long>(a.steps), a.why.substr(0, 90).c_str());
          table << '"' << problem.title() << "\",\"" << method.name << "\"," << tolerance << ','
                << (stored ? "stored" : "default") << ',' << outcome << ',' << error << ',' << a.steps << ','
                << a.evaluations << ',' << a.evaluations_without_gradient << ',' << a.back << ',' << a.discarded << ','
                << a.once << ',' << a.estimate << '\n';
        }
    std::fflush(stdout);
  }
  if (bars) {
    std::printf("\n%d cases\n%-34s %6s %6s %12s %18s %8s\n", cases, "method", "tol", "bars", "within [.5, 2]",
                "entries in 3 bars", "refused");
    for (const Method& method : methods)
      for (const double tolerance : tolerances) {
        const BarTally& t = bar_tallies[method.name][tolerance];
        std::printf("%-34s %6.0e %6d %11.1f %% %16.2f %% %8d\n", method.name.c_str(), tolerance, t.cases,
                    100.0 * t.effective / std::max(1, t.counted),
                    100.0 * static_cast<double>(t.covered) / static_cast<double>(std::max<std::int64_t>(1, t.entries)),
                    t.refused);
      }
    return 0;
  }
  std::printf("\n%d cases\n%-34s %6s %6s %6s %8s %8s %9s %12s %12s %6s %6s\n", cases, "method", "tol", "right", "WRONG",
              "refused", "needless", "worst/tol", "evaluations", "plain", "price", "90 %");
  int wrong = 0;
  for (const Method& method : methods)
    for (const double tolerance : tolerances) {
      Tally& t = tallies[method.name][tolerance];
      wrong += t.wrong;
      std::sort(t.prices.begin(), t.prices.end());
      double logarithms = 0;
      for (const double price : t.prices) logarithms += std::log(price);
      const std::size_t n = t.prices.size();
      std::printf("%-34s %6.0e %6d %6d %8d %8d %9.2g %12lld %12lld %6.2f %6.2f\n", method.name.c_str(), tolerance,
                  t.right, t.wrong, t.refused, t.needless, t.worst, static_cast<long long>(t.evaluations),
                  static_cast<long long>(t.plain_evaluations),
                  n > 0 ? std::exp(logarithms / static_cast<double>(n)) : 0.0, n > 0 ? t.prices[n * 9 / 10] : 0.0);
    }
  std::printf("%d answers called success are wrong\n", wrong);
  return wrong > 0;
}
