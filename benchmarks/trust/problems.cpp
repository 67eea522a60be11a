// DETEST is from Hull, Enright, Fellen & Sedgwick (1972), its F from Enright & Pryce (1987); HIRES and Robertson from Hairer &
// Wanner, Solving ODEs II; Pleiades, Arenstorf and the Brusselator from Hairer, Nørsett & Wanner, Solving ODEs I.
#include "trust/problems.hpp"

#include <antistrophe/field/automatic_vjp.hpp>

#include <cmath>
#include <utility>

namespace trust {
namespace {

using std::abs, std::cos, std::exp, std::floor, std::pow, std::sin, std::sqrt, std::tanh;

VectorXd vector(std::initializer_list<double> entries) {
  VectorXd v(static_cast<Eigen::Index>(entries.size()));
  std::copy(entries.begin(), entries.end(), v.data());
  return v;
}

template <class Function>
Field field(Function function, VectorXd theta) {
  const auto automatic = antistrophe::automatic_vjp(std::move(function), theta);
  auto equations = std::make_shared<Equations>();
  equations->theta = std::move(theta);
  equations->f = [automatic](double t, const VectorXd& y, VectorXd& dy) { automatic(t, y, dy); };
  equations->vjp = [automatic](double t, const VectorXd& y, const VectorXd& w, VectorXd& y_bar, VectorXd& theta_bar) {
    automatic.vjp(t, y, w, y_bar, theta_bar);
  };
  return {equations};
}

class Cases {
 public:
  template <class Function>
  void add(std::string name, double t1, VectorXd y0, VectorXd theta, Function function,
           std::vector<double> kinks = {}) {
    const Field f = field(std::move(function), std::move(theta));
    for (const bool saves : {false, true}) cases.push_back({name, f, y0, 0, t1, kinks, saves});
  }
  std::vector<Case> cases;
};

std::vector<double> whole_numbers(int n) {
  std::vector<double> all;
  for (int i = 1; i < n; ++i) all.push_back(i);
  return all;
}

void add_detest(Cases& c) {
  const VectorXd one = vector({1});
  c.add("A1", 20, one, one, [](double, const auto& y, const auto& p, auto& dy) { dy[0] = -p[0] * y[0]; });
  c.add("A2", 20, one, one,
        [](double, const auto& y, const auto& p, auto& dy) { dy[0] = -0.5 * p[0] * y[0] * y[0] * y[0]; });
  c.add("A3", 20, one, one, [](double t, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * y[0] * cos(t); });
  c.add("A4", 20, one, vector({0.25, 20}),
        [](double, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * y[0] * (1.0 - y[0] / p[1]); });
  c.add("A5", 20, vector({4}), one,
        [](double t, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * (y[0] - t) / (y[0] + t); });
  c.add("B1", 20, vector({1, 3}), vector({2, 1}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * (y[0] - y[0] * y[1]);
    dy[1] = -p[1] * (y[1] - y[0] * y[1]);
  });
  c.add("B2", 20, vector({2, 0, 1}), one, [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -y[0] + y[1];
    dy[1] = y[0] - 2.0 * p[0] * y[1] + y[2];
    dy[2] = y[1] - y[2];
  });
  c.add("B3", 20, vector({1, 0, 0}), vector({1, 1}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * y[0];
    dy[1] = p[0] * y[0] - p[1] * y[1] * y[1];
    dy[2] = p[1] * y[1] * y[1];
  });
  c.add("B4", 20, vector({3, 0, 0}), one, [](double, const auto& y, const auto& p, auto& dy) {
    const auto r = sqrt(y[0] * y[0] + y[1] * y[1]);
    dy[0] = -y[1] - p[0] * y[0] * y[2] / r;
    dy[1] = y[0] - p[0] * y[1] * y[2] / r;
    dy[2] = y[0] / r;
  });
  c.add("B5", 20, vector({0, 1, 1}), vector({0.51}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1] * y[2];
    dy[1] = -y[0] * y[2];
    dy[2] = -p[0] * y[0] * y[1];
  });
  VectorXd ten = VectorXd::Zero(10), fifty = VectorXd::Zero(51);
  ten[0] = fifty[0] = 1;
  c.add("C1", 20, ten, one, [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * y[0];
    for (Eigen::Index i = 1; i < 9; ++i) dy[i] = p[0] * (y[i - 1] - y[i]);
    dy[9] = p[0] * y[8];
  });
  c.add("C2", 20, ten, one, [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * y[0];
    for (Eigen::Index i = 1; i < 9; ++i) dy[i] = p[0] * (double(i) * y[i - 1] - double(i + 1) * y[i]);
    dy[9] = 9.0 * p[0] * y[8];
  });
  const auto chain = [](double, const auto& y, const auto& p, auto& dy) {
    const Eigen::Index n = y.size();
    for (Eigen::Index i = 0; i < n; ++i) {
      dy[i] = -2.0 * p[0] * y[i];
      if (i > 0) dy[i] += p[0] * y[i - 1];
      if (i + 1 < n) dy[i] += p[0] * y[i + 1];
    }
  };
  c.add("C3", 20, ten, one, chain);
  c.add("C4", 20, fifty, one, chain);
  const auto kepler = [](double, const auto& y, const auto& p, auto& dy) {
    const auto r2 = y[0] * y[0] + y[1] * y[1];
    const auto r3 = r2 * sqrt(r2);
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -p[0] * y[0] / r3;
    dy[3] = -p[0] * y[1] / r3;
  };
  for (int i = 0; i < 5; ++i) {
    const double e = 0.1 + 0.2 * i;
    c.add("D" + std::to_string(i + 1), 20, vector({1 - e, 0, 0, sqrt((1 + e) / (1 - e))}), one, kepler);
  }
  c.add("E1", 20, vector({0.6713967071418030, 0.09540051444747446}), vector({0.25}),
        [](double t, const auto& y, const auto& p, auto& dy) {
          dy[0] = y[1];
          dy[1] = -(y[1] / (t + 1) + (1.0 - p[0] / ((t + 1) * (t + 1))) * y[0]);
        });
  c.add("E3", 20, vector({0, 0}), vector({2.78535, 2}), [](double t, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = y[0] * y[0] * y[0] / 6.0 - y[0] + p[1] * sin(p[0] * t);
  });
  c.add("E4", 20, vector({30, 0}), vector({0.032, 0.4}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = p[0] - p[1] * y[1] * y[1];
  });
  c.add("E5", 20, vector({0, 0}), one, [](double t, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = p[0] * sqrt(1.0 + y[1] * y[1]) / (25 - t);
  });
  c.add(
      "F1", 20, vector({0, 0}), vector({0.1}),
      [](double t, const auto& y, const auto& p, auto& dy) {
        const double side = std::fmod(floor(t), 2) == 0 ? 1 : -1;
        dy[0] = y[1];
        dy[1] = 2.0 * p[0] * y[1] - (9.869604401089358 + p[0] * p[0]) * y[0] + side;
      },
      whole_numbers(20));
  c.add(
      "F2", 20, vector({110}), vector({1.5, 0.5}),
      [](double t, const auto& y, const auto& p, auto& dy) {
        dy[0] = 55.0 - (std::fmod(floor(t), 2) == 0 ? p[0] : p[1]) * y[0];
      },
      whole_numbers(20));
  c.add(
      "F3", 20, vector({0, 0}), vector({0.01}),
      [](double t, const auto& y, const auto& p, auto& dy) {
        dy[0] = y[1];
        dy[1] = p[0] * y[1] * (1.0 - y[0] * y[0]) - y[0] - abs(sin(3.141592653589793 * t));
      },
      whole_numbers(20));
  c.add("F4", 20, vector({1}), vector({2}),
        [](double t, const auto& y, const auto& p, auto& dy) {
          if (t <= 10)
            dy[0] = -2.0 / 21 - 120 * (t - 5) / pow(1 + 4 * (t - 5) * (t - 5), 16) + 0.0 * y[0];
          else
            dy[0] = -p[0] * y[0];
        },
        {10});
}

void add_stiff(Cases& c) {
  for (const double k : {1.0, 10.0, 100.0, 1000.0, 10000.0})
    c.add("forced decay " + std::to_string(int(k)), k > 1000 ? 2 : 10, vector({0}), vector({k, 1}),
          [](double t, const auto& y, const auto& p, auto& dy) { dy[0] = -p[0] * (y[0] - p[1] * cos(t)); });
  for (const double mu : {1.0, 5.0, 40.0, 100.0, 1000.0})
    c.add("van der Pol " + std::to_string(int(mu)), mu > 100 ? 200 : 30, vector({2, 0}), vector({mu}),
          [](double, const auto& y, const auto& p, auto& dy) {
            dy[0] = y[1];
            dy[1] = p[0] * (1.0 - y[0] * y[0]) * y[1] - y[0];
          });
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
  const auto hires = [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007;
    dy[1] = p[0] * y[0] - 8.75 * y[1];
    dy[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4];
    dy[3] = 8.32 * y[1] + p[0] * y[2] - 1.12 * y[3];
    dy[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6];
    dy[5] = -p[1] * y[5] * y[7] + 0.69 * y[3] + p[0] * y[4] - 0.43 * y[5] + 0.69 * y[6];
    dy[6] = p[1] * y[5] * y[7] - 1.81 * y[6];
    dy[7] = -p[1] * y[5] * y[7] + 1.81 * y[6];
  };
  c.add("HIRES", 100, vector({1, 0, 0, 0, 0, 0, 0, 0.0057}), vector({1.71, 280}), hires);
  const auto robertson = [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = -p[0] * y[0] + 1e4 * p[1] * y[1] * y[2];
    dy[1] = p[0] * y[0] - 1e4 * p[1] * y[1] * y[2] - 3e7 * p[2] * y[1] * y[1];
    dy[2] = 3e7 * p[2] * y[1] * y[1];
  };
  c.add("Robertson", 40, vector({1, 0, 0}), vector({0.04, 1, 1}), robertson);
}

void add_rest(Cases& c) {
  const auto lotka_volterra = [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * y[0] - p[1] * y[0] * y[1];
    dy[1] = p[3] * y[0] * y[1] - p[2] * y[1];
  };
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
  c.add("Brusselator", 20, vector({1.5, 3}), vector({1, 3}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] + y[0] * y[0] * y[1] - (p[1] + 1.0) * y[0];
    dy[1] = p[1] * y[0] - y[0] * y[0] * y[1];
  });
  const Eigen::Index cells = 32;
  VectorXd brusselator(2 * cells);
  for (Eigen::Index i = 0; i < cells; ++i) {
    brusselator[i] = 1 + sin(2 * 3.141592653589793 * double(i + 1) / double(cells + 1));
    brusselator[cells + i] = 3;
  }
  c.add("Brusselator 32", 4, brusselator, vector({1, 3, 0.02}), [](double, const auto& y, const auto& p, auto& dy) {
    const auto diffusion = p[2] * double((cells + 1) * (cells + 1));
    const auto spread = [&](Eigen::Index first, Eigen::Index i, double edge) {
      const auto& here = y[first + i];
      auto sum = -2.0 * here;
      if (i > 0)
        sum += y[first + i - 1];
      else
        sum += edge;
      if (i + 1 < cells)
        sum += y[first + i + 1];
      else
        sum += edge;
      return sum;
    };
    for (Eigen::Index i = 0; i < cells; ++i) {
      const auto& u = y[i];
      const auto& v = y[cells + i];
      dy[i] = p[0] + u * u * v - (p[1] + 1.0) * u + diffusion * spread(0, i, 1);
      dy[cells + i] = p[1] * u - u * u * v + diffusion * spread(cells, i, 3);
    }
  });
  c.add("Arenstorf, half", 8, vector({0.994, 0, 0, -2.00158510637908252240537862224}), vector({0.012277471}),
        [](double, const auto& y, const auto& p, auto& dy) {
          const auto other = 1.0 - p[0];
          const auto a = y[0] + p[0], b = y[0] - other;
          const auto r1 = a * a + y[1] * y[1], r2 = b * b + y[1] * y[1];
          const auto d1 = r1 * sqrt(r1), d2 = r2 * sqrt(r2);
          dy[0] = y[2];
          dy[1] = y[3];
          dy[2] = y[0] + 2.0 * y[3] - other * a / d1 - p[0] * b / d2;
          dy[3] = y[1] - 2.0 * y[2] - other * y[1] / d1 - p[0] * y[1] / d2;
        });
  VectorXd pleiades(28);
  pleiades << 3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0;
  c.add("Pleiades", 3, pleiades, vector({1}), [](double, const auto& y, const auto& p, auto& dy) {
    for (Eigen::Index i = 0; i < 14; ++i) dy[i] = y[14 + i], dy[14 + i] = 0.0 * y[i];
    for (Eigen::Index i = 0; i < 7; ++i)
      for (Eigen::Index j = 0; j < 7; ++j) {
        if (i == j) continue;
        const auto dx = y[j] - y[i], dz = y[7 + j] - y[7 + i];
        const auto r2 = dx * dx + dz * dz;
        const auto pull = p[0] * double(j + 1) / (r2 * sqrt(r2));
        dy[14 + i] += pull * dx;
        dy[21 + i] += pull * dz;
      }
  });
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
  c.add("Lorenz", 5, vector({1, 1, 1}), vector({10, 28, 8.0 / 3}), [](double, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * (y[1] - y[0]);
    dy[1] = y[0] * (p[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - p[2] * y[2];
  });
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
