// DETEST is from Hull, Enright, Fellen & Sedgwick (1972), its F from Enright & Pryce (1987); HIRES and Robertson from Hairer &
// Wanner, Solving ODEs II; Pleiades, Arenstorf and the Brusselator from Hairer, Nørsett & Wanner, Solving ODEs I.
#include "trust/cases.hpp"

#include <antistrophe/test_problems/equations.hpp>

#include <cmath>
#include <utility>

namespace trust {
namespace {

namespace known = antistrophe::test_problems;

using std::abs, std::cos, std::exp, std::floor, std::pow, std::sin, std::sqrt, std::tanh;

std::vector<double> whole_numbers(int n) {
  std::vector<double> all;
  for (int i = 1; i < n; ++i) all.push_back(i);
  return all;
}

void add_detest(Cases& c) {
  const VectorXd one = vector({1});
  c.add("A1", 20, one, one, known::DetestA1{});
  c.add("A2", 20, one, one, known::DetestA2{});
  c.add("A3", 20, one, one, known::DetestA3{});
  c.add("A4", 20, one, vector({0.25, 20}), known::DetestA4{});
  c.add("A5", 20, vector({4}), one, known::DetestA5{});
  c.add("B1", 20, vector({1, 3}), vector({2, 1}), known::DetestB1{});
  c.add("B2", 20, vector({2, 0, 1}), one, known::DetestB2{});
  c.add("B3", 20, vector({1, 0, 0}), vector({1, 1}), known::DetestB3{});
  c.add("B4", 20, vector({3, 0, 0}), one, known::DetestB4{});
  c.add("B5", 20, vector({0, 1, 1}), vector({0.51}), known::DetestB5{});
  VectorXd ten = VectorXd::Zero(10), fifty = VectorXd::Zero(51);
  ten[0] = fifty[0] = 1;
  c.add("C1", 20, ten, one, known::DetestC1{});
  c.add("C2", 20, ten, one, known::DetestC2{});
  const auto chain = known::DetestC3{};
  c.add("C3", 20, ten, one, chain);
  c.add("C4", 20, fifty, one, chain);
  const auto kepler = known::DetestD{};
  for (int i = 0; i < 5; ++i) {
    const double e = 0.1 + 0.2 * i;
    c.add("D" + std::to_string(i + 1), 20, vector({1 - e, 0, 0, sqrt((1 + e) / (1 - e))}), one, kepler);
  }
  c.add("E1", 20, vector({0.6713967071418030, 0.09540051444747446}), vector({0.25}), known::DetestE1{});
  c.add("E3", 20, vector({0, 0}), vector({2.78535, 2}), known::DetestE3{});
  c.add("E4", 20, vector({30, 0}), vector({0.032, 0.4}), known::DetestE4{});
  c.add("E5", 20, vector({0, 0}), one, known::DetestE5{});
  c.add("F1", 20, vector({0, 0}), vector({0.1}), known::DetestF1{}, whole_numbers(20));
  c.add("F2", 20, vector({110}), vector({1.5, 0.5}), known::DetestF2{}, whole_numbers(20));
  c.add("F3", 20, vector({0, 0}), vector({0.01}), known::DetestF3{}, whole_numbers(20));
  c.add("F4", 20, vector({1}), vector({2}), known::DetestF4{}, {10});
}

void add_stiff(Cases& c) {
  for (const double k : {1.0, 10.0, 100.0, 1000.0, 10000.0})
    c.add("forced decay " + std::to_string(int(k)), k > 1000 ? 2 : 10, vector({0}), vector({k, 1}),
          [](double t, const auto& y, const auto& p, auto& dy) { dy[0] = -p[0] * (y[0] - p[1] * cos(t)); });
  for (const double mu : {1.0, 5.0, 40.0, 100.0, 1000.0})
    c.add("van der Pol " + std::to_string(int(mu)), mu > 100 ? 200 : 30, vector({2, 0}), vector({mu}),
          known::VanDerPol{});
  c.add("relaxation", 50, vector({0, 0}), vector({1, 1}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] - y[0];
    dy[1] = p[1] * (y[0] - y[1]) / 10.0;
  });
  c.add("relaxation, slow", 300, vector({0, 0}), vector({1, 1}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] - y[0];
    dy[1] = p[1] * (y[0] - y[1]) / 100.0;
  });
  for (const double k : {10.0, 100.0, 1000.0})
    c.add("decay chain " + std::to_string(int(k)), 10, vector({1, 0, 0}), vector({k, 1, 0.1}),
          [](double, const auto& y, const auto& p, auto& dy) {
            dy[0] = -p[0] * y[0];
            dy[1] = p[0] * y[0] - p[1] * y[1];
            dy[2] = p[1] * y[1] - p[2] * y[2];
          });
  const auto hires = known::HIRES{};
  c.add("HIRES", 100, vector({1, 0, 0, 0, 0, 0, 0, 0.0057}), vector({1.71, 280}), hires);
  const auto robertson = [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * y[0] + 1e4 * p[1] * y[1] * y[2];
    dy[1] = p[0] * y[0] - 1e4 * p[1] * y[1] * y[2] - 3e7 * p[2] * y[1] * y[1];
    dy[2] = 3e7 * p[2] * y[1] * y[1];
  };
  c.add("Robertson", 40, vector({1, 0, 0}), vector({0.04, 1, 1}), robertson);
}

