// A network d–d–d of floats on 128 samples, 100 steps from t = 0 to 1, and the gradient of the mean square of the last state.
#include <antistrophe/antistrophe.hpp>

#include <cmath>
#include <memory>

#include "peers/ours.hpp"
#include "support/workloads.hpp"

namespace {

using namespace antistrophe;
using State = Eigen::MatrixXf;

template <int D, class Method, class Adjoint>
peers::Call bind(const Method& method, const Adjoint& adjoint) {
  const auto loss = [](const auto& ys, auto& ys_bar) {
    const float entries = static_cast<float>(ys.back().size());
    ys_bar.back() = ys.back() * (2 / entries);
    return static_cast<double>(ys.back().squaredNorm()) / static_cast<double>(entries);
  };
  State y0(D, 128);
  for (Eigen::Index j = 0; j < y0.cols(); ++j)
    for (Eigen::Index i = 0; i < D; ++i)
      y0(i, j) = static_cast<float>(std::sin(0.1 * (static_cast<double>(i) + D * static_cast<double>(j))));
  const Problem problem{workloads::W3<D>::field(), y0, 0.0, 1.0};
  Objective objective{problem, method, FixedSteps{100}, loss, adjoint};
  return [bound = std::make_shared<decltype(objective)>(objective)]() -> peers::Result {
    const auto& [value, g] = (*bound)();
    const Eigen::VectorXd theta = g.theta.template cast<double>();
    return {static_cast<double>(value), {g.y0.template cast<double>().sum(), theta.sum(), theta.norm()}};
  };
}

template <class Method, class Adjoint>
peers::Entry gradient(const Method& method, const Adjoint& adjoint) {
  return [=](double width) -> peers::Call {
#ifdef ANTISTROPHE_EXAMPLE_TRIED
    if (width == 8) return bind<8>(method, adjoint);
#else
    if (width == 64) return bind<64>(method, adjoint);
    if (width == 256) return bind<256>(method, adjoint);
#endif
    throw std::invalid_argument("it is not compiled for this width");
  };
}

}  // namespace

int main(int count, char** arguments) {
  return peers::serve(count, arguments,
                      {{"wide_network",
                        {{"rk38", gradient(RK38{}, DirectAdjoint{})},
                         {"dopri5", gradient(Dopri5{}, DirectAdjoint{})},
                         {"adams", gradient(ReversibleAdams<4>{}, ReversibleAdjoint{})}}}},
                      peers::our_version());
}
