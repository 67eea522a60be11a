// Work and precision: what a gradient costs, and how far it is off, at tolerances from 1e-3 to 1e-12. Four classics,
// Lotka–Volterra, the Brusselator, the Arenstorf orbit and the Pleiades (Hairer, Nørsett & Wanner I, I.16, II.0 and
// II.10), by plain methods and by their exact reversible pairs, λ = 1/2. The loss is the sum of the last state, the
// gradient that with respect to y0 and θ. Its error is the worst entry's over the largest entry, against Dop853 in long
// double at a tolerance of 1e-16.
//
// It prints what a pair pays for its way back: its evaluations of f, forth, over the plain method's at equal error.
#include "../seven_stars.hpp"
#include "one_type.hpp"
#include "predators_and_prey.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

using namespace antistrophe;

// u1' = A + u1² u2 − (B + 1) u1,   u2' = B u1 − u1² u2,   θ = (A, B).
template <class Real>
struct Brusselator {
  Eigen::Vector<Real, 2> theta{1, 3};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  static Eigen::Vector<Real, 2> start() { return {1.5, 3}; }
  static double end() { return 20; }

  void operator()(double, const auto& u, auto& du) const {
    const Real rate = u[0] * u[0] * u[1];
    du[0] = theta[0] + rate - (theta[1] + 1) * u[0];
    du[1] = theta[1] * u[0] - rate;
  }
  void vjp(double, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    const Real rate_bar = w[0] - w[1];
    u_bar[0] += 2 * u[0] * u[1] * rate_bar - (theta[1] + 1) * w[0] + theta[1] * w[1];
    u_bar[1] += u[0] * u[0] * rate_bar;
    theta_bar[0] += w[0];
    theta_bar[1] += u[0] * (w[1] - w[0]);
  }
};

// Either of the two: one type, so that every method is compiled once for both.
template <class Real>
struct Planar {
  std::variant<PredatorsAndPrey<Real>, Brusselator<Real>> equations;
  Eigen::VectorX<Real> parameters() const {
    return std::visit([](const auto& f) -> Eigen::VectorX<Real> { return f.parameters(); }, equations);
  }
  Eigen::Vector<Real, 2> start() const {
    return std::visit([](const auto& f) { return f.start(); }, equations);
  }
  double end() const {
    return std::visit([](const auto& f) { return f.end(); }, equations);
  }
  void operator()(double t, const auto& u, auto& du) const {
    std::visit([&](const auto& f) { f(t, u, du); }, equations);
  }
  void vjp(double t, const auto& u, const auto& w, auto& u_bar, auto& theta_bar) const {
    std::visit([&](const auto& f) { f.vjp(t, u, w, u_bar, theta_bar); }, equations);
  }
};

// A satellite of earth (mass 1 − μ, at −μ) and moon (mass μ, at 1 − μ), in the frame that turns with them; y = (q, q'),
//   q'' = q + 2 (q2', −q1') − (1 − μ) d/|d|³ − μ e/|e|³,   d and e from earth and moon to it,   θ = (μ).
// It closes after one period.
template <class Real>
struct Arenstorf {
  Eigen::Vector<Real, 1> theta{static_cast<Real>(0.012277471L)};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  static Eigen::Vector<Real, 4> start() {
    return {static_cast<Real>(0.994L), 0, 0, static_cast<Real>(-2.00158510637908252240537862224L)};
  }
  static double end() { return 17.0652165601579625588917206249; }

  void operator()(double, const auto& y, auto& dy) const {
    using std::sqrt;
    const Real mu = theta[0], d = y[0] + mu, e = y[0] - (1 - mu);
    const Real d2 = d * d + y[1] * y[1], e2 = e * e + y[1] * y[1];
    const Real to_earth = (1 - mu) / (d2 * sqrt(d2)), to_moon = mu / (e2 * sqrt(e2));
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = y[0] + 2 * y[3] - to_earth * d - to_moon * e;
    dy[3] = y[1] - 2 * y[2] - (to_earth + to_moon) * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const Real mu = theta[0], d = y[0] + mu, e = y[0] - (1 - mu);
    const Real by_earth = attraction_vjp(1 - mu, d, y[1], w, y_bar), by_moon = attraction_vjp(mu, e, y[1], w, y_bar);
    y_bar[0] += w[2];
    y_bar[1] += w[3];
    y_bar[2] += w[0] - 2 * w[3];
    y_bar[3] += w[1] + 2 * w[2];
    // d and e move with μ as they move with q1, and the masses by −1 and 1.
    theta_bar[0] += by_earth + by_moon + pull(d, y[1], w) - pull(e, y[1], w);
  }

