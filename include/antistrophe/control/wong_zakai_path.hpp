// WongZakaiPath({.seed = 7, .channels = 1, .t0 = 0, .t1 = 10}): the first terms of Brownian motion's expansion by cosines, a smooth path
// that drives an ordinary equation (Karhunen & Loève; Norcliffe & Deisenroth, arXiv 2308.10644): on [t0, t1], T = t1 − t0, s = t − t0,
//   W'(t) = √(2/T) Σ_{n ≤ terms} ξₙ cos((n − ½) π s/T),   W(t0) = 0,   ξₙ standard normal.
// As terms → ∞ the solution tends to that of the Stratonovich equation (Wong & Zakai 1965). Each sample, channel and term has its ξ from
// the seed and its numbers alone: it does not change with the other samples or with more terms. With `with_time` the first channel is
// t itself, so that F(t, y) X' = f(t, y) + g(t, y) W' where F's columns are f and g.
#pragma once

#include <antistrophe/core/detail/splitmix64.hpp>
#include <antistrophe/core/errors.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstdint>
#include <memory>

namespace antistrophe {

struct WongZakaiOptions {
  std::uint64_t seed = 0;
  Eigen::Index channels = 1, samples = 1;  // of noise
  double t0 = 0, t1 = 1;
  Eigen::Index terms = 10;
  bool with_time = false;
};

class WongZakaiPath {
 public:
  using Index = Eigen::Index;

  // Throws std::invalid_argument where a number is below 1 or times do not increase.
  explicit WongZakaiPath(const WongZakaiOptions& options) : options_(options) {
    if (options.channels < 1) detail::refuse("WongZakaiOptions::channels", options.channels, "at least 1");
    if (options.samples < 1) detail::refuse("WongZakaiOptions::samples", options.samples, "at least 1");
    if (options.terms < 1) detail::refuse("WongZakaiOptions::terms", options.terms, "at least 1");
    if (!std::isfinite(options.t0)) detail::refuse("WongZakaiOptions::t0", options.t0, "finite");
    if (!std::isfinite(options.t1) || !(options.t1 > options.t0))
      detail::refuse("WongZakaiOptions::t1", options.t1, "finite and beyond t0 = " + detail::in_words(options.t0));
    Eigen::MatrixXd xi(options.channels * options.samples, options.terms);
    for (Index s = 0; s < options.samples; ++s)
      for (Index c = 0; c < options.channels; ++c)
        for (Index n = 0; n < options.terms; ++n) xi(s * options.channels + c, n) = drawn(s, c, n);
    xi_ = std::make_shared<const Eigen::MatrixXd>(std::move(xi));
  }

  // X(t) and X'(t), channels × samples.
  Eigen::MatrixXd operator()(double t) const { return at(t, 0); }
  Eigen::MatrixXd derivative(double t) const { return at(t, 1); }
  template <class Out>
  void derivative(double t, Out& out) const {
    write(t, 1, out);
  }
  template <class Out>
  void second_derivative(double t, Out& out) const {
    write(t, 2, out);
  }

  Index channels() const { return options_.channels + (options_.with_time ? 1 : 0); }
  Index samples() const { return options_.samples; }
  // ξ: one term a column, sample after sample in it.
  const Eigen::MatrixXd& coefficients() const { return *xi_; }

 private:
  static constexpr double pi = 3.141592653589793238462643383279502884;

  // Box and Muller's normal numbers, from two uniform ones of the counter (seed, sample, channel, term).
  double drawn(Index sample, Index channel, Index term) const {
    std::uint64_t key = detail::splitmix64(options_.seed + detail::golden_increment);
    for (const Index number : {sample, channel, term})
      key = detail::splitmix64(key ^ (static_cast<std::uint64_t>(number) + detail::golden_increment));
    const std::uint64_t other = detail::splitmix64(key + detail::golden_increment);
    const double u = (static_cast<double>(key >> 11U) + 0.5) * 0x1p-53, v = static_cast<double>(other >> 11U) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * pi * v);
  }

  template <class Out>
  void write(double t, int order, Out& out) const {
    using Scalar = typename Out::Scalar;
    const auto& [seed, noises, samples, t0, t1, terms, with_time] = options_;
    if (!(t >= t0 && t <= t1))
      detail::refuse("the time at which a path is asked for", t,
                     "between t0 = " + detail::in_words(t0) + " and t1 = " + detail::in_words(t1));
    if (out.size() != channels() * samples)
      detail::refuse("the shape of what a path's derivative is written to",
                     detail::in_words(out.rows()) + " x " + detail::in_words(out.cols()),
                     detail::in_words(channels()) + " x " + detail::in_words(samples) + ", channels by samples");
    out.setZero();
    const double span = t1 - t0, scale = std::sqrt(2 / span);
    for (Index n = 0; n < terms; ++n) {
      const double omega = (static_cast<double>(n) + 0.5) * pi / span, phase = omega * (t - t0);
      const double weight = scale * (order == 0   ? std::sin(phase) / omega
                                     : order == 1 ? std::cos(phase)
                                                  : -omega * std::sin(phase));
      const double* const xi = xi_->data() + n * xi_->rows();
      for (Index s = 0; s < samples; ++s)
        for (Index c = 0; c < noises; ++c)
          out.data()[s * channels() + c + (with_time ? 1 : 0)] += static_cast<Scalar>(weight * xi[s * noises + c]);
    }
    for (Index s = 0; with_time && s < samples; ++s)
      out.data()[s * channels()] = static_cast<Scalar>(order == 0 ? t : order == 1 ? 1 : 0);
  }

  Eigen::MatrixXd at(double t, int order) const {
    Eigen::MatrixXd result(channels(), samples());
    write(t, order, result);
    return result;
  }

  WongZakaiOptions options_;
  std::shared_ptr<const Eigen::MatrixXd> xi_;
};

}  // namespace antistrophe
