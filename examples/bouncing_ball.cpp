// What a film of a bouncing ball says. The height of a ball that is let fall is seen in 80 frames, with errors of 1 cm:
//   h' = v,   v' = −g − k v |v|,   and v ← −e v where it meets the ground, h = 0.
// Sought are the height from which it fell, its drag k and its restitution e, by least squares. Gauss and Newton's step asks for
// the Jacobian of all frames: a column of it for each number, out of one pull-back for each frame of the same solve.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/random.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_event.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include <Eigen/Dense>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <utility>
#include <vector>

using namespace antistrophe;
using Eigen::Vector3d, Eigen::VectorXd;

constexpr double gravity = 9.81, error = 0.01;
constexpr int frames = 80;

// y = (h, v), θ = (k, e).
const auto fall = [](auto, const auto& y, const auto& theta, auto& dy) {
  dy[0] = y[1];
  dy[1] = y[1] < 0 ? -gravity + theta[0] * y[1] * y[1] : -gravity - theta[0] * y[1] * y[1];
};
const auto bounce = [](auto, const auto& y, const auto& theta, auto& y_new) {
  y_new[0] = y[0];
  y_new[1] = -theta[1] * y[1];
};
const Events ground{
    JumpEvent{automatic_event([](auto, const auto& y) { return y[0]; }), automatic_jump(bounce), Crossing::falling}};

// p = (height, k, e).
auto ball(const Vector3d& p) {
  return Problem{automatic_vjp(fall, Eigen::Vector2d(p.tail<2>())), Eigen::Vector2d(p[0], 0), 0.0, 2.7};
}
const Adaptive to_nine_digits{.rtol = 1e-9, .atol = 1e-9};

SaveAt seen() {
  SaveAt save;
  for (int i = 0; i < frames; ++i) save.times.push_back(2.7 * (i + 0.5) / frames);
  return save;
}

// The heights in the frames, and if asked for, what they change by with p.
VectorXd heights(const Vector3d& p, Eigen::MatrixX3d* jacobian = nullptr) {
  auto pass = solve_with_pullback(ball(p), Dopri5{}, to_nine_digits, seen(), ground);
  VectorXd result(frames);
  std::vector<Eigen::Vector2d> ys_bar(frames, Eigen::Vector2d::Zero());
  for (std::size_t i = 0; i < frames; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    result[row] = pass.ys()[i][0];
    if (jacobian == nullptr) continue;
    ys_bar[i] = {1, 0};
    const auto gradient = pass.pullback(ys_bar);
    jacobian->row(row) << gradient.y0[0], gradient.theta.transpose();
    ys_bar[i].setZero();
  }
  return result;
}

void write_curve(const char* path, const Vector3d& p) {
  const auto curve = solve(ball(p), Dopri5{}, FixedSteps{600}, SaveAt{.t0 = true, .steps = true}, ground);
  support::Csv csv(path, {"t", "height"});
  for (std::size_t i = 0; i < curve.ts().size(); ++i) csv.row({curve.ts()[i], curve.ys()[i][0]});
}

void write_frames(const VectorXd& data) {
  const SaveAt save = seen();
  support::Csv csv("bouncing_ball.csv", {"t", "height"});
  for (std::size_t i = 0; i < frames; ++i) csv.row({save.times[i], data[static_cast<Eigen::Index>(i)]});
}

int main() try {
  const Vector3d truth(1.5, 0.05, 0.8), guess(1.4, 0, 0.75);
  support::Random random(1);
  VectorXd data = heights(truth);
  for (double& height : data) height += error * random.normal();

  // Half of a step is taken while that is better: between two frames a bounce may go astray by a frame.
  Vector3d p = guess;
  Eigen::MatrixX3d jacobian(frames, 3);
  VectorXd off = heights(p, &jacobian) - data;
  for (int n = 0; n < 20; ++n) {
    Vector3d step = -(jacobian.transpose() * jacobian).ldlt().solve(jacobian.transpose() * off);
    const double squares = off.squaredNorm();
    std::printf("%2d  height %.5f m, drag %.5f 1/m, restitution %.5f: off by %.3f cm in the mean\n", n, p[0], p[1],
                p[2], 100 * std::sqrt(squares / frames));
    if (step.norm() < 1e-8) break;
    while ((heights(p + step) - data).squaredNorm() > squares && step.norm() > 1e-12) step /= 2;
    p += step;
    off = heights(p, &jacobian) - data;
  }
  const Vector3d deviation = error * (jacobian.transpose() * jacobian).inverse().diagonal().array().sqrt().matrix();
  std::printf("standard deviations: %.5f m, %.5f 1/m, %.5f\n", deviation[0], deviation[1], deviation[2]);
  write_frames(data);
  write_curve("bouncing_ball_guess.csv", guess);
  write_curve("bouncing_ball_fit.csv", p);
  support::draw("bouncing_ball", 860, 400);

  support::Expectations result;
  result.expect(((p - truth).array().abs() < 3 * deviation.array()).all(), "the fit is not what the ball was");
  result.expect((deviation.array() / truth.array() < 0.2).all(), "the frames say too little");
  result.expect((jacobian.transpose() * off).norm() < 1e-5, "this is not the least sum of squares");
  return result.exit_code();
} catch (const std::exception& failure) {
  std::cerr << failure.what() << '\n';
  return 1;
}
