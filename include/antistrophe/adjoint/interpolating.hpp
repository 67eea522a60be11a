// SPDX-License-Identifier: MIT
// InterpolatingAdjoint: λ and θ̄ are solved backwards along the path of the way forth, of which the dense output of every step is
// kept. A continuous adjoint, which does not solve the state backwards and is as stable as the way forth.
#pragma once

#include <antistrophe/adjoint/continuous.hpp>
#include <antistrophe/adjoint/detail/adjoint_field.hpp>
#include <antistrophe/adjoint/detail/block_norm.hpp>
#include <antistrophe/adjoint/detail/kept_path.hpp>
#include <antistrophe/adjoint/detail/stretch_solver.hpp>
#include <antistrophe/detail/attempted_step.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// What is kept of the way forth: of a stepper with dense output its polynomials; of any other the states at both ends of a step.
template <class S>
class PathTrace {
 public:
  using Y = typename S::State;
  static constexpr bool has_polynomials = Extensible<S>;
  NoBits bits;

  void restart() { path_.clear(); }
  void begin(const S&, std::int64_t, const typename S::Carry&) {
    path_.begin_segment();
    first_ = -1;
  }
  void before_step(std::int64_t, const typename S::Carry&) {}
  // Of each step that is about to be committed, or to be cut by an event.
  void keep_step(S& stepper, AttemptedStep<S>& attempted, const typename S::Carry& before, double) {
    const Step& step = attempted.step();
    if (first_ < 0) first_ = step.n;
    const auto number = static_cast<std::size_t>(step.n - first_);
    if constexpr (has_polynomials) {
      path_.put(number, step.t0, step.h(), attempted.polynomial(stepper, before).coefficients);
    } else {
      std::array<Y, 2> ends{zeros_of(stepper, before), zeros_of(stepper, before)};
      stepper.proposal(step, before, ends[1]);
      path_.put(number, step.t0, step.h(), ends);
    }
  }
  std::size_t bytes() const { return path_.bytes(); }
  static std::int64_t bits_kept() { return 0; }

  const KeptPath<Y>& path() const { return path_; }

 private:
  static Y zeros_of(S& stepper, const typename S::Carry& before) {
    Y y;
    stepper.read(before, y);
    return y;
  }

  KeptPath<Y> path_;
  std::int64_t first_ = -1;
};

// y(t) of the way forth on the way back, from the last piece to the first. Where only states were kept it is the cubic through
// them and their slopes (Hermite), for which f is asked once a node.
template <class F, class Y, bool has_polynomials>
class PathReader {
 public:
  PathReader(const F& field, const Y& like)
      : field_(field), tape_(make_tape<F, Y>(field, like)), slopes_{zeros_like(like), zeros_like(like)} {}

  void begin(const KeptPath<Y>& path) {
    path_ = &path;
    enter(nullptr, 0);
  }
  void enter(const Timeline* timeline, std::size_t segment) {
    if (timeline == timeline_ && segment == segment_) return;
    timeline_ = timeline;
    segment_ = segment;
    piece_ = std::numeric_limits<std::size_t>::max();
    known_ = none;
  }

  void read(double t, Y& y) {
    piece_ = path_->find(segment_, t, piece_);
    if constexpr (has_polynomials)
      path_->value(segment_, piece_, t, y);
    else
      interpolate(t, y);
  }

  std::int64_t evaluations = 0;

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  void interpolate(double t, Y& y) {
    const auto& piece = path_->piece(segment_, piece_);
    if (known_ != piece_) {
      const double end = (*timeline_)[static_cast<std::int64_t>(piece_) + 1];
      const Timeline::Jump* jump = timeline_->jump_at(end);
      if (known_ == piece_ + 1 && jump == nullptr)
        slopes_[1] = slopes_[0];
      else
        look(1, jump == nullptr ? end : jump->before, y);
      look(0, timeline_->sees_after(piece.t0), y);
      known_ = piece_;
    }
    const double s = (t - piece.t0) / piece.h, r = 1 - s;
    y = scalar<Y>(r * r * (1 + 2 * s)) * path_->coefficient(segment_, piece_, 0, y) +
        scalar<Y>(s * s * (1 + 2 * r)) * path_->coefficient(segment_, piece_, 1, y) +
        scalar<Y>(piece.h * s * r * r) * slopes_[0] - scalar<Y>(piece.h * s * s * r) * slopes_[1];
  }
  void look(std::size_t end, double t, Y& y) {
    y = path_->coefficient(segment_, piece_, end, y);
    evaluate<F, Y>(field_, t, y, slopes_[end], tape_);
    ++evaluations;
  }

  const F& field_;
  const KeptPath<Y>* path_ = nullptr;
  const Timeline* timeline_ = nullptr;
  std::size_t segment_ = 0, piece_ = none;
  std::size_t known_ = none;  // the piece whose slopes are known
  Tape<F, Y> tape_;
  std::array<Y, 2> slopes_;
};