 private:
  static Real pull(Real dx, Real dy, const auto& w) {
    using std::sqrt;
    const Real r2 = dx * dx + dy * dy;
    return (w[2] * dx + w[3] * dy) / (r2 * sqrt(r2));
  }
  // Of −m d/|d|³: adds to q̄; returns what flowed to q1.
  static Real attraction_vjp(Real m, Real dx, Real dy, const auto& w, auto& y_bar) {
    using std::sqrt;
    const Real r2 = dx * dx + dy * dy, r3 = r2 * sqrt(r2), along = 3 * (w[2] * dx + w[3] * dy) / r2;
    const Real to_x = -m * (w[2] - along * dx) / r3;
    y_bar[0] += to_x;
    y_bar[1] += -m * (w[3] - along * dy) / r3;
    return to_x;
  }
};

template <class Real>
struct Pleiades : SevenStars<Real> {
  static double end() { return 3; }
};

// L = Σ of the last state, and its gradient (dL/dy0, dL/dθ) as one vector.
struct Measured {
  double tolerance = 0, value = 0;
  Eigen::Vector<long double, Eigen::Dynamic> gradient;
  std::int64_t steps = 0, evaluations = 0;  // forth
  double seconds = 0, value_error = 0, error = 0;
};

template <class Field, class Method>
Measured measure(const Field& field, const Method& method, double tolerance) {
  const auto problem = support::one_type(Problem{field, field.start(), 0.0, field.end()});
  using Y = std::remove_cvref_t<decltype(problem.y0)>;
  // How far off gradients are, is what is measured.
  const Adaptive steps{.rtol = tolerance, .atol = tolerance, .gradient_rtol = HUGE_VAL};
  Measured result;
  result.tolerance = tolerance;
  result.seconds = HUGE_VAL;
  // The fastest of a few: what else the machine does only ever adds. Long ones are measured once.
  for (double spent = 0; spent < 2e-3;) {
    const support::Stopwatch stopwatch;
    auto pass = solve_with_pullback(problem, method, steps);
    const auto gradient = pass.pullback({Y::Ones(problem.y0.size())});
    const double seconds = stopwatch.seconds();
    spent += seconds + 1e-4;
    result.seconds = std::fmin(result.seconds, seconds);
    result.value = static_cast<double>(pass.ys().back().sum());
    result.gradient.resize(gradient.y0.size() + gradient.theta.size());
    result.gradient << gradient.y0.template cast<long double>(), gradient.theta.template cast<long double>();
    result.steps = pass.stats().accepted;
    result.evaluations = pass.stats().evaluations;
  }
  return result;
}

using Curve = std::vector<Measured>;
constexpr std::array<const char*, 4> problems{"Lotka–Volterra", "Brusselator", "Arenstorf orbit", "Pleiades"};
constexpr std::array<const char*, 4> methods{"Bosh3", "Dopri5", "Tsit5", "Dop853"};
// By problem, method, and whether it is the pair.
std::map<std::array<int, 3>, Curve> curves;

void judge(Measured& measured, const Measured& reference) {
  measured.value_error = std::fabs(measured.value - reference.value) / std::fabs(reference.value);
  measured.error = static_cast<double>((measured.gradient - reference.gradient).cwiseAbs().maxCoeff() /
                                       reference.gradient.cwiseAbs().maxCoeff());
}

template <class Field, class Method>
Curve curve_of(const Field& field, const Method& method, double tightest, const Measured& reference) {
  Curve curve;
  for (int half_decade = 6; half_decade <= 24; ++half_decade) {
    const double tolerance = std::pow(10.0, -half_decade / 2.0);
    if (tolerance < tightest * 0.99) break;
    try {
      curve.push_back(measure(field, method, tolerance));
    } catch (const SolveError&) {
      continue;  // a loose tolerance leads a satellite into the moon
    }
    judge(curve.back(), reference);
  }
  return curve;
}

