// expect: the field's vjp_of_jvp takes y_bar or theta_bar by value, and what it adds to a copy is lost
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/second_order.hpp>

#include <vector>

using namespace antistrophe;

#ifdef ANTISTROPHE_TEST_REPAIRED
using Cotangent = Eigen::Vector2d&;
#else
using Cotangent = Eigen::Vector2d;
#endif
struct Square {
  void operator()(double, const auto& y, auto& dy) const { dy = -y.cwiseProduct(y); }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto&) const { y_bar -= 2 * y.cwiseProduct(w); }
  void jvp(double, const auto& y, const auto& y_dot, const auto&, auto& dy_dot) const {
    dy_dot = -2 * y.cwiseProduct(y_dot);
  }
  void vjp_of_jvp(double, const auto&, const auto& y_dot, const auto&, const auto& w, Cotangent y_bar, auto&) const {
    y_bar -= 2 * y_dot.cwiseProduct(w);
  }
};
const Problem problem{Square{}, Eigen::Vector2d{1.0, 2.0}, 0.0, 1.0};
const MeanSquaredError loss{std::vector<Eigen::Vector2d>(1)};

auto result() { return hessian_vector_product(problem, Dopri5{}, FixedSteps{10}, loss, {problem.y0, {}}); }
