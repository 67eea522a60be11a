// Tangents allocate nothing in the loop: as much for 1000 steps as for 10, and for states and parameters of fixed size next to nothing.
#include "allocation.hpp"

#include <antistrophe/adjoint/forward_mode.hpp>

#include "problems.hpp"

namespace {

struct LastState {
  template <class Y>
  double operator()(const std::vector<Y>& ys, std::vector<Y>& ys_bar) const {
    ys_bar.back() = ys.back();
    return ys.back().squaredNorm() / 2;
  }
};

struct Pushed : problems::LotkaVolterra<> {
  void jvp(double, const auto& y, const auto& y_dot, const auto& theta_dot, auto& dy_dot) const {
    const double product = y[0] * y_dot[1] + y_dot[0] * y[1];
    dy_dot[0] = theta_dot[0] * y[0] + theta[0] * y_dot[0] - theta_dot[1] * y[0] * y[1] - theta[1] * product;
    dy_dot[1] = theta_dot[3] * y[0] * y[1] + theta[3] * product - theta_dot[2] * y[1] - theta[2] * y_dot[1];
  }
};

template <class F, class Y, class M>
void check_tangents(const F& field, const Y& y0, const M& method) {
  const Problem<F, Y> problem{field, y0, 0.0, 2.0};
  const auto counted = [&](std::int64_t n, const SaveAt& save_at) {
    const std::int64_t before = allocations;
    (void)value_and_gradient(problem, method, FixedSteps{n}, LastState{}, save_at, ForwardMode{});
    return allocations - before;
  };
  CHECK(counted(10, {}) == counted(1000, {}));
  // Of saves inside steps, each is a state and its tangents.
  const SaveAt inside{.times = {0.123, 1.9}};
  CHECK(counted(10, inside) == counted(1000, inside));
  CHECK(counted(10, {}) > 0);
}

}  // namespace

TEMPLATE_TEST_CASE("Tangents allocate nothing in the loop", "[allocation]", Bosh3, Dopri5,
                   (Reversible<Midpoint, Floating>)) {
  const auto generic = automatic_vjp(problems::LotkaVolterraEquations{}, problems::LotkaVolterra<>{}.theta);
  const auto dynamic =
      automatic_vjp(problems::LotkaVolterraEquations{}, Eigen::VectorXd(problems::LotkaVolterra<>{}.theta));
  check_tangents(generic, Eigen::Vector2d(1, 0.5), TestType{});
  check_tangents(dynamic, Eigen::VectorXd(Eigen::Vector2d(1, 0.5)), TestType{});
  check_tangents(Pushed{}, Eigen::Vector2d(1, 0.5), TestType{});
  check_tangents(Pushed{}, Eigen::VectorXd(Eigen::Vector2d(1, 0.5)), TestType{});
}