template <template <class> class Field>
Measured measure_problem(int problem, const Field<double>& field, const Field<long double>& in_long_double) {
  const Measured reference = measure(in_long_double, Dop853{}, 1e-16);
  const auto both = [&]<class Plain>(int method, const Plain& plain, double tightest) {
    curves[{problem, method, 0}] = curve_of(field, plain, tightest, reference);
    curves[{problem, method, 1}] = curve_of(field, Reversible<Plain>{}, tightest, reference);
  };
  both(0, Bosh3{}, 1e-9);  // beyond that it takes a million steps
  both(1, Dopri5{}, 1e-12);
  both(2, Tsit5{}, 1e-12);
  both(3, Dop853{}, 1e-12);
  return reference;
}

// log10 of the evaluations for an error, by a line fitted to a curve in logarithms, over the errors that are compared
// and a little beyond.
struct Line {
  double slope = 0, offset = 0;
  explicit Line(const Curve& curve) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (const Measured& m : curve) {
      if (!(m.error > 3e-9 && m.error < 3e-4)) continue;
      const double e = std::log10(m.error), work = std::log10(static_cast<double>(m.evaluations));
      n += 1, x += e, y += work, xx += e * e, xy += e * work;
    }
    slope = (n * xy - x * y) / (n * xx - x * x);
    offset = (y - slope * x) / n;
  }
  double operator()(double log_error) const { return offset + slope * log_error; }
};

// Evaluations of the pair over those of the plain method at equal error: the geometric mean over 1e-4, …, 1e-8.
double price(int problem, int method) {
  const Line plain(curves[{problem, method, 0}]), pair(curves[{problem, method, 1}]);
  double sum = 0;
  for (int digits = 4; digits <= 8; ++digits) sum += pair(-digits) - plain(-digits);
  return std::pow(10.0, sum / 5);
}

void show_prices(support::Expectations& result) {
  std::printf("Evaluations of the pair over the plain method's, at equal error of the gradient (1e-4 to 1e-8):\n");
  std::printf("           %15s %15s %15s %15s   geometric mean\n", "Lotka-Volterra", "Brusselator", "Arenstorf",
              "Pleiades");
  for (int method = 0; method < 4; ++method) {
    std::printf("  %-8s", methods[static_cast<std::size_t>(method)]);
    double product = 1;
    for (int problem = 0; problem < 4; ++problem) {
      const double ratio = price(problem, method);
      product *= ratio;
      std::printf(" %15.2f", ratio);
    }
    const double mean = std::pow(product, 0.25);
    std::printf("   %.2f\n", mean);
    // At equal steps it would be 2 for Dop853, and 13/6 where the plain method has a stage from the step before.
    const char* name = methods[static_cast<std::size_t>(method)];
    result.expect(mean <= (method == 3 ? 2.2 : 2.8), std::string("the pair of ") + name + " costs too much");
  }
}

// One tolerance on Lotka–Volterra, the published pair beside the others.
void show_table(const Measured& reference, support::Expectations& result) {
  std::printf("\nLotka–Volterra at a tolerance of 1e-9:      error of the value   of the gradient   evaluations\n");
  const auto row = [&](const char* name, const auto& method, bool held_to_it) {
    Measured measured = measure(Planar<double>{PredatorsAndPrey<double>{}}, method, 1e-9);
    judge(measured, reference);
    std::printf("  %-36s %18.1e %17.1e %13lld\n", name, measured.value_error, measured.error,
                static_cast<long long>(measured.evaluations));
    if (!held_to_it) return;
    result.expect(measured.value_error <= 1e-8, std::string(name) + ": the value is more than 1e-8 off");
    result.expect(measured.error <= 1.5e-7, std::string(name) + ": the gradient is more than 1.5e-7 off");
  };
  row("Dopri5", Dopri5{}, true);
  row("Tsit5", Tsit5{}, true);
  row("Dop853", Dop853{}, true);
  row("Reversible<Dopri5>", Reversible<Dopri5>{}, true);
  row("Reversible<Tsit5>", Reversible<Tsit5>{}, true);
  row("Reversible<Dop853>", Reversible<Dop853>{}, true);
  // Its second solution is hardly damped, and drifts away from the first by a thousand tolerances.
  const char* const published = "Reversible<Dopri5, Floating>{.999}";
  try {
    row(published, Reversible<Dopri5, Floating>{.lambda = 0.999}, false);
  } catch (const SolveError& error) {
    std::printf("  %-36s refused at t = %.1f\n", published, error.t());
  }
}

