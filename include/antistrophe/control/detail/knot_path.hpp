// SPDX-License-Identifier: MIT
// A path through data at given times, the knots: on the piece from t_i to t_{i+1}, of length h, u = (t − t_i)/h,
//   X = x_i + h (u²(3 − 2u) m + u(1 − u)² p + u²(u − 1) q),   m = (x_{i+1} − x_i)/h,
// with slopes p at its start and q at its end: p = q = m of a linear path, m of the piece before and of this one of Hermite's, k_i
// and k_{i+1} of the natural spline. All is linear in the values x, so that gradients with respect to them are exact. Values are kept
// with one knot a column: a column is channels × samples, sample after sample. Copies of a path share them.
#pragma once

#include <antistrophe/control/detail/missing.hpp>
#include <antistrophe/control/detail/natural_spline.hpp>
#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/core/errors.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

using Batch = std::vector<Eigen::MatrixXd>;

// Data as they were given, and what was filled in.
struct KnotData {
  Eigen::VectorXd times;
  Eigen::MatrixXd values;  // nothing is missing; samples that end early stay at their last value
  Eigen::Index channels = 1, samples = 1;
  std::vector<Eigen::Index> lengths;                           // knots of each sample
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> missing;  // empty where nothing is
};

ANTISTROPHE_COLD inline void check_knots(const Eigen::VectorXd& times) {
  if (times.size() < 2) refuse("the number of a path's knots", times.size(), "at least 2");
  for (Eigen::Index i = 0; i < times.size(); ++i) {
    const std::string name = "time " + std::to_string(i) + " of a path";
    if (!std::isfinite(times[i])) refuse(name, times[i], "finite");
    if (i > 0 && !(times[i] > times[i - 1]))
      refuse(name, times[i], "greater than the time before it, " + in_words(times[i - 1]));
  }
}

ANTISTROPHE_COLD inline void fill_missing(KnotData& data, const MissingValues& rule, Eigen::Index sample) {
  const Eigen::Index length = data.lengths[static_cast<std::size_t>(sample)];
  for (Eigen::Index c = 0; c < data.channels; ++c) {
    const Eigen::Index row = sample * data.channels + c;
    for (Eigen::Index j = 0; j < length; ++j) {
      if (std::isnan(data.values(row, j))) {
        if (data.missing.size() == 0) data.missing.setConstant(data.values.rows(), data.values.cols(), false);
        data.missing(row, j) = true;
      } else if (!std::isfinite(data.values(row, j))) {
        refuse(
            "value " + std::to_string(j) + " of channel " + std::to_string(c) + " of sample " + std::to_string(sample),
            data.values(row, j), "finite, or NaN where it is missing");
      }
    }
    if (!rule.fill(data.times, data.values, row, length))
      refuse("the number of values that channel " + std::to_string(c) + " of sample " + std::to_string(sample) + " has",
             0, "at least 1, the others NaN: leave the channel out, or set it to a constant");
  }
}

// One matrix a sample, channels × its knots; samples may have fewer knots than there are times.
ANTISTROPHE_COLD inline KnotData knot_data(const Eigen::VectorXd& times, const Batch& samples, Rule rule, Missing how) {
  using Eigen::Index;
  check_knots(times);
  if (samples.empty()) refuse("the number of a path's samples", 0, "at least 1");
  KnotData data{times, {}, samples[0].rows(), static_cast<Index>(samples.size()), {}, {}};
  if (data.channels < 1) refuse("the number of a path's channels", data.channels, "at least 1");
  data.values.resize(data.channels * data.samples, times.size());
  for (Index s = 0; s < data.samples; ++s) {
    const Eigen::MatrixXd& sample = samples[static_cast<std::size_t>(s)];
    const std::string name = "sample " + std::to_string(s) + " of a path";
    if (sample.rows() != data.channels)
      refuse("the number of channels (rows) of " + name, sample.rows(), in_words(data.channels) + ", as of sample 0");
    if (sample.cols() < 1 || sample.cols() > times.size())
      refuse("the number of knots (columns) of " + name, sample.cols(),
             "between 1 and " + in_words(times.size()) + ", the number of times");
    data.lengths.push_back(sample.cols());
    data.values.block(s * data.channels, 0, data.channels, sample.cols()) = sample;
    fill_missing(data, MissingValues(rule, how), s);
    for (Index j = sample.cols(); j < times.size(); ++j)
      data.values.block(s * data.channels, j, data.channels, 1) =
          data.values.block(s * data.channels, sample.cols() - 1, data.channels, 1);
  }
  return data;
}

// One sample, or several of the same length.
ANTISTROPHE_COLD inline KnotData knot_data(const Eigen::VectorXd& times, const Eigen::MatrixXd& values, Rule rule,
                                           Missing how) {
  if (values.cols() != times.size())
    refuse("the number of knots (columns) of a path's values", values.cols(),
           in_words(times.size()) + ", the number of times");
  return knot_data(times, Batch{values}, rule, how);
}

