// Linear systems, networks, reactions, chains of springs, webs of species, genes, compartments, levels, waves, swings, limit cycles and
// phases, drawn at random: what nobody thought of.
// Numbers come from the generator's bits, so that a seed means the same problems everywhere.
#include "trust/cases.hpp"

#include <Eigen/LU>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <utility>

namespace trust {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using std::cos, std::exp, std::log, std::pow, std::sin, std::sqrt, std::tanh;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : bits_(seed) {}
  int below(int n) { return static_cast<int>(bits_() % static_cast<std::uint64_t>(n)); }
  bool once_in(int n) { return below(n) == 0; }
  double between(double low, double high) { return low + (high - low) * static_cast<double>(bits_() >> 11) * 0x1p-53; }
  double decades(double low, double high) { return pow(10.0, between(std::log10(low), std::log10(high))); }
  double normal() { return sqrt(-2 * log(between(1e-300, 1))) * cos(2 * std::numbers::pi * between(0, 1)); }
  VectorXd normals(Index n) {
    VectorXd v(n);
    for (Index i = 0; i < n; ++i) v[i] = normal();
    return v;
  }
  VectorXd decades(Index n, double low, double high) {
    VectorXd v(n);
    for (Index i = 0; i < n; ++i) v[i] = decades(low, high);
    return v;
  }

 private:
  std::mt19937_64 bits_;
};

struct Drawn {
  std::string kind;
  Field field;
  VectorXd y0;
  double t1;
};

// y' = A (y − c); θ = A by columns, c.
struct Linear {
  Index n;
  VectorXd theta;
  void operator()(double, const VectorXd& y, VectorXd& dy) const { dy.noalias() = matrix() * (y - theta.tail(n)); }
  void vjp(double, const VectorXd& y, const VectorXd& w, VectorXd& y_bar, VectorXd& theta_bar) const {
    const VectorXd through = matrix().transpose() * w;
    y_bar += through;
    Eigen::Map<MatrixXd>(theta_bar.data(), n, n) += w * (y - theta.tail(n)).transpose();
    theta_bar.tail(n) -= through;
  }
  Eigen::Map<const MatrixXd> matrix() const { return {theta.data(), n, n}; }
};

// Decays and oscillations of all rates and dampings, in a basis that may be far from orthogonal; at rest, near rest, on one mode, or anywhere.
Drawn linear(Dice& dice) {
  const double t1 = dice.decades(1, 200);
  MatrixXd modes = MatrixXd::Zero(6, 6);
  Index n = 0;
  for (int block = 1 + dice.below(3); block > 0; --block) {
    if (dice.once_in(2)) {
      modes(n, n) = dice.once_in(6) ? dice.between(-2, 2) / t1 : -dice.decades(1e-2, 300);
      n += 1;
    } else {
      const double turn = dice.decades(0.1, 20), damping = turn * dice.decades(1e-3, 2);
      modes.block<2, 2>(n, n) << -damping, turn, -turn, -damping;
      n += 2;
    }
  }
  MatrixXd basis = MatrixXd::Identity(n, n);
  const double skewed = std::array{0.0, 0.3, 1.0, 3.0}[static_cast<std::size_t>(dice.below(4))];
  for (Index i = 0; i < n * n; ++i) basis.data()[i] += skewed * dice.normal();
  if (std::fabs(basis.determinant()) < 0.05) basis.setIdentity();
  Linear f{n, VectorXd(n * n + n)};
  Eigen::Map<MatrixXd>(f.theta.data(), n, n) = basis * modes.topLeftCorner(n, n) * basis.inverse();
  VectorXd rest = VectorXd::Zero(n);
  for (Index i = 0; i < n; ++i)
    if (dice.once_in(2)) rest[i] = dice.normal();
  f.theta.tail(n) = rest;
  VectorXd away = VectorXd::Zero(n);
  const int start = dice.below(4);
  if (start == 1) away = basis.col(dice.below(static_cast<int>(n)));
  if (start == 2) away = dice.normals(n);
  if (start == 3) away.setConstant(1e-7);
  const char* const names[] = {"at rest", "one mode", "anywhere", "near rest"};
  return {std::string("linear, ") + names[start], of(f, f.theta), rest + away, t1};
}

