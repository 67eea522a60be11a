// Lotka–Volterra's equations to t = 10 in steps chosen to a tolerance, u(10) summed up, and its gradient with respect to the parameters.
#include <antistrophe/adjoint/forward_mode.hpp>
#include <antistrophe/antistrophe.hpp>

#include <memory>

#include "lotka_volterra.hpp"
#include "peers/ours.hpp"

namespace {

using namespace antistrophe;

template <class Method, class Adjoint>
peers::Entry gradient(const Method& method, const Adjoint& adjoint, int repeats = Adaptive{}.repeats) {
  return [=](double tolerance) -> peers::Call {
    const auto loss = [](const auto& ys, auto& ys_bar) {
      ys_bar.back().setOnes();
      return ys.back().sum();
    };
    const Problem problem{LotkaVolterraByHand{}, Eigen::Vector2d(1, 1), 0.0, 10.0};
    const Adaptive steps{.rtol = tolerance, .atol = tolerance, .repeats = repeats};
    Objective objective{problem, method, steps, loss, adjoint};
    return [bound = std::make_shared<decltype(objective)>(objective)]() -> peers::Result {
      const auto& [value, g] = (*bound)();
      return {value, {g.theta[0], g.theta[1], g.theta[2], g.theta[3]}};
    };
  };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments,
                      {{"lotka_volterra",
                        {{"dop853", gradient(Dop853{}, DirectAdjoint{})},
                         {"dop853_once", gradient(Dop853{}, DirectAdjoint{}, 0)},
                         {"tsit5", gradient(Tsit5{}, DirectAdjoint{})},
                         {"forward", gradient(Dop853{}, ForwardMode{})},
                         {"pair", gradient(Reversible<Dop853>{}, ReversibleAdjoint{})}}}},
                      peers::our_version());
}
