// SPDX-License-Identifier: MIT
// LogSignaturePath{times, values, window, depth}: the log-ODE method as a control (Morrill et al., arXiv 2009.08295). A long series is
// cut into windows of so many steps; over each X' is constant, the window's log-signature divided by its length. A ControlledField
// with an F of as many columns then goes over a window in a few steps, however many observations lie in it, and knows of them what
// the log-signature knows: of depth 1 no more than a straight line, from 2 on in what order its channels moved.
// X starts at the first values, with 0 in the channels of longer words. Arguments, batches and missing values are those of a LinearPath;
// a last window may be shorter. Samples that end early do not move after their end.
#pragma once

#include <antistrophe/control/detail/knot_path.hpp>
#include <antistrophe/control/log_signature.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <utility>
#include <vector>

namespace antistrophe {

class LogSignaturePath : public detail::KnotPath {
 public:
  LogSignaturePath(const Eigen::VectorXd& times, const Eigen::MatrixXd& values, Eigen::Index window, int depth,
                   Missing missing = Missing::interpolate)
      : LogSignaturePath(detail::knot_data(times, values, detail::Rule::linear, missing), window, depth, missing) {}
  LogSignaturePath(const Eigen::VectorXd& times, const std::vector<Eigen::MatrixXd>& samples, Eigen::Index window,
                   int depth, Missing missing = Missing::interpolate)
      : LogSignaturePath(detail::knot_data(times, samples, detail::Rule::linear, missing), window, depth, missing) {}

  // X' jumps from window to window.
  std::vector<double> jumps() const { return inner_knots(); }
  const LogSignature& log_signature() const { return logarithm_; }

  // Cotangents of values(), at the windows' ends, become those of the data: channels × times, sample after sample.
  Eigen::MatrixXd data_bar(const Eigen::MatrixXd& values_bar) const {
    Eigen::MatrixXd bar = Eigen::MatrixXd::Zero(fine_.values().rows(), fine_.values().cols());
    const Eigen::Index rows = fine_.channels(), size = channels();
    for (Eigen::Index s = 0; s < samples(); ++s) {
      Eigen::VectorXd after = Eigen::VectorXd::Zero(size);
      for (Eigen::Index w = values_bar.cols() - 1; w > 0; --w) {
        after += values_bar.block(s * size, w, size, 1);
        const Eigen::Index begin = (w - 1) * window_, count = end_of(w, window_, bar.cols()) - begin + 1;
        Eigen::MatrixXd points_bar = Eigen::MatrixXd::Zero(rows, count);
        logarithm_.pull_back(fine_.values().block(s * rows, begin, rows, count), after, points_bar);
        bar.block(s * rows, begin, rows, count) += points_bar;
      }
      bar.block(s * rows, 0, rows, 1) += (after + values_bar.block(s * size, 0, size, 1)).head(rows);
    }
    return fine_.data_bar(std::move(bar));
  }

 private:
  // The data as they were given.
  struct Fine : KnotPath {
    Fine(detail::KnotData data, Missing missing) : KnotPath(std::move(data), detail::Rule::linear, missing) {}
  };

  LogSignaturePath(const detail::KnotData& data, Eigen::Index window, int depth, Missing missing)
      : KnotPath(in_windows(data, window, depth), detail::Rule::linear, Missing::interpolate),
        fine_(data, missing),
        logarithm_(data.channels, depth),
        window_(window) {}

  // The knot at which window w ends, counted from 1.
  static Eigen::Index end_of(Eigen::Index w, Eigen::Index window, Eigen::Index knots) {
    return std::min(w * window, knots - 1);
  }

  static detail::KnotData in_windows(const detail::KnotData& data, Eigen::Index window, int depth) {
    using Eigen::Index;
    if (window < 1) detail::refuse("LogSignaturePath's window", window, "at least 1 step from knot to knot");
    const LogSignature logarithm(data.channels, depth);
    const Index knots = data.times.size(), windows = (knots - 2) / window + 1, rows = data.channels,
                size = logarithm.size();
    detail::KnotData result{Eigen::VectorXd(windows + 1),
                            Eigen::MatrixXd::Zero(size * data.samples, windows + 1),
                            size,
                            data.samples,
                            std::vector<Index>(data.lengths.size(), windows + 1),
                            {}};
    result.times[0] = data.times[0];
    for (Index s = 0; s < data.samples; ++s)
      result.values.block(s * size, 0, rows, 1) = data.values.block(s * rows, 0, rows, 1);
    for (Index w = 1; w <= windows; ++w) {
      const Index begin = (w - 1) * window, end = end_of(w, window, knots);
      result.times[w] = data.times[end];
      for (Index s = 0; s < data.samples; ++s)
        result.values.block(s * size, w, size, 1) =
            result.values.block(s * size, w - 1, size, 1) +
            logarithm(data.values.block(s * rows, begin, rows, end - begin + 1));
    }
    return result;
  }

  Fine fine_;
  LogSignature logarithm_;
  Eigen::Index window_;
};

}  // namespace antistrophe