// (λ, θ̄) along a path that is known.
template <class F, class Y, bool has_polynomials>
class AdjointAlongField {
 public:
  using Z = Flat<Y>;
  AdjointAlongField(const F& field, const Y& like) : at_(field, like), reader_(field, like), n_(like.size()) {}

  Z zero() const { return Z::Zero(n_ + at_.theta_bar.size()); }
  auto& reader() const { return reader_; }
  Linearised<F, Y>& at() const { return at_; }
  void tell(BackwardStats& stats) const {
    at_.tell(stats);
    stats.evaluations += std::exchange(reader_.evaluations, 0);
  }

  void operator()(double t, const Z& z, Z& dz) const {
    reader_.read(t, at_.y);
    get_part(z, 0, at_.lambda);
    at_.lambda = -at_.lambda;
    at_.scale = -1;
    at_.look_back(t);
    put_part(dz, 0, at_.y_bar);
    put_part(dz, n_, at_.theta_bar);
  }

 private:
  mutable Linearised<F, Y> at_;
  mutable PathReader<F, Y, has_polynomials> reader_;
  Eigen::Index n_;
};

}  // namespace detail

// method, steps, norm: as of BacksolveAdjoint. Keeps as many states a step as the method's dense output has coefficients (5 of
// Dopri5 and Tsit5), or two where it has none, and their slopes are then asked for anew.
template <class Method = ThoseOfTheWayForth, class Steps = ThoseOfTheWayForth>
struct InterpolatingAdjoint {
  static constexpr bool is_adjoint = true, is_continuous = true;

  Method method = {};
  Steps steps = {};
  AdjointNorm norm = AdjointNorm::full;

  template <class S>
  static consteval bool require() {
    return detail::require_way_back<Method, Steps, typename S::State>();
  }

  template <class S>
  using Trace = detail::PathTrace<S>;

  template <class F, class Y, class M>
  class Equation {
   public:
    static constexpr bool reconstructs = false;

    // Throws std::invalid_argument for bad options.
    Equation(const InterpolatingAdjoint& adjoint, const M& method_forth, const F& field, const Y& y0)
        : norm_(adjoint.norm),
          steps_(adjoint.steps),
          n_(y0.size()),
          field_(field, y0),
          z_(field_.zero()),
          solver_(Chosen::of(adjoint.method, method_forth), field_, z_) {
      steps_.check(y0);
    }
    Equation(const Equation&) = delete;  // the solver refers to the field
    Equation& operator=(const Equation&) = delete;

    template <class StepsType>
    void take_up(const StepsType& steps_forth) {
      Solver::template require_steps<StepsType>();
      steps_.take_up(steps_forth);
    }
    template <class Kept>
    void begin(const Timeline& timeline, const Kept& trace) {
      field_.reader().begin(trace.path());
      solver_.begin(steps_, norm_, n_, 1, z_.size(), timeline.jumps());
    }

    void charge(const detail::CostTerm<F, Y>& cost) { field_.at().cost = &cost; }
    Failure go_back(const Stretch& stretch, Y&, Y& lambda, Parameters<F, Y>& theta_bar, BackwardStats& stats) {
      using detail::put_part, detail::get_part;
      field_.reader().enter(stretch.timeline, stretch.segment);
      put_part(z_, 0, lambda);
      put_part(z_, n_, theta_bar);
      Failure failure = solver_.run(steps_, stretch, z_, detail::pass_by);
      stats.bytes = std::max(stats.bytes, solver_.bytes());
      field_.tell(stats);
      get_part(z_, 0, lambda);
      get_part(z_, n_, theta_bar);
      return failure;
    }

   private:
    using Chosen = detail::MethodBackOf<Method, M, F, Y>;
    using Field = detail::AdjointAlongField<F, Y, Extensible<typename M::template Stepper<F, Y>>>;
    using Solver = detail::StretchSolver<typename Chosen::type, Field, typename Field::Z, Steps>;

    AdjointNorm norm_;
    detail::StepsBack steps_;
    Eigen::Index n_;
    Field field_;
    typename Field::Z z_;
    Solver solver_;
  };
};
InterpolatingAdjoint() -> InterpolatingAdjoint<>;
template <detail::AdjointOption Option, class... Rest>
InterpolatingAdjoint(Option, Rest...) -> InterpolatingAdjoint<>;
template <detail::AdjointSteps Steps, class... Rest>
InterpolatingAdjoint(Steps, Rest...) -> InterpolatingAdjoint<ThoseOfTheWayForth, Steps>;
template <detail::MethodBack Method>
InterpolatingAdjoint(Method) -> InterpolatingAdjoint<Method>;
template <detail::MethodBack Method, detail::AdjointOption Option, class... Rest>
InterpolatingAdjoint(Method, Option, Rest...) -> InterpolatingAdjoint<Method>;
template <detail::MethodBack Method, detail::AdjointSteps Steps, class... Rest>
InterpolatingAdjoint(Method, Steps, Rest...) -> InterpolatingAdjoint<Method, Steps>;

}  // namespace antistrophe
