// SPDX-License-Identifier: MIT
// The log-signature of a path: numbers that say what a path does to any equation that it drives, up to its depth, and nothing of how
// fast it goes. With the iterated integrals S¹ᵢ = ∫ dXᵢ, S²ᵢⱼ = ∫∫ dXᵢ dXⱼ, S³ᵢⱼₖ over increasing times, it is
//   L¹ = S¹,   L² = S² − ½ S¹⊗S¹,   L³ = S³ − ½ (S¹⊗S² + S²⊗S¹) + ⅓ S¹⊗S¹⊗S¹,
// of which L at Lyndon words is all there is to know: i; ij, i < j, a signed area; iij, ijj, ijk, ikj (Reutenauer 1993; Morrill et al.,
// arXiv 2009.08295). Of a path that is straight between points, increment d after increment, S grows by Chen's identity,
//   S³ += S²⊗d + ½ S¹⊗d⊗d + ⅙ d⊗d⊗d,   S² += S¹⊗d + ½ d⊗d,   S¹ += d.
#pragma once

#include <antistrophe/core/errors.hpp>

#include <Eigen/Core>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe {

// S up to depth 1, 2 or 3; level(2) has entry i·channels + j, level(3) entry (i·channels + j)·channels + k.
class Signature {
 public:
  using Index = Eigen::Index;
  using Vector = Eigen::VectorXd;

  // Of a path that does not move. Throws std::invalid_argument unless channels ≥ 1 and depth is 1, 2 or 3.
  Signature(Index channels, int depth) : channels_(channels), depth_(depth) {
    if (channels < 1) detail::refuse("the number of channels of a signature", channels, "at least 1");
    if (depth < 1 || depth > 3) detail::refuse("the depth of a signature", depth, "1, 2 or 3");
    Index size = 1;
    for (int level = 1; level <= 3; ++level) {
      size *= channels;
      levels_[static_cast<std::size_t>(level - 1)].setZero(level <= depth ? size : 0);
    }
  }

  Index channels() const { return channels_; }
  int depth() const { return depth_; }
  const Vector& level(int n) const { return levels_[static_cast<std::size_t>(n - 1)]; }
  Vector& level(int n) { return levels_[static_cast<std::size_t>(n - 1)]; }
  void set_zero() {
    for (Vector& level : levels_) level.setZero();
  }

  // The path goes straight on by d; by −d it goes back.
  void extend(const Vector& d) {
    const Index n = channels_;
    Vector &s1 = levels_[0], &s2 = levels_[1], &s3 = levels_[2];
    for (Index i = 0; depth_ >= 3 && i < n; ++i)
      for (Index j = 0; j < n; ++j) {
        const double before = s2[i * n + j] + (s1[i] / 2 + d[i] / 6) * d[j];
        for (Index k = 0; k < n; ++k) s3[(i * n + j) * n + k] += before * d[k];
      }
    for (Index i = 0; depth_ >= 2 && i < n; ++i)
      for (Index j = 0; j < n; ++j) s2[i * n + j] += (s1[i] + d[i] / 2) * d[j];
    s1 += d;
  }

  // Back through extend(d), *this before it: `bar`, cotangents of the levels after it, become those before; d_bar gets its share.
  void pull_back_extend(const Vector& d, Signature& bar, Vector& d_bar) const {
    const Index n = channels_;
    const Vector &s1 = levels_[0], &s2 = levels_[1];
    const Vector &b2 = bar.levels_[1], &b3 = bar.levels_[2];
    Vector s1_bar = bar.levels_[0], s2_bar = b2;
    d_bar += bar.levels_[0];
    for (Index i = 0; depth_ >= 2 && i < n; ++i)
      for (Index j = 0; j < n; ++j) {
        const double b = b2[i * n + j];
        s1_bar[i] += b * d[j];
        d_bar[i] += b * d[j] / 2;
        d_bar[j] += b * (s1[i] + d[i] / 2);
      }
    for (Index i = 0; depth_ >= 3 && i < n; ++i)
      for (Index j = 0; j < n; ++j) {
        const double before = s2[i * n + j] + (s1[i] / 2 + d[i] / 6) * d[j];
        double before_bar = 0;
        for (Index k = 0; k < n; ++k) {
          const double b = b3[(i * n + j) * n + k];
          before_bar += b * d[k];
          d_bar[k] += b * before;
        }
        s2_bar[i * n + j] += before_bar;
        s1_bar[i] += before_bar * d[j] / 2;
        d_bar[i] += before_bar * d[j] / 6;
        d_bar[j] += before_bar * (s1[i] / 2 + d[i] / 6);
      }
    bar.levels_[0] = s1_bar;
    bar.levels_[1] = s2_bar;
  }

 private:
  Index channels_;
  int depth_;
  std::array<Vector, 3> levels_;
};

