// The reference values of antistrophe/test_problems, by a solver of its own in numbers of 113 bits (of 64 for stiff problems, which take
// it long): Gragg's midpoint rule, extrapolated (Bulirsch & Stoer; Hairer, Nørsett & Wanner, Solving ODEs I, II.9), with one tangent
// at a time. It shares the equations with the library, and nothing else.
//   references [<name>...]    prints antistrophe/test_problems/detail/reference_values.hpp, or the values of these problems alone
// script/references builds it with g++ (it needs libquadmath) and writes the header.
#include <antistrophe/test_problems/equations.hpp>

#include <quadmath.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

__float128 root(__float128 x) { return sqrtq(x); }
__float128 sine(__float128 x) { return sinq(x); }
__float128 cosine(__float128 x) { return cosq(x); }
__float128 power(__float128 x, double p) { return powq(x, p); }
bool finite(__float128 x) { return finiteq(x) != 0; }
long double root(long double x) { return std::sqrt(x); }
long double sine(long double x) { return std::sin(x); }
long double cosine(long double x) { return std::cos(x); }
long double power(long double x, double p) { return std::pow(x, static_cast<long double>(p)); }
bool finite(long double x) { return std::isfinite(x); }

template <class Real>
struct Wide {
  Real x = 0;
  Wide() = default;
  Wide(Real number) : x(number) {}
  Wide(double number)
    requires(!std::is_same_v<Real, double>)
      : x(number) {}
  Wide(int number) : x(number) {}

  // The greatest double that is not above it, so that just before ten is not ten.
  double value() const {
    const double nearest = static_cast<double>(x);
    return nearest > x ? std::nextafter(nearest, -HUGE_VAL) : nearest;
  }

  friend Wide operator-(Wide a) { return -a.x; }
  friend Wide operator+(Wide a, Wide b) { return a.x + b.x; }
  friend Wide operator-(Wide a, Wide b) { return a.x - b.x; }
  friend Wide operator*(Wide a, Wide b) { return a.x * b.x; }
  friend Wide operator/(Wide a, Wide b) { return a.x / b.x; }
  friend bool operator<(Wide a, Wide b) { return a.x < b.x; }
  friend bool operator<=(Wide a, Wide b) { return a.x <= b.x; }
};
template <class Real>
Wide<Real> size_of(Wide<Real> a) {
  return a.x < 0 ? -a : a;
}

// A number and its derivative along one direction.
template <class Real>
struct Number {
  using Quad = Wide<Real>;
  Quad v, d;
  Number() = default;
  Number(Quad value, Quad derivative) : v(value), d(derivative) {}
  Number(double constant) : v(constant) {}
  Number(int constant) : v(constant) {}

  const Quad& value() const { return v; }

  friend Number operator-(const Number& a) { return {-a.v, -a.d}; }
  friend Number operator+(const Number& a, const Number& b) { return {a.v + b.v, a.d + b.d}; }
  friend Number operator-(const Number& a, const Number& b) { return {a.v - b.v, a.d - b.d}; }
  friend Number operator*(const Number& a, const Number& b) { return {a.v * b.v, a.d * b.v + a.v * b.d}; }
  friend Number operator/(const Number& a, const Number& b) {
    const Quad q = a.v / b.v;
    return {q, (a.d - q * b.d) / b.v};
  }
  Number& operator+=(const Number& a) { return *this = *this + a; }
  friend bool operator<=(const Number& a, const Number& b) { return a.v <= b.v; }

  friend Number sqrt(const Number& a) {
    const Quad r = root(a.v.x);
    return {r, a.d / (Quad(2) * r)};
  }
  friend Number sin(const Number& a) { return {sine(a.v.x), a.d * Quad(cosine(a.v.x))}; }
  friend Number cos(const Number& a) { return {cosine(a.v.x), -a.d * Quad(sine(a.v.x))}; }
  friend Number abs(const Number& a) { return a.v < Quad(0) ? -a : a; }
  friend Number pow(const Number& a, double p) {
    const Quad result = power(a.v.x, p);
    return {result, a.v.x == 0 ? Quad(0) : a.d * Quad(p) * result / a.v};
  }
};

template <class Real>
using State = std::vector<Number<Real>>;

// What equations see: indices of int, as an Eigen vector's.
template <class Real>
struct View {
  State<Real>& entries;
  Number<Real>& operator[](int i) const { return entries[static_cast<std::size_t>(i)]; }
  int size() const { return static_cast<int>(entries.size()); }
};

