// What a vjp costs that is made of f alone, beside one written by hand: on 2 unknowns (Lotka–Volterra), 20 (a chain of masses), 200 and
// 2,000 (Gray and Scott's reaction and diffusion), by forward duals (automatic_vjp), by own recordings, replayed and compiled, and by
// CppAD, ADOL-C and Sacado where they are here. Each is held against the hand before it is timed. docs/automatic_vjp.md has the table.
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/field/compiled_vjp.hpp>
#include <antistrophe/field/recorded_vjp.hpp>
#ifdef ANTISTROPHE_TEST_CPPAD
#include <antistrophe/field/cppad_vjp.hpp>
#endif
#ifdef ANTISTROPHE_TEST_ADOLC
#include <antistrophe/field/adolc_vjp.hpp>
#endif
#ifdef ANTISTROPHE_TEST_SACADO
#include <antistrophe/field/sacado_vjp.hpp>
#endif

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

#include "support/larger_problems.hpp"
#include "support/problems.hpp"
#include "tried.hpp"

namespace {

using namespace antistrophe;
using Eigen::VectorXd;

template <class Field>
struct Pull {
  const Field& field;
  VectorXd y, w, y_bar, theta_bar;

  Pull(const Field& of, const VectorXd& at) : field(of), y(at) {
    w = VectorXd::NullaryExpr(y.size(), [](Eigen::Index i) { return std::cos(2.1 * double(i)); });
    clear();
  }
  void clear() {
    y_bar = VectorXd::Zero(y.size());
    theta_bar = VectorXd::Zero(field.parameters().size());
  }
  void operator()() { field.vjp(0.3, y, w, y_bar, theta_bar); }
};

template <class Field, class Hand>
void vjp(benchmark::State& state, const Field& field, const Hand& hand, const VectorXd& y) {
  Pull<Field> pull(field, y);
  Pull<Hand> expected(hand, y);
  pull();
  expected();
  if (!((pull.y_bar - expected.y_bar).norm() <= 1e-12 * expected.y_bar.norm()) ||
      !((pull.theta_bar - expected.theta_bar).norm() <= 1e-12 * expected.theta_bar.norm()))
    return state.SkipWithError("another vjp than that written by hand");
  pull.clear();
  for (auto _ : state) {
    pull();
    benchmark::DoNotOptimize(pull.y_bar.data());
    benchmark::ClobberMemory();
  }
}

// The engines of one problem; the hand first, to which the others are related.
template <class Hand, class Equations>
void add(const std::string& problem, const Hand& hand, const Equations& f, const VectorXd& y) {
  const VectorXd theta = hand.parameters();
  const auto measured = [&](const char* name, const auto& field) {
    benchmark::RegisterBenchmark((problem + "/" + name).c_str(),
                                 [=](benchmark::State& state) { vjp(state, field, hand, y); });
  };
  measured("hand", hand);
  measured("automatic", automatic_vjp(f, theta));
  measured("compiled", compiled_vjp(f, theta));
  measured("recorded", recorded_vjp(f, theta));
#ifdef ANTISTROPHE_TEST_CPPAD
  measured("cppad", cppad_vjp(f, theta));
#endif
#ifdef ANTISTROPHE_TEST_ADOLC
  measured("adolc", adolc_vjp(f, theta));
#endif
#ifdef ANTISTROPHE_TEST_SACADO
  measured("sacado", sacado_vjp(f, theta));
#endif
}

const bool added = [] {
  using namespace problems;
  add("2", LotkaVolterra<>{}, LotkaVolterraEquations{}, VectorXd(Eigen::Vector2d(1.2, 0.7)));
  add("20", Chain{}, ChainEquations{}, Chain::start(20));
  add("200", GrayScott{}, GrayScottEquations{}, GrayScott::start(200));
  constexpr Eigen::Index many = benchmarks::measured_or_tried(2000, 400);
  add(std::to_string(many), GrayScott{}, GrayScottEquations{}, GrayScott::start(many));
  return true;
}();

}  // namespace