// y' = −d y + W tanh(U y + b) + c sin ωt; θ = b.
struct Network {
  VectorXd d, c, theta;
  MatrixXd w, u;
  double omega;
  VectorXd activation(const VectorXd& y) const { return (u * y + theta).array().tanh(); }
  void operator()(double t, const VectorXd& y, VectorXd& dy) const {
    dy = -d.cwiseProduct(y) + w * activation(y) + c * sin(omega * t);
  }
  void vjp(double, const VectorXd& y, const VectorXd& y_dot_bar, VectorXd& y_bar, VectorXd& theta_bar) const {
    const VectorXd inner = (w.transpose() * y_dot_bar).array() * (1 - activation(y).array().square());
    y_bar += u.transpose() * inner - d.cwiseProduct(y_dot_bar);
    theta_bar += inner;
  }
};

// Some of like cells, which stay together unless something parts them.
Drawn network(Dice& dice) {
  const Index n = 2 + dice.below(5);
  const bool alike = dice.once_in(3);
  Network f;
  f.d = dice.decades(n, 0.1, 200);
  if (alike || dice.once_in(3)) f.d.setConstant(f.d[0] / 4);
  const double strength = dice.decades(0.1, 10);
  f.w = MatrixXd(n, n), f.u = MatrixXd(n, n);
  for (Index i = 0; i < n * n; ++i) {
    f.w.data()[i] = strength * dice.between(-1, 1);
    f.u.data()[i] = dice.between(-1, 1);
  }
  f.c = VectorXd::Zero(n);
  f.omega = dice.decades(0.1, 10);
  if (dice.once_in(3)) f.c = dice.between(0, 1) * dice.normals(n);
  f.theta = 0.5 * dice.normals(n);
  if (dice.once_in(4)) f.theta.setZero();
  VectorXd y0 = dice.normals(n);
  if (alike) {
    f.w.setConstant(strength * dice.between(-1, 1));
    f.w.diagonal().setConstant(strength * dice.between(-1, 1));
    f.u = MatrixXd::Identity(n, n) * dice.between(-1, 1);
    f.c.setConstant(f.c[0]), f.theta.setConstant(f.theta[0]), y0.setConstant(y0[0]);
  }
  const int start = dice.below(4);
  if (start == 0) y0 *= 1e-7;
  if (start == 1) y0.setZero();
  return {alike ? "network of like cells" : "network", of(f, f.theta), y0, dice.decades(1, 60)};
}

// Reactions a (+ b) → c (+ d) of all rates; θ = the logarithms of these.
Drawn reactions(Dice& dice) {
  const Index n = 3 + dice.below(4), m = n + dice.below(4);
  struct Reaction {
    Index a, b, c, d;  // −1: none
  };
  std::vector<Reaction> all;
  VectorXd theta(m);
  const auto any = [&] { return static_cast<Index>(dice.below(static_cast<int>(n))); };
  for (Index j = 0; j < m; ++j) {
    const bool pair = dice.once_in(3), parts = dice.once_in(3);
    all.push_back({any(), pair ? any() : -1, any(), parts ? any() : -1});
    theta[j] = log(dice.decades(1e-2, 300));
  }
  VectorXd y0 = VectorXd::Zero(n);
  for (Index i = 0; i < n; ++i)
    if (!dice.once_in(3)) y0[i] = dice.between(0, 1);
  const auto f = [all, n](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) dy[i] = 0.0 * y[i];
    for (std::size_t j = 0; j < all.size(); ++j) {
      const Reaction& r = all[j];
      auto rate = exp(p[static_cast<Index>(j)]) * y[r.a];
      if (r.b >= 0) rate = rate * y[r.b];
      dy[r.a] -= rate;
      if (r.b >= 0) dy[r.b] -= rate;
      dy[r.c] += rate;
      if (r.d >= 0 && r.b >= 0) dy[r.d] += rate;  // what comes in goes out
    }
  };
  return {"reactions", field(f, theta), y0, dice.decades(1, 60)};
}

