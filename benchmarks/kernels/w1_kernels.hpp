// Yardsticks: the gradient of workload W1 written out by hand for this one problem. The field is y' = w2·tanh(w1 y + b1)
// + b2 with ten hidden units, the method the midpoint rule, the loss L = y(T)². Everything is inlined, the units lie in
// registers of xsimd, each step's evaluations are shared between reconstruction and pull-back. Uses nothing of the
// library's. Another tanh than xsimd's may be put in its place, to tell what is the tanh's from what is the method's.
#pragma once

#include <xsimd/xsimd.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace antistrophe::kernels {

struct W1Result {
  double loss = 0;
  std::array<double, 31> theta{};  // ∂L/∂(w1, b1, w2, b2)
  double y0 = 0;                   // ∂L/∂y0
};

namespace w1 {

using Batch = xsimd::batch<double>;
inline constexpr std::size_t units = 10, width = Batch::size, batches = (units + width - 1) / width;

// Ten numbers, padded with zeros.
struct Units {
  Batch part[batches];

  Units() {
    for (Batch& p : part) p = Batch(0.0);
  }
  explicit Units(const double* from) {
    double padded[batches * width] = {};
    for (std::size_t i = 0; i < units; ++i) padded[i] = from[i];
    for (std::size_t j = 0; j < batches; ++j) part[j] = Batch::load_unaligned(padded + j * width);
  }
  void copy_to(double* to) const {
    double padded[batches * width];
    for (std::size_t j = 0; j < batches; ++j) part[j].store_unaligned(padded + j * width);
    for (std::size_t i = 0; i < units; ++i) to[i] = padded[i];
  }
};

template <class B>
double sum_of_lanes(const B& x) {
  if constexpr (requires { reduce_add(x); })  // its name since xsimd 9
    return reduce_add(x);
  else
    return hadd(x);
}

inline double sum(const Units& x) {
  Batch total = x.part[0];
  for (std::size_t j = 1; j < batches; ++j) total += x.part[j];
  return sum_of_lanes(total);
}

// One evaluation of the field, with what its pull-back needs.
struct Evaluation {
  double y, f;
  Units a;
};

struct XsimdTanh {
  static Batch of(const Batch& x) { return xsimd::tanh(x); }
};

template <class Tanh>
struct Field {
  Units w1, b1, w2;
  double b2;

  explicit Field(const double* theta) : w1(theta), b1(theta + units), w2(theta + 2 * units), b2(theta[3 * units]) {}

  [[gnu::always_inline]] inline Evaluation operator()(double y) const {
    Evaluation e;
    Units products;
    for (std::size_t j = 0; j < batches; ++j) {
      e.a.part[j] = Tanh::of(xsimd::fma(w1.part[j], Batch(y), b1.part[j]));
      products.part[j] = w2.part[j] * e.a.part[j];
    }
    e.y = y;
    e.f = sum(products) + b2;
    return e;
  }
};

struct Gradient {
  Units w1, b1, w2;
  double b2 = 0;

  // θ̄ += (∂f/∂θ)ᵀ w; returns (∂f/∂y)ᵀ w. Up to the last multiplication nothing waits for w.
  template <class Field>
  double pull_back(const Field& field, const Evaluation& e, double w) {
    Units slopes;
    for (std::size_t j = 0; j < batches; ++j) {
      const Batch slope = field.w2.part[j] * xsimd::fnma(e.a.part[j], e.a.part[j], Batch(1.0));
      slopes.part[j] = slope * field.w1.part[j];
      b1.part[j] = xsimd::fma(slope, Batch(w), b1.part[j]);
      w1.part[j] = xsimd::fma(slope, Batch(w * e.y), w1.part[j]);
      w2.part[j] = xsimd::fma(e.a.part[j], Batch(w), w2.part[j]);
    }
    b2 += w;
    return w * sum(slopes);
  }

  W1Result result(double loss, double y0_bar) const {
    W1Result r;
    r.loss = loss;
    r.y0 = y0_bar;
    w1.copy_to(r.theta.data());
    b1.copy_to(r.theta.data() + units);
    w2.copy_to(r.theta.data() + 2 * units);
    r.theta[3 * units] = b2;
    return r;
  }
};

// Ψ_h(y) = h f(y + h/2 f(y)), with its stages kept.
template <class Field>
struct Increment {
  Evaluation first, second;
  double psi;

  Increment(const Field& f, double y, double h) : first(f(y)), second(f(y + 0.5 * h * first.f)), psi(h * second.f) {}

  // Returns J[Ψ_h]ᵀ w and adds the like of it to the gradient.
  double pull_back(const Field& f, double h, double w, Gradient& gradient) const {
    const double middle = gradient.pull_back(f, second, h * w);
    return middle + gradient.pull_back(f, first, 0.5 * h * middle);
  }
};

}  // namespace w1

// Midpoint rule, n steps of h; the states are stored in `states` (its memory is reused), the stages recomputed.
template <class Tanh = w1::XsimdTanh>
W1Result w1_direct(const double* theta, double y0, double h, std::size_t n, std::vector<double>& states) {
  const w1::Field<Tanh> f(theta);
  states.resize(n);
  double y = y0;
  for (std::size_t i = 0; i < n; ++i) {
    states[i] = y;
    y += h * f(y + 0.5 * h * f(y).f).f;
  }
  w1::Gradient gradient;
  double y_bar = 2 * y;
  for (std::size_t i = n; i-- > 0;) y_bar += w1::Increment(f, states[i], h).pull_back(f, h, y_bar, gradient);
  return gradient.result(y * y, y_bar);
}

// The λ-coupled pair of the midpoint rule in floating point; no state is stored.
template <class Tanh = w1::XsimdTanh>
W1Result w1_floating_pair(const double* theta, double y0, double h, std::size_t n, double lambda) {
  const w1::Field<Tanh> f(theta);
  double y = y0, z = y0;
  for (std::size_t i = 0; i < n; ++i) {
    y = lambda * y + (1 - lambda) * z + h * f(z + 0.5 * h * f(z).f).f;
    z += h * f(y - 0.5 * h * f(y).f).f;
  }
  w1::Gradient gradient;
  const double loss = y * y;
  double y_bar = 2 * y, z_bar = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const w1::Increment back(f, y, -h);
    z += back.psi;
    const w1::Increment forth(f, z, h);
    y = (y - (1 - lambda) * z - forth.psi) / lambda;
    y_bar += back.pull_back(f, -h, -z_bar, gradient);
    z_bar += (1 - lambda) * y_bar + forth.pull_back(f, h, y_bar, gradient);
    y_bar *= lambda;
  }
  return gradient.result(loss, y_bar + z_bar);
}

}  // namespace antistrophe::kernels