// L at the Lyndon words of channels, up to a depth, shorter words first and each length in alphabetical order.
class LogSignature {
 public:
  using Index = Eigen::Index;
  // Its letters, and −1 beyond its end.
  using Word = std::array<Index, 3>;

  LogSignature(Index channels, int depth) : channels_(channels), depth_(depth), none_(channels, depth) {
    const Index n = channels;
    for (Index i = 0; i < n; ++i) words_.push_back({i, -1, -1});
    for (Index i = 0; depth >= 2 && i < n; ++i)
      for (Index j = i + 1; j < n; ++j) words_.push_back({i, j, -1});
    // Less than both of its rotations.
    for (Index i = 0; depth >= 3 && i < n; ++i)
      for (Index j = i; j < n; ++j)
        for (Index k = i; k < n; ++k)
          if (Word{i, j, k} < Word{j, k, i} && Word{i, j, k} < Word{k, i, j}) words_.push_back({i, j, k});
  }

  Index channels() const { return channels_; }
  int depth() const { return depth_; }
  // How many numbers there are: of 3 channels 3, 6 or 14.
  Index size() const { return static_cast<Index>(words_.size()); }
  const std::vector<Word>& words() const& { return words_; }
  std::vector<Word> words() && { return std::move(words_); }

  // Of the path through these points, one a column.
  Eigen::VectorXd operator()(const Eigen::MatrixXd& points) const { return of(signature(points)); }
  Eigen::VectorXd of(const Signature& s) const {
    Eigen::VectorXd result(size());
    const Index n = channels_;
    const Eigen::VectorXd &s1 = s.level(1), &s2 = s.level(2), &s3 = s.level(3);
    for (Index w = 0; w < size(); ++w) {
      const auto& [i, j, k] = words_[static_cast<std::size_t>(w)];
      if (j < 0)
        result[w] = s1[i];
      else if (k < 0)
        result[w] = s2[i * n + j] - s1[i] * s1[j] / 2;
      else
        result[w] =
            s3[(i * n + j) * n + k] - (s1[i] * s2[j * n + k] + s2[i * n + j] * s1[k]) / 2 + s1[i] * s1[j] * s1[k] / 3;
    }
    return result;
  }

  // points_bar += (∂L/∂points)ᵀ bar. The signature goes back over the path as it came, and nothing of it is stored.
  void pull_back(const Eigen::MatrixXd& points, const Eigen::VectorXd& bar, Eigen::MatrixXd& points_bar) const {
    Signature s = signature(points), s_bar = none_;
    pull_back_logarithm(s, bar, s_bar);
    Eigen::VectorXd d_bar(channels_);
    for (Index i = points.cols() - 1; i > 0; --i) {
      const Eigen::VectorXd d = points.col(i) - points.col(i - 1);
      s.extend(-d);
      d_bar.setZero();
      s.pull_back_extend(d, s_bar, d_bar);
      points_bar.col(i) += d_bar;
      points_bar.col(i - 1) -= d_bar;
    }
  }

 private:
  Signature signature(const Eigen::MatrixXd& points) const {
    if (points.rows() != channels_)
      detail::refuse("the number of rows of a log-signature's points", points.rows(),
                     detail::in_words(channels_) + ", its channels");
    Signature s = none_;
    for (Index i = 1; i < points.cols(); ++i) s.extend(points.col(i) - points.col(i - 1));
    return s;
  }

  void pull_back_logarithm(const Signature& s, const Eigen::VectorXd& bar, Signature& s_bar) const {
    const Index n = channels_;
    const Eigen::VectorXd &s1 = s.level(1), &s2 = s.level(2);
    Eigen::VectorXd &b1 = s_bar.level(1), &b2 = s_bar.level(2), &b3 = s_bar.level(3);
    for (Index w = 0; w < size(); ++w) {
      const auto& [i, j, k] = words_[static_cast<std::size_t>(w)];
      const double b = bar[w];
      if (j < 0) {
        b1[i] += b;
      } else if (k < 0) {
        b2[i * n + j] += b;
        b1[i] -= b * s1[j] / 2;
        b1[j] -= b * s1[i] / 2;
      } else {
        b3[(i * n + j) * n + k] += b;
        b2[j * n + k] -= b * s1[i] / 2;
        b2[i * n + j] -= b * s1[k] / 2;
        b1[i] += b * (s1[j] * s1[k] / 3 - s2[j * n + k] / 2);
        b1[j] += b * s1[i] * s1[k] / 3;
        b1[k] += b * (s1[i] * s1[j] / 3 - s2[i * n + j] / 2);
      }
    }
  }

  Index channels_;
  int depth_;
  Signature none_;  // of a path that does not move
  std::vector<Word> words_;
};

}  // namespace antistrophe
