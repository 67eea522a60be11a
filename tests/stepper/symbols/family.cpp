// By two points, reversible Heun and Verlet.
#include "there_and_back.hpp"

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
  return there_and_back(method, antistrophe::SplitField{Halves{}}, Eigen::Vector4d(1, 0.5, -0.25, 2),
                        antistrophe::Timeline::uniform(0, 1, 10));
}

}  // namespace

int main() {
  using namespace antistrophe;
  const bool good = is_good(TwoPoint<RK4>{}) && is_good(ReversibleHeun<>{}) && is_good(Verlet<>{});
  std::printf("%s\n", good ? "good" : "the ways differ");
  return good ? 0 : 1;
}
