// SPDX-License-Identifier: MIT
// The equations of known test problems, each a function of (t, y, theta, dy), generic in its numbers, for automatic_vjp and its
// like; and visit_all, which goes through all with their initial states and spans.
//   Detest…       DETEST: Hull, Enright, Fellen & Sedgwick, SIAM J. Numer. Anal. 9 (1972), classes A to E; Enright & Pryce, ACM
//                 Trans. Math. Softw. 13 (1987), class F, with jumps and kinks. What they have as a constant is a parameter here
//   the others    where they stand
#pragma once

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antistrophe::test_problems {

namespace detail {

inline Eigen::VectorXd vector(std::initializer_list<double> entries) {
  Eigen::VectorXd v(static_cast<Eigen::Index>(entries.size()));
  Eigen::Index i = 0;
  for (const double entry : entries) v[i++] = entry;
  return v;
}

// ⌊t⌋ is even; of numbers that carry derivatives too.
template <class T>
bool in_even_second(const T& t) {
  if constexpr (std::is_arithmetic_v<T>)
    return std::fmod(std::floor(static_cast<double>(t)), 2) == 0;
  else
    return in_even_second(t.value());
}

}  // namespace detail

// --- DETEST --------------------------------------------------------------------------------------------------------------------

struct DetestA1 {  // the negative exponential
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const { dy[0] = -p[0] * y[0]; }
};
struct DetestA2 {  // a Riccati equation
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -0.5 * p[0] * y[0] * y[0] * y[0];
  }
};
struct DetestA3 {  // an oscillation
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::cos;
    dy[0] = p[0] * y[0] * cos(t);
  }
};
struct DetestA4 {  // the logistic curve
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] * y[0] * (1.0 - y[0] / p[1]);
  }
};
struct DetestA5 {  // a spiral curve
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] * (y[0] - t) / (y[0] + t);
  }
};
struct DetestB1 {  // two populations in conflict
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] * (y[0] - y[0] * y[1]);
    dy[1] = -p[1] * (y[1] - y[0] * y[1]);
  }
};
struct DetestB2 {  // a linear chemical reaction
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -y[0] + y[1];
    dy[1] = y[0] - 2.0 * p[0] * y[1] + y[2];
    dy[2] = y[1] - y[2];
  }
};
struct DetestB3 {  // a chemical reaction of second order
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -p[0] * y[0];
    dy[1] = p[0] * y[0] - p[1] * y[1] * y[1];
    dy[2] = p[1] * y[1] * y[1];
  }
};
struct DetestB4 {  // the integral surface of a torus
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    using std::sqrt;
    const auto r = sqrt(y[0] * y[0] + y[1] * y[1]);
    dy[0] = -y[1] - p[0] * y[0] * y[2] / r;
    dy[1] = y[0] - p[0] * y[1] * y[2] / r;
    dy[2] = y[0] / r;
  }
};
struct DetestB5 {  // Euler's equations of a rigid body
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = y[1] * y[2];
    dy[1] = -y[0] * y[2];
    dy[2] = -p[0] * y[0] * y[1];
  }
};
struct DetestC1 {  // a radioactive decay chain of ten
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -p[0] * y[0];
    for (int i = 1; i < 9; ++i) dy[i] = p[0] * (y[i - 1] - y[i]);
    dy[9] = p[0] * y[8];
  }
};
struct DetestC2 {  // another, in which each decays faster than the one before
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -p[0] * y[0];
    for (int i = 1; i < 9; ++i) dy[i] = p[0] * (double(i) * y[i - 1] - double(i + 1) * y[i]);
    dy[9] = 9.0 * p[0] * y[8];
  }
};
struct DetestC3 {  // the heat equation in cells, ten (C3) or fifty-one (C4)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    const int n = static_cast<int>(y.size());
    for (int i = 0; i < n; ++i) {
      dy[i] = -2.0 * p[0] * y[i];
      if (i > 0) dy[i] += p[0] * y[i - 1];
      if (i + 1 < n) dy[i] += p[0] * y[i + 1];
    }
  }
};
struct
    DetestC5 {  // five planets round the sun; θ is the constant of gravity. y: positions, planet by planet, then velocities
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    using Number = std::remove_cvref_t<decltype(dy[0])>;
    using std::sqrt;
    constexpr double sun = 1.00000597682;
    constexpr double mass[5] = {0.000954786104043, 0.000285583733151, 0.0000437273164546, 0.0000517759138449,
                                0.00000277777777778};
    const auto over_cube = [](const Number& a, const Number& b, const Number& c) {
      const Number square = a * a + b * b + c * c;
      return Number(1.0 / (square * sqrt(square)));
    };
    Number of_sun[5];
    for (int j = 0; j < 5; ++j) of_sun[j] = over_cube(y[3 * j], y[3 * j + 1], y[3 * j + 2]);
    for (int i = 0; i < 15; ++i) dy[i] = y[15 + i];
    for (int j = 0; j < 5; ++j) {
      for (int i = 0; i < 3; ++i) dy[15 + 3 * j + i] = -(sun + mass[j]) * p[0] * y[3 * j + i] * of_sun[j];
      for (int k = 0; k < 5; ++k) {
        if (k == j) continue;
        const Number between = over_cube(y[3 * k] - y[3 * j], y[3 * k + 1] - y[3 * j + 1], y[3 * k + 2] - y[3 * j + 2]);
        for (int i = 0; i < 3; ++i)
          dy[15 + 3 * j + i] += mass[k] * p[0] * ((y[3 * k + i] - y[3 * j + i]) * between - y[3 * k + i] * of_sun[k]);
      }
    }
  }
};
struct DetestD {  // Kepler's two bodies; θ is the mass. y: (x, y, x', y')
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    using std::sqrt;
    const auto square = y[0] * y[0] + y[1] * y[1];
    const auto cube = square * sqrt(square);
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -p[0] * y[0] / cube;
    dy[3] = -p[0] * y[1] / cube;
  }
};
struct DetestE1 {  // Bessel's equation, of order ½, moved by 1
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -(y[1] / (t + 1.0) + (1.0 - p[0] / ((t + 1.0) * (t + 1.0))) * y[0]);
  }
};
struct VanDerPol {  // θ = μ; E2 with μ = 1
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = y[1];
    dy[1] = p[0] * (1.0 - y[0] * y[0]) * y[1] - y[0];
  }
};
struct DetestE3 {  // Duffing's equation
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::sin;
    dy[0] = y[1];
    dy[1] = y[0] * y[0] * y[0] / 6.0 - y[0] + p[1] * sin(p[0] * t);
  }
};
struct DetestE4 {  // a falling body
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = y[1];
    dy[1] = p[0] - p[1] * y[1] * y[1];
  }
};
struct DetestE5 {  // a linear pursuit
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::sqrt;
    dy[0] = y[1];
    dy[1] = p[0] * sqrt(1.0 + y[1] * y[1]) / (25.0 - t);
  }
};
struct DetestF1 {  // a force that changes its sign every second
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    constexpr double pi_squared = 9.869604401089358;
    dy[0] = y[1];
    dy[1] = 2.0 * p[0] * y[1] - (pi_squared + p[0] * p[0]) * y[0] + (detail::in_even_second(t) ? 1.0 : -1.0);
  }
};
struct DetestF2 {  // a rate that changes every second
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    dy[0] = 55.0 - (detail::in_even_second(t) ? p[0] : p[1]) * y[0];
  }
};
struct DetestF3 {  // van der Pol's, driven by a force with a kink every second
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::abs, std::sin;
    dy[0] = y[1];
    dy[1] = p[0] * y[1] * (1.0 - y[0] * y[0]) - y[0] - abs(sin(3.141592653589793 * t));
  }
};
struct DetestF4 {  // a pulse, and another equation from t = 10 on
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::pow;
    const auto s = t - 5.0;
    if (t <= 10.0)
      dy[0] = -2.0 / 21.0 - 120.0 * s / pow(1.0 + 4.0 * s * s, 16) + 0.0 * y[0];
    else
      dy[0] = -p[0] * y[0];
  }
};
struct DetestF5 {  // y' = θ p(t) y/p(0) with p(t) = Σ |t − i|^{4/3}, whose second derivative is infinite every second
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::abs, std::pow;
    auto sum = pow(abs(t - 1.0), 4.0 / 3.0);
    double at_zero = 1;
    for (int i = 2; i < 20; ++i) {
      sum += pow(abs(t - double(i)), 4.0 / 3.0);
      at_zero += std::pow(double(i), 4.0 / 3.0);
    }
    dy[0] = p[0] * sum * y[0] / at_zero;
  }
};

