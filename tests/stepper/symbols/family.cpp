// As program.cpp, by two points, reversible Heun and Verlet.
#include <antistrophe/antistrophe.hpp>

#include <cstdio>

namespace {

struct Halves {
  static constexpr bool autonomous = true;
  Eigen::Vector<double, 1> theta{1.5};
  const auto& parameters() const { return theta; }
  void velocity(double, const auto& w, auto& dv) const { dv = w; }
  void velocity_vjp(double, const auto&, const auto& dv_bar, auto& w_bar, auto&) const { w_bar += dv_bar; }
  void force(double, const auto& v, auto& dw) const { dw = -theta[0] * v; }
  void force_vjp(double, const auto& v, const auto& dw_bar, auto& v_bar, auto& theta_bar) const {
    v_bar -= theta[0] * dw_bar;
    theta_bar[0] -= v.dot(dw_bar);
  }
};

template <class M>
bool is_good(const M& method) {
  using namespace antistrophe;
  const Problem problem{SplitField{Halves{}}, Eigen::Vector4d(1, 0.5, -0.25, 2), 0.0, 1.0};
  const auto loss = TerminalLoss{[](const auto& y, auto& y_bar) {
    y_bar.setOnes();
    return y.sum();
  }};
  const auto back = value_and_gradient(problem, method, FixedSteps{10}, loss);
  const auto stored = value_and_gradient(problem, method, FixedSteps{10}, loss, {}, DirectAdjoint{});
  const auto trip = assert_reversible(problem, method, FixedSteps{10});
  const auto plain = solve(problem, method, FixedSteps{10});
  return back.value == stored.value && trip.y0 == problem.y0 && trip.y1 == plain.ys().back();
}

}  // namespace

int main() {
  using namespace antistrophe;
  const bool good = is_good(TwoPoint<RK4>{}) && is_good(ReversibleHeun<>{}) && is_good(Verlet<>{});
  std::printf("%s\n", good ? "good" : "the ways differ");
  return good ? 0 : 1;
}
