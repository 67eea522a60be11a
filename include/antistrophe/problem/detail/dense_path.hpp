// SPDX-License-Identifier: MIT
// The dense solution: the continuous extensions of all steps, kept as polynomials, so that it can be evaluated anywhere
// without the field.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/step/fixed.hpp>
#include <antistrophe/stepper/step_polynomial.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace antistrophe::detail {

template <class Y>
class DensePath {
 public:
  bool empty() const { return pieces_.empty(); }
  std::size_t size() const { return pieces_.size(); }

  // Keeps the first `pieces` of them.
  void shorten(std::size_t pieces) {
    while (pieces_.size() > pieces) pieces_.pop_back();
    while (coefficients_.size() > pieces * (static_cast<std::size_t>(degree_) + 1)) coefficients_.pop_back();
  }

  // The extension of a step from t0 of length h, valid up to `until`.
  template <int Degree>
  void add(double t0, double h, double until, const StepPolynomial<Y, Degree>& polynomial) {
    degree_ = Degree;
    pieces_.push_back({t0, h, until});
    for (const Y& coefficient : polynomial.coefficients) coefficients_.push_back(coefficient);
  }

  // y(t), or y'(t). At a time where two pieces meet it is that of the later one, so that after a jump the state is the new
  // one. Throws std::invalid_argument outside what was solved.
  Y value(double t) const { return at(t, false); }
  Y slope(double t) const { return at(t, true); }

 private:
  struct Piece {
    double t0, h, until;
  };

  Y at(double t, bool differentiate) const {
    const double first = pieces_.front().t0, last = pieces_.back().until;
    const double sign = last >= first ? 1 : -1, slack = time_slack(first, last);
    if (!(sign * (t - first) >= -slack && sign * (t - last) <= slack)) refuse("t", t, between(first, last));
    const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), t,
                                        [sign](double x, const Piece& piece) { return sign * x < sign * piece.t0; });
    const auto i = static_cast<std::size_t>(after == pieces_.begin() ? 0 : after - pieces_.begin() - 1);
    const Piece& piece = pieces_[i];
    const double sigma = std::clamp((t - piece.t0) / piece.h, 0.0, 1.0);
    const Y* c = &coefficients_[i * (static_cast<std::size_t>(degree_) + 1)];
    Y y = zeros_like(c[0]);
    for (int p = degree_; p >= (differentiate ? 1 : 0); --p)
      y = scalar<Y>(sigma) * y + scalar<Y>(differentiate ? p / piece.h : 1) * c[p];
    return y;
  }

  int degree_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Y> coefficients_;
};

}  // namespace antistrophe::detail