// --- Others --------------------------------------------------------------------------------------------------------------------

struct
    Arenstorf {  // a satellite between earth and moon, θ the moon's mass (Hairer, Nørsett & Wanner, Solving ODEs I, II.0)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    using std::sqrt;
    const auto other = 1.0 - p[0];
    const auto a = y[0] + p[0], b = y[0] - other;
    const auto r1 = a * a + y[1] * y[1], r2 = b * b + y[1] * y[1];
    const auto d1 = r1 * sqrt(r1), d2 = r2 * sqrt(r2);
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = y[0] + 2.0 * y[3] - other * a / d1 - p[0] * b / d2;
    dy[3] = y[1] - 2.0 * y[2] - other * y[1] / d1 - p[0] * y[1] / d2;
  }
};
struct
    Pleiades {  // seven stars in a plane, θ scales gravity (Solving ODEs I, II.10). y: abscissae, ordinates, velocities
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    using std::sqrt;
    for (int i = 0; i < 14; ++i) {
      dy[i] = y[14 + i];
      dy[14 + i] = 0.0 * y[i];
    }
    for (int i = 0; i < 7; ++i) {
      for (int j = 0; j < 7; ++j) {
        if (i == j) continue;
        const auto across = y[j] - y[i], up = y[7 + j] - y[7 + i];
        const auto square = across * across + up * up;
        const auto pull = p[0] * double(j + 1) / (square * sqrt(square));
        dy[14 + i] += pull * across;
        dy[21 + i] += pull * up;
      }
    }
  }
};
struct Brusselator {  // θ = (A, B) (Solving ODEs I, I.16)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] + y[0] * y[0] * y[1] - (p[1] + 1.0) * y[0];
    dy[1] = p[1] * y[0] - y[0] * y[0] * y[1];
  }
};
struct
    BrusselatorInSpace {  // the same with diffusion θ[2] along a line; u of all cells, then v (Solving ODEs I, II.10)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    const int cells = static_cast<int>(y.size()) / 2;
    const auto diffusion = p[2] * double((cells + 1) * (cells + 1));
    const auto spread = [&](int first, int i, double edge) {
      auto sum = -2.0 * y[first + i];
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
    for (int i = 0; i < cells; ++i) {
      const auto& u = y[i];
      const auto& v = y[cells + i];
      dy[i] = p[0] + u * u * v - (p[1] + 1.0) * u + diffusion * spread(0, i, 1);
      dy[cells + i] = p[1] * u - u * u * v + diffusion * spread(cells, i, 3);
    }
  }
};
struct Lorenz {  // θ = (σ, ρ, β) (Lorenz, J. Atmos. Sci. 20, 1963)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] * (y[1] - y[0]);
    dy[1] = y[0] * (p[1] - y[2]) - y[1];
    dy[2] = y[0] * y[1] - p[2] * y[2];
  }
};
struct HenonHeiles {  // a star in a galaxy, θ scales what couples its coordinates (Hénon & Heiles, Astron. J. 69, 1964)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = -y[0] - 2.0 * p[0] * y[0] * y[1];
    dy[3] = -y[1] - p[0] * (y[0] * y[0] - y[1] * y[1]);
  }
};
struct LotkaVolterra {  // prey and predators, θ = (α, β, γ, δ)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] * y[0] - p[1] * y[0] * y[1];
    dy[1] = p[3] * y[0] * y[1] - p[2] * y[1];
  }
};
struct Pendulum {  // with friction, driven: θ = (g/l, friction, drive)
  void operator()(const auto& t, const auto& y, const auto& p, auto& dy) const {
    using std::cos, std::sin;
    dy[0] = y[1];
    dy[1] = -p[0] * sin(y[0]) - p[1] * y[1] + p[2] * cos(t);
  }
};
struct
    DoublePendulum {  // of two equal rods and masses; θ = g/l. y: the angles from the vertical, and how fast they grow
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    using std::cos, std::sin;
    const auto apart = y[0] - y[1];
    const auto c = cos(apart), s = sin(apart);
    const auto a = -y[3] * y[3] * s - 2.0 * p[0] * sin(y[0]), b = y[2] * y[2] * s - p[0] * sin(y[1]);
    const auto determinant = 2.0 - c * c;
    dy[0] = y[2];
    dy[1] = y[3];
    dy[2] = (a - c * b) / determinant;
    dy[3] = (2.0 * b - c * a) / determinant;
  }
};
struct SEIR {  // an epidemic: susceptible, exposed, infectious, recovered; θ = (β, σ, γ), per day
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    const auto infected = p[0] * y[0] * y[2];
    dy[0] = -infected;
    dy[1] = infected - p[1] * y[1];
    dy[2] = p[1] * y[1] - p[2] * y[2];
    dy[3] = p[2] * y[2];
  }
};
struct Spiral {  // y' = A y³, entry by entry, θ = A row by row (Chen et al., Neural ODEs, arXiv 1806.07366)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    const auto a = y[0] * y[0] * y[0], b = y[1] * y[1] * y[1];
    dy[0] = p[0] * a + p[1] * b;
    dy[1] = p[2] * a + p[3] * b;
  }
};
// A fast entry that comes to rest and a slow one behind it; θ the two rates. The state needs few steps, the gradient does not see
// that they are too long (docs/trust.md).
struct GradientTrap {
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = p[0] * (1.0 - y[0]);
    dy[1] = p[1] * (y[0] - y[1]);
  }
};
// A dose by mouth: gut, blood, tissue; θ = (absorption, elimination, blood to tissue, tissue to blood), per hour.
struct Pharmacokinetics {
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -p[0] * y[0];
    dy[1] = p[0] * y[0] - (p[1] + p[2]) * y[1] + p[3] * y[2];
    dy[2] = p[2] * y[1] - p[3] * y[2];
  }
};
struct
    HIRES {  // high irradiance response of a plant, stiff; θ = two of its rates (Hairer & Wanner, Solving ODEs II, IV.10)
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -p[0] * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007;
    dy[1] = p[0] * y[0] - 8.75 * y[1];
    dy[2] = -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4];
    dy[3] = 8.32 * y[1] + p[0] * y[2] - 1.12 * y[3];
    dy[4] = -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6];
    dy[5] = -p[1] * y[5] * y[7] + 0.69 * y[3] + p[0] * y[4] - 0.43 * y[5] + 0.69 * y[6];
    dy[6] = p[1] * y[5] * y[7] - 1.81 * y[6];
    dy[7] = -p[1] * y[5] * y[7] + 1.81 * y[6];
  }
};
// A chemical reaction, stiff; θ scales its three rates, .04, 1e4 and 3e7 (Robertson 1966; Solving ODEs II, IV.1).
struct Robertson {
  void operator()(const auto&, const auto& y, const auto& p, auto& dy) const {
    dy[0] = -0.04 * p[0] * y[0] + 1e4 * p[1] * y[1] * y[2];
    dy[1] = 0.04 * p[0] * y[0] - 1e4 * p[1] * y[1] * y[2] - 3e7 * p[2] * y[1] * y[1];
    dy[2] = 3e7 * p[2] * y[1] * y[1];
  }
};