// What a path's values count for at one time: the value there, or a derivative, is Σ weights[j] x_{first + j}.
struct KnotWeights {
  Eigen::Index first = 0, count = 0;
  Eigen::RowVectorXd weights;  // room for as many as there may be
};

class KnotPath {
 public:
  using Index = Eigen::Index;

  // X(t), a matrix of channels × samples, or of one column.
  Eigen::MatrixXd operator()(double t) const { return at(t, 0); }
  // X'(t). At a knot where it jumps, that of the piece that begins there; at the last, of the one that ends there.
  Eigen::MatrixXd derivative(double t) const { return at(t, 1); }
  // The same into a matrix or vector that has this shape, of any scalar.
  template <class Out>
  void derivative(double t, Out& out) const {
    write(t, 1, out);
  }
  // X''(t), without what jumps of X' would add.
  template <class Out>
  void second_derivative(double t, Out& out) const {
    write(t, 2, out);
  }

  const Eigen::VectorXd& knots() const { return data_->times; }
  // All but the first and the last.
  std::vector<double> inner_knots() const { return {knots().data() + 1, knots().data() + knots().size() - 1}; }
  Index channels() const { return data_->channels; }
  Index samples() const { return data_->samples; }
  // At all knots, one a column, sample after sample in it: what was missing is filled in.
  const Eigen::MatrixXd& values() const { return data_->values; }

  // values_bar += (∂X(t)/∂values)ᵀ X_bar, or that of X'(t); values_bar has the shape of values().
  void pull_back(double t, const Eigen::MatrixXd& X_bar, Eigen::MatrixXd& values_bar) const {
    pull_back_order(t, 0, X_bar, values_bar);
  }
  void pull_back_derivative(double t, const Eigen::MatrixXd& X_bar, Eigen::MatrixXd& values_bar) const {
    pull_back_order(t, 1, X_bar, values_bar);
  }
  // Cotangents of values() become those of the data as they were given, of the same shape: 0 where data were missing and beyond
  // the end of a sample, whose share they hand to what was observed.
  Eigen::MatrixXd data_bar(Eigen::MatrixXd values_bar) const {
    for (Index s = 0; s < samples(); ++s) {
      const Index length = data_->lengths[static_cast<std::size_t>(s)], rows = channels();
      for (Index j = length; j < values_bar.cols(); ++j) {
        values_bar.block(s * rows, length - 1, rows, 1) += values_bar.block(s * rows, j, rows, 1);
        values_bar.block(s * rows, j, rows, 1).setZero();
      }
      if (data_->missing.size() == 0) continue;
      for (Index c = 0; c < rows; ++c)
        MissingValues(rule_, missing_).pull_back(data_->times, data_->missing, values_bar, s * rows + c, length);
    }
    return values_bar;
  }

  // The weights of values at t: of X (order 0), X' (1) or X'' (2). `weights` has its room after the first call.
  void weights(double t, int order, KnotWeights& result) const {
    const Piece piece = piece_at(t, order);
    const Index n = knots().size(), room = rule_ == Rule::natural ? n : 3;
    if (result.weights.size() != room) result.weights.resize(room);
    result.weights.setZero();
    result.count = std::min(room, n);
    result.first = rule_ == Rule::natural ? 0 : std::max(std::min(piece.i - 1, n - result.count), Index(0));
    if (rule_ == Rule::natural) {
      result.weights[piece.i] = piece.p;
      result.weights[piece.i + 1] = piece.q;
      pull_back_slopes(result.weights);
    }
    const auto add_slope = [&](Index i, double weight) {
      const double per_time = weight / (knots()[i + 1] - knots()[i]);
      result.weights[i + 1 - result.first] += per_time;
      result.weights[i - result.first] -= per_time;
    };
    if (order == 0) result.weights[piece.i - result.first] += 1;
    add_slope(piece.i, piece.m);
    if (rule_ == Rule::hermite) add_slope(std::max(piece.i - 1, Index(0)), piece.p);
  }

 protected:
  KnotPath(KnotData data, Rule rule, Missing missing)
      : data_(std::make_shared<const KnotData>(std::move(data))), rule_(rule), missing_(missing) {
    if (rule_ != Rule::natural) return;
    spline_ = std::make_shared<const NaturalSpline>(data_->times);
    slopes_ = std::make_shared<const Eigen::MatrixXd>(spline_->slopes(data_->values));
  }

 private:
  // On piece i, what its three slopes count for.
  struct Piece {
    Index i;
    double m, p, q;
  };

