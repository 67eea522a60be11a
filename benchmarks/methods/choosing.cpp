// Which method for which problem: what the error of a gradient costs, by the methods of this library side by side, on six
// problems: Lotka–Volterra, Van der Pol at μ = 1 and 5, Kepler's ellipse (e = 0.6), a neural ODE 2–64–64–2 and the Brusselator
// with diffusion on 32 points. Steps are equal; their number doubles from point to point. The cost is that of value and
// gradient together, forth and back, in evaluations of f, a vjp counted as two. The loss is the sum of the last state, the
// gradient that with respect to y0 and θ, its error the worst entry's over the largest entry, against Dop853 at 1e-13.
// And how the energy of Kepler's ellipse fares over 1000 periods, at equal cost.
#include "one_type.hpp"
#include "predators_and_prey.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/mlp.hpp>
#include <antistrophe/field/split_field.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <numbers>
#include <string>
#include <variant>
#include <vector>

using namespace antistrophe;

struct LotkaVolterra : PredatorsAndPrey<double> {
  static constexpr bool autonomous = true;
};

// y1' = y2,   y2' = μ (1 − y1²) y2 − y1,   θ = (μ).
struct VanDerPol {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{1.0};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = theta[0] * (1 - y[0] * y[0]) * y[1] - y[0];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] += (-2 * theta[0] * y[0] * y[1] - 1) * w[1];
    y_bar[1] += w[0] + theta[0] * (1 - y[0] * y[0]) * w[1];
    theta_bar[0] += (1 - y[0] * y[0]) * y[1] * w[1];
  }
};

// Either of the two: one type, so that every method is compiled once for both.
struct Planar {
  static constexpr bool autonomous = true;
  std::variant<LotkaVolterra, VanDerPol> equations;
  Eigen::VectorXd parameters() const {
    return std::visit([](const auto& f) -> Eigen::VectorXd { return f.parameters(); }, equations);
  }
  void operator()(double t, const auto& y, auto& dy) const {
    std::visit([&](const auto& f) { f(t, y, dy); }, equations);
  }
  void vjp(double t, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    std::visit([&](const auto& f) { f.vjp(t, y, w, y_bar, theta_bar); }, equations);
  }
};

// q' = p,   p' = −m q/|q|³,   θ = (m).
struct KeplerHalves {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{1.0};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void velocity(double, const auto& p, auto& dq) const { dq = p; }
  void velocity_vjp(double, const auto&, const auto& dq_bar, auto& p_bar, auto&) const { p_bar += dq_bar; }
  void force(double, const auto& q, auto& dp) const { dp = -theta[0] / cube(q) * q; }
  void force_vjp(double, const auto& q, const auto& dp_bar, auto& q_bar, auto& theta_bar) const {
    const double r3 = cube(q), along = q.dot(dp_bar);
    q_bar += theta[0] / r3 * (3 * along / q.squaredNorm() * q - dp_bar);
    theta_bar[0] -= along / r3;
  }
  double energy(const auto& y) const {
    return y.template tail<2>().squaredNorm() / 2 - theta[0] / y.template head<2>().norm();
  }

 private:
  static double cube(const auto& q) {
    const double r2 = q.squaredNorm();
    return r2 * std::sqrt(r2);
  }
};
using Kepler = SplitField<KeplerHalves>;

// u' = A + u² v − (B + 1) u + α u'',   v' = B u − u² v + α v'' on 32 inner points of (0, 1), u = 1 and v = 3 at its ends
// (Hairer, Nørsett & Wanner II, IV.1); y = (u, v), θ = (A, B, α).
struct DiffusingBrusselator {
  static constexpr bool autonomous = true;
  static constexpr Eigen::Index n = 32;
  Eigen::Vector3d theta{1, 3, 0.02};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  static constexpr double edge_u = 1, edge_v = 3, inverse_spacing2 = (n + 1.0) * (n + 1.0);

