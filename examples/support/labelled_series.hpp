// Series with a class each, which a network is to tell: channels in rows, a column for each time.
#pragma once

#include <Eigen/Core>

#include <cstddef>
#include <vector>

namespace support {

struct LabelledSeries {
  std::vector<Eigen::MatrixXd> series;
  std::vector<int> labels;

  LabelledSeries operator[](const std::vector<std::size_t>& chosen) const {
    LabelledSeries result;
    for (const std::size_t i : chosen) {
      result.series.push_back(series[i]);
      result.labels.push_back(labels[i]);
    }
    return result;
  }
};

}  // namespace support
