// SPDX-License-Identifier: MIT
// What a diffusion is, g of dy = f dt + g dW: it writes g(t, y) dW; a differentiable one pulls cotangents back, for the dW that it is
// given: y_bar += (∂(g dW)/∂y)ᵀ w, theta_bar += (∂(g dW)/∂θ)ᵀ w. And those that most equations need, made of a field σ or a matrix.
#pragma once

#include <antistrophe/core/detail/state.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/detail/access.hpp>
#include <antistrophe/field/detail/requirements.hpp>

#include <string>
#include <utility>

namespace antistrophe {

namespace detail {
template <class Y>
struct NoiseOf;
template <class S, int R, int C, int O, int MR, int MC>
struct NoiseOf<Eigen::Matrix<S, R, C, O, MR, MC>> {
  using type = Eigen::Matrix<S, Eigen::Dynamic, C == 1 ? 1 : Eigen::Dynamic>;
};
template <class S, int R, int C, int O, int MR, int MC>
struct NoiseOf<Eigen::Array<S, R, C, O, MR, MC>> {
  using type = Eigen::Array<S, Eigen::Dynamic, C == 1 ? 1 : Eigen::Dynamic>;
};
}  // namespace detail

// dW as a diffusion of a state Y is given it: a row for each channel, a column for each sample, vector, matrix or array like Y.
template <class Y>
using Noise = typename detail::NoiseOf<Y>::type;

// (t, y, dW, dy), which writes dy = g(t, y) dW. It may have parameters(), flat, and a Tape as fields have: g(t, y, dW, dy, tape).
// It may say `static constexpr bool` additive (g is a function of t alone), diagonal (a channel for each entry of the state, whose g
// depends on that entry alone) or scalar (one channel): schemes ask for them. `static constexpr Eigen::Index channels` says how many dW must have; a member
// check(y, channels) may refuse other things, by throwing.
template <class G, class Y>
concept Diffusion =
    requires(const G& g, const double t, Y& dy) { g(t, std::declval<Y>(), std::declval<Noise<Y>>(), dy); };

namespace detail {

template <class G, class Y>
concept DiffusionKeepsTape = HasTape<G, Y> && requires(const G& g, double t, const Y& y, const Noise<Y>& dw, Y& dy,
                                                       Tape<G, Y>& tape) { g(t, y, dw, dy, tape); };
template <class G, class Y>
concept HasDiffusionVjp =
    (DiffusionKeepsTape<G, Y> &&
     requires(const G& g, double t, const Tape<G, Y>& tape, Y& y_bar, Parameters<G, Y>& theta_bar) {
       g.vjp(t, std::declval<Y>(), std::declval<Noise<Y>>(), tape, std::declval<Y>(), y_bar, theta_bar);
     }) ||
    (!DiffusionKeepsTape<G, Y> && requires(const G& g, double t, Y& y_bar, Parameters<G, Y>& theta_bar) {
      g.vjp(t, std::declval<Y>(), std::declval<Noise<Y>>(), std::declval<Y>(), y_bar, theta_bar);
    });

template <class G, class Y>
inline constexpr bool diffusion_copies_cotangent =
    copies_cotangent<CallVjp, G,
                     std::conditional_t<DiffusionKeepsTape<G, Y>, Types<double, Y, Noise<Y>, const Tape<G, Y>&, Y>,
                                        Types<double, Y, Noise<Y>, Y>>,
                     Y, Parameters<G, Y>>;

template <class G, class Y>
inline constexpr bool diffusion_copies_result = [] {
  using Inputs = Types<double, Y, Noise<Y>>;
  if constexpr (HasTape<G, Y>)
    return copies_result<G, Inputs, Y> || copies_result_or_tape<G, Inputs, Y, Tape<G, Y>>;
  else
    return copies_result<G, Inputs, Y>;
}();

// The same of the σ that a diffusion is made of, and of the vjp of it.
template <class G, class Y>
inline constexpr bool sigma_copies_result = false;
template <class G, class Y>
  requires requires { typename G::SigmaType; }
inline constexpr bool sigma_copies_result<G, Y> = field_copies_result<typename G::SigmaType, Y>;
template <class G, class Y>
inline constexpr bool sigma_copies_cotangent = false;
template <class G, class Y>
  requires requires { typename G::SigmaType; }
inline constexpr bool sigma_copies_cotangent<G, Y> = vjp_copies_cotangent<typename G::SigmaType, Y>;

template <class G>
inline constexpr bool is_additive = requires { requires bool(G::additive); };
template <class G>
inline constexpr bool is_diagonal = requires { requires bool(G::diagonal); };
template <class G>
inline constexpr bool is_scalar_noise = requires { requires bool(G::scalar); };

template <class G, class Y>
void evaluate_diffusion(const G& g, double t, const Y& y, const Noise<Y>& dw, Y& dy, Tape<G, Y>& tape) {
  if constexpr (DiffusionKeepsTape<G, Y>)
    g(t, y, dw, dy, tape);
  else
    g(t, y, dw, dy);
}
template <class G, class Y>
void pull_back_diffusion(const G& g, double t, const Y& y, const Noise<Y>& dw, const Tape<G, Y>& tape, const Y& w,
                         Y& y_bar, Parameters<G, Y>& theta_bar) {
  if constexpr (DiffusionKeepsTape<G, Y>)
    g.vjp(t, y, dw, tape, w, y_bar, theta_bar);
  else
    g.vjp(t, y, dw, w, y_bar, theta_bar);
}

// A diffusion made of a field σ(t, y), of the shape of the state: g dW is σ times what `Self` makes of dW, entry by entry. As this is its
// own transpose, the vjp takes the same way: Self::shake(x, dw, to) writes to = x times dw.
template <class Self, class Sigma>
struct DiffusionOfField {
  using SigmaType = Sigma;