  void operator()(double, const auto& y, auto& dy) const {
    const auto u = y.template head<n>().array(), v = y.template tail<n>().array();
    auto du = dy.template head<n>(), dv = dy.template tail<n>();
    du.array() = theta[0] + u * u * v - (theta[1] + 1) * u;
    dv.array() = theta[1] * u - u * u * v;
    add_laplacian(y.template head<n>(), edge_u, theta[2], du);
    add_laplacian(y.template tail<n>(), edge_v, theta[2], dv);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    const auto u = y.template head<n>().array(), v = y.template tail<n>().array();
    const auto wu = w.template head<n>().array(), wv = w.template tail<n>().array();
    auto u_bar = y_bar.template head<n>(), v_bar = y_bar.template tail<n>();
    u_bar.array() += 2 * u * v * (wu - wv) - (theta[1] + 1) * wu + theta[1] * wv;
    v_bar.array() += u * u * (wu - wv);
    add_laplacian(w.template head<n>(), 0, theta[2], u_bar);  // which is symmetric
    add_laplacian(w.template tail<n>(), 0, theta[2], v_bar);
    theta_bar[0] += wu.sum();
    theta_bar[1] += (u * (wv - wu)).sum();
    Eigen::Vector<double, n> laplacian = Eigen::Vector<double, n>::Zero();
    add_laplacian(y.template head<n>(), edge_u, 1, laplacian);
    theta_bar[2] += laplacian.dot(w.template head<n>());
    laplacian.setZero();
    add_laplacian(y.template tail<n>(), edge_v, 1, laplacian);
    theta_bar[2] += laplacian.dot(w.template tail<n>());
  }

 private:
  static void add_laplacian(const auto& x, double edge, double factor, auto&& to) {
    const double c = factor * inverse_spacing2;
    to -= 2 * c * x;
    to.template head<n - 1>() += c * x.template tail<n - 1>();
    to.template tail<n - 1>() += c * x.template head<n - 1>();
    to[0] += c * edge;
    to[n - 1] += c * edge;
  }
};

// Two inputs, two hidden layers of 64, by the rule w_i = sin(1.3 i + 0.7)/√(fan in).
using Network = Mlp<double, Layers<2, 64, 64, 2>>;
Network network() {
  Network mlp;
  mlp.initialise([](const MlpParameter& p) {
    return std::sin(1.3 * static_cast<double>(p.index) + 0.7) /
           std::sqrt(p.is_bias ? 1.0 : static_cast<double>(p.fan_in));
  });
  return mlp;
}

// --- What is measured ----------------------------------------------------------------------------------------------------

struct Measured {
  double cost = 0, seconds = 0, error = 0;
  std::int64_t steps = 0;
  std::size_t bytes = 0;
};
using Curve = std::vector<Measured>;

struct Line {
  int problem, method;
  Curve curve;
};
std::vector<Line> lines;

enum MethodNumber {
  direct_rk4,
  pair_rk4,
  published,
  two_point,
  adams4,
  adams6,
  adams8,
  pece4,
  heun,
  leapfrog,
  dop853,
  verlet,
  suzuki4,
  direct_tsit5,
  direct_dop853
};
constexpr std::array<const char*, 15> method_names{"RK4, states stored",
                                                   "Reversible<RK4>",
                                                   "Floating pair, 0.999",
                                                   "TwoPoint<RK4>",
                                                   "ReversibleAdams<4>",
                                                   "ReversibleAdams<6>",
                                                   "ReversibleAdams<8>",
                                                   "ReversibleAdamsPece<4>",
                                                   "ReversibleHeun",
                                                   "AsynchronousLeapfrog",
                                                   "Reversible<Dop853>",
                                                   "Verlet",
                                                   "Suzuki4",
                                                   "Tsit5, states stored",
                                                   "Dop853, states stored"};
constexpr std::array<const char*, 6> problem_names{"Lotka–Volterra",  "Van der Pol, μ = 1",   "Van der Pol, μ = 5",
                                                   "Kepler, e = 0.6", "neural ODE 2–64–64–2", "Brusselator, 32 points"};

template <class Y>
Eigen::VectorXd joined(const auto& gradient) {
  Eigen::VectorXd all(gradient.y0.size() + gradient.theta.size());
  all << gradient.y0, gradient.theta;
  return all;
}

template <class F, class Y>
class Problems {
 public:
  Problems(int number, const Problem<F, Y>& problem, int fewest, int most)
      : number_(number), problem_(problem), fewest_(fewest), most_(most) {
    auto pass =
        solve_with_pullback(problem, Dop853{}, Adaptive{.rtol = 1e-13, .atol = 1e-13, .gradient_rtol = HUGE_VAL});
    reference_ = joined<Y>(pass.pullback({Y::Ones(problem.y0.rows(), problem.y0.cols())}));
  }
  // The same problem, of another type.
  template <class OtherF, class OtherY>
  Problems(const Problems<OtherF, OtherY>& other, const Problem<F, Y>& problem)
      : number_(other.number_),
        problem_(problem),
        fewest_(other.fewest_),
        most_(other.most_),
        reference_(other.reference_) {}