// --- All of them ---------------------------------------------------------------------------------------------------------------

// What a problem is made of, beside its equations.
struct Setting {
  std::string name;
  Eigen::VectorXd y0, theta;
  double t1 = 0;                   // from t0 = 0
  std::vector<double> jumps = {};  // where f, or a derivative of it, jumps
  bool stiff = false;              // for an explicit method
};

// visit(setting, equations) for each, DETEST first.
template <class Visit>
void visit_all(Visit&& visit) {
  using detail::vector;
  using Eigen::VectorXd;
  const VectorXd one = vector({1});
  const auto detest = [&](const char* name, VectorXd y0, VectorXd theta, const auto& equations,
                          std::vector<double> jumps = {}) {
    visit(Setting{name, std::move(y0), std::move(theta), 20, std::move(jumps)}, equations);
  };
  std::vector<double> seconds;
  for (int i = 1; i < 20; ++i) seconds.push_back(i);

  detest("A1", one, one, DetestA1{});
  detest("A2", one, one, DetestA2{});
  detest("A3", one, one, DetestA3{});
  detest("A4", one, vector({0.25, 20}), DetestA4{});
  detest("A5", vector({4}), one, DetestA5{});
  detest("B1", vector({1, 3}), vector({2, 1}), DetestB1{});
  detest("B2", vector({2, 0, 1}), one, DetestB2{});
  detest("B3", vector({1, 0, 0}), vector({1, 1}), DetestB3{});
  detest("B4", vector({3, 0, 0}), one, DetestB4{});
  detest("B5", vector({0, 1, 1}), vector({0.51}), DetestB5{});
  detest("C1", VectorXd::Unit(10, 0), one, DetestC1{});
  detest("C2", VectorXd::Unit(10, 0), one, DetestC2{});
  detest("C3", VectorXd::Unit(10, 0), one, DetestC3{});
  detest("C4", VectorXd::Unit(51, 0), one, DetestC3{});
  detest("C5", vector({3.42947415189,   3.35386959711,   1.35494901715,   6.64145542550,   5.97156957878,
                       2.18231499728,   11.2630437207,   14.6952576794,   6.27960525067,   -30.1552268759,
                       1.65699966404,   1.43785752721,   -21.1238353380,  28.4465098142,   15.3882659679,
                       -0.557160570446, 0.505696783289,  0.230578543901,  -0.415570776342, 0.365682722812,
                       0.169143213293,  -0.325325669158, 0.189706021964,  0.0877265322780, -0.0240476254170,
                       -0.287659532608, -0.117219543175, -0.176860753121, -0.216393453025, -0.0148647893090}),
         vector({2.95912208286}), DetestC5{});
  for (int i = 0; i < 5; ++i) {
    const double e = 0.1 + 0.2 * i;
    detest(("D" + std::to_string(i + 1)).c_str(), vector({1 - e, 0, 0, std::sqrt((1 + e) / (1 - e))}), one, DetestD{});
  }
  detest("E1", vector({0.6713967071418030, 0.09540051444747446}), vector({0.25}), DetestE1{});
  detest("E2", vector({2, 0}), one, VanDerPol{});
  detest("E3", vector({0, 0}), vector({2.78535, 2}), DetestE3{});
  detest("E4", vector({30, 0}), vector({0.032, 0.4}), DetestE4{});
  detest("E5", vector({0, 0}), one, DetestE5{});
  detest("F1", vector({0, 0}), vector({0.1}), DetestF1{}, seconds);
  detest("F2", vector({110}), vector({1.5, 0.5}), DetestF2{}, seconds);
  detest("F3", vector({0, 0}), vector({0.01}), DetestF3{}, seconds);
  detest("F4", one, vector({2}), DetestF4{}, {10});
  detest("F5", one, one, DetestF5{}, seconds);

  visit(Setting{"Arenstorf", vector({0.994, 0, 0, -2.00158510637908252240537862224}), vector({0.012277471}),
                17.0652165601579625588917206249},
        Arenstorf{});
  VectorXd stars(28);
  stars << 3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0;
  visit(Setting{"Pleiades", stars, one, 3}, Pleiades{});
  visit(Setting{"Brusselator", vector({1.5, 3}), vector({1, 3}), 20}, Brusselator{});
  constexpr int cells = 32;
  VectorXd line(2 * cells);
  for (int i = 0; i < cells; ++i) {
    const double x = double(i + 1) / (cells + 1);
    line[i] = 1 + 4 * x * (1 - x);
    line[cells + i] = 3;
  }
  visit(Setting{"Brusselator in space", line, vector({1, 3, 0.02}), 4}, BrusselatorInSpace{});
  visit(Setting{"Lorenz", vector({1, 1, 1}), vector({10, 28, 8.0 / 3}), 5}, Lorenz{});
  visit(Setting{"Henon-Heiles", vector({0.3, 0, 0, 0.4}), one, 20}, HenonHeiles{});
  visit(Setting{"van der Pol, 5", vector({2, 0}), vector({5}), 20}, VanDerPol{});
  visit(Setting{"Kepler", vector({0.5, 0, 0, std::sqrt(3.0)}), one, 10}, DetestD{});
  visit(Setting{"Lotka-Volterra", vector({1, 1}), vector({1.5, 1, 3, 1}), 10}, LotkaVolterra{});
  visit(Setting{"pendulum", vector({1, 0}), vector({2, 0.1, 0.3}), 20}, Pendulum{});
  visit(Setting{"double pendulum", vector({1, 1.5, 0, 0}), vector({9.81}), 2}, DoublePendulum{});
  visit(Setting{"SEIR", vector({0.99, 0, 0.01, 0}), vector({0.5, 0.2, 0.1}), 60}, SEIR{});
  visit(Setting{"spiral", vector({2, 0}), vector({-0.1, 2, -2, -0.1}), 5}, Spiral{});
  visit(Setting{"gradient trap", vector({0, 0}), vector({1, 0.1}), 50}, GradientTrap{});
  visit(Setting{"pharmacokinetics", vector({100, 0, 0}), vector({1.2, 0.25, 0.6, 0.3}), 24}, Pharmacokinetics{});
  visit(Setting{"HIRES", vector({1, 0, 0, 0, 0, 0, 0, 0.0057}), vector({1.71, 280}), 321.8122, {}, true}, HIRES{});
  visit(Setting{"Robertson", vector({1, 0, 0}), vector({1, 1, 1}), 40, {}, true}, Robertson{});
}

}  // namespace antistrophe::test_problems