void add_rest(Cases& c) {
  const auto lotka_volterra = known::LotkaVolterra{};
  const VectorXd rates = vector({1.5, 1, 3, 1});
  c.add("Lotka-Volterra", 10, vector({1, 1}), rates, lotka_volterra);
  c.add("Lotka-Volterra, long", 60, vector({1, 1}), rates, lotka_volterra);
  for (const double off : {1e-1, 1e-3, 1e-6, 0.0}) {
    std::string name = off == 0 ? "at rest" : "near rest 1e" + std::to_string(int(std::round(std::log10(off))));
    c.add("Lotka-Volterra " + name, 10, vector({3 + off, 1.5}), rates, lotka_volterra);
  }
  c.add("logistic from 0", 5, vector({0}), vector({1.5}),
        [](double, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * y[0] * (1.0 - y[0]); });
  for (const double off : {1e-7, 1e-4})
    c.add("pendulum upright 1e" + std::to_string(int(std::round(std::log10(off)))), 6, vector({off, 0}),
          vector({2, 0.1}), [](double, const auto& y, const auto& p, auto& dy) {
            dy[0] = y[1];
            dy[1] = p[0] * sin(y[0]) - p[1] * y[1];
          });
  c.add("saddle with a fast mode", 6, vector({1, 1}), vector({1, 30}),
        [](double, const auto& y, const auto& p, auto& dy) {
          dy[0] = p[0] * (y[0] - 1.0);
          dy[1] = -p[1] * (y[1] - y[0] * y[0]);
        });
  c.add("spiral into rest", 40, vector({1, 0}), vector({0.5, 4}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * (y[0] - 1.0) + p[1] * y[1];
    dy[1] = -p[1] * (y[0] - 1.0) - p[0] * y[1];
  });
  c.add("two time scales", 20, vector({1, 0, 1}), vector({5, 0.1}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * y[1];
    dy[1] = -p[0] * y[0];
    dy[2] = -p[1] * y[2] + 0.1 * y[0] * y[0];
  });
  // What the state does not show: an oscillator at rest beside a state that decays or creeps, and a control from 0.
  for (const double rate : {1.0, 0.01})
    c.add(rate == 1 ? "oscillator beside a decay" : "oscillator beside a creep", 50, vector({0, 0, 1}),
          vector({1, rate}), [](double, const auto& y, const auto& p, auto& dy) {
            dy[0] = y[1];
            dy[1] = -p[0] * y[0];
            dy[2] = -p[1] * y[2];
          });
  for (const double rate : {1.0, 0.01})
    c.add(rate == 1 ? "control from 0" : "control from 0, slow", 10, vector({0}), vector({0, 0}),
          [rate](double t, const auto& y, const auto& p, auto& dy) {
            dy[0] = -rate * y[0] + p[0] * sin(5 * t) + p[1] * exp(-t);
          });
}