  // As many steps as 2^fewest, 2^{fewest + 1}, …, 2^most evaluations pay for.
  template <class M>
  void run(MethodNumber number, const M& method) const {
    Line line{number_, number, {}};
    const double price = price_of_step(method);
    for (int power = fewest_; power <= most_; ++power) {
      const auto n = static_cast<std::int64_t>(std::exp2(power) / price);
      if (n < 16) continue;
      try {
        line.curve.push_back(measure(method, n));
      } catch (const SolveError&) {
        continue;  // too long a step: it went to infinity
      }
    }
    lines.push_back(line);
  }

 private:
  template <class, class>
  friend class Problems;

  static double cost_of(const Stats& forth, const BackwardStats& back) {
    return static_cast<double>(forth.evaluations + back.evaluations + 2 * back.vjps);
  }

  template <class M>
  Measured measure(const M& method, std::int64_t n) const {
    Measured result;
    result.steps = n;
    result.seconds = HUGE_VAL;
    for (double spent = 0; spent < 2e-3;) {  // the fastest of a few
      const support::Stopwatch stopwatch;
      auto pass = solve_with_pullback(problem_, method, FixedSteps{n});
      const auto gradient = pass.pullback({Y::Ones(problem_.y0.rows(), problem_.y0.cols())});
      const double seconds = stopwatch.seconds();
      spent += seconds + 1e-4;
      result.seconds = std::fmin(result.seconds, seconds);
      result.cost = cost_of(pass.stats(), gradient.stats);
      result.bytes = pass.stats().bytes_kept;
      const double error = (joined<Y>(gradient) - reference_).cwiseAbs().maxCoeff() / reference_.cwiseAbs().maxCoeff();
      result.error = std::fmin(error, 1e3);
    }
    return result;
  }

  template <class M>
  double price_of_step(const M& method) const {
    const Problem<F, Y> start{problem_.field, problem_.y0, problem_.t0,
                              problem_.t0 + 1e-3 * (problem_.t1 - problem_.t0)};
    const auto cost = [&](std::int64_t n) {
      auto pass = solve_with_pullback(start, method, FixedSteps{n});
      return cost_of(pass.stats(), pass.pullback({Y::Ones(problem_.y0.rows(), problem_.y0.cols())}).stats);
    };
    return (cost(64) - cost(32)) / 32;
  }

  int number_;
  Problem<F, Y> problem_;
  int fewest_, most_;
  Eigen::VectorXd reference_;
};

// Those that go with every problem; returns it for those that go with this one besides.
template <class F, class Y>
Problems<F, Y> run_all(int number, const Problem<F, Y>& own, int fewest, int most) {
  const Problems problem(number, support::one_type(own), fewest, most);
  const Problems itself(problem, own);
  problem.run(direct_rk4, RK4{});
  problem.run(pair_rk4, Reversible<RK4>{});
  problem.run(published, Reversible<RK4, Floating>{.lambda = 0.999});
  problem.run(two_point, TwoPoint<RK4>{});
  problem.run(adams4, ReversibleAdams<4>{});
  problem.run(adams6, ReversibleAdams<6>{});
  problem.run(adams8, ReversibleAdams<8>{});
  problem.run(pece4, ReversibleAdamsPece<4>{});
  problem.run(heun, ReversibleHeun<>{});
  itself.run(leapfrog,
             AsynchronousLeapfrog<>{});  // it magnifies round-off, which vectors of another type have in other places
  problem.run(dop853, Reversible<Dop853>{});
  problem.run(direct_tsit5, Tsit5{});
  problem.run(direct_dop853, Dop853{});
  return itself;
}

const Curve& curve_of(int problem, int method) {
  for (const Line& line : lines)
    if (line.problem == problem && line.method == method) return line.curve;
  throw std::runtime_error("no such curve");
}

// The cost at which a method's error falls to `error`, between the points measured; infinite where none reaches it. A method
// that is held by stability has no larger error: then it is that of its first point.
double cost_for(int problem, int method, double error) {
  const Curve& curve = curve_of(problem, method);
  if (!curve.empty() && curve.front().error <= error) return curve.front().cost;  // the longest steps that hold
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const Measured &a = curve[i - 1], &b = curve[i];
    if (!(a.error > error && b.error <= error)) continue;
    const double share = std::log(a.error / error) / std::log(a.error / b.error);
    return std::exp(std::log(a.cost) + share * std::log(b.cost / a.cost));
  }
  return HUGE_VAL;
}

