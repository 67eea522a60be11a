// The pelts of hares and lynxes that the Hudson's Bay Company took from 1900 to 1920, in thousands, and what a fit has left of them.
#pragma once

#include "csv.hpp"

#include <Eigen/Core>

#include <type_traits>
#include <vector>

namespace support {

// L = Σ (log u − log data)² over the saved years and both species; ∂L/∂u = 2 (log u − log data) / u. Generic in the scalar of u.
struct SquaredLogResiduals {
  std::vector<Eigen::Vector2d> data;

  auto operator()(const auto& us, auto& us_bar) const {
    using Scalar = typename std::decay_t<decltype(us[0])>::Scalar;
    Scalar sum(0);
    for (std::size_t i = 0; i < us.size(); ++i) {
      const Eigen::Array<Scalar, 2, 1> log_data = data[i].array().log().template cast<Scalar>();
      const Eigen::Array<Scalar, 2, 1> residual = us[i].array().log() - log_data;
      us_bar[i] = Scalar(2) * residual / us[i].array();
      sum += residual.square().sum();
    }
    return sum;
  }
};

struct Record {
  std::vector<double> years;
  SquaredLogResiduals loss;
};

inline Record lynx_hare() {
  const Table table = read_csv(ANTISTROPHE_EXAMPLE_DATA "/lynx_hare.csv");
  Record record{table["year"], {}};
  for (std::size_t i = 0; i < record.years.size(); ++i)
    record.loss.data.emplace_back(table["hare"][i], table["lynx"][i]);
  return record;
}

// Where L is least over (α, β, γ, δ, hares in 1900, lynxes in 1900), to six digits.
inline Eigen::Vector<double, 6> lynx_hare_optimum() {
  return Eigen::Vector<double, 6>{{0.540159, 0.0271654, 0.796386, 0.0236946, 34.6024, 5.84451}};
}

}  // namespace support
