// SPDX-License-Identifier: MIT
// StochasticField{drift, diffusion, path}: dy = f(t, y) dt + g(t, y) ∘ dW in Stratonovich's sense, and ItoField, the same in Itô's.
// Over a step of length h a solve sees the field f + g ΔW/h, frozen to it (McCallum & Foster, arXiv 2410.11648; Kidger, Foster, Li &
// Lyons, arXiv 2105.13493), so that methods, adjoints, events and running costs are those of any other field. Of a StochasticField every
// Runge–Kutta method of order 2 or more, pair, two-point method and ReversibleHeun; of an ItoField those of method/stochastic.
//
//   BrownianPath path{.seed = 7, .channels = 2, .t0 = 0, .t1 = 1};
//   StochasticField field{drift, DiagonalNoise{sigma}, path};
//   auto [value, gradient] = value_and_gradient(Problem{field, y0, 0.0, 1.0}, Reversible<Midpoint>{}, FixedSteps{1000}, loss);
#pragma once

#include <antistrophe/core/detail/larger_of.hpp>
#include <antistrophe/field/detail/movable_parameters.hpp>
#include <antistrophe/noise/brownian_path.hpp>
#include <antistrophe/noise/diffusion.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace antistrophe {

enum class Calculus { stratonovich, ito };

namespace detail {

// The parameters of drift and diffusion in one vector, the drift's first.
template <class Drift, class G>
struct JointParameters {
  static constexpr bool of_drift = HasParameters<Drift>, of_diffusion = HasParameters<G>,
                        any = of_drift || of_diffusion;
  using OfDrift = Parameters<Drift, Eigen::VectorXd>;
  using OfDiffusion = Parameters<G, Eigen::VectorXd>;
  static constexpr bool one_scalar =
      !of_drift || !of_diffusion || std::is_same_v<typename OfDrift::Scalar, typename OfDiffusion::Scalar>;
  static auto which() {
    if constexpr (!of_diffusion) {
      return std::type_identity<OfDrift>{};
    } else if constexpr (!of_drift) {
      return std::type_identity<OfDiffusion>{};
    } else {
      static_assert(one_scalar, "antistrophe: the parameters of drift and diffusion must be of one scalar type.");
      return std::type_identity<Eigen::Matrix<typename OfDrift::Scalar, Eigen::Dynamic, 1>>{};
    }
  }
  using Vector = typename decltype(which())::type;

  template <class F>
  static constexpr bool settable_alone = !HasParameters<F> || WritableParameters<F>;
  static constexpr bool settable = any && one_scalar && settable_alone<Drift> && settable_alone<G>;

  static Vector join(const Drift& drift, const G& g) {
    if constexpr (!any || !one_scalar) {
      return {};
    } else if constexpr (!of_diffusion) {
      return drift.parameters();
    } else if constexpr (!of_drift) {
      return g.parameters();
    } else {
      Vector theta(drift.parameters().size() + g.parameters().size());
      theta << drift.parameters(), g.parameters();
      return theta;
    }
  }
  static void hand_out(const Vector& theta, Drift& drift, G& g) {
    if constexpr (settable) {
      if constexpr (of_drift) {
        auto&& of = drift.parameters();
        of = theta.head(of.size());
      }
      if constexpr (of_diffusion) {
        auto&& of = g.parameters();
        of = theta.tail(of.size());
      }
    }
  }
};

// f + g ΔW/h over one step. Made once for a stepper, and moved from step to step; it has a walk of its own along the path.
template <class Drift, class G>
class NoisyStep {
  using Joint = JointParameters<Drift, G>;

 public:
  using DriftType = Drift;
  using DiffusionType = G;
  using Theta = typename Joint::Vector;

  // Room for one evaluation, and for its vjp.
  template <class Y>
  struct Tape {
    Noise<Y> rate;  // ΔW/h
    Y part;
    antistrophe::Tape<Drift, Y> drift;
    antistrophe::Tape<G, Y> diffusion;
    mutable Parameters<Drift, Y> drift_bar;
    mutable Parameters<G, Y> diffusion_bar;
    mutable typename Y::Scalar t_bar{0};
  };

  NoisyStep(const Drift& drift, const G& diffusion, const Theta& theta, const BrownianPath& path)
      : drift_(drift),
        diffusion_(diffusion),
        theta_(theta),
        walk_(path),
        rate_(Eigen::MatrixXd::Zero(path.channels, path.samples)) {
    Joint::hand_out(theta_, drift_, diffusion_);
  }