  template <class Y>
  struct Tape {
    Y sigma;
    antistrophe::Tape<Sigma, Y> inside;
    mutable Y w;
    mutable typename Y::Scalar t_bar{0};
  };
  template <class Y>
  Tape<Y> make_tape(const Y& like) const {
    return {zeros_like(like), detail::make_tape<Sigma, Y>(sigma, like), zeros_like(like)};
  }
  const auto& parameters() const
    requires HasParameters<Sigma>
  {
    return sigma.parameters();
  }
  auto& parameters()
    requires requires(Sigma& s) { s.parameters()[0]; }
  {
    return sigma.parameters();
  }

  template <class Y>
  void operator()(double t, const Y& y, const Noise<Y>& dw, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dw, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, const Noise<Y>& dw, Y& dy, Tape<Y>& tape) const {
    evaluate<Sigma, Y>(sigma, t, y, tape.sigma, tape.inside);
    Self::shake(tape.sigma, dw, dy);
  }
  template <class Y>
    requires HasVjp<Sigma, Y>
  void vjp(double t, const Y& y, const Noise<Y>& dw, const Tape<Y>& tape, const Y& w, Y& y_bar,
           Parameters<Sigma, Y>& theta_bar) const {
    Self::shake(w, dw, tape.w);
    pull_back<Sigma, Y>(sigma, t, y, tape.inside, tape.w, y_bar, theta_bar, tape.t_bar);
  }

  Sigma sigma;
};

}  // namespace detail

// g dW = σ(t, y) ∘ dW, a channel for each row of the state. σ is a field, written as f is, Mlp and automatic_vjp included; as the
// schemes for diagonal noise have it, its entry i depends on entry i of y alone, which nothing checks.
template <class Sigma>
struct DiagonalNoise : detail::DiffusionOfField<DiagonalNoise<Sigma>, Sigma> {
  static constexpr bool diagonal = true;

  template <class Y>
  static void shake(const Y& x, const Noise<Y>& dw, Y& to) {
    to.array() = x.array() * dw.array();
  }
  template <class Y>
  static void check(const Y& y, Eigen::Index channels) {
    if (channels != y.rows())
      detail::refuse("BrownianPath::channels", channels,
                     std::to_string(y.rows()) + ", one for each row of y0, since the noise is diagonal");
  }
};
template <class Sigma>
DiagonalNoise(Sigma) -> DiagonalNoise<Sigma>;

// g dW = σ(t, y) dW, of one channel.
template <class Sigma>
struct ScalarNoise : detail::DiffusionOfField<ScalarNoise<Sigma>, Sigma> {
  static constexpr bool scalar = true;

  template <class Y>
  static void shake(const Y& x, const Noise<Y>& dw, Y& to) {
    for (Eigen::Index j = 0; j < x.cols(); ++j) to.col(j) = x.col(j) * dw(0, j);
  }
  template <class Y>
  static void check(const Y&, Eigen::Index channels) {
    if (channels != 1) detail::refuse("BrownianPath::channels", channels, "1, since the noise is scalar");
  }
};
template <class Sigma>
ScalarNoise(Sigma) -> ScalarNoise<Sigma>;

// g dW = G dW, G a constant matrix of (rows of the state) × channels, whose entries, column after column, are the parameters.
template <class Scalar = double>
class AdditiveNoise {
 public:
  static constexpr bool additive = true;
  using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;
  using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

  template <class D>
  explicit AdditiveNoise(const Eigen::DenseBase<D>& g) : rows_(g.rows()), channels_(g.cols()), theta_(g.size()) {
    Eigen::Map<Matrix>(theta_.data(), rows_, channels_) = g.derived();
  }
  const Vector& parameters() const { return theta_; }
  Vector& parameters() { return theta_; }

  template <class Y>
  void operator()(double, const Y&, const Noise<Y>& dw, Y& dy) const {
    dy.matrix().noalias() = Eigen::Map<const Matrix>(theta_.data(), rows_, channels_) * dw.matrix();
  }
  template <class Y>
  void vjp(double, const Y&, const Noise<Y>& dw, const Y& w, Y&, Vector& theta_bar) const {
    Eigen::Map<Matrix>(theta_bar.data(), rows_, channels_).noalias() += w.matrix() * dw.matrix().transpose();
  }
  template <class Y>
  void check(const Y& y, Eigen::Index channels) const {
    if (rows_ != y.rows())
      detail::refuse("the number of rows of AdditiveNoise", rows_, std::to_string(y.rows()) + ", as many as y0 has");
    if (channels != channels_)
      detail::refuse("BrownianPath::channels", channels,
                     std::to_string(channels_) + ", one for each column of AdditiveNoise");
  }

 private:
  Eigen::Index rows_, channels_;
  Vector theta_;
};
template <class D>
AdditiveNoise(const Eigen::DenseBase<D>&) -> AdditiveNoise<typename D::Scalar>;
template <class D>
AdditiveNoise(const D&) -> AdditiveNoise<typename D::Scalar>;

}  // namespace antistrophe
