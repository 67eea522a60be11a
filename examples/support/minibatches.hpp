// Training by AdamW along gradients of some samples at a time.
#pragma once

#include "adamw.hpp"
#include "progress.hpp"

#include <Eigen/Core>

#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace support {

// The numbers 0, …, n − 1, in another order at each call.
class Shuffled {
 public:
  Shuffled(std::size_t n, unsigned seed) : numbers_(n), engine_(seed) {
    for (std::size_t i = 0; i < n; ++i) numbers_[i] = i;
  }
  const std::vector<std::size_t>& operator()() {
    for (std::size_t i = numbers_.size(); i > 1; --i) std::swap(numbers_[i - 1], numbers_[engine_() % i]);
    return numbers_;
  }

 private:
  std::vector<std::size_t> numbers_;
  std::mt19937 engine_;
};

struct Training {
  std::size_t samples, batch;
  int epochs;
  AdamWOptions adamw;
  unsigned seed;                                  // of the order in which samples are taken
  std::function<double(int epoch)> rate_of = {};  // where it is not the same for all of them
};

struct ValueAndGradient {
  double value = 0;
  Eigen::VectorXd gradient;
};

// Through all samples so many times; gradient_of(chosen) has the value and the gradient at theta, the means over those chosen. A gradient without
// entries is left out. The value of each epoch, in the mean.
template <class Theta, class GradientOf>
std::vector<double> train(Theta& theta, const Training& training, const std::string& what,
                          const GradientOf& gradient_of) {
  AdamW optimiser(training.adamw, theta.size());
  Shuffled shuffled(training.samples, training.seed);
  Progress progress(what, training.epochs);
  std::vector<double> values;
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    const auto& order = shuffled();
    double sum = 0;
    if (training.rate_of) optimiser.set_rate(training.rate_of(epoch));
    for (auto from = order.begin(); from != order.end(); from += static_cast<std::ptrdiff_t>(training.batch)) {
      const auto found =
          gradient_of(std::vector<std::size_t>(from, from + static_cast<std::ptrdiff_t>(training.batch)));
      if (found.gradient.size() == 0) continue;
      optimiser.step(theta, found.gradient);
      sum += found.value * static_cast<double>(training.batch) / static_cast<double>(training.samples);
    }
    values.push_back(sum);
    progress.show(epoch + 1, "loss " + std::to_string(sum));
  }
  return values;
}

}  // namespace support
