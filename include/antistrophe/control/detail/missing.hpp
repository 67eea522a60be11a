// SPDX-License-Identifier: MIT
// Missing values of data, NaN, are made up from those that were observed: linearly, row by row, so that what is asked of the
// whole is asked of the observed by the transpose.
#pragma once

#include <antistrophe/control/detail/natural_spline.hpp>
#include <antistrophe/core/errors.hpp>

#include <Eigen/Core>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe {

// Where the value of a channel was not observed (NaN): a path goes from the value before to the value after as it does between
// any two (`interpolate`), or the last value seen stays until the next (`fill_forward`), so that nothing of the future is used.
// Either way values before the first and after the last observed one are equal to it.
enum class Missing { interpolate, fill_forward };

namespace detail {

// How a path goes between its knots.
enum class Rule { linear, hermite, natural };

// The entries of a row that were observed, and their times; both ends count, with the value of their nearest.
struct Observed {
  std::vector<Eigen::Index> knots;
  Eigen::Index first = 0, last = 0;  // truly observed
};

class MissingValues {
 public:
  using Index = Eigen::Index;
  MissingValues(Rule rule, Missing how) : rule_(rule), how_(how) {}

  // Fills the first `length` columns of a row of values, at these times; false where nothing in it was observed.
  bool fill(const Eigen::VectorXd& times, Eigen::MatrixXd& values, Index row, Index length) const {
    Observed seen;
    for (Index j = 0; j < length; ++j)
      if (!std::isnan(values(row, j))) seen.knots.push_back(j);
    if (seen.knots.empty()) return false;
    if (static_cast<Index>(seen.knots.size()) == length) return true;
    add_ends(seen, length);
    values(row, 0) = values(row, seen.first);
    values(row, length - 1) = values(row, seen.last);
    if (is_spline(seen)) {
      const auto [at, spline] = spline_of(times, seen);
      Eigen::MatrixXd known(1, at.size());
      for (Index k = 0; k < at.size(); ++k) known(0, k) = values(row, seen.knots[static_cast<std::size_t>(k)]);
      const Eigen::MatrixXd slopes = spline.slopes(known);
      each_missing(times, seen, [&](Index j, Index k, double h, double u) {
        const double m = (known(0, k + 1) - known(0, k)) / h;
        values(row, j) =
            known(0, k) + h * (weight_of_m(u) * m + weight_of_p(u) * slopes(0, k) + weight_of_q(u) * slopes(0, k + 1));
      });
    } else {
      each_missing(times, seen, [&](Index j, Index k, double, double u) {
        const double before = values(row, knot(seen, k)), after = values(row, knot(seen, k + 1));
        values(row, j) = how_ == Missing::fill_forward ? before : before + u * (after - before);
      });
    }
    return true;
  }

  // The cotangents of what was filled become those of what was observed: `missing` says which was not.
  void pull_back(const Eigen::VectorXd& times, const Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>& missing,
                 Eigen::MatrixXd& bar, Index row, Index length) const {
    Observed seen;
    for (Index j = 0; j < length; ++j)
      if (!missing(row, j)) seen.knots.push_back(j);
    if (static_cast<Index>(seen.knots.size()) == length) return;
    add_ends(seen, length);
    if (is_spline(seen)) {
      const auto [at, spline] = spline_of(times, seen);
      Eigen::MatrixXd known_bar = Eigen::MatrixXd::Zero(1, at.size()), slopes_bar = known_bar;
      each_missing(times, seen, [&](Index j, Index k, double h, double u) {
        const double w = std::exchange(bar(row, j), 0.0);
        known_bar(0, k) += w * (1 - weight_of_m(u));
        known_bar(0, k + 1) += w * weight_of_m(u);
        slopes_bar(0, k) += w * h * weight_of_p(u);
        slopes_bar(0, k + 1) += w * h * weight_of_q(u);
      });
      spline.pull_back(slopes_bar, known_bar);
      for (Index k = 0; k < at.size(); ++k) bar(row, knot(seen, k)) += known_bar(0, k);
    } else {
      each_missing(times, seen, [&](Index j, Index k, double, double u) {
        const double w = std::exchange(bar(row, j), 0.0), share = how_ == Missing::fill_forward ? 0 : u;
        bar(row, knot(seen, k)) += (1 - share) * w;
        bar(row, knot(seen, k + 1)) += share * w;
      });
    }
    if (seen.first != 0) bar(row, seen.first) += std::exchange(bar(row, 0), 0.0);
    if (seen.last != length - 1) bar(row, seen.last) += std::exchange(bar(row, length - 1), 0.0);
  }

 private:
  static double weight_of_m(double u) { return u * u * (3 - 2 * u); }
  static double weight_of_p(double u) { return u * (1 - u) * (1 - u); }
  static double weight_of_q(double u) { return u * u * (u - 1); }

  static Index knot(const Observed& seen, Index k) { return seen.knots[static_cast<std::size_t>(k)]; }
  static void add_ends(Observed& seen, Index length) {
    seen.first = seen.knots.front();
    seen.last = seen.knots.back();
    if (seen.first != 0) seen.knots.insert(seen.knots.begin(), 0);
    if (seen.last != length - 1) seen.knots.push_back(length - 1);
  }
  bool is_spline(const Observed& seen) const {
    return rule_ == Rule::natural && how_ == Missing::interpolate && seen.knots.size() > 1;
  }
  static std::pair<Eigen::VectorXd, NaturalSpline> spline_of(const Eigen::VectorXd& times, const Observed& seen) {
    Eigen::VectorXd at(static_cast<Index>(seen.knots.size()));
    for (Index k = 0; k < at.size(); ++k) at[k] = times[knot(seen, k)];
    return {at, NaturalSpline(at)};
  }
  // For each missing knot j between the known k and k + 1: how far apart these are, and what share of the way j is.
  static void each_missing(const Eigen::VectorXd& times, const Observed& seen, const auto& visit) {
    for (Index k = 0; k + 1 < static_cast<Index>(seen.knots.size()); ++k) {
      const double from = times[knot(seen, k)], h = times[knot(seen, k + 1)] - from;
      for (Index j = knot(seen, k) + 1; j < knot(seen, k + 1); ++j) visit(j, k, h, (times[j] - from) / h);
    }
  }

  Rule rule_;
  Missing how_;
};

}  // namespace detail
}  // namespace antistrophe
