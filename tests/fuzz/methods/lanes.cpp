// Lanes take fields that are generic in their scalar, and none that is behind an interface: the sums and products of a case's equations.
#include <antistrophe/ensemble.hpp>

#include "fuzz/oracles.hpp"
#include "fuzz/solver.hpp"

#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe::fuzz {
namespace {

// y_i' = θ0 s (Σ_j A_ij y_j + θ1 y_0 y_1 + θ2 |y_{i+1}| + y_i − y_i³), or y_i (1 + Σ_j A_ij y_j) in the place of the linear part.
struct Polynomial {
  static constexpr bool autonomous = true;
  Eigen::Vector3d theta;
  Eigen::Matrix2d a;
  bool linear = false, predators = false, products = false, kinks = false, wells = false;
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void operator()(double, const auto& y, auto& dy) const {
    for (int i = 0; i < 2; ++i) dy[i] = theta[0] * sum(i, y);
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    for (int i = 0; i < 2; ++i) {
      const auto v = theta[0] * w[i];
      const auto rate = predators ? v * y[i] : v;
      if (linear || predators)
        for (int j = 0; j < 2; ++j) y_bar[j] += a(i, j) * rate;
      if (predators) y_bar[i] += v * (1.0 + mixed(i, y));
      if (products) {
        y_bar[0] += theta[1] * v * y[1];
        y_bar[1] += theta[1] * v * y[0];
        theta_bar[1] += v * y[0] * y[1];
      }
      using std::abs, std::tanh;
      if (kinks) {
        y_bar[1 - i] += theta[2] * v * tanh(1e300 * y[1 - i]);  // the sign, without a branch that would part lanes
        theta_bar[2] += v * abs(y[1 - i]);
      }
      if (wells) y_bar[i] += v * (1.0 - 3.0 * y[i] * y[i]);
      theta_bar[0] += w[i] * sum(i, y);
    }
  }

 private:
  auto mixed(int i, const auto& y) const { return a(i, 0) * y[0] + a(i, 1) * y[1]; }
  auto sum(int i, const auto& y) const {
    auto total = 0.0 * y[i];
    if (predators)
      total = y[i] * (1.0 + mixed(i, y));
    else if (linear)
      total = mixed(i, y);
    if (products) total += theta[1] * y[0] * y[1];
    using std::abs;
    if (kinks) total += theta[2] * abs(y[1 - i]);
    if (wells) total += y[i] * (1.0 - y[i] * y[i]);
    return total;
  }
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
template <int n>
bool same(const Eigen::Vector<double, n>& a, const Eigen::Vector<double, n>& b) {
  for (int i = 0; i < n; ++i)
    if (!same(a[i], b[i])) return false;
  return true;
}
void require(bool holds, const std::string& what) {
  if (!holds) throw Broken("in lanes: " + what);
}

using Made = EnsembleValueAndGradient<Polynomial, Eigen::Vector2d>;

void require_same(const Made& alone, const Made& lanes) {
  require(alone.failures.size() == lanes.failures.size(), "others fail");
  for (std::size_t f = 0; f < alone.failures.size(); ++f)
    require(alone.failures[f].index == lanes.failures[f].index &&
                alone.failures[f].failure.status == lanes.failures[f].failure.status &&
                alone.failures[f].failure.cause == lanes.failures[f].failure.cause,
            "one fails otherwise: " + lanes.failures[f].failure.cause + " / " + alone.failures[f].failure.cause);
  for (std::size_t i = 0; i < alone.values.size(); ++i) {
    const std::string which = " of problem " + std::to_string(i);
    require(same(alone.values[i], lanes.values[i]), "another value" + which);
    require(same(alone.gradient.y0[i], lanes.gradient.y0[i]) &&
                same(alone.gradient.each_theta[i], lanes.gradient.each_theta[i]) &&
                same(alone.gradient.t0[i], lanes.gradient.t0[i]) && same(alone.gradient.t1[i], lanes.gradient.t1[i]),
            "another gradient" + which);
  }
  const BackwardStats &a = alone.gradient.stats, &b = lanes.gradient.stats;
  require(same(alone.value, lanes.value) && alone.stats.steps == lanes.stats.steps &&
              alone.stats.rejected == lanes.stats.rejected && alone.stats.evaluations == lanes.stats.evaluations,
          "other sums");
  require(a.evaluations == b.evaluations && a.vjps == b.vjps && a.judged == b.judged && a.discarded == b.discarded &&
              same(a.tightened, b.tightened) && same(a.estimated_error, b.estimated_error),
          "other statistics of the way back");
}

}  // namespace

int try_lanes(const Case& c) {
  const EquationSpec& e = c.equations;
  const bool polynomial =
      (e.linear || e.predators || e.products || e.kinks || e.wells) && !e.sines && !e.driven && !e.jumps;
  if (c.steps.kind != StepSpec::Kind::adaptive || c.has_events() || c.y0.size() != 2 || !polynomial || c.saves.dense ||
      c.is_faulty() || detail::contracts_products())
    return 0;
  Polynomial field{{(e.mirrored ? -1 : 1) * c.theta[0], c.theta[1], c.theta[3]},
                   Eigen::Matrix2d{{e.a[0], e.a[1]}, {e.a[2], e.a[3]}},
                   e.linear,
                   e.predators,
                   e.products,
                   e.kinks,
                   e.wells};
  std::vector<Problem<Polynomial, Eigen::Vector2d>> problems(
      66, Problem{field, Eigen::Vector2d(c.y0[0], c.y0[1]), c.t0, c.t1});
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const double x = std::sin(static_cast<double>(i));
    problems[i].y0 *= 1 + 0.25 * x;
    if (c.saves.times.empty() && c.steps.times.empty() && i % 3 == 1) problems[i].t1 += 0.25 * x * (c.t1 - c.t0);
  }
  const auto loss = [](std::size_t i, const auto& ys, auto& ys_bar) {
    const double weight = 1 + static_cast<double>(i) / 7;
    double sum = 0;
    for (std::size_t k = 0; k < ys.size(); ++k) {
      ys_bar[k] = weight * Eigen::Vector2d(std::sin(1 + 3.7 * static_cast<double>(k)), 0.75);
      sum += ys[k].dot(ys_bar[k]);
    }
    return sum;
  };
  const SaveAt saves{
      .times = c.saves.times, .t0 = c.saves.t0, .t1 = c.saves.t1, .steps = c.saves.steps, .every = c.saves.every};
  const Adaptive steps = adaptive(c);
  const auto solved = [&](const auto&... extras) {
    std::pair<std::optional<Made>, std::string> result;
    try {
      result.first = ensemble_value_and_gradient(problems, Dopri5{}, steps, loss, saves, DirectAdjoint{}, EachTheta{},
                                                 OnFailure::return_status, extras...);
    } catch (const std::invalid_argument& error) {
      result.second = error.what();
    }
    return result;
  };
  const auto alone = solved(), lanes = solved(Lanes<4>{}), by_threads = solved(Lanes<4>{}, Threads{2});
  require(alone.second == lanes.second && alone.second == by_threads.second,
          "it is refused otherwise: " + lanes.second + " / " + alone.second);
  if (!alone.first) return 0;
  require_same(*alone.first, *lanes.first);
  require_same(*alone.first, *by_threads.first);
  return alone.first->gradient.stats.discarded > 0 ? 1 : 0;
}

}  // namespace antistrophe::fuzz