template <class Equations, class Real>
class Solver {
  using Quad = Wide<Real>;
  using Number = ::Number<Real>;
  using State = ::State<Real>;

 public:
  Solver(const Equations& equations, State theta, Quad tolerance)
      : equations_(equations), theta_(std::move(theta)), tolerance_(tolerance) {}

  // From a to b, between which nothing jumps.
  void go(Quad a, Quad b, State& y) {
    begin_ = a;
    end_ = b;
    Quad t = a, H = (b - a) / Quad(64);
    while (t < b) {
      if (b < t + H * Quad(1.0000001)) H = b - t;
      State next = y;
      const auto [error, columns] = extrapolate(t, H, y, next);
      const double ratio = static_cast<double>((error / tolerance_).x);
      const double factor = ratio > 0 ? 0.8 * std::pow(ratio, -1.0 / (2 * columns + 1)) : 3;
      if (ratio <= 1) {
        t = t + H;
        y = next;
      }
      H = H * Quad(std::clamp(factor, 0.1, 3.0));
    }
  }

 private:
  void f(Quad t, State& y, State& dy) {
    const Quad beside = std::is_same_v<Real, long double> ? 1e-17 : 1e-28;  // each piece is seen from its own side
    if (t <= begin_) t = begin_ + beside;
    if (end_ <= t) t = end_ - beside;
    dy.assign(y.size(), Number());
    View<Real> derivatives{dy};
    equations_(Number(t, 0), View<Real>{y}, View<Real>{theta_}, derivatives);
  }

  // The modified midpoint rule with n steps.
  State midpoint(Quad t, Quad H, int n, State& y) {
    const Quad h = H / Quad(n);
    State before = y, now = y, dy;
    f(t, y, dy);
    for (std::size_t i = 0; i < y.size(); ++i) now[i] = y[i] + Number(h, 0) * dy[i];
    for (int s = 1; s < n; ++s) {
      f(t + h * Quad(s), now, dy);
      for (std::size_t i = 0; i < y.size(); ++i) {
        const Number after = before[i] + Number(Quad(2) * h, 0) * dy[i];
        before[i] = now[i];
        now[i] = after;
      }
    }
    f(t + H, now, dy);
    for (std::size_t i = 0; i < y.size(); ++i)
      now[i] = Number(Quad(0.5), 0) * (now[i] + before[i] + Number(h, 0) * dy[i]);
    return now;
  }

  struct Judged {
    Quad error;
    int columns;
  };
  Judged extrapolate(Quad t, Quad H, State& y, State& result) {
    constexpr int most = 16;
    std::vector<State> row, last;
    Quad error = 1e30;
    for (int k = 0; k < most; ++k) {
      last = std::move(row);
      row.assign(1, midpoint(t, H, 2 * (k + 1), y));
      for (int j = 1; j <= k; ++j) {
        const Quad ratio = Quad(k + 1) / Quad(k + 1 - j);
        const Number weight(Quad(1) / (ratio * ratio - Quad(1)), 0);
        State better = row[static_cast<std::size_t>(j - 1)];
        const State& coarse = last[static_cast<std::size_t>(j - 1)];
        for (std::size_t i = 0; i < better.size(); ++i) better[i] = better[i] + weight * (better[i] - coarse[i]);
        row.push_back(std::move(better));
      }
      if (k < 3) continue;
      error = apart(row.back(), row[row.size() - 2]);
      if (error <= tolerance_) {
        result = row.back();
        return {error, k};
      }
    }
    return {error, most - 1};
  }
  static Quad apart(const State& a, const State& b) {
    Quad most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (const Quad each : {size_of(a[i].v - b[i].v) / (size_of(a[i].v) + Quad(1e-10)),
                              size_of(a[i].d - b[i].d) / (size_of(a[i].d) + Quad(1e-6))}) {
        if (!finite(each.x)) return 1e30;  // the step is far too long
        if (most < each) most = each;
      }
    }
    return most;
  }

  const Equations& equations_;
  State theta_;
  Quad tolerance_, begin_, end_;
};

template <class Real, class Equations>
State<Real> solved(const antistrophe::test_problems::Setting& s, const Equations& equations, Eigen::Index direction,
                   double tolerance) {
  const auto numbers = [&](const Eigen::VectorXd& from, Eigen::Index first) {
    State<Real> to;
    for (Eigen::Index i = 0; i < from.size(); ++i)
      to.emplace_back(Wide<Real>(from[i]), Wide<Real>(first + i == direction ? 1 : 0));
    return to;
  };
  State<Real> y = numbers(s.y0, 0);
  Solver<Equations, Real> solver(equations, numbers(s.theta, s.y0.size()), tolerance);
  double from = 0;
  for (const double jump : s.jumps) {
    solver.go(from, jump, y);
    from = jump;
  }
  solver.go(from, s.t1, y);
  return y;
}

