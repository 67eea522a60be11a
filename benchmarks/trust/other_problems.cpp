// Limit cycles, forced oscillators, combustion, kinetics, bodies, chaos over short spans, states near saddles, switches, equations in
// space by the method of lines, random linear systems, growth.
#include "trust/cases.hpp"

#include <cmath>
#include <random>
#include <utility>

namespace trust {
namespace {

using std::abs, std::cos, std::exp, std::pow, std::sin, std::sqrt, std::tanh;

constexpr double pi = 3.141592653589793;

void add_cycles(Cases& c) {
  const auto fitzhugh_nagumo = [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[0] - y[0] * y[0] * y[0] / 3.0 - y[1] + p[0];
    dy[1] = p[1] * (y[0] + 0.7 - 0.8 * y[1]);
  };
  c.add_with_cost("FitzHugh-Nagumo", 40, vector({-1, 1}), vector({0.5, 0.08}), fitzhugh_nagumo);
  c.add("FitzHugh-Nagumo, long", 150, vector({-1, 1}), vector({0.5, 0.08}), fitzhugh_nagumo);
  c.add("FitzHugh-Nagumo, at rest", 60, vector({-1.2, -0.62}), vector({0, 0.08}), fitzhugh_nagumo);
  c.add_with_cost("Stuart-Landau", 30, vector({0.1, 0}), vector({1, 2, 0.5}),
                  [](const auto&, const auto& y, const auto& p, auto& dy) {
                    const auto r = y[0] * y[0] + y[1] * y[1];
                    dy[0] = (p[0] - r) * y[0] - (p[1] + p[2] * r) * y[1];
                    dy[1] = (p[0] - r) * y[1] + (p[1] + p[2] * r) * y[0];
                  });
  c.add("Rosenzweig-MacArthur", 60, vector({0.5, 0.3}), vector({2, 0.4, 0.3}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          const auto eaten = p[0] * y[0] * y[1] / (p[1] + y[0]);
          dy[0] = y[0] * (1.0 - y[0]) - eaten;
          dy[1] = 0.5 * eaten - p[2] * y[1];
        });
  c.add("Selkov", 50, vector({1, 1}), vector({0.08, 0.6}), [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = -y[0] + p[0] * y[1] + y[0] * y[0] * y[1];
    dy[1] = p[1] - p[0] * y[1] - y[0] * y[0] * y[1];
  });
  c.add("repressilator", 40, vector({1, 0.5, 0.2}), vector({20, 4}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          for (Eigen::Index i = 0; i < 3; ++i) {
            const auto x = y[(i + 2) % 3];
            dy[i] = p[0] / (1.0 + pow(x, p[1])) - y[i];
          }
        });
  c.add("Oregonator, mild", 20, vector({0.1, 0.2}), vector({0.04, 0.0008, 1}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = (y[0] * (1.0 - y[0]) - p[2] * y[1] * (y[0] - p[1]) / (y[0] + p[1])) / p[0];
          dy[1] = y[0] - y[1];
        });
  c.add("Morris-Lecar", 150, vector({-40, 0}), vector({90, 8, 4.4}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          const auto m = 0.5 * (1.0 + tanh((y[0] + 1.2) / 18.0)), w = 0.5 * (1.0 + tanh((y[0] - 2.0) / 30.0));
          const auto slope = (y[0] - 2.0) / 60.0;
          dy[0] = (p[0] - p[2] * m * (y[0] - 120.0) - p[1] * y[1] * (y[0] + 84.0) - 2.0 * (y[0] + 60.0)) / 20.0;
          dy[1] = 0.04 * (w - y[1]) * 0.5 * (exp(slope) + exp(-slope));
        });
  c.add("Kuramoto", 20, vector({0, 1, 2.5, 4, 5.5}), vector({0.8, 1, 1.3, 0.6, 1.9, 0.9}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          for (Eigen::Index i = 0; i < 5; ++i) {
            dy[i] = p[i + 1];
            for (Eigen::Index j = 0; j < 5; ++j) dy[i] += p[0] / 5.0 * sin(y[j] - y[i]);
          }
        });
}

void add_driven(Cases& c) {
  const auto duffing = [](const auto& t, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = y[0] - y[0] * y[0] * y[0] - p[0] * y[1] + p[1] * cos(1.2 * t);
  };
  c.add_with_cost("Duffing, free", 30, vector({1.5, 0}), vector({0.1, 0}), duffing);
  c.add("Duffing, forced", 40, vector({1, 0}), vector({0.3, 0.2}), duffing);
  c.add("Duffing, chaotic", 40, vector({1, 0}), vector({0.3, 0.5}), duffing);
  c.add("van der Pol, forced", 40, vector({2, 0}), vector({2, 1.2}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) {
          dy[0] = y[1];
          dy[1] = p[0] * (1.0 - y[0] * y[0]) * y[1] - y[0] + p[1] * sin(0.6 * t);
        });
  c.add("resonance", 40, vector({0, 0}), vector({1, 0.1}), [](const auto& t, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = -p[0] * y[0] + p[1] * cos(t);
  });
  const auto mathieu = [](const auto& t, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = -(p[0] - 2.0 * p[1] * cos(2.0 * t)) * y[0];
  };
  c.add("Mathieu, stable", 30, vector({1, 0}), vector({2.5, 0.3}), mathieu);
  c.add("Mathieu, unstable", 20, vector({1, 0}), vector({1, 0.5}), mathieu);
  c.add("chirp", 8, vector({0}), vector({1, 1}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * cos(p[1] * t * t) - 0.1 * y[0]; });
  for (const double k : {50.0, 300.0})
    c.add("Prothero-Robinson " + std::to_string(int(k)), 10, vector({0}), vector({k, 1}),
          [](const auto& t, const auto& y, const auto& p, auto& dy) {
            dy[0] = -p[0] * (y[0] - p[1] * sin(t)) + p[1] * cos(t);
          });
  c.add("seasonal SEIR", 50, vector({0.4, 0.001, 0.001}), vector({1.5, 0.3, 0.2}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) {
          const auto infected = p[0] * (1.0 + p[1] * sin(0.5 * t)) * y[0] * y[2];
          dy[0] = 0.02 * (1.0 - y[0]) - infected;
          dy[1] = infected - (p[2] + 0.02) * y[1];
          dy[2] = p[2] * y[1] - 0.3 * y[2];
        });
}

void add_reactions(Cases& c) {
  const auto flame = [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * y[0] * y[0] * (1.0 - y[0]);
  };
  c.add("flame 1e-2", 200, vector({0.01}), vector({1}), flame);
  c.add("flame 1e-3", 1100, vector({0.001}), vector({1}), flame);
  c.add_with_cost("thermal explosion", 3, vector({0, 0}), vector({0.9, 0.15}),
                  [](const auto&, const auto& y, const auto& p, auto& dy) {
                    const auto rate = (1.0 - y[1]) * exp(y[0] / (1.0 + 0.05 * y[0]));
                    dy[0] = rate - p[0] * y[0];
                    dy[1] = p[1] * rate;
                  });
  for (const double k : {10.0, 200.0})
    c.add("Michaelis-Menten " + std::to_string(int(k)), 20, vector({1, 0.1, 0, 0}), vector({k, 1, 0.5}),
          [](const auto&, const auto& y, const auto& p, auto& dy) {
            const auto bound = p[0] * y[0] * y[1], back = p[1] * y[2], made = p[2] * p[0] * y[2];
            dy[0] = back - bound;
            dy[1] = back + made - bound;
            dy[2] = bound - back - made;
            dy[3] = made;
          });
  c.add("decay chain of five", 10, vector({1, 0, 0, 0, 0}), vector({50, 20, 5, 1, 0.2}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = -p[0] * y[0];
          for (Eigen::Index i = 1; i < 5; ++i) dy[i] = p[i - 1] * y[i - 1] - p[i] * y[i];
        });
  c.add("autocatalysis", 15, vector({1, 1e-4, 0}), vector({2, 0.5}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          const auto made = p[0] * y[0] * y[1];
          dy[0] = -made;
          dy[1] = made - p[1] * y[1];
          dy[2] = p[1] * y[1];
        });
  c.add("chemostat", 40, vector({0.1, 2}), vector({0.7, 0.3}), [](const auto&, const auto& y, const auto& p, auto& dy) {
    const auto growth = p[0] * y[1] * y[0] / (0.5 + y[1]);
    dy[0] = growth - p[1] * y[0];
    dy[1] = p[1] * (3.0 - y[1]) - growth / 0.4;
  });
  c.add("toggle", 30, vector({1, 0.9}), vector({4, 8}), [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] / (1.0 + pow(y[1], p[1])) - y[0];
    dy[1] = p[0] / (1.0 + pow(y[0], p[1])) - y[1];
  });
}

void add_mechanics(Cases& c) {
  const auto three = [](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Eigen::Index i = 0; i < 6; ++i) {
      dy[i] = y[6 + i];
      dy[6 + i] = 0.0 * y[i];
    }
    for (Eigen::Index i = 0; i < 3; ++i)
      for (Eigen::Index j = 0; j < 3; ++j) {
        if (i == j) continue;
        const auto x = y[2 * j] - y[2 * i], z = y[2 * j + 1] - y[2 * i + 1];
        const auto r2 = x * x + z * z;
        const auto pull = p[j] / (r2 * sqrt(r2));
        dy[6 + 2 * i] += pull * x;
        dy[7 + 2 * i] += pull * z;
      }
  };
  const VectorXd eight = vector({0.97000436, -0.24308753, -0.97000436, 0.24308753, 0, 0, 0.466203685, 0.43236573,
                                 0.466203685, 0.43236573, -0.93240737, -0.86473146});
  c.add_with_cost("three bodies, figure eight", 6, eight, vector({1, 1, 1}), three);
  c.add("three bodies, figure eight, long", 25, eight, vector({1, 1, 1}), three);
  c.add("three bodies, Pythagorean", 3, vector({1, 3, -2, -1, 1, -1, 0, 0, 0, 0, 0, 0}), vector({3, 4, 5}), three);
  c.add("Kepler .6, two periods", 4 * pi, vector({0.4, 0, 0, 2}), vector({1, 0.001}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          const auto r2 = y[0] * y[0] + y[1] * y[1];
          const auto pull = -p[0] / (r2 * sqrt(r2));
          dy[0] = y[2];
          dy[1] = y[3];
          dy[2] = pull * y[0] - p[1] * y[2];
          dy[3] = pull * y[1] - p[1] * y[3];
        });
  c.add("Henon-Heiles", 50, vector({0.1, 0.1, 0.4, 0.2}), vector({1}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = y[2];
          dy[1] = y[3];
          dy[2] = -y[0] - 2.0 * p[0] * y[0] * y[1];
          dy[3] = -y[1] - p[0] * (y[0] * y[0] - y[1] * y[1]);
        });
  c.add("rigid body", 50, vector({0.02, 1, 0.02}), vector({-2, 1.25, -0.5}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = p[0] * y[1] * y[2];
          dy[1] = p[1] * y[0] * y[2];
          dy[2] = p[2] * y[0] * y[1];
        });
  c.add("pendulum, wide", 40, vector({3, 0}), vector({1}), [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = -p[0] * sin(y[0]);
  });
  c.add("contact, stiff spring", 6, vector({1, 0}), vector({9.81, 2000}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = y[1];
          dy[1] = -p[0];
          if (y[0] < 0) dy[1] -= p[1] * y[0] + 2.0 * y[1];
        });
  c.add("friction, smoothed", 20, vector({0, 0}), vector({1, 0.3}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) {
          dy[0] = y[1];
          dy[1] = p[0] * sin(t) - y[0] - p[1] * tanh(y[1] / 0.01);
        });
}