  const Theta& parameters() const
    requires Joint::any
  {
    return theta_;
  }
  // What is written to them counts from then on.
  Theta& parameters()
    requires Joint::settable
  {
    written_ = true;
    return theta_;
  }

  // Takes all of it anew, as the constructor does.
  void take(const Drift& drift, const G& diffusion, const Theta& theta, const BrownianPath& path) {
    take_part(drift_, drift);
    take_part(diffusion_, diffusion);
    theta_ = theta;
    Joint::hand_out(theta_, drift_, diffusion_);
    if (!(walk_.path() == path)) walk_ = BrownianWalk(path);
    t0_ = t1_ = std::nan("");
    moves_ = unresolved_ = 0;
  }
  void move(double t0, double t1) {
    if (t0 == t0_ && t1 == t1_) return;
    t0_ = t1_ = std::nan("");
    if (t0 == t1) {
      rate_.setZero();
    } else {
      look_at(t0, t1);
      walk_.increment(t0, t1, rate_);
      rate_ /= t1 - t0;
    }
    t0_ = t0;
    t1_ = t1;
  }

  template <class Y>
  Tape<Y> make_tape(const Y& like) const {
    return make_tape(drift_, diffusion_, rate_.rows(), like);
  }
  template <class Y>
  static Tape<Y> make_tape(const Drift& drift, const G& diffusion, Eigen::Index channels, const Y& like) {
    return {room_for<Y>(channels, like),
            zeros_like(like),
            detail::make_tape<Drift, Y>(drift, like),
            detail::make_tape<G, Y>(diffusion, like),
            zero_parameters<Drift, Y>(drift),
            zero_parameters<G, Y>(diffusion)};
  }

  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape = make_tape(y);
    (*this)(t, y, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    if constexpr (require_parts<Y>()) {
      take_parameters();
      rate(tape.rate);
      evaluate<Drift, Y>(drift_, t, y, dy, tape.drift);
      evaluate_diffusion<G, Y>(diffusion_, t, y, tape.rate, tape.part, tape.diffusion);
      dy += tape.part;
    }
  }
  template <class Y>
    requires(HasVjp<Drift, Y> && HasDiffusionVjp<G, Y>)
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, Parameters<NoisyStep, Y>& theta_bar) const {
    const auto through_drift = [&](auto& bar) {
      pull_back<Drift, Y>(drift_, t, y, tape.drift, w, y_bar, bar, tape.t_bar);
    };
    const auto through_diffusion = [&](auto& bar) {
      pull_back_diffusion<G, Y>(diffusion_, t, y, tape.rate, tape.diffusion, w, y_bar, bar);
    };
    to_drift<Y>(tape, theta_bar, through_drift);
    to_diffusion<Y>(tape, theta_bar, through_diffusion);
  }

  // For schemes that see more of a step than one field (method/stochastic).
  const Drift& drift() const { return drift_; }
  const G& diffusion() const { return diffusion_; }
  Eigen::Index channels() const { return rate_.rows(); }
  double t0() const { return t0_; }
  double t1() const { return t1_; }
  double h() const { return t1_ - t0_; }
  BrownianWalk& walk() { return walk_; }
  // ΔW/h, in the state's numbers.
  template <class N>
  void rate(N& to) const {
    to = rate_.cast<typename N::Scalar>();
  }
  void take_parameters() const {
    if (written_) Joint::hand_out(theta_, drift_, diffusion_);
  }
  // Calls pull(bar), bar that part of theta_bar which is the drift's, or the diffusion's.
  template <class Y>
  static void to_drift(const auto& tape, auto& theta_bar, const auto& pull) {
    if constexpr (Joint::of_drift && Joint::of_diffusion) {
      tape.drift_bar.setZero();
      pull(tape.drift_bar);
      theta_bar.head(tape.drift_bar.size()) += tape.drift_bar;
    } else if constexpr (Joint::of_drift) {
      pull(theta_bar);
    } else {
      pull(tape.drift_bar);
    }
  }
  template <class Y>
  static void to_diffusion(const auto& tape, auto& theta_bar, const auto& pull) {
    if constexpr (Joint::of_drift && Joint::of_diffusion) {
      tape.diffusion_bar.setZero();
      pull(tape.diffusion_bar);
      theta_bar.tail(tape.diffusion_bar.size()) += tape.diffusion_bar;
    } else if constexpr (Joint::of_diffusion) {
      pull(theta_bar);
    } else {
      pull(tape.diffusion_bar);
    }
  }
  template <class Y>
  static Noise<Y> room_for(Eigen::Index channels, const Y& like) {
    return Noise<Y>::Zero(channels, like.cols());
  }

