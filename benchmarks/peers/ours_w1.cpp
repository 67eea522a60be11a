// W1, the complexity problem of arXiv 2410.11648: 1,000 steps of 0.01 of a neural field 1–10–1, and the gradient of y(T)².
#include <antistrophe/antistrophe.hpp>

#include <memory>

#include "peers/ours.hpp"
#include "support/workloads.hpp"

namespace {

using namespace antistrophe;
using W1 = workloads::W1;

template <class Method, class Adjoint>
peers::Entry gradient(const Method& method, const Adjoint& adjoint) {
  return [=](double) -> peers::Call {
    const auto loss = [](const auto& ys, auto& ys_bar) {
      ys_bar.back() = 2 * ys.back();
      return ys.back().squaredNorm();
    };
    const Problem problem{W1::field(), W1::y0(), 0.0, 1000 * W1::h};
    Objective objective{problem, method, FixedSteps{1000}, loss, adjoint};
    return [bound = std::make_shared<decltype(objective)>(objective)]() -> peers::Result {
      const auto& [value, g] = (*bound)();
      return {value, {g.y0[0], g.theta.sum(), g.theta.norm()}};
    };
  };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments,
                      {{"w1",
                        {{"direct", gradient(Midpoint{}, DirectAdjoint{})},
                         {"pair", gradient(Reversible<Midpoint>{}, ReversibleAdjoint{})},
                         {"adams", gradient(ReversibleAdams<4>{}, ReversibleAdjoint{})}}}},
                      peers::our_version());
}
