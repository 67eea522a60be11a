// A multistep method, in equal and unequal steps.
#include "there_and_back.hpp"

#include <cstdio>

namespace {

struct Field {
  Eigen::Vector2d theta{-0.1, 1.1};
  const auto& parameters() const { return theta; }
  void operator()(double t, const Eigen::Vector2d& y, Eigen::Vector2d& dy) const {
    dy << theta[0] * y[0] + theta[1] * y[1], theta[0] * y[1] - theta[1] * y[0] + t;
  }
  void vjp(double, const Eigen::Vector2d& y, const Eigen::Vector2d& w, Eigen::Vector2d& y_bar, auto& theta_bar) const {
    y_bar[0] += theta[0] * w[0] - theta[1] * w[1];
    y_bar[1] += theta[0] * w[1] + theta[1] * w[0];
    theta_bar[0] += w.dot(y);
    theta_bar[1] += w[0] * y[1] - w[1] * y[0];
  }
};

}  // namespace

int main() {
  using namespace antistrophe;
  const Eigen::Vector2d y0(1, 0.5);
  const auto unequal = Timeline::listed({0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1});
  const bool good = there_and_back(ReversibleAdams<4>{}, Field{}, y0, Timeline::uniform(0, 1, 10)) &&
                    there_and_back(ReversibleAdams<4>{}, Field{}, y0, unequal);
  std::printf("%s\n", good ? "good" : "the ways differ");
  return good ? 0 : 1;
}
