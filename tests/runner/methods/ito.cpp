// Schemes in Itô's sense behind the runner's interface. The field that they are given is the drift; the noise is theirs: one of
// diagonal noise, which the state shapes, or additive noise, which time does, along a path that is the same whatever part of it is solved.
#include "runner/instantiate.hpp"

#include <antistrophe/method/stochastic/ito.hpp>

#include <algorithm>
#include <cmath>

namespace antistrophe::battery {

template <int with_order, int with_stages, bool goes_both_ways, class M>
struct ItoFacts {
  using RealValued = M;
  static constexpr int order = with_order, stages = with_stages, increments = 1;
  static constexpr bool reversible = false, exact = false, both_ways = goes_both_ways;
  static M method() { return {}; }
  static M real_valued() { return {}; }
};
template <>
struct Facts<EulerMaruyama> : ItoFacts<1, 1, false, EulerMaruyama> {};
template <>
struct Facts<Milstein> : ItoFacts<1, 1, false, Milstein> {};
template <>
struct Facts<SRA1> : ItoFacts<2, 2, true, SRA1> {};

}  // namespace antistrophe::battery

namespace antistrophe::runner::noise {

// σ_i = 0.3 + 0.2 sin y_i, times `loudness`.
struct Shaped {
  static constexpr bool diagonal = true;
  double loudness;
  void operator()(double, const auto& y, const auto& dw, auto& dy) const {
    using S = typename std::remove_cvref_t<decltype(y)>::Scalar;
    dy.array() = S(RealOf<S>(loudness)) * (S(RealOf<S>(0.3)) + S(RealOf<S>(0.2)) * y.array().sin()) * dw.array();
  }
  void vjp(double, const auto& y, const auto& dw, const auto& w, auto& y_bar, auto&) const {
    using S = typename std::remove_cvref_t<decltype(y)>::Scalar;
    y_bar.array() += S(RealOf<S>(0.2 * loudness)) * y.array().cos() * dw.array() * w.array();
  }
  template <class S>
  using RealOf = typename Eigen::NumTraits<S>::Real;
};

// Each channel into its own entry and half of it into the next.
struct Timed {
  static constexpr bool additive = true;
  double loudness;
  void operator()(double t, const auto& y, const auto& dw, auto& dy) const {
    using S = typename std::remove_cvref_t<decltype(y)>::Scalar;
    const S size(static_cast<typename Eigen::NumTraits<S>::Real>(loudness * (0.3 + 0.1 * std::cos(t))));
    for (Eigen::Index j = 0; j < y.cols(); ++j)
      for (Eigen::Index i = 0, n = y.rows(); i < n; ++i) dy(i, j) = size * (dw(i, j) + dw((i + 1) % n, j) / S(2));
  }
  void vjp(double, const auto&, const auto&, const auto&, auto&, auto&) const {}
};

// Over [−4, 4] wherever that is enough, so that parts of one solve have one path.
template <class Y>
BrownianPath path_for(const ProblemOf<Y>& problem, bool area) {
  const double low = std::fmin(problem.t0, problem.t1), high = std::fmax(problem.t0, problem.t1);
  BrownianPath path{.seed = 5, .channels = problem.y0.rows(), .samples = problem.y0.cols(), .area = area};
  // Not where times are no numbers, or far away, or so close that the leaves would be too long.
  const bool usual = !(high - low < 1e-6) || high == low;
  if (!(usual && low >= -4 && high <= 4) && std::isfinite(low) && std::isfinite(high) && low < high)
    path.t0 = low, path.t1 = high;
  else
    path.t0 = -4, path.t1 = 4;
  path.tolerance = (path.t1 - path.t0) * 0x1p-32;
  return path;
}

template <class G, bool area>
struct PosedWith {
  template <class Y>
  static Problem<ItoField<Field<Y>, G>, Y> pose(const ProblemOf<Y>& problem, const Options& options) {
    return {ItoField{problem.field, G{options.quiet ? 0.0 : 1.0}, path_for(problem, area)}, problem.y0, problem.t0,
            problem.t1};
  }
};

}  // namespace antistrophe::runner::noise

namespace antistrophe::runner {

template <>
struct Posed<EulerMaruyama> : noise::PosedWith<noise::Shaped, false> {};
template <>
struct Posed<Milstein> : noise::PosedWith<noise::Shaped, false> {};
template <>
struct Posed<SRA1> : noise::PosedWith<noise::Timed, true> {};

Methods made_ito_methods() {
  const auto of = []<class M>(const char* name, M) {
    return compiled<M, For<Vector2d, everything_fixed>, For<Vector2z, solves>, For<Vector2f, solves>,
                    For<Batch, gradients>>(name);
  };
  return {of("EulerMaruyama", EulerMaruyama{}), of("Milstein", Milstein{}), of("SRA1", SRA1{})};
}

}  // namespace antistrophe::runner
