// Lotka–Volterra's equations to t = 10, in steps chosen to a tolerance or in a number of equal ones, u(10) summed up, and its gradient with respect
// to the parameters.
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

#include <cstdint>
#include <memory>

#include "lotka_volterra.hpp"
#include "peers/ours.hpp"

namespace {

using namespace antistrophe;

// `steps_of`: the steps, of the argument that is asked for.
template <class Method, class Adjoint, class StepsOf>
peers::Entry gradient(const Method& method, const Adjoint& adjoint, const StepsOf& steps_of) {
  return [=](double argument) -> peers::Call {
    const auto loss = [](const auto& ys, auto& ys_bar) {
      ys_bar.back().setOnes();
      return ys.back().sum();
    };
    const Problem problem{LotkaVolterraByHand{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
    Objective objective{problem, method, steps_of(argument), loss, adjoint};
    return [bound = std::make_shared<decltype(objective)>(objective)]() -> peers::Result {
      const auto& [value, g] = (*bound)();
      return {value, {g.theta[0], g.theta[1], g.theta[2], g.theta[3]}};
    };
  };
}

auto chosen(int repeats = Adaptive{}.repeats) {
  return [repeats](double tolerance) { return Adaptive{.rtol = tolerance, .atol = tolerance, .repeats = repeats}; };
}
FixedSteps equal(double number) { return {static_cast<std::int64_t>(number)}; }

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments,
                      {{"lotka_volterra",
                        {{"dop853", gradient(Dop853{}, DirectAdjoint{}, chosen())},
                         {"dop853_once", gradient(Dop853{}, DirectAdjoint{}, chosen(0))},
                         {"dop853_equal", gradient(Dop853{}, DirectAdjoint{}, equal)},
                         {"tsit5", gradient(Tsit5{}, DirectAdjoint{}, chosen())},
                         {"forward", gradient(Dop853{}, ForwardMode{}, chosen())},
                         {"pair", gradient(Reversible<Dop853>{}, ReversibleAdjoint{}, chosen())}}}},
                      peers::our_version());
}
