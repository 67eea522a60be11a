// A ball that bounces, for tests of gradients through jumps.
#pragma once

#include <antistrophe/adjoint/adjoint.hpp>
#include <antistrophe/problem/solution.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <vector>

namespace antistrophe::problems {

// A ball falls with gravity and drag, y1' = y2, y2' = −9.81 − c y2; it bounces with restitution e. θ = (e, c).
struct Ball {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{0.8, 0.1};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -9.81 - theta[1] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};

struct Ground {
  double operator()(double, const auto& y) const { return y[0]; }
  void gradient(double, const auto&, auto& y_bar, auto&, auto&) const { y_bar[0] += 1; }
};

struct Bounce {
  void operator()(double, const auto& y, const auto& theta, auto& y_new) const {
    y_new[0] = 0;
    y_new[1] = -theta[0] * y[1];
  }
  void vjp(double, const auto& y, const auto& theta, const auto& w, auto& y_bar, auto& theta_bar, auto&) const {
    y_bar[1] -= theta[0] * w[1];
    theta_bar[0] -= y[1] * w[1];
  }
};

// Its highest points.
struct Turning {
  double operator()(double, const Eigen::Vector2d& y) const { return y[1]; }
  void gradient(double, const Eigen::Vector2d&, Eigen::Vector2d& y_bar, auto&, double&) const { y_bar[1] += 1; }
};
// Where drag has left so much energy and no more, less and less as time passes.
struct Tired {
  double level;
  double operator()(double t, const Eigen::Vector2d& y) const {
    return 9.81 * y[0] + y[1] * y[1] / 2 - level + 0.25 * t;
  }
  void gradient(double, const Eigen::Vector2d& y, Eigen::Vector2d& y_bar, auto&, double& t_bar) const {
    y_bar[0] += 9.81;
    y_bar[1] += y[1];
    t_bar += 0.25;
  }
};
// A bounce that a share of the time pushes up.
struct PushedBounce {
  void operator()(double t, const auto& y, const auto& theta, auto& y_new) const {
    Bounce{}(t, y, theta, y_new);
    y_new[1] += t / 16;
  }
  void vjp(double t, const auto& y, const auto& theta, const auto& w, auto& y_bar, auto& theta_bar, auto& t_bar) const {
    Bounce{}.vjp(t, y, theta, w, y_bar, theta_bar, t_bar);
    t_bar += w[1] / 16;
  }
};

// Everything that was saved and recorded, each with a weight of its own.
struct OfAll {
  static double weight(std::size_t i, double shift) { return std::sin(shift + 2.3 * static_cast<double>(i)); }
  double operator()(const std::vector<double>& ts, const std::vector<Eigen::Vector2d>& ys,
                    const std::vector<EventRecord<Eigen::Vector2d>>& events, std::vector<double>& ts_bar,
                    std::vector<Eigen::Vector2d>& ys_bar,
                    std::vector<EventCotangent<Eigen::Vector2d>>& events_bar) const {
    double value = 0;
    for (std::size_t i = 0; i < ys.size(); ++i) {
      ys_bar[i] << weight(i, 1), weight(i, 2);
      ts_bar[i] = weight(i, 3);
      value += ys_bar[i].dot(ys[i]) + ts_bar[i] * ts[i];
    }
    for (std::size_t k = 0; k < events.size(); ++k) {
      events_bar[k].y << weight(k, 4), weight(k, 5);
      events_bar[k].t = weight(k, 6);
      value += events_bar[k].y.dot(events[k].y) + events_bar[k].t * events[k].t;
    }
    return value;
  }
};

}  // namespace antistrophe::problems