  Piece piece_at(double t, int order) const {
    const Eigen::VectorXd& all = knots();
    const Index last = all.size() - 1;
    // An end that was computed otherwise than the knot may miss it by rounding.
    const double slack =
        8 * std::numeric_limits<double>::epsilon() * larger_of(std::fabs(all[0]), std::fabs(all[last]));
    if (!(t >= all[0] - slack && t <= all[last] + slack))
      refuse("the time at which a path is asked for", t,
             "between its first knot, " + in_words(all[0]) + ", and its last, " + in_words(all[last]));
    t = std::clamp(t, all[0], all[last]);
    const Index i =
        std::min(static_cast<Index>(std::upper_bound(all.data(), all.data() + last + 1, t) - all.data()) - 1, last - 1);
    const double h = all[i + 1] - all[i], u = (t - all[i]) / h;
    Piece piece = order == 0   ? Piece{i, h * u * u * (3 - 2 * u), h * u * (1 - u) * (1 - u), h * u * u * (u - 1)}
                  : order == 1 ? Piece{i, 6 * u * (1 - u), (1 - u) * (1 - 3 * u), u * (3 * u - 2)}
                               : Piece{i, (6 - 12 * u) / h, (6 * u - 4) / h, (6 * u - 2) / h};
    if (rule_ == Rule::linear) piece = {i, order == 0 ? h * u : order == 1 ? 1.0 : 0.0, 0, 0};
    if (rule_ == Rule::hermite) piece = {i, piece.m + piece.q, piece.p, 0};
    return piece;
  }

  template <class Out>
  void write(double t, int order, Out& out) const {
    using Scalar = typename Out::Scalar;
    const Piece piece = piece_at(t, order);
    const Index i = piece.i, before = std::max(i - 1, Index(0)), rows = values().rows();
    if (out.size() != rows) refuse_shape(out.rows(), out.cols());
    const double m = piece.m / (knots()[i + 1] - knots()[i]), p = piece.p / (knots()[before + 1] - knots()[before]);
    const double* const x = values().data() + i * rows;
    const double* const y = values().data() + before * rows;
    const double* const k = slopes_ == nullptr ? nullptr : slopes_->data() + i * rows;
    for (Index r = 0; r < rows; ++r) {
      double sum = m * (x[r + rows] - x[r]);
      if (rule_ == Rule::hermite) sum += p * (y[r + rows] - y[r]);
      if (k != nullptr) sum += piece.p * k[r] + piece.q * k[r + rows];
      if (order == 0) sum += x[r];
      out.data()[r] = static_cast<Scalar>(sum);
    }
  }

  Eigen::MatrixXd at(double t, int order) const {
    Eigen::MatrixXd result(channels(), samples());
    write(t, order, result);
    return result;
  }

  ANTISTROPHE_COLD [[noreturn]] void refuse_shape(Index rows, Index columns) const {
    refuse("the shape of what a path's derivative is written to", in_words(rows) + " x " + in_words(columns),
           in_words(channels()) + " x " + in_words(samples()) + ", channels by samples");
  }

  void pull_back_order(double t, int order, const Eigen::MatrixXd& X_bar, Eigen::MatrixXd& values_bar) const {
    if (X_bar.size() != values().rows()) refuse_shape(X_bar.rows(), X_bar.cols());
    KnotWeights at_t;
    weights(t, order, at_t);
    for (Index j = 0; j < at_t.count; ++j) values_bar.col(at_t.first + j) += at_t.weights[j] * X_bar.reshaped();
  }

  // Weights of slopes become weights of values, in place: of Aᵀ = A, which the spline solves.
  void pull_back_slopes(Eigen::RowVectorXd& row) const { spline_->pull_back_row(row); }

  std::shared_ptr<const KnotData> data_;
  std::shared_ptr<const NaturalSpline> spline_;
  std::shared_ptr<const Eigen::MatrixXd> slopes_;
  Rule rule_;
  Missing missing_;
};

}  // namespace detail

// Time as the first channel of data: a row more, above the others.
inline Eigen::MatrixXd with_time(const Eigen::VectorXd& times, const Eigen::MatrixXd& values) {
  if (values.cols() > times.size())
    detail::refuse("the number of values", values.cols(),
                   "at most " + detail::in_words(times.size()) + ", that of times");
  Eigen::MatrixXd result(values.rows() + 1, values.cols());
  result.row(0) = times.head(values.cols()).transpose();
  result.bottomRows(values.rows()) = values;
  return result;
}
inline std::vector<Eigen::MatrixXd> with_time(const Eigen::VectorXd& times, std::vector<Eigen::MatrixXd> samples) {
  for (Eigen::MatrixXd& sample : samples) sample = with_time(times, sample);
  return samples;
}

// How many values of each channel have been observed so far, as many channels more: what was dropped is information too.
inline Eigen::MatrixXd with_counts(const Eigen::MatrixXd& values) {
  Eigen::MatrixXd result(2 * values.rows(), values.cols());
  result.topRows(values.rows()) = values;
  for (Eigen::Index c = 0; c < values.rows(); ++c) {
    double seen = 0;
    for (Eigen::Index j = 0; j < values.cols(); ++j)
      result(values.rows() + c, j) = seen += std::isnan(values(c, j)) ? 0 : 1;
  }
  return result;
}

}  // namespace antistrophe