void show_costs() {
  for (const double error : {1e-4, 1e-6, 1e-8}) {
    std::printf("\nCost in evaluations of a gradient to %.0e\n  %-32s", error, "");
    for (const char* name : {"Lotka-Volterra", "Van der Pol 1", "Van der Pol 5", "Kepler", "neural ODE", "Brusselator"})
      std::printf(" %-14s", name);
    std::printf("\n");
    for (int method = 0; method < static_cast<int>(method_names.size()); ++method) {
      std::printf("  %-32s", method_names[static_cast<std::size_t>(method)]);
      for (int problem = 0; problem < static_cast<int>(problem_names.size()); ++problem) {
        const bool there = std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
          return line.problem == problem && line.method == method;
        });
        const double cost = there ? cost_for(problem, method, error) : HUGE_VAL;
        if (std::isfinite(cost))
          std::printf(" %-14.0f", cost);
        else
          std::printf(" %-14s", "-");
      }
      std::printf("\n");
    }
  }
}

void expect_what_is_promised(support::Expectations& result) {
  for (const double error : {1e-5, 1e-6, 1e-7, 1e-8}) {
    const double pair = cost_for(0, pair_rk4, error), direct = cost_for(0, direct_rk4, error);
    for (const MethodNumber adams : {adams4, adams6, adams8}) {
      const double cost = cost_for(0, adams, error);
      std::printf("  Lotka–Volterra, error %.0e: %s costs %.3f of Reversible<RK4>, %.3f of RK4 with states stored\n",
                  error, method_names[static_cast<std::size_t>(adams)], cost / pair, cost / direct);
      if (adams != adams6) continue;
      result.expect(cost <= pair / 5, "ReversibleAdams<6> costs more than a fifth of Reversible<RK4>");
      result.expect(cost < direct, "ReversibleAdams<6> costs more than the direct adjoint of RK4");
    }
  }
}

// --- Kepler's energy -----------------------------------------------------------------------------------------------------

constexpr std::int64_t periods = 1000, evaluations_per_period = 600;

// The largest |E − E0|/|E0| of each period, by steps that cost as many evaluations for every method.
template <class F, class Y, class M>
double energy_drift(int number, const Problem<F, Y>& problem, const M& method, int evaluations_per_step,
                    support::Csv& csv) {
  const Kepler kepler;
  const double energy = kepler.energy(Eigen::Vector4d(problem.y0));
  const std::int64_t each = evaluations_per_period / evaluations_per_step;
  double worst = 0, of_period = 0;
  std::int64_t step = 0;
  (void)solve(problem, method, FixedSteps{each * periods}, SaveAt{.steps = true}, Observer{[&](double, const Y& y) {
                of_period = std::fmax(of_period, std::fabs((kepler.energy(Eigen::Vector4d(y)) - energy) / energy));
                if (++step % each != 0) return;
                const std::int64_t period = step / each;
                worst = std::fmax(worst, of_period);
                if (period % 20 == 0 || period < 20)
                  csv.row({static_cast<double>(number), static_cast<double>(period), of_period});
                of_period = 0;
              }},
              OnFailure::return_status);
  std::printf("  %-32s %.1e\n", method_names[static_cast<std::size_t>(number)], worst);
  return step == each * periods ? worst : HUGE_VAL;
}

void show_energies(support::Expectations& result) {
  support::Csv csv("kepler_drift.csv", {"method", "period", "drift"});
  std::printf("\nKepler, e = 0.6: largest relative error of the energy in %lld periods of %lld evaluations\n",
              static_cast<long long>(periods), static_cast<long long>(evaluations_per_period));
  // From perihelion; a = 1, so that a period is 2π.
  const Problem ellipse{Kepler{}, Eigen::Vector4d{0.4, 0, 0, 2}, 0.0,
                        2 * std::numbers::pi * static_cast<double>(periods)};
  const auto whole = support::one_type(ellipse);
  energy_drift(direct_rk4, whole, RK4{}, 4, csv);
  energy_drift(pair_rk4, whole, Reversible<RK4>{}, 8, csv);
  energy_drift(adams6, whole, ReversibleAdams<6>{}, 1, csv);
  energy_drift(dop853, whole, Reversible<Dop853>{}, 24, csv);
  const double verlet_drift = energy_drift(verlet, ellipse, Verlet<>{}, 1, csv);
  energy_drift(suzuki4, ellipse, Suzuki4<>{}, 5, csv);
  result.expect(verlet_drift < 1e-3, "Verlet's energy is not bounded");
}

// --- Pictures --------------------------------------------------------------------------------------------------------------

void write_curves() {
  support::Csv csv("choosing.csv", {"problem", "method", "steps", "cost", "seconds", "bytes", "error"});
  for (const Line& line : lines)
    for (const Measured& m : line.curve)
      csv.row({static_cast<double>(line.problem), static_cast<double>(line.method), static_cast<double>(m.steps),
               m.cost, m.seconds, static_cast<double>(m.bytes), m.error});
}

