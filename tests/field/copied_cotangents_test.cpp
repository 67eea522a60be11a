// What takes its result by value is told from what takes it by reference, of lambdas, templates, overloads and functions alike.
#include <antistrophe/field/detail/copied_cotangents.hpp>

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>
#include <antistrophe/noise/stochastic_field.hpp>

#include "catch.hpp"

#include <functional>
#include <utility>

namespace {

using namespace antistrophe;
using Y = Eigen::Vector2d;

template <class F>
constexpr bool copies = detail::copies_result<F, detail::Types<double, Y>, Y>;
template <class F>
constexpr bool copies_either = detail::copies_result_or_tape<F, detail::Types<double, Y>, Y, int>;

const auto by_reference = [](double, const auto& y, auto& dy) { dy = -y; };
const auto by_forwarding_reference = [](double, const auto& y, auto&& dy) { dy = -y; };
const auto by_ref = [](double, const Y& y, Eigen::Ref<Y> dy) { dy = -y; };
const auto returning = [](double, const auto& y, auto& dy) { return dy = -y; };

struct Overloaded {
  void operator()(double t, const Y& y, Y& dy) const {
    int tape = 0;
    (*this)(t, y, dy, tape);
  }
  void operator()(double, const Y& y, Y& dy, int& tape) const {
    tape = 1;
    dy = -y;
  }
};
struct Derived final : Overloaded {};
struct CopiesTape : Overloaded {
  using Overloaded::operator();
  void operator()(double, const Y& y, Y& dy, int) const { dy = -y; }
};
struct OfScalars {
  template <class S>
  void operator()(double, const Eigen::Vector<S, 2>& y, Eigen::Vector<S, 2>& dy) const {
    dy = -y;
  }
};
struct OfCopiedScalars {
  template <class S>
  void operator()(const double&, Eigen::Vector<S, 2> y, Eigen::Vector<S, 2> dy) const {
    dy = -y;
  }
};

template <class F>
double end_of(F f) {
  return solve(Problem{std::move(f), Y{1.0, 2.0}, 0.0, 1.0}, Midpoint{}, FixedSteps{4}).ys().back()[0];
}

}  // namespace

TEST_CASE("what writes to a reference is taken", "[requirements]") {
  const auto of_values = [](auto t, auto y, auto& dy) { dy = -t * y; };
  STATIC_REQUIRE(!copies<decltype(by_reference)>);
  STATIC_REQUIRE(!copies<decltype(by_forwarding_reference)>);
  STATIC_REQUIRE(!copies<decltype(by_ref)>);
  STATIC_REQUIRE(!copies<decltype(of_values)>);
  STATIC_REQUIRE(!copies<decltype(returning)>);
  STATIC_REQUIRE(!copies<Overloaded>);
  STATIC_REQUIRE(!copies_either<Overloaded>);
  STATIC_REQUIRE(!copies<Derived>);
  STATIC_REQUIRE(!copies<OfScalars>);
  STATIC_REQUIRE(!copies<std::function<void(double, const Y&, Y&)>>);
  STATIC_REQUIRE(!copies<void (*)(double, const Y&, Y&)>);
  STATIC_REQUIRE(!copies<int>);
}

TEST_CASE("what writes to a copy is told", "[requirements]") {
  const auto generic = [](double, const auto& y, auto dy) { dy = -y; };
  const auto plain = [](const double&, Y y, Y dy) { dy = -y; };
  STATIC_REQUIRE(copies<decltype(generic)>);
  STATIC_REQUIRE(copies<decltype(plain)>);
  STATIC_REQUIRE(copies<OfCopiedScalars>);
  STATIC_REQUIRE(copies_either<CopiesTape>);
  STATIC_REQUIRE(copies<std::function<void(double, const Y&, Y)>>);
  STATIC_REQUIRE(copies<void (*)(double, const Y&, Y)>);
}

TEST_CASE("fields, diffusions and jumps that write to auto&& or Eigen::Ref solve as those that write to auto&",
          "[requirements]") {
  const double end = end_of(by_reference);
  REQUIRE(end == end_of(by_forwarding_reference));
  REQUIRE(end == end_of(by_ref));
  REQUIRE(end == end_of(returning));
  REQUIRE(end == end_of(automatic_vjp([](auto, const auto& y, auto&& dy) { dy = -y; })));

  const auto shaken = [](auto diffusion) {
    return end_of(StochasticField{by_reference, std::move(diffusion), BrownianPath{.channels = 1}});
  };
  const double shaken_end = shaken([](double, const auto& y, const auto& dW, auto& dy) { dy = dW[0] * y; });
  REQUIRE(shaken_end != end);
  REQUIRE(shaken_end == shaken([](auto, auto y, auto dW, auto&& dy) { dy = dW[0] * y; }));
  REQUIRE(shaken_end == shaken([](double, const Y& y, const auto& dW, Eigen::Ref<Y> dy) { dy = dW[0] * y; }));

  const auto jumped = [](auto jump) {
    const auto half = [](double t, const auto&) { return t - 0.5; };
    const Problem problem{by_reference, Y{1.0, 2.0}, 0.0, 1.0};
    return solve(problem, Midpoint{}, FixedSteps{4}, Events{JumpEvent{half, std::move(jump)}}).ys().back()[0];
  };
  const double jumped_end = jumped([](double, const auto& y, auto& y_new) { y_new = 2 * y; });
  REQUIRE(jumped_end != end);
  REQUIRE(jumped_end == jumped([](double, const auto& y, auto&& y_new) { y_new = 2 * y; }));
  REQUIRE(jumped_end == jumped([](double, const Y& y, Eigen::Ref<Y> y_new) { y_new = 2 * y; }));
}
