// expect: second derivatives need a loss(ys, ys_bar) that is generic in its scalar
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/second_order.hpp>

using namespace antistrophe;

const auto field = automatic_vjp([](auto, const auto& y, auto& dy) { dy = -y; });
const Problem problem{field, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};

struct Square {
#ifdef ANTISTROPHE_TEST_REPAIRED
  auto operator()(const auto& ys, auto& ys_bar) const {
#else
  double operator()(const std::vector<Eigen::Vector2d>& ys, std::vector<Eigen::Vector2d>& ys_bar) const {
#endif
      ys_bar[0] = ys[0];
  return ys[0].dot(ys[0]) / 2;
}
}
;

auto result() { return hessian_vector_product(problem, Dopri5{}, FixedSteps{10}, Square{}, {problem.y0, {}}); }