  // True where drift and diffusion can be called with Y; else a compile error with the reason.
  template <class Y>
  static consteval bool require_parts() {
    constexpr bool plain = !Freezable<Drift>;
    static_assert(plain, "antistrophe: the drift of a StochasticField is a plain field, without frozen(t0, t1).");
    constexpr bool lost_of_field = field_copies_result<Drift, Y> || sigma_copies_result<G, Y>;
    static_assert(!lost_of_field,
                  "antistrophe: the drift, or the sigma of DiagonalNoise or ScalarNoise, takes dy, or its tape, by "
                  "value, and what it writes to a copy is lost: void operator()(double t, const auto& y, auto& dy[, "
                  "auto& tape]) const.");
    if constexpr (lost_of_field) {
      return false;
    } else {
      constexpr bool drift = require_vector_field<Drift, Y>();
      constexpr bool callable = Diffusion<G, Y>;
      static_assert(callable,
                    "antistrophe: the diffusion cannot be called with this state; it needs void operator()(double t, "
                    "const auto& y, const auto& dW, auto& dy) const, writing dy = g(t, y) dW (or take "
                    "DiagonalNoise{sigma}, ScalarNoise{sigma} or AdditiveNoise{G}).");
      constexpr bool lost = diffusion_copies_result<G, Y>;
      static_assert(!lost,
                    "antistrophe: the diffusion takes dy, or its tape, by value, and what it writes to a copy is lost: "
                    "void operator()(double t, const auto& y, const auto& dW, auto& dy[, auto& tape]) const.");
      constexpr bool copied = diffusion_copies_cotangent<G, Y>;
      static_assert(!copied,
                    "antistrophe: the diffusion's vjp takes y_bar or theta_bar by value, and what it adds to a copy is "
                    "lost: void vjp(double t, const auto& y, const auto& dW[, const auto& tape], const auto& w, auto& "
                    "y_bar, auto& theta_bar) const.");
      return plain && drift && callable && !lost && !copied;
    }
  }

 private:
  template <class Part>
  static void take_part(Part& mine, const Part& other) {
    if constexpr (std::is_copy_assignable_v<Part>) {
      mine = other;
    } else {  // as of a lambda
      std::destroy_at(&mine);
      std::construct_at(&mine, other);
    }
  }
  // One step may well lie within a leaf of the path, after an event. Where many do, or most of a few, the noise is not resolved.
  void look_at(double t0, double t1) {
    ++moves_;
    if (walk_.resolves(t0, t1) || ++unresolved_ < 4 || unresolved_ < moves_ / (unresolved_ < 16 ? 2 : 8)) return;
    throw std::invalid_argument("antistrophe: steps such as that from " + in_words(t0) + ", of length " +
                                in_words(t1 - t0) + ", are shorter than the BrownianPath tells times apart, which is " +
                                in_words(walk_.leaf()) + ": give it a smaller .tolerance");
  }

  mutable Drift drift_;
  mutable G diffusion_;
  Theta theta_;
  bool written_ = false;
  BrownianWalk walk_;
  Eigen::MatrixXd rate_;
  double t0_ = std::nan(""), t1_ = t0_;
  std::int64_t moves_ = 0, unresolved_ = 0;
};

// A field over one step that is made of f + g ΔW/h and more: what that has and does, and nothing else. Self has a Tape, a static
// make_tape(drift, diffusion, channels, like), a call with a tape and a vjp.
template <class Self, class Noisy>
class MoreThanNoisy {
 public:
  using Drift = typename Noisy::DriftType;
  using G = typename Noisy::DiffusionType;

  explicit MoreThanNoisy(Noisy noisy) : noisy_(std::move(noisy)) {}
  const auto& parameters() const
    requires HasParameters<Noisy>
  {
    return noisy_.parameters();
  }
  auto& parameters()
    requires requires(Noisy& n) { n.parameters()[0] = {}; }
  {
    return noisy_.parameters();
  }
  Noisy& noisy() { return noisy_; }

