// JapaneseVowels (Kudo, Toyama & Shimbo 1999): recordings of two vowels by nine men, 7 to 29 frames of 12 coefficients each. script/fetch_japanese_vowels
// fetches them to examples/data.
#pragma once

#include "labelled_series.hpp"

#include <Eigen/Core>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

// 12 × frames each, of speakers 0 to 8; empty where there is no such file. A recording is a line: twelve lists of numbers, and the speaker, 1 to 9,
// separated by colons.
inline LabelledSeries read_vowels(const std::string& path) {
  std::ifstream file(path);
  LabelledSeries result;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '@') continue;
    std::istringstream lists(line);
    std::vector<std::vector<double>> channels;
    for (std::string list; std::getline(lists, list, ':');) {
      channels.emplace_back();
      std::istringstream numbers(list);
      for (std::string number; std::getline(numbers, number, ',');) channels.back().push_back(std::stod(number));
    }
    if (channels.size() != 13) throw std::runtime_error(path + " has a line that is no recording");
    const auto frames = static_cast<Eigen::Index>(channels[0].size());
    Eigen::MatrixXd series(12, frames);
    for (Eigen::Index c = 0; c < 12; ++c)
      series.row(c) = Eigen::Map<const Eigen::RowVectorXd>(channels[static_cast<std::size_t>(c)].data(), frames);
    result.series.push_back(std::move(series));
    result.labels.push_back(static_cast<int>(channels[12][0]) - 1);
  }
  return result;
}

// Each channel to mean 0 and variance 1 over the times of all that train.
inline void standardise(LabelledSeries& training, LabelledSeries& testing) {
  const Eigen::Index channels = training.series[0].rows();
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(channels), squares = sum;
  double times = 0;
  for (const Eigen::MatrixXd& series : training.series) {
    sum += series.rowwise().sum();
    squares += series.array().square().matrix().rowwise().sum();
    times += static_cast<double>(series.cols());
  }
  const Eigen::VectorXd mean = sum / times, deviation = (squares / times - mean.cwiseAbs2()).cwiseSqrt();
  for (LabelledSeries* each : {&training, &testing})
    for (Eigen::MatrixXd& series : each->series)
      series = (series.colwise() - mean).array().colwise() / deviation.array();
}

}  // namespace support