void add_chaos(Cases& c) {
  const auto lorenz = [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * (y[1] - y[0]);
    dy[1] = y[0] * (p[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - p[2] * y[2];
  };
  c.add_with_cost("Lorenz 2", 2, vector({-5, -6, 22}), vector({10, 28, 8.0 / 3}), lorenz);
  c.add("Lorenz 10", 10, vector({-5, -6, 22}), vector({10, 28, 8.0 / 3}), lorenz);
  c.add("Lorenz, to rest", 20, vector({3, 2, 5}), vector({10, 10, 8.0 / 3}), lorenz);
  const auto roessler = [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = -y[1] - y[2];
    dy[1] = y[0] + p[0] * y[1];
    dy[2] = p[1] + y[2] * (y[0] - p[2]);
  };
  c.add_with_cost("Roessler 20", 20, vector({1, 1, 0}), vector({0.2, 0.2, 5.7}), roessler);
  c.add("Roessler 60", 60, vector({1, 1, 0}), vector({0.2, 0.2, 5.7}), roessler);
  VectorXd eight = VectorXd::Constant(8, 4);
  eight[0] = 4.5;
  c.add("Lorenz 96", 3, eight, vector({8}), [](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Eigen::Index i = 0; i < 8; ++i) dy[i] = (y[(i + 1) % 8] - y[(i + 6) % 8]) * y[(i + 7) % 8] - y[i] + p[0];
  });
  c.add("Nose-Hoover", 20, vector({0, 1.5, 0.3}), vector({1}), [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = y[1];
    dy[1] = -y[0] - y[2] * y[1];
    dy[2] = y[1] * y[1] - p[0];
  });
}

void add_near_rest(Cases& c) {
  const auto logistic = [](const auto&, const auto& y, const auto& p, auto& dy) {
    dy[0] = p[0] * y[0] * (1.0 - y[0] / p[1]);
  };
  c.add("logistic below 1", 10, vector({0.999}), vector({1.5, 1}), logistic);
  c.add("logistic above 1", 10, vector({1.000001}), vector({1.5, 1}), logistic);
  c.add("logistic from 1e-4", 12, vector({1e-4}), vector({1.5, 1}), logistic);
  c.add("double well from 1e-6", 20, vector({1e-6}), vector({1}),
        [](const auto&, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * y[0] - y[0] * y[0] * y[0]; });
  c.add("May-Leonard", 40, vector({0.8, 0.1, 0.05}), vector({1.1, 0.7}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          for (Eigen::Index i = 0; i < 3; ++i)
            dy[i] = y[i] * (1.0 - y[i] - p[0] * y[(i + 1) % 3] - p[1] * y[(i + 2) % 3]);
        });
  c.add("Muller-Brown-like saddle", 10, vector({0.001, 1}), vector({1, 2}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = p[0] * y[0] * (1.0 - y[0] * y[0]) + 0.1 * y[1];
          dy[1] = -p[1] * y[1] + 0.2 * y[0] * y[1];
        });
  c.add("relaxing network", 30, vector({0, 0, 0, 0}), vector({1, 0.2}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          for (Eigen::Index i = 0; i < 4; ++i)
            dy[i] = tanh(p[0] - y[(i + 3) % 4] * 2.0) - (1.0 + p[1] * double(i)) * y[i];
        });
}

void add_switches(Cases& c) {
  std::vector<double> turns;
  for (int i = 1; i < 7; ++i)
    for (int j = -20; j <= 20; ++j) turns.push_back(i * pi + 0.01 * j / 2);
  turns.erase(std::remove_if(turns.begin(), turns.end(), [](double t) { return t >= 20; }), turns.end());
  c.add(
      "square wave, smoothed", 20, vector({0}), vector({1, 0.5}),
      [](const auto& t, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * tanh(sin(t) / 0.01) - p[1] * y[0]; },
      turns);
  c.add("thermostat, smoothed", 20, vector({15}), vector({20, 12}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = -0.3 * (y[0] - 10.0) + p[1] * 0.5 * (1.0 - tanh((y[0] - p[0]) / 0.2));
        });
  c.add("dose at 2 and 5", 10, vector({1, 0}), vector({1, 0.4}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) {
          dy[0] = -p[0] * y[0] + ((t >= 2 && t < 2.5) || (t >= 5 && t < 5.5) ? 2.0 : 0.0);
          dy[1] = p[0] * y[0] - p[1] * y[1];
        },
        {2, 2.5, 5, 5.5});
  c.add("bump 1e-2", 6, vector({0}), vector({1}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) {
          const auto x = (t - 3.0) / 0.01;
          dy[0] = p[0] * 50.0 * exp(-x * x) - 0.2 * y[0];
        },
        {2.95, 2.97, 2.98, 2.99, 3, 3.01, 3.02, 3.03, 3.05});
  c.add("square root", 3, vector({1}), vector({0.5}),
        [](const auto&, const auto& y, const auto& p, auto& dy) { dy[0] = -p[0] * sqrt(abs(y[0])) + 0.1; });
}

// u on n cells of [0, 1], u = 0 outside.
template <class Rate>
void add_lines(Cases& c, const std::string& name, double t1, Eigen::Index n, const VectorXd& theta, const Rate& rate) {
  VectorXd u(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double x = double(i + 1) / double(n + 1);
    u[i] = sin(pi * x) + 0.3 * sin(5 * pi * x);
  }
  const auto f = [n, rate](const auto&, const auto& y, const auto& p, auto& dy) {
    const double per_cell = double(n + 1);
    for (Eigen::Index i = 0; i < n; ++i) {
      auto left = 0.0 * y[i], right = 0.0 * y[i];
      if (i > 0) left = left + y[i - 1];
      if (i + 1 < n) right = right + y[i + 1];
      dy[i] = rate(left, y[i], right, p, per_cell);
    }
  };
  c.add(name, t1, u, large_field(f, theta), {});
}

void add_space(Cases& c) {
  add_lines(c, "heat, 200 cells", 0.2, 200, vector({0.05}),
            [](const auto& l, const auto& u, const auto& r, const auto& p, double m) {
              return p[0] * m * m * (l - 2.0 * u + r);
            });
  add_lines(c, "Burgers, 200 cells", 0.5, 200, vector({0.01, 1}),
            [](const auto& l, const auto& u, const auto& r, const auto& p, double m) {
              return p[0] * m * m * (l - 2.0 * u + r) - p[1] * 0.25 * m * (r * r - l * l) + 0.0 * u;
            });
  add_lines(c, "Fisher, 200 cells", 2, 200, vector({0.002, 3}),
            [](const auto& l, const auto& u, const auto& r, const auto& p, double m) {
              return p[0] * m * m * (l - 2.0 * u + r) + p[1] * u * (1.0 - u);
            });
  add_lines(c, "advection, 200 cells", 0.6, 200, vector({1}),
            [](const auto& l, const auto& u, const auto&, const auto& p, double m) { return -p[0] * m * (u - l); });
  add_lines(c, "Allen-Cahn, 50 cells", 10, 50, vector({0.002, 1}),
            [](const auto& l, const auto& u, const auto& r, const auto& p, double m) {
              return p[0] * m * m * (l - 2.0 * u + r) + p[1] * u * (1.0 - u * u);
            });
}

void add_linear(Cases& c) {
  const auto product = [](Eigen::Index n) {
    return [n](const auto&, const auto& y, const auto& p, auto& dy) {
      for (Eigen::Index i = 0; i < n; ++i) {
        dy[i] = p[i * n] * y[0];
        for (Eigen::Index j = 1; j < n; ++j) dy[i] += p[i * n + j] * y[j];
      }
    };
  };
  std::mt19937 random(7);
  std::uniform_real_distribution<double> entry(-1, 1);
  const Eigen::Index n = 6;
  const VectorXd one = VectorXd::Ones(n);
  for (const char* kind : {"stable", "growing", "skew", "triangular", "stiff"}) {
    const std::string name = kind;
    Eigen::MatrixXd a(n, n);
    for (Eigen::Index i = 0; i < a.size(); ++i) a.data()[i] = entry(random);
    if (name == "stable") a -= 2.0 * Eigen::MatrixXd::Identity(n, n);
    if (name == "growing") a += 0.3 * Eigen::MatrixXd::Identity(n, n);
    if (name == "skew") a = (a - a.transpose()).eval() * 2;
    if (name == "triangular") {
      for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = 0; j < n; ++j) a(i, j) = i == j ? -0.2 : j > i ? 3 * a(i, j) : 0;
    }
    if (name == "stiff")
      for (Eigen::Index i = 0; i < n; ++i) a(i, i) -= std::pow(4.0, double(i));
    VectorXd p(n * n);
    for (Eigen::Index i = 0; i < n; ++i)
      for (Eigen::Index j = 0; j < n; ++j) p[i * n + j] = a(i, j);
    c.add("random linear, " + name, name == "growing" ? 6 : 12, one, p, product(n));
  }
  c.add("growth", 10, vector({1}), vector({1.5}),
        [](const auto&, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * y[0]; });
  c.add("growth, two rates", 8, vector({1, 1}), vector({2, 0.5}),
        [](const auto&, const auto& y, const auto& p, auto& dy) {
          dy[0] = p[0] * y[0] + y[1];
          dy[1] = p[1] * y[1];
        });
  c.add("growth, faster and faster", 4, vector({0.1}), vector({1}),
        [](const auto& t, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * t * y[0]; });
  c.add("towards a pole", 0.95, vector({1}), vector({1}),
        [](const auto&, const auto& y, const auto& p, auto& dy) { dy[0] = p[0] * y[0] * y[0]; });
}

}  // namespace

std::vector<Case> other_cases() {
  Cases cases;
  add_cycles(cases);
  add_driven(cases);
  add_reactions(cases);
  add_mechanics(cases);
  add_chaos(cases);
  add_near_rest(cases);
  add_switches(cases);
  add_space(cases);
  add_linear(cases);
  return cases.cases;
}

}  // namespace trust