  template <class Y>
  auto make_tape(const Y& like) const {
    return Self::make_tape(noisy_.drift(), noisy_.diffusion(), noisy_.channels(), like);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    auto tape = make_tape(y);
    static_cast<const Self&>(*this)(t, y, dy, tape);
  }

 protected:
  Noisy noisy_;
};

// True of the methods of method/stochastic, which say themselves what they need.
template <class M>
inline constexpr bool steps_noise = requires { requires bool(M::steps_noise); };
template <class M>
inline constexpr bool is_of_first_order = requires { requires int(M::order) < 2; };
template <class M>
inline constexpr bool carries_slope = requires { requires bool(M::carries_slope); };

template <class Drift, class G, Calculus of>
class NoisyField {
  using Joint = JointParameters<Drift, G>;

 public:
  static constexpr Calculus calculus = of;
  static constexpr bool additive = is_additive<G>;
  using DriftType = Drift;
  using DiffusionType = G;
  using Theta = typename Joint::Vector;

  NoisyField(Drift drift, G diffusion, BrownianPath path)
      : drift_(std::move(drift)),
        diffusion_(std::move(diffusion)),
        path_((path.check(), path)),
        theta_(Joint::join(drift_, diffusion_)) {}

  // The drift's, then the diffusion's; a copy of these, so that what is written here does not reach the objects given.
  const Theta& parameters() const
    requires Joint::any
  {
    return theta_;
  }
  Theta& parameters()
    requires Joint::settable
  {
    return theta_;
  }

  // As they are with the parameters of now.
  Drift drift() const { return parts().first; }
  G diffusion() const { return parts().second; }
  const BrownianPath& path() const { return path_; }
  // Along another path, of another seed for example.
  void take(const BrownianPath& path) {
    path.check();
    path_ = path;
  }

  NoisyStep<Drift, G> frozen(double t0, double t1) const {
    NoisyStep<Drift, G> result(drift_, diffusion_, theta_, path_);
    result.move(t0, t1);
    return result;
  }
  void freeze(double t0, double t1, NoisyStep<Drift, G>& step) const { step.move(t0, t1); }
  void thaw(NoisyStep<Drift, G>& step) const { step.take(drift_, diffusion_, theta_, path_); }
  template <class Y>
  auto make_frozen_tape(const Y& like) const {
    return make_tape_of<NoisyStep<Drift, G>>(like);
  }
  template <class Step, class Y>
  auto make_tape_of(const Y& like) const {
    return Step::make_tape(drift_, diffusion_, path_.channels, like);
  }

  void check_interval(double t0, double t1) const {
    if (!(smaller_of(t0, t1) >= path_.t0 && larger_of(t0, t1) <= path_.t1))
      throw std::invalid_argument("antistrophe: the problem goes from " + in_words(t0) + " to " + in_words(t1) +
                                  ", and its BrownianPath is there from " + in_words(path_.t0) + " to " +
                                  in_words(path_.t1) + " only: give the path .t0 and .t1 around all of it");
    if constexpr (of == Calculus::ito && !additive)
      if (t1 < t0) refuse("t1", t1, "at least t0, " + in_words(t0) + ": an Ito equation has no way back in time");
  }
  template <class Y>
  void check(const Y& y0) const {
    if (path_.samples != y0.cols())
      refuse("BrownianPath::samples", path_.samples, std::to_string(y0.cols()) + ", one for each column of y0");
    if constexpr (requires { Eigen::Index{G::channels}; })
      if (path_.channels != G::channels)
        refuse("BrownianPath::channels", path_.channels,
               std::to_string(G::channels) + ", as many as the diffusion says it has");
    if constexpr (requires { diffusion_.check(y0, path_.channels); }) diffusion_.check(y0, path_.channels);
  }
  template <class Y>
  void try_out(double t0, const Y& y0) const {
    if constexpr (NoisyStep<Drift, G>::template require_parts<Y>()) {
      const auto [f, g] = parts();
      auto tape = detail::make_tape<G, Y>(g, y0);
      Y dy = zeros_like(y0);
      evaluate_diffusion<G, Y>(g, t0, y0, Noise<Y>::Zero(path_.channels, path_.samples).eval(), dy, tape);
      if (dy.rows() != y0.rows() || dy.cols() != y0.cols())
        refuse("the shape of the diffusion's g(t, y) dW", std::to_string(dy.rows()) + "x" + std::to_string(dy.cols()),
               std::to_string(y0.rows()) + "x" + std::to_string(y0.cols()) + ", that of y0");
    }
  }