// Masses between walls, pulled at by the first; θ = stiffness, damping, force, frequency.
Drawn springs(Dice& dice) {
  const Index n = 1 + dice.below(4);
  const VectorXd stiff = dice.decades(n + 1, 0.1, 300), mass = dice.decades(n, 0.3, 3);
  const double cubic = dice.once_in(2) ? dice.decades(0.01, 3) : 0;
  const VectorXd theta = vector({1, dice.decades(1e-3, 3), dice.once_in(2) ? dice.normal() : 0, dice.decades(0.2, 5)});
  VectorXd y0 = VectorXd::Zero(2 * n);
  const int start = dice.below(3);
  if (start == 1) y0.head(n) = dice.normals(n);
  if (start == 2) y0.head(n).setConstant(1e-6);
  const auto f = [=](const auto& t, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i <= n; ++i) {
      auto stretch = 0.0 * y[0];
      if (i < n) stretch = stretch + y[i];
      if (i > 0) stretch = stretch - y[i - 1];
      const auto pull = p[0] * stiff[i] * (stretch + cubic * stretch * stretch * stretch);
      if (i < n) {
        dy[i] = y[n + i];
        dy[n + i] = -pull / mass[i] - p[1] * y[n + i];
      }
      if (i > 0) dy[n + i - 1] += pull / mass[i - 1];
    }
    dy[n] += p[2] * sin(p[3] * t);
  };
  return {start == 0 ? "springs at rest" : "springs", field(f, theta), y0, dice.decades(1, 60)};
}

// yᵢ' = yᵢ (rᵢ − Σ aᵢⱼ yⱼ), with all species at their balance, near it, or few of them; θ = r.
Drawn species(Dice& dice) {
  const Index n = 2 + dice.below(4);
  MatrixXd a(n, n);
  for (Index i = 0; i < n * n; ++i) a.data()[i] = 0.5 * dice.normal();
  if (dice.once_in(2)) a = (a - a.transpose()).eval();
  a.diagonal() = dice.decades(n, 0.05, 2);
  const VectorXd balance = dice.decades(n, 0.1, 2), speed = dice.decades(n, 0.2, 20);
  const VectorXd theta = a * balance;
  VectorXd y0 = balance;
  const int start = dice.below(4);
  if (start == 1) y0 *= 1 + 1e-6;
  if (start == 2) y0 = dice.decades(n, 0.05, 3);
  if (start == 3) y0 = dice.decades(n, 1e-8, 1);
  const auto f = [=](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) {
      auto rate = 1.0 * p[i];
      for (Index j = 0; j < n; ++j) rate = rate - a(i, j) * y[j];
      dy[i] = speed[i] * y[i] * rate;
    }
  };
  return {start < 2 ? "species near balance" : "species", field(f, theta), y0, dice.decades(1, 60)};
}

// Genes that switch each other on and off; θ = strengths, thresholds.
Drawn genes(Dice& dice) {
  const Index n = 2 + dice.below(4);
  const VectorXd decay = dice.decades(n, 0.1, 30);
  std::vector<Index> by;
  std::vector<bool> on;
  for (Index i = 0; i < n; ++i) by.push_back(dice.below(static_cast<int>(n))), on.push_back(dice.once_in(2));
  const double hill = 1 + dice.below(8);
  VectorXd theta(2 * n);
  theta.head(n) = dice.decades(n, 0.5, 10), theta.tail(n) = dice.decades(n, 0.2, 2);
  VectorXd y0 = dice.decades(n, 1e-3, 3);
  const auto f = [=](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) {
      const std::size_t k = static_cast<std::size_t>(i);
      const auto x = pow(0.001 + y[by[k]] * y[by[k]], 0.5 * hill), edge = pow(p[n + i], hill);
      dy[i] = decay[i] * (p[i] * (on[k] ? x / (edge + x) : edge / (edge + x)) - y[i]);
    }
  };
  return {"genes", field(f, theta), y0, dice.decades(1, 60)};
}