// The state at t1, and the gradient of the sum of its entries with respect to y0 and θ.
// Every so many directions alone.
template <class Real, class Equations>
std::vector<Wide<Real>> values(const antistrophe::test_problems::Setting& s, const Equations& equations,
                               double tolerance, Eigen::Index every = 1) {
  std::vector<Wide<Real>> result, gradient;
  for (Eigen::Index direction = 0; direction < s.y0.size() + s.theta.size(); direction += every) {
    const State<Real> y = solved<Real>(s, equations, direction, tolerance);
    Wide<Real> sum = 0;
    for (const Number<Real>& entry : y) sum = sum + entry.d;
    gradient.push_back(sum);
    if (direction == 0)
      for (const Number<Real>& entry : y) result.push_back(entry.v);
  }
  result.insert(result.end(), gradient.begin(), gradient.end());
  return result;
}

// To double, and said on stderr how far two tolerances agree: in the state, and in up to four entries of the gradient.
template <class Real, class Equations>
std::vector<double> checked_values(const antistrophe::test_problems::Setting& s, const Equations& equations,
                                   double tolerance, double rough_tolerance) {
  const std::vector<Wide<Real>> fine = values<Real>(s, equations, tolerance);
  const Eigen::Index n = s.y0.size(), every = std::max<Eigen::Index>(1, (n + s.theta.size()) / 4);
  const std::vector<Wide<Real>> rough = values<Real>(s, equations, rough_tolerance, every);
  Wide<Real> largest = 0, most = 0;  // entries that nearly vanish are held against the others
  for (const Wide<Real>& value : fine) largest = largest < size_of(value) ? size_of(value) : largest;
  for (std::size_t i = 0; i < rough.size(); ++i) {
    const auto of_state = static_cast<std::size_t>(n);
    const Wide<Real> right = fine[i < of_state ? i : of_state + (i - of_state) * static_cast<std::size_t>(every)];
    const Wide<Real> off = size_of(rough[i] - right) / (size_of(right) + Wide<Real>(1e-3) * largest);
    most = most < off ? off : most;
  }
  const double uncertainty = static_cast<double>(most.x);
  std::fprintf(stderr, "%-22s %3zu values, two tolerances agree to %.1e%s\n", s.name.c_str(), fine.size(), uncertainty,
               uncertainty < 1e-12 ? "" : ", which is not enough");
  std::vector<double> result;
  for (const Wide<Real>& value : fine) result.push_back(static_cast<double>(value.x));
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> names(argv + 1, argv + argc);
  const bool all = names.empty();
  std::vector<std::pair<std::string, std::size_t>> table;
  if (all)
    std::printf(
        "// SPDX-License-Identifier: MIT\n"
        "// Made by script/references. Of each problem, one after the other: the state at t1, and the gradient of the "
        "sum of its\n"
        "// entries with respect to y0 and θ, rounded to double.\n"
        "#pragma once\n\n#include <cstddef>\n\nnamespace antistrophe::test_problems::detail {\n\n// clang-format off\n"
        "inline constexpr double reference_values[] = {\n");
  antistrophe::test_problems::visit_all([&](const antistrophe::test_problems::Setting& s, const auto& equations) {
    if (!all && std::find(names.begin(), names.end(), s.name) == names.end()) return;
    const std::vector<double> values = s.stiff ? checked_values<long double>(s, equations, 3e-17, 1e-15)
                                               : checked_values<__float128>(s, equations, 1e-22, 1e-19);
    std::printf(all ? "    // %s\n" : "%s\n", s.name.c_str());
    for (const double value : values) std::printf(all ? "    %.17g,\n" : "%.17g\n", value);
    table.emplace_back(s.name, values.size());
  });
  if (!all) return 0;
  std::printf(
      "};\nstruct ReferenceOf {\n  const char* name;\n  std::size_t first, size;\n};\n"
      "inline constexpr ReferenceOf references[] = {\n");
  std::size_t first = 0;
  for (const auto& [name, size] : table) {
    std::printf("    {\"%s\", %zu, %zu},\n", name.c_str(), first, size);
    first += size;
  }
  std::printf("};\n// clang-format on\n\n}  // namespace antistrophe::test_problems::detail\n");
}