std::string names_for_gnuplot() {
  std::string names;
  for (const char* name : method_names) names += std::string(names.empty() ? "'" : ", '") + name + "'";
  return names;
}

const std::string look =
    "array colour[15] = [0x888888, 0x0072b2, 0x56b4e9, 0x009e73, 0xe69f00, 0xd55e00, 0xa02000, 0xcc79a7, 0x777722, "
    "0xbbbb44, 0x000000, 0x6a3d9a, 0xb294d0, 0x888888, 0x000000]\n"
    "array shape[15] = [4, 6, 2, 8, 5, 7, 9, 11, 1, 3, 12, 13, 15, 10, 14]\n"
    "array name[15] = [" +
    names_for_gnuplot() + "]\n";

void draw_picture(const std::string& picture, const std::string& xlabel, const std::string& column) {
  std::string commands = look + R"(
set multiplot layout 2,3 margins 0.07,0.985,0.08,0.84 spacing 0.05,0.11
set logscale xy; set format x '10^{%L}'; set format y '10^{%L}'; set yrange [1e-12:1]
pick(p, m) = column('problem') == p && column('method') == m ? column(')" +
                         column + R"(') : NaN
)";
  for (int problem = 0; problem < 6; ++problem) {
    const std::string p = std::to_string(problem);
    commands += "set title '" + std::string(problem_names[static_cast<std::size_t>(problem)]) + "' offset 0,-0.5\n";
    commands += problem >= 3 ? "set xlabel '" + xlabel + "'\n" : "set xlabel ' '\n";
    commands += problem % 3 == 0 ? "set ylabel 'error of the gradient' offset 1\n" : "unset ylabel\n";
    commands += problem == 3 ? "set key at screen 0.5,0.995 center top vertical maxrows 5 width 2 samplen 2.5\n"
                             : "unset key\n";
    commands +=
        "plot for [w in '0 13 14 1 2 3 4 5 6 7 8 9 10" + std::string(problem == 3 ? " 11 12" : "") +
        "'] 'choosing.csv' using (pick(" + p +
        ", int(w))):'error' with linespoints lw (w == 2 || w >= 8 ? 1 : 1.6) dt 1+(w == 0 || w == 2 || w >= 13) "
        "lc rgb colour[int(w)+1] pt shape[int(w)+1] ps 0.45 title name[int(w)+1]\n";
  }
  support::draw_by_commands(picture, 1150, 800, commands + "unset multiplot\n");
}

void draw_energies() {
  support::draw_by_commands("kepler_drift.svg", 760, 420, look + R"(
set logscale xy; set format y '10^{%L}'; set xrange [1:1000]
set xlabel 'periods'; set ylabel 'relative error of the energy' offset 1
set key outside right
plot for [m in '0 1 5 10 11 12'] 'kepler_drift.csv' using (column('method') == int(m) ? column('period') : NaN):'drift' \
  with lines lw 1.6 lc rgb colour[int(m)+1] title name[int(m)+1]
)");
}

int main() try {
  support::Expectations result;
  run_all(0, Problem{Planar{LotkaVolterra{}}, Eigen::Vector2d{1, 1}, 0.0, 10.0}, 9, 18);
  run_all(1, Problem{Planar{VanDerPol{}}, Eigen::Vector2d{2, 0}, 0.0, 10.0}, 9, 18);
  run_all(2, Problem{Planar{VanDerPol{Eigen::Vector<double, 1>{5.0}}}, Eigen::Vector2d{2, 0}, 0.0, 20.0}, 10, 19);
  const auto kepler = run_all(3, Problem{Kepler{}, Eigen::Vector4d{0.4, 0, 0, 2}, 0.0, 4 * std::numbers::pi}, 10, 18);
  kepler.run(verlet, Verlet<>{});
  kepler.run(suzuki4, Suzuki4<>{});
  run_all(4, Problem{network(), Eigen::Vector2d{1, 0.5}, 0.0, 10.0}, 8, 15);
  Eigen::Vector<double, 64> u0;
  for (int i = 0; i < 32; ++i) u0[i] = 1 + std::sin(2 * std::numbers::pi * (i + 1) / 33.0), u0[32 + i] = 3;
  run_all(5, Problem{DiffusingBrusselator{}, u0, 0.0, 10.0}, 11, 18);
  show_costs();
  std::printf("\n");
  expect_what_is_promised(result);
  show_energies(result);
  write_curves();
  draw_picture("choosing.svg", "evaluations of f, a vjp as two", "cost");
  draw_picture("choosing_time.svg", "seconds for the whole gradient", "seconds");
  draw_energies();
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