// A dose that passes from compartment to compartment, and in time with the day; θ = logarithms of rates, how much the day matters.
Drawn compartments(Dice& dice) {
  const Index n = 2 + dice.below(5);
  VectorXd theta(n + 2);
  for (Index i = 0; i < n; ++i) theta[i] = log(dice.decades(1e-2, 300));
  theta[n] = dice.once_in(2) ? 0 : dice.between(0, 0.5);
  theta[n + 1] = dice.once_in(2) ? 0 : dice.between(0, 1);
  VectorXd y0 = VectorXd::Zero(n);
  if (!dice.once_in(4)) y0[0] = 1;
  const double day = dice.decades(0.3, 6);
  const auto f = [=](const auto& t, const auto& y, const auto& p, auto& dy) {
    const auto daily = 1.0 + p[n] * sin(day * t);
    dy[0] = p[n + 1] * cos(day * t) - exp(p[0]) * y[0];
    for (Index i = 1; i < n; ++i) dy[i] = exp(p[i - 1]) * y[i - 1] - exp(p[i]) * daily * y[i];
  };
  return {"compartments", field(f, theta), y0, dice.decades(1, 60)};
}

// Levels of energy that are coupled, y' = A y with Aᵀ = −A: as many turns as t1 times the fastest of them; θ = A by columns.
Drawn levels(Dice& dice) {
  const Index n = 2 + dice.below(6);
  MatrixXd a = MatrixXd::Zero(n, n);
  const double coupling = dice.decades(1e-2, 3);
  for (Index i = 0; i + 1 < n; i += 2) a(i, i + 1) = dice.decades(0.1, 20);
  for (Index i = 0; i < n; ++i)
    for (Index j = i + 1; j < n; ++j) a(i, j) += coupling * dice.normal();
  a = (a - a.transpose()).eval();
  Linear f{n, VectorXd::Zero(n * n + n)};
  Eigen::Map<MatrixXd>(f.theta.data(), n, n) = a;
  VectorXd y0 = dice.normals(n);
  const int start = dice.below(3);
  if (start == 1) y0.tail(n - 1).setZero();
  if (start == 2) y0 *= 0.01;
  return {"levels", of(f, f.theta), y0, dice.decades(3, 300)};
}

// u_t = −c u_x + d u_xx on a ring, central differences or upwind; θ = c, d.
Drawn waves(Dice& dice) {
  const Index n = 6 + dice.below(15);
  const bool upwind = dice.once_in(2);
  const VectorXd theta = vector({dice.between(-1, 1), dice.once_in(2) ? 0 : dice.decades(1e-4, 1e-1)});
  const double dx = 2 * std::numbers::pi / static_cast<double>(n);
  VectorXd y0(n);
  const int start = dice.below(3), waves = 1 + dice.below(3);
  for (Index i = 0; i < n; ++i) {
    const double x = static_cast<double>(i) * dx;
    y0[i] = start == 0 ? sin(waves * x) : start == 1 ? exp(-4 * (x - 3) * (x - 3)) : 1e-3 * dice.normal();
  }
  const auto f = [=](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) {
      const Index left = (i + n - 1) % n, right = (i + 1) % n;
      auto slope = (y[right] - y[left]) / (2 * dx);
      if (upwind) slope = theta[0] > 0 ? (y[i] - y[left]) / dx : (y[right] - y[i]) / dx;
      dy[i] = -p[0] * slope + p[1] * (y[right] - 2.0 * y[i] + y[left]) / (dx * dx);
    }
  };
  return {"waves", field(f, theta), y0, dice.decades(3, 100)};
}

