// A law is written once and holds for every method of a list:
//
//   LAW("Both adjoints agree", "[gradient]", exact_pairs()) { CHECK(... m ...); }
//
// Each (law, method) is a test case of its own, "<law> - <method>", and `m` is the method (runner/method.hpp).
#pragma once

#include "runner/method.hpp"

#include "support/catch.hpp"
#include "support/problems.hpp"

#include <string>

namespace antistrophe::laws {

using namespace runner;

using Law = void (*)(const AnyMethod& m);

class LawOfMethod final : public Catch::ITestInvoker {
 public:
  LawOfMethod(Law law, AnyMethod method) : law_(law), method_(std::move(method)) {}
  void invoke() const override { law_(method_); }

 private:
  Law law_;
  AnyMethod method_;
};

struct Registration {
  Registration(const std::string& title, const char* tags, const Methods& methods, Law law,
               const Catch::SourceLineInfo& line) {
    for (const AnyMethod& method : methods) {
      const std::string name = title + " - " + method.name();
#if CATCH_VERSION_MAJOR >= 3
      const Catch::AutoReg registered(Catch::Detail::make_unique<LawOfMethod>(law, method), line, Catch::StringRef(),
                                      Catch::NameAndTags{name, tags});
#else
      const Catch::AutoReg registered(new LawOfMethod(law, method), line, Catch::StringRef(),
                                      Catch::NameAndTags{name, tags});
#endif
    }
  }
};

#define LAW_JOIN(a, b) a##b
#define LAW_NAMED(name, title, tags, ...)                                                                     \
  static void name(const ::antistrophe::runner::AnyMethod& m);                                                \
  static const ::antistrophe::laws::Registration LAW_JOIN(name, _registered)(title, tags, __VA_ARGS__, &name, \
                                                                             CATCH_INTERNAL_LINEINFO);        \
  static void name([[maybe_unused]] const ::antistrophe::runner::AnyMethod& m)
#define LAW_OF_LINE(line, ...) LAW_NAMED(LAW_JOIN(law_of_line_, line), __VA_ARGS__)
#define LAW(...) LAW_OF_LINE(__LINE__, __VA_ARGS__)

// --- Lists of methods ------------------------------------------------------------------------------------------------------

// With an error estimate: these can choose their steps.
inline Methods adaptive_plain() { return methods("Midpoint, Heun, Ralston, Bosh3, Tsit5, Dopri5, Dop853"); }
inline Methods plain() { return joined({methods("Euler, Ralston3, RK4, RK38"), adaptive_plain()}); }

inline Methods pairs_of(const Methods& bases, const std::string& arithmetic = "") {
  Methods result;
  for (const AnyMethod& base : bases) result.push_back(methods("Reversible<" + base.name() + arithmetic + ">").front());
  return result;
}
inline Methods floating_pairs_of(const Methods& bases) { return pairs_of(bases, ", Floating"); }

inline Methods exact_pairs() { return pairs_of(plain()); }
inline Methods floating_pairs() { return floating_pairs_of(plain()); }
inline Methods adaptive_exact_pairs() { return pairs_of(adaptive_plain()); }
inline Methods adaptive_floating_pairs() { return floating_pairs_of(adaptive_plain()); }
inline Methods adaptive_pairs() { return joined({adaptive_exact_pairs(), adaptive_floating_pairs()}); }
inline Methods adaptive_methods() { return joined({adaptive_plain(), adaptive_pairs()}); }

// One of each kind of tableau, for laws that do not depend on the coefficients: one stage, two, first-same-as-last.
inline Methods few_plain() { return methods("Euler, Midpoint, Bosh3"); }
inline Methods few_exact_pairs() { return pairs_of(few_plain()); }
inline Methods few_floating_pairs() { return floating_pairs_of(few_plain()); }

inline Methods one_evaluation() { return methods("LeapfrogMidpoint<>, ReversibleHeun<>, AsynchronousLeapfrog<>"); }
inline Methods floating_one_evaluation() {
  return methods("LeapfrogMidpoint<Floating>, ReversibleHeun<Floating>, AsynchronousLeapfrog<Floating>");
}
inline Methods few_two_points() { return methods("TwoPoint<Euler>, TwoPoint<Midpoint>, TwoPoint<Bosh3>"); }
inline Methods few_floating_two_points() {
  return methods("TwoPoint<Euler, Floating>, TwoPoint<Midpoint, Floating>, TwoPoint<Bosh3, Floating>");
}
inline Methods symplectic() { return methods("SemiImplicitEuler<>, Verlet<>, Suzuki4<>"); }
inline Methods floating_symplectic() {
  return methods("SemiImplicitEuler<Floating>, Verlet<Floating>, Suzuki4<Floating>");
}

// Schemes for stochastic equations, along a path, and with the noise turned off: what is left are methods for the drift.
inline Methods ito_schemes() { return methods("EulerMaruyama, Milstein, SRA1"); }
inline Methods quiet_ito_schemes() {
  Methods result;
  for (const AnyMethod& m : ito_schemes()) result.push_back(m.quiet());
  return result;
}
inline Methods and_ito(const Methods& others) { return joined({others, ito_schemes()}); }

// --- What laws share -------------------------------------------------------------------------------------------------------

// check(adjoint) for the adjoints that go with m: of long solves DirectAdjoint and ReversibleAdjoint alone.
template <class Check>
void with_two_adjoints(const AnyMethod& m, const Check& check) {
  {
    INFO("DirectAdjoint");
    check(AnyAdjoint(DirectAdjoint{}));
  }
  if (m->reversible) {
    INFO("ReversibleAdjoint");
    check(AnyAdjoint(ReversibleAdjoint{}));
  }
}
template <class Check>
void with_adjoints(const AnyMethod& m, const Check& check) {
  with_two_adjoints(m, check);
  INFO("CheckpointedAdjoint");
  check(AnyAdjoint(CheckpointedAdjoint{}));
}

template <class Error, class Call>
std::string thrown_by(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace antistrophe::laws
