// SPDX-License-Identifier: MIT
// log_ode(F, path, theta): the log-ODE method for an equation dy = F(y; θ) dX whose F is known (Morrill et al., arXiv 2009.08295; Lyons
// 2014): over each window of a LogSignaturePath
//   y' = (Σ Lᵢ Vᵢ + Σ Lᵢⱼ [Vᵢ, Vⱼ] + …)(y)/h,   [V, W] = DW·V − DV·W,
// Vᵢ the columns of F, L the window's log-signature, of depth 1, 2 or 3, and h its length: a few steps a window, however many
// observations lie in it, to the accuracy of the depth; exact where all longer brackets vanish. F is generic in its scalar,
//   F(y, theta, A)   writes the n × channels matrix A,
// for brackets and vjps come by forward differentiation (field/automatic_vjp.hpp): right for small systems. One sample, a vector.
#pragma once

#include <antistrophe/control/log_signature_path.hpp>
#include <antistrophe/core/errors.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/field/detail/dual.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace antistrophe {

namespace detail {

// Numbers that move in one direction.
template <class Vector>
auto moving(const Vector& x, const Vector& direction) {
  using Number = Dual<typename Vector::Scalar, 1>;
  Eigen::Matrix<Number, Vector::RowsAtCompileTime, 1> result(x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) result[i] = Number(x[i], typename Number::Derivatives(direction[i]));
  return result;
}

// And those that stay.
template <class Vector>
auto still(const Vector& x) {
  using Number = Dual<typename Vector::Scalar, 1>;
  Eigen::Matrix<Number, Vector::RowsAtCompileTime, 1> result(x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) result[i] = Number(x[i], Number::Derivatives::Zero());
  return result;
}

// DV(y)·direction.
template <class V, class Y, class Theta>
Y directional(const V& v, const Y& y, const Theta& theta, const Y& direction) {
  const auto moved = v(moving(y, direction), still(theta));
  Y result(y.size());
  for (Eigen::Index i = 0; i < y.size(); ++i) result[i] = moved[i].derivatives()[0];
  return result;
}

// Vᵢ.
template <class F>
struct FieldColumn {
  const F* f;
  Eigen::Index channels, i;

  template <class Y, class Theta>
  Y operator()(const Y& y, const Theta& theta) const {
    Eigen::Matrix<typename Y::Scalar, Y::RowsAtCompileTime, Eigen::Dynamic> A(y.size(), channels);
    (*f)(y, theta, A);
    return A.col(i);
  }
};

// [V, W].
template <class V, class W>
struct Bracket {
  V v;
  W w;

  template <class Y, class Theta>
  Y operator()(const Y& y, const Theta& theta) const {
    const Y along_v = directional(w, y, theta, v(y, theta)), along_w = directional(v, y, theta, w(y, theta));
    return along_v - along_w;
  }
};
template <class V, class W>
Bracket(V, W) -> Bracket<V, W>;

template <class F>
struct LogOdeFunction {
  F f;
  LogSignaturePath path;

  template <class Y, class Theta>
  void operator()(double t, const Y& y, const Theta& theta, Y& dy) const {
    const LogSignature& logarithm = path.log_signature();
    Eigen::VectorXd L(logarithm.size());
    path.derivative(t, L);
    dy.setZero();
    for (Eigen::Index w = 0; w < logarithm.size(); ++w) {
      const auto& [a, b, c] = logarithm.words()[static_cast<std::size_t>(w)];
      if (b < 0)
        add(dy, L[w], column(a), y, theta);
      else if (c < 0)
        add(dy, L[w], Bracket{column(a), column(b)}, y, theta);
      else if (a == b || (a < b && b < c))
        add(dy, L[w], Bracket{column(a), Bracket{column(b), column(c)}}, y, theta);
      else  // abb and acb; the bracket of abc, [a, [b, c]], has the word acb too, negative
        add(dy, L[w] + (b == c ? 0 : L[w_of(logarithm, {a, c, b})]), Bracket{Bracket{column(a), column(b)}, column(c)},
            y, theta);
    }
  }

 private:
  FieldColumn<F> column(Eigen::Index i) const { return {&f, path.log_signature().channels(), i}; }
  static Eigen::Index w_of(const LogSignature& logarithm, const LogSignature::Word& word) {
    const auto& words = logarithm.words();
    return static_cast<Eigen::Index>(std::find(words.begin(), words.end(), word) - words.begin());
  }
  template <class Y, class Theta>
  static void add(Y& dy, double weight, const auto& v, const Y& y, const Theta& theta) {
    const Y value = v(y, theta);
    for (Eigen::Index i = 0; i < dy.size(); ++i) dy[i] += typename Y::Scalar(weight) * value[i];
  }
};

}  // namespace detail

// The field of log_ode: automatic_vjp's, which knows where windows end.
template <class F, class Theta>
class LogOdeField : public AutomaticVjp<detail::LogOdeFunction<F>, Theta> {
 public:
  LogOdeField(F f, const LogSignaturePath& path, Theta theta)
      : AutomaticVjp<detail::LogOdeFunction<F>, Theta>({std::move(f), path}, std::move(theta)), jumps_(path.jumps()) {
    if (path.samples() != 1) detail::refuse("the number of samples of log_ode's path", path.samples(), "1");
  }
  std::vector<double> jumps() const { return jumps_; }

  // True where F writes to what it is given; else a compile error with the reason.
  template <class M, class Y>
  static consteval bool require_method() {
    using Matrix = Eigen::Matrix<typename Y::Scalar, Y::RowsAtCompileTime, Eigen::Dynamic>;
    constexpr bool copied = detail::copies_result<F, detail::Types<Y, Theta>, Matrix>;
    static_assert(!copied,
                  "antistrophe: log_ode's function takes A by value, and what it writes to a copy is lost: [](const "
                  "auto& y, const auto& theta, auto& A) { … }.");
    return !copied && AutomaticVjp<detail::LogOdeFunction<F>, Theta>::template require_method<M, Y>();
  }

 private:
  std::vector<double> jumps_;
};

template <class F, class Derived>
auto log_ode(F f, const LogSignaturePath& path, const Eigen::MatrixBase<Derived>& theta) {
  return LogOdeField<F, typename Derived::PlainObject>(std::move(f), path, theta);
}

}  // namespace antistrophe
