// SPDX-License-Identifier: MIT
// RectilinearPath{times, values}: time, which becomes the first channel, and the values move in turn: in the first half of the way
// from knot to knot time alone runs to the next, while the values stay what was last observed, in the second half they follow. So at
// each of the times given X = (t, x), and has seen nothing of the future (Morrill et al., arXiv 2106.11028). Missing values are
// always filled forward. Its other arguments are those of a LinearPath. knots() are the given times and the middles between.
#pragma once

#include <antistrophe/control/detail/knot_path.hpp>

#include <Eigen/Core>

#include <utility>
#include <vector>

namespace antistrophe {

class RectilinearPath : public detail::KnotPath {
 public:
  RectilinearPath(const Eigen::VectorXd& times, const Eigen::MatrixXd& values)
      : RectilinearPath(detail::knot_data(times, with_time(times, values), rule, how)) {}
  RectilinearPath(const Eigen::VectorXd& times, const std::vector<Eigen::MatrixXd>& samples)
      : RectilinearPath(detail::knot_data(times, with_time(times, samples), rule, how)) {}

  // X' jumps at all knots but the ends.
  std::vector<double> jumps() const { return inner_knots(); }

  // Cotangents of values(), at all knots, become those of the values given, channels × times, sample after sample; of times none.
  Eigen::MatrixXd data_bar(const Eigen::MatrixXd& values_bar) const {
    Eigen::MatrixXd bar(values_bar.rows(), (values_bar.cols() + 1) / 2);
    for (Eigen::Index i = 0; i < bar.cols(); ++i) {
      bar.col(i) = values_bar.col(2 * i);
      if (2 * i + 1 < values_bar.cols()) bar.col(i) += values_bar.col(2 * i + 1);
    }
    bar = observed_.data_bar(std::move(bar));
    const Eigen::Index rows = channels() - 1;
    Eigen::MatrixXd without_time(rows * samples(), bar.cols());
    for (Eigen::Index s = 0; s < samples(); ++s)
      without_time.middleRows(s * rows, rows) = bar.middleRows(s * channels() + 1, rows);
    return without_time;
  }

 private:
  static constexpr auto rule = detail::Rule::linear;
  static constexpr auto how = Missing::fill_forward;

  // The data at the given times, as a path of its own.
  struct Observed : KnotPath {
    explicit Observed(detail::KnotData data) : KnotPath(std::move(data), rule, how) {}
  };

  explicit RectilinearPath(const detail::KnotData& data) : KnotPath(in_turn(data), rule, how), observed_(data) {}

  static detail::KnotData in_turn(const detail::KnotData& data) {
    const Eigen::Index n = data.times.size();
    detail::KnotData result{Eigen::VectorXd(2 * n - 1),
                            Eigen::MatrixXd(data.values.rows(), 2 * n - 1),
                            data.channels,
                            data.samples,
                            std::vector<Eigen::Index>(data.lengths.size(), 2 * n - 1),
                            {}};
    for (Eigen::Index i = 0; i < n; ++i) {
      result.times[2 * i] = data.times[i];
      result.values.col(2 * i) = data.values.col(i);
      if (i + 1 == n) break;
      result.times[2 * i + 1] = data.times[i] + (data.times[i + 1] - data.times[i]) / 2;
      result.values.col(2 * i + 1) = data.values.col(i);
      for (Eigen::Index s = 0; s < data.samples; ++s)
        result.values(s * data.channels, 2 * i + 1) = data.values(s * data.channels, i + 1);
    }
    return result;
  }

  Observed observed_;
};

}  // namespace antistrophe