  // True where M converges to this field's solution; else a compile error with the reason.
  template <class M, class Y>
  static consteval bool require_method() {
    if constexpr (!NoisyStep<Drift, G>::template require_parts<Y>()) {
      return false;
    } else if constexpr (steps_noise<M>) {
      return true;
    } else if constexpr (carries_slope<M>) {
      static_assert(never<M>,
                    "antistrophe: this method carries a slope from step to step, and a noise has another one in each: "
                    "take ReversibleHeun, TwoPoint<Heun> or Reversible<Midpoint>.");
      return false;
    } else if constexpr (of == Calculus::ito && !additive) {
      static_assert(never<M>,
                    "antistrophe: this method converges to the solution in Stratonovich's sense, and the field is an "
                    "ItoField: take EulerMaruyama, Milstein or SRA1, or ItoToStratonovich{field}.");
      return false;
    } else if constexpr (of == Calculus::stratonovich && !additive && is_of_first_order<M>) {
      static_assert(never<M>,
                    "antistrophe: a method of order 1 converges to the solution in Ito's sense, and a StochasticField "
                    "is meant in Stratonovich's: take one of order 2 or more, such as Midpoint or Reversible<Heun>, or "
                    "ItoField and EulerMaruyama.");
      return false;
    } else {
      return true;
    }
  }

  // True where the vjps of the parts add to what they are given; else a compile error with the reason.
  template <class Y>
  static consteval bool require_vjp() {
    constexpr bool copied = vjp_copies_cotangent<Drift, Y> || sigma_copies_cotangent<G, Y>;
    static_assert(!copied,
                  "antistrophe: the vjp of the drift, or of the sigma of DiagonalNoise or ScalarNoise, takes a "
                  "cotangent by value, and what it adds to a copy is lost: void vjp(double t, const auto& y, const "
                  "auto& w, auto& y_bar, auto& theta_bar[, auto& t_bar]) const.");
    return !copied;
  }

  // A step sees W as a straight line, and is wrong by what W does beside it, of the order of h^(3/2), or of h where channels do not
  // commute. Euler's error, which a method of order 2 estimates, is as large as that. One of a higher order in the slope of the line
  // is 0 in the end, whatever W does.
  template <int order>
  static consteval bool require_estimate() {
    static_assert(order <= 2,
                  "antistrophe: a noise bends the path within each step, which an error estimate of higher order than "
                  "Euler's does not see, so that steps come out far too long: choose steps by a method of order 2, "
                  "such as Heun, Reversible<Midpoint> or ReversibleHeun, or take FixedSteps{n}.");
    return order <= 2;
  }

 private:
  std::pair<Drift, G> parts() const {
    std::pair<Drift, G> result(drift_, diffusion_);
    Joint::hand_out(theta_, result.first, result.second);
    return result;
  }

  Drift drift_;
  G diffusion_;
  BrownianPath path_;
  Theta theta_;
};

}  // namespace detail

// drift: a field, as for any Problem; diffusion: g (noise/diffusion.hpp), which writes g(t, y) dW. parameters() are the drift's, then the
// diffusion's. A state of several columns has a path for each, path.samples of them. Throws std::invalid_argument where the path does not
// cover the problem's times, or shapes do not fit. t1 < t0 goes back along the same path.
template <class Drift, class G>
struct StochasticField : detail::NoisyField<Drift, G, Calculus::stratonovich> {
  StochasticField(Drift drift, G diffusion, BrownianPath path)
      : detail::NoisyField<Drift, G, Calculus::stratonovich>(std::move(drift), std::move(diffusion), path) {}
};

// dy = f dt + g dW in Itô's sense. t1 ≥ t0. Where g is additive both senses are one, and every method takes it.
template <class Drift, class G>
struct ItoField : detail::NoisyField<Drift, G, Calculus::ito> {
  ItoField(Drift drift, G diffusion, BrownianPath path)
      : detail::NoisyField<Drift, G, Calculus::ito>(std::move(drift), std::move(diffusion), path) {}
};

}  // namespace antistrophe