void add_others(Cases& c) {
  c.add("Brusselator", 20, vector({1.5, 3}), vector({1, 3}), known::Brusselator{});
  const Eigen::Index cells = 32;
  VectorXd brusselator(2 * cells);
  for (Eigen::Index i = 0; i < cells; ++i) {
    brusselator[i] = 1 + sin(2 * 3.141592653589793 * double(i + 1) / double(cells + 1));
    brusselator[cells + i] = 3;
  }
  c.add("Brusselator 32", 4, brusselator, vector({1, 3, 0.02}), known::BrusselatorInSpace{});
  c.add("Arenstorf, half", 8, vector({0.994, 0, 0, -2.00158510637908252240537862224}), vector({0.012277471}),
        known::Arenstorf{});
  VectorXd pleiades(28);
  pleiades << 3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0;
  c.add("Pleiades", 3, pleiades, vector({1}), known::Pleiades{});
  c.add("kink |y|", 10, vector({1, 0}), vector({1, 0.3}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = -p[0] * y[0] - p[1] * y[1] * abs(y[1]);
  });
  c.add("kink max", 10, vector({0.5}), vector({1}),
        [](double t, const auto& y, const auto& p, auto& dy) {
          const double drive = sin(2 * t) > 0 ? sin(2 * t) : 0;
          dy[0] = drive - p[0] * y[0];
        },
        {1.5707963267948966, 3.141592653589793, 4.71238898038469, 6.283185307179586, 7.853981633974483,
         9.42477796076938});
  for (const double width : {1e-1, 1e-3}) {
    std::vector<double> near;
    for (int i = -40; i <= 40; ++i) near.push_back(3 + width * i / 4);
    c.add(
        "switch 1e" + std::to_string(int(std::round(std::log10(width)))), 6, vector({1}), vector({1, width}),
        [](double t, const auto& y, const auto& p, auto& dy) { dy[0] = -y[0] + p[0] * tanh((t - 3) / p[1]); }, near);
  }
  c.add("undeclared jump", 6, vector({1}), vector({1}),
        [](double t, const auto& y, const auto& p, auto& dy) { dy[0] = (t < 2.7 ? 1.0 : -1.0) * p[0] - 0.5 * y[0]; },
        {2.7});
  VectorXd weights(3 * 12 + 12 * 2);
  for (Eigen::Index i = 0; i < weights.size(); ++i) weights[i] = sin(1.7 * double(i) + 0.3);
  for (const double span : {2.0, 20.0})
    c.add("neural ODE " + std::to_string(int(span)), span, vector({1, -0.5}), weights,
          [](double, const auto& y, const auto& p, auto& dy) {
            dy[0] = -0.1 * y[0];
            dy[1] = -0.1 * y[1];
            for (Eigen::Index i = 0; i < 12; ++i) {
              const auto x = tanh(p[3 * i] * y[0] + p[3 * i + 1] * y[1] + p[3 * i + 2]);
              dy[0] += 0.5 * p[36 + 2 * i] * x;
              dy[1] += 0.5 * p[37 + 2 * i] * x;
            }
          });
  c.add("SIR", 60, vector({0.99, 0.01, 0}), vector({0.5, 0.1}), [](double, const auto& y, const auto& p, auto& dy) {
    const auto infected = p[0] * y[0] * y[1];
    dy[0] = -infected;
    dy[1] = infected - p[1] * y[1];
    dy[2] = p[1] * y[1];
  });
  c.add("Lorenz", 5, vector({1, 1, 1}), vector({10, 28, 8.0 / 3}), known::Lorenz{});
}

}  // namespace

std::vector<Case> all_cases() {
  Cases cases;
  add_detest(cases);
  add_stiff(cases);
  add_rest(cases);
  add_others(cases);
  return cases.cases;
}

}  // namespace trust