// x'' = −a x − b x³ − c sin x − d x' + e cos ωt, alone or two that pull at each other; θ = a, b, c, d, e, ω and the pull.
Drawn swings(Dice& dice) {
  const Index n = 1 + dice.below(2);
  const auto maybe = [&](double value) { return dice.once_in(2) ? value : 0.0; };
  const VectorXd theta =
      vector({dice.decades(0.1, 30), maybe(dice.decades(1e-3, 3)), maybe(dice.decades(0.1, 10)),
              maybe(dice.decades(1e-3, 0.3)), maybe(dice.between(0, 1)), dice.decades(0.2, 5), dice.decades(1e-2, 3)});
  VectorXd y0 = dice.normals(2 * n);
  const int start = dice.below(3);
  if (start == 1) y0 *= 0.01;
  const auto f = [=](const auto& t, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) {
      const auto x = y[i];
      dy[i] = y[n + i];
      dy[n + i] = -p[0] * x - p[1] * x * x * x - p[2] * sin(x) - p[3] * y[n + i] + p[4] * cos(p[5] * t);
      if (n == 2) dy[n + i] += p[6] * (y[1 - i] - x);
    }
  };
  return {"swings", field(f, theta), y0, dice.decades(3, 200)};
}

// FitzHugh and Nagumo's cells or van der Pol's oscillators, coupled or alone; θ = a, b, rate, drive, coupling.
Drawn cycles(Dice& dice) {
  const Index n = 1 + dice.below(3);
  const bool nagumo = dice.once_in(2);
  const VectorXd theta =
      vector({dice.between(0.2, 1), dice.between(0.2, 1), dice.decades(0.03, 1),
              dice.once_in(3) ? 0 : dice.between(0, 1), dice.once_in(2) ? 0 : dice.decades(0.01, 1)});
  VectorXd y0 = dice.normals(2 * n);
  if (dice.once_in(4)) y0 *= 1e-3;
  const auto f = [=](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) {
      const auto v = y[i], w = y[n + i];
      if (nagumo) {
        dy[i] = v - v * v * v / 3.0 - w + p[3];
        dy[n + i] = p[2] * (v + p[0] - p[1] * w);
      } else {
        dy[i] = (v - v * v * v / 3.0 - w) / p[2];
        dy[n + i] = p[2] * (v - p[3] * p[0]);
      }
      if (n > 1) dy[i] += p[4] * (y[(i + 1) % n] - v);
    }
  };
  return {"cycles", field(f, theta), y0, dice.decades(3, 100)};
}

// Phases that pull at each other (Kuramoto); θ = their rates, the pull.
Drawn phases(Dice& dice) {
  const Index n = 2 + dice.below(4);
  VectorXd theta(n + 1);
  theta.head(n) = dice.decades(0.1, 3) * (VectorXd::Ones(n) + dice.decades(0.01, 1) * dice.normals(n));
  theta[n] = dice.decades(0.03, 3);
  const auto f = [=](const auto&, const auto& y, const auto& p, auto& dy) {
    for (Index i = 0; i < n; ++i) {
      auto pull = 0.0 * y[i];
      for (Index j = 0; j < n; ++j) pull = pull + sin(y[j] - y[i]);
      dy[i] = p[i] + p[n] * pull / static_cast<double>(n);
    }
  };
  return {"phases", field(f, theta), dice.normals(n), dice.decades(3, 200)};
}

}  // namespace

std::vector<Case> random_cases(int many, unsigned seed) {
  Dice dice(seed);
  Cases cases;
  using Draw = Drawn (*)(Dice&);
  constexpr std::array<Draw, 12> draws{linear,       network, reactions, springs, species, genes,
                                       compartments, levels,  waves,     swings,  cycles,  phases};
  for (int i = 0; i < many; ++i) {
    Drawn drawn = draws[static_cast<std::size_t>(i) % draws.size()](dice);
    cases.add(drawn.kind + " " + std::to_string(seed) + "/" + std::to_string(i), drawn.t1, drawn.y0, drawn.field, {});
  }
  return cases.cases;
}

}  // namespace trust
