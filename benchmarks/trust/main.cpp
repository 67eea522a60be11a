// Tries every method with an error estimate on every problem at every tolerance, by both adjoints, and says where an answer
// called success is wrong: value or gradient off by more than 1000 tol (1 + |g|).
//   script/trust [--tolerance <tol>]… [--problem <part of a name>] [--method <part of a name>] [--references <file>]
//                [--table <file.csv>]
// --references keeps the references from run to run.
#include "trust/methods.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iostream>
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

struct Tally {
  int right = 0, wrong = 0, refused = 0;
  double worst = 0;
  std::int64_t evaluations = 0, plain_evaluations = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<double> tolerances;
  std::string problem_part, method_part, references_file, table_file;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--tolerance") tolerances.push_back(std::stod(value));
    if (option == "--problem") problem_part = value;
    if (option == "--method") method_part = value;
    if (option == "--references") references_file = value;
    if (option == "--table") table_file = value;
  }
  if (tolerances.empty()) tolerances = {1e-3, 1e-6, 1e-9};

  std::vector<Method> methods;
  for (const auto& some :
       {runge_kutta_methods(), pairs(), floating_pairs(), two_point_methods(), adams_methods(), node_methods()})
    for (const Method& method : some)
      if (method.name.find(method_part) != std::string::npos) methods.push_back(method);

  auto references = read(references_file);
  std::ofstream table;
  if (!table_file.empty()) table.open(table_file);
  table << "problem,method,tolerance,adjoint,outcome,error in tol,steps,evaluations,plain evaluations\n";
  std::map<std::string, std::map<double, Tally>> tallies;
  int cases = 0;
  for (const Case& problem : all_cases()) {
    if (problem.title().find(problem_part) == std::string::npos) continue;
    ++cases;
    if (!references.contains(problem.title())) {
      references[problem.title()] = reference(problem);
      const Reference& r = references[problem.title()];
      if (!references_file.empty()) {
        std::ofstream out(references_file, std::ios::app);
        write(out, problem.title(), r);
      }
      if (r.uncertainty > 1e-8 || !r.answer.success)
        std::printf("reference of %s: %s, uncertain by %.1e\n", problem.title().c_str(), r.answer.why.c_str(),
                    r.uncertainty);
    }
    const Reference& r = references[problem.title()];
    for (const Method& method : methods)
      for (const double tolerance : tolerances)
        for (const bool stored : {false, true}) {
          if (stored && !method.reversible) continue;
          const Answer a = method.solve(problem, tolerance, stored);
          Tally& tally = tallies[method.name][tolerance];
          const double error = a.success ? error_of(a, r.answer, tolerance) : 0;
          const bool wrong = a.success && !(error <= 1000);
          (wrong ? tally.wrong : a.success ? tally.right : tally.refused)++;
          tally.worst = std::max(tally.worst, error);
          if (!stored) tally.evaluations += a.evaluations, tally.plain_evaluations += a.evaluations_without_gradient;
          const char* outcome = wrong ? "WRONG" : a.success ? "right" : "refused";
          if (wrong || !a.success)
            std::printf("%-8s %-30s %-28s %.0e%s %9.2g tol, %7lld steps  %s\n", outcome, problem.title().c_str(),
                        method.name.c_str(), tolerance, stored ? " stored" : "       ", error,
                        static_cast<long long>(a.steps), a.why.substr(0, 90).c_str());
          table << '"' << problem.title() << "\",\"" << method.name << "\"," << tolerance << ','
                << (stored ? "stored" : "default") << ',' << outcome << ',' << error << ',' << a.steps << ','
                << a.evaluations << ',' << a.evaluations_without_gradient << '\n';
        }
    std::fflush(stdout);
  }
  std::printf("\n%d cases\n%-34s %6s %6s %6s %8s %9s %12s %12s\n", cases, "method", "tol", "right", "WRONG", "refused",
              "worst/tol", "evaluations", "plain");
  int wrong = 0;
  for (const Method& method : methods)
    for (const double tolerance : tolerances) {
      const Tally& t = tallies[method.name][tolerance];
      wrong += t.wrong;
      std::printf("%-34s %6.0e %6d %6d %8d %9.2g %12lld %12lld\n", method.name.c_str(), tolerance, t.right, t.wrong,
                  t.refused, t.worst, static_cast<long long>(t.evaluations),
                  static_cast<long long>(t.plain_evaluations));
    }
  std::printf("%d answers called success are wrong\n", wrong);
  return wrong > 0;
}
