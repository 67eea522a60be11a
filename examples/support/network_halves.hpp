// Two networks, of velocities and of positions.
#pragma once

#include <Eigen/Core>

namespace support {

// For methods that split the state in positions and velocities: x' = net(v), v' = net(x).
template <class Half>
struct NetworkHalves {
  static constexpr bool autonomous = true;
  static constexpr Eigen::Index count = Half::ParameterVector::SizeAtCompileTime;
  Eigen::Vector<double, 2 * count> theta;
  mutable Half of_v, of_x;

  explicit NetworkHalves(const Half& network) : of_v(network), of_x(network) {
    theta << of_v.parameters(), of_x.parameters();
  }
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }

  void velocity(double t, const auto& v, auto& dx) const {
    of_v.parameters() = theta.template head<count>();
    of_v(t, v, dx);
  }
  void force(double t, const auto& x, auto& dv) const {
    of_x.parameters() = theta.template tail<count>();
    of_x(t, x, dv);
  }
  void velocity_vjp(double t, const auto& v, const auto& dx_bar, auto& v_bar, auto& theta_bar) const {
    pull_back(of_v, t, v, dx_bar, v_bar, theta_bar.template head<count>());
  }
  void force_vjp(double t, const auto& x, const auto& dv_bar, auto& x_bar, auto& theta_bar) const {
    pull_back(of_x, t, x, dv_bar, x_bar, theta_bar.template tail<count>());
  }

 private:
  static void pull_back(const Half& half, double t, const auto& x, const auto& w, auto& x_bar, auto&& to) {
    typename Half::ParameterVector theta_bar = Half::ParameterVector::Zero(count);
    half.vjp(t, x, w, x_bar, theta_bar);
    to += theta_bar;
  }
};

}  // namespace support
