// SPDX-License-Identifier: MIT
// ItoToStratonovich{field}: an ItoField's equation as one in Stratonovich's sense, f − ½ Σ_k (∂g_k/∂y) g_k in the place of f, g_k the
// column of g for channel k. So the methods of StochasticField, the reversible ones too, solve it.
#pragma once

#include <antistrophe/noise/stochastic_field.hpp>

#include <vector>

namespace antistrophe {

namespace detail {

// The correction by central differences along g_k, (g_k(y + ε g_k) − g_k(y − ε g_k))/(2 ε): it asks nothing of a diffusion but its
// call, and its gradient nothing but its vjp. Off by ε² g³ g'''/6 and by round-off over ε, some 10⁻¹⁰ in double.
template <class Noisy>
class CorrectedStep : public MoreThanNoisy<CorrectedStep<Noisy>, Noisy> {
  using Inside = MoreThanNoisy<CorrectedStep<Noisy>, Noisy>;
  using typename Inside::Drift, typename Inside::G;
  // Where each entry has a channel of its own, or there is one channel, all columns are taken at once.
  static constexpr bool at_once = is_diagonal<G> || is_scalar_noise<G>;

  template <class Y>
  struct Column {
    Noise<Y> unit;  // what picks it out
    Y up, down;
    antistrophe::Tape<G, Y> at_y, at_up, at_down;
  };

 public:
  template <class Y>
  struct Tape {
    typename Noisy::template Tape<Y> noisy;
    std::vector<Column<Y>> columns;
    Y part;
    mutable Y w, up_bar, down_bar;
  };
  using Inside::Inside, Inside::make_tape, Inside::operator();

  template <class Y>
  static Tape<Y> make_tape(const Drift& drift, const G& diffusion, Eigen::Index channels, const Y& like) {
    const Y zero = zeros_like(like);
    const auto of_g = detail::make_tape<G, Y>(diffusion, like);
    std::vector<Column<Y>> columns;
    const Eigen::Index count = is_additive<G> ? 0 : at_once ? 1 : channels;
    for (Eigen::Index k = 0; k < count; ++k) {
      columns.push_back({Noisy::room_for(channels, like), zero, zero, of_g, of_g, of_g});
      if (at_once)
        columns.back().unit.setConstant(typename Y::Scalar(1));
      else
        columns.back().unit.row(k).setConstant(typename Y::Scalar(1));
    }
    return {Noisy::make_tape(drift, diffusion, channels, like), std::move(columns), zero, zero, zero, zero};
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    noisy_(t, y, dy, tape.noisy);
    const G& g = noisy_.diffusion();
    for (auto& [unit, up, down, at_y, at_up, at_down] : tape.columns) {
      evaluate_diffusion<G, Y>(g, t, y, unit, tape.part, at_y);
      up = y + epsilon<Y>() * tape.part;
      down = y - epsilon<Y>() * tape.part;
      evaluate_diffusion<G, Y>(g, t, up, unit, tape.part, at_up);
      dy -= weight<Y>() * tape.part;
      evaluate_diffusion<G, Y>(g, t, down, unit, tape.part, at_down);
      dy += weight<Y>() * tape.part;
    }
  }
  template <class Y>
    requires(HasVjp<Drift, Y> && HasDiffusionVjp<G, Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<Noisy, Y>& theta_bar) const {
    noisy_.vjp(t, y, tape.noisy, w, y_bar, theta_bar);
    Noisy::template to_diffusion<Y>(tape.noisy, theta_bar, [&](auto& bar) {
      const G& g = noisy_.diffusion();
      for (const auto& [unit, up, down, at_y, at_up, at_down] : tape.columns) {
        tape.w = weight<Y>() * w;
        tape.down_bar.setZero();
        pull_back_diffusion<G, Y>(g, t, down, unit, at_down, tape.w, tape.down_bar, bar);
        tape.w = -tape.w;
        tape.up_bar.setZero();
        pull_back_diffusion<G, Y>(g, t, up, unit, at_up, tape.w, tape.up_bar, bar);
        y_bar += tape.up_bar + tape.down_bar;
        tape.w = epsilon<Y>() * (tape.up_bar - tape.down_bar);
        pull_back_diffusion<G, Y>(g, t, y, unit, at_y, tape.w, y_bar, bar);
      }
    });
  }

 private:
  using Inside::noisy_;
  template <class Y>
  static typename Y::Scalar epsilon() {
    using Real = typename Eigen::NumTraits<typename Y::Scalar>::Real;
    return typename Y::Scalar(std::cbrt(Eigen::NumTraits<Real>::epsilon()));
  }
  template <class Y>
  static typename Y::Scalar weight() {
    return typename Y::Scalar(0.25) / epsilon<Y>();
  }
};

}  // namespace detail

template <class Drift, class G>
class ItoToStratonovich : public detail::NoisyField<Drift, G, Calculus::stratonovich> {
  using Field = detail::NoisyField<Drift, G, Calculus::stratonovich>;
  using Step = detail::CorrectedStep<detail::NoisyStep<Drift, G>>;

 public:
  explicit ItoToStratonovich(const ItoField<Drift, G>& ito) : Field(ito.drift(), ito.diffusion(), ito.path()) {}

  Step frozen(double t0, double t1) const { return Step(Field::frozen(t0, t1)); }
  void freeze(double t0, double t1, Step& step) const { Field::freeze(t0, t1, step.noisy()); }
  void thaw(Step& step) const { Field::thaw(step.noisy()); }
  template <class Y>
  auto make_frozen_tape(const Y& like) const {
    return Field::template make_tape_of<Step>(like);
  }
};

}  // namespace antistrophe