// The median of error/tolerance, over the tolerances below 1e-5: of a plain method, and of its pair.
void show_errors_over_tolerance() {
  std::printf("\nError of the gradient over the tolerance, median, plain and pair:\n");
  for (int method = 0; method < 4; ++method) {
    std::printf("  %-8s", methods[static_cast<std::size_t>(method)]);
    for (int problem = 0; problem < 4; ++problem) {
      for (int pair = 0; pair < 2; ++pair) {
        std::vector<double> ratios;
        for (const Measured& m : curves[{problem, method, pair}])
          if (m.tolerance < 1e-5) ratios.push_back(m.error / m.tolerance);
        std::sort(ratios.begin(), ratios.end());
        std::printf(" %7.0f", ratios[ratios.size() / 2]);
      }
    }
    std::printf("\n");
  }
}

void write_curves() {
  support::Csv csv("work_precision.csv", {"problem", "method", "pair", "tolerance", "steps", "evaluations", "seconds",
                                          "error of the value", "error"});
  for (const auto& [key, curve] : curves)
    for (const Measured& m : curve)
      csv.row({static_cast<double>(key[0]), static_cast<double>(key[1]), static_cast<double>(key[2]), m.tolerance,
               static_cast<double>(m.steps), static_cast<double>(m.evaluations), m.seconds, m.value_error, m.error});
}

// Four panels; `column` of the CSV across, the error up.
void draw_picture(const std::string& picture, const std::string& xlabel, const std::string& column) {
  std::string commands = R"(
unset key
set multiplot layout 2,2 margins 0.075,0.98,0.085,0.90 spacing 0.07,0.12
set logscale xy; set format x '10^{%L}'; set format y '10^{%L}'; set yrange [1e-12:1]
set ylabel 'error of the gradient' offset 1
array colour[4] = [grey, blue, green, orange]
array shape[4] = [4, 6, 8, 12]
array name[4] = ['Bosh3', 'Dopri5', 'Tsit5', 'Dop853']
is(p, m, r) = column('problem') == p && column('method') == m && column('pair') == r
pick(p, m, r) = is(p, m, r) ? column(')" +
                         column + R"(') : NaN
)";
  for (int problem = 0; problem < 4; ++problem) {
    const std::string p = std::to_string(problem);
    commands += "set title '" + std::string(problems[static_cast<std::size_t>(problem)]) + "' offset 0,-0.5\n";
    commands += problem >= 2 ? "set xlabel '" + xlabel + "'\n" : "set xlabel ' '\n";
    if (problem == 0)
      commands += "set key at screen 0.5,0.995 center top vertical maxrows 2 width 2 samplen 3\n";
    else
      commands += "unset key\n";
    commands += "plot for [m=0:3] for [r=0:1] 'work_precision.csv' using (pick(" + p + ", m, r)):'error' " +
                "with linespoints lw 1.2+0.4*r dt 2-r lc rgb colour[m+1] pt shape[m+1]+r ps 0.6 " +
                "title (r ? 'its pair' : name[m+1])\n";
  }
  support::draw_by_commands(picture, 1000, 860, commands + "unset multiplot\n");
}

int main() try {
  support::Expectations result;
  using Real = long double;
  const Measured reference = measure_problem<Planar>(0, {PredatorsAndPrey<double>{}}, {PredatorsAndPrey<Real>{}});
  measure_problem<Planar>(1, {Brusselator<double>{}}, {Brusselator<Real>{}});
  measure_problem<Arenstorf>(2, {}, {});
  measure_problem<Pleiades>(3, {}, {});
  show_prices(result);
  show_errors_over_tolerance();
  show_table(reference, result);
  write_curves();
  draw_picture("work_precision.svg", "evaluations of f, forth", "evaluations");
  draw_picture("work_precision_time.svg", "seconds for the whole gradient", "seconds");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
