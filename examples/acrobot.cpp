// The symplectic ODE-Net of an acrobot, and what the seminorm of "Hey, that's not an ODE" spares on its way back (Kidger, Chen & Lyons, ICML 2021,
// arXiv 2009.09457). Two rods with torques u at their joints are seen in windows of 8 states, 0.05 apart; y = (cos θ, sin θ, θ', u), two of each.
// One network N, 4–w–w–8, gives of q = (cos θ, sin θ) a triangle L with M⁻¹ = L Lᵀ + 0.1, a potential V and a 2×2 matrix g, and with p = M θ'
//   H = ½ pᵀ M⁻¹ p + V,   p' = −∂H/∂θ + g u,   θ'' = M⁻¹ p' + (M⁻¹)' p,
// so that f has derivatives of N in it: by the two angles, tangents, which go through N beside the values. Trained by ReversibleHeun's exact
// gradients; then the adjoint equation is solved to several tolerances, in the full norm and in the seminorm. Argument: `full` for wider N.
#include "support/adamw.hpp"
#include "support/cde_classifier.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/progress.hpp"
#include "support/random.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

// Of one sample: x is what N says, 8 numbers, the derivatives by θ1 and by θ2 of the first four, and y. y' goes to the place of y.
constexpr auto mechanics = [](auto, const auto& x, auto& dx) {
  dx.setZero();
  const auto m11 = x[0] * x[0] + 0.1, m12 = x[0] * x[1], m22 = x[1] * x[1] + x[2] * x[2] + 0.1;
  const auto w1 = x[20], w2 = x[21], det = m11 * m22 - m12 * m12;
  const auto p1 = (m22 * w1 - m12 * w2) / det, p2 = (m11 * w2 - m12 * w1) / det;
  auto p1_dot = x[4] * x[22] + x[5] * x[23], p2_dot = x[6] * x[22] + x[7] * x[23];
  auto of_motion = [&](int d, const auto& w, auto& p_dot) {  // by an angle: p' of it, and its share of (M⁻¹)' p
    const auto d11 = 2 * x[0] * x[d], d12 = x[d] * x[1] + x[0] * x[d + 1],
               d22 = 2 * (x[1] * x[d + 1] + x[2] * x[d + 2]);
    p_dot -= 0.5 * (d11 * p1 * p1 + 2 * d12 * p1 * p2 + d22 * p2 * p2) + x[d + 3];
    dx[20] += w * (d11 * p1 + d12 * p2);
    dx[21] += w * (d12 * p1 + d22 * p2);
  };
  of_motion(8, w1, p1_dot);
  of_motion(12, w2, p2_dot);
  dx[20] += m11 * p1_dot + m12 * p2_dot;
  dx[21] += m12 * p1_dot + m22 * p2_dot;
  dx[16] = -x[18] * w1;
  dx[17] = -x[19] * w2;
  dx[18] = x[16] * w1;
  dx[19] = x[17] * w2;
};

class SymplecticNet {
 public:
  static constexpr bool autonomous = true;

  SymplecticNet(Index width, unsigned seed) : sizes_{4, width, width, 8} {
    support::Random random(seed);
    theta_.resize(begin_of(3));
    for (Index l = 0; l < 3; ++l)
      for (double& entry : theta_.segment(begin_of(l), begin_of(l + 1) - begin_of(l)))
        entry = random.uniform(-1, 1) / std::sqrt(static_cast<double>(size(l)));
  }
  const VectorXd& parameters() const { return theta_; }
  VectorXd& parameters() { return theta_; }

  // Values, tangents by θ1 and tangents by θ2 beside each other: what goes into a layer, and what its matrix makes of it.
  template <class Y>
  struct Tape {
    std::array<MatrixXd, 3> in, out;
    MatrixXd x;
  };

  template <class Y>
  void operator()(double t, const Y& y, Y& dy) const {
    Tape<Y> tape;
    (*this)(t, y, dy, tape);
  }
  template <class Y>
  void operator()(double t, const Y& y, Y& dy, Tape<Y>& tape) const {
    const Index n = y.cols();
    tape.in[0].setZero(4, 3 * n);
    tape.in[0].leftCols(n) = y.topRows(4);
    for (Index a = 0; a < 2; ++a) {
      tape.in[0].row(a).segment((a + 1) * n, n) = -y.row(a + 2);
      tape.in[0].row(a + 2).segment((a + 1) * n, n) = y.row(a);
    }
    for (Index l = 0; l < 3; ++l) {
      MatrixXd& out = tape.out[at(l)];
      out.noalias() = weights(l) * tape.in[at(l)];
      out.leftCols(n).colwise() += biases(l);
      if (l == 2) break;
      MatrixXd& next = tape.in[at(l + 1)];  // softplus, whose slope is 1 − e^−softplus
      next.resize(out.rows(), 3 * n);
      next.leftCols(n) = out.leftCols(n).array().max(0) + (1 + (-out.leftCols(n).array().abs()).exp()).log();
      const MatrixXd slope = 1 - (-next.leftCols(n).array()).exp();
      for (Index a = 1; a < 3; ++a) next.middleCols(a * n, n) = slope.cwiseProduct(out.middleCols(a * n, n));
    }
    tape.x.resize(24, n);
    tape.x << tape.out[2].leftCols(n), tape.out[2].block(0, n, 4, n), tape.out[2].block(0, 2 * n, 4, n), y;
    Sample x, dx;
    for (Index i = 0; i < n; ++i) {
      x = tape.x.col(i);
      mechanics(t, x, dx);
      dy.col(i) = dx.tail<8>();
    }
  }
  template <class Y>
  void vjp(double t, const Y& y, const Tape<Y>& tape, const Y& w, Y& y_bar, VectorXd& theta_bar) const {
    const Index n = y.cols();
    const auto pointwise = automatic_vjp(mechanics);
    MatrixXd out_bar = MatrixXd::Zero(8, 3 * n);
    Sample of_w = Sample::Zero(), x_bar, x;
    Eigen::VectorXd none;
    for (Index i = 0; i < n; ++i) {
      x_bar.setZero();
      x = tape.x.col(i);
      of_w.tail<8>() = w.col(i);
      pointwise.vjp(t, x, of_w, x_bar, none);
      out_bar.col(i) = x_bar.head<8>();
      out_bar.col(n + i).head<4>() = x_bar.segment<4>(8);
      out_bar.col(2 * n + i).head<4>() = x_bar.segment<4>(12);
      y_bar.col(i) += x_bar.tail<8>();
    }
    for (Index l = 2; l >= 0; --l) {
      Eigen::Map<RowMajor>(theta_bar.data() + begin_of(l), size(l + 1), size(l)).noalias() +=
          out_bar * tape.in[at(l)].transpose();
      theta_bar.segment(begin_of(l + 1) - size(l + 1), size(l + 1)) += out_bar.leftCols(n).rowwise().sum();
      const MatrixXd in_bar = weights(l).transpose() * out_bar;
      if (l == 0) {
        y_bar.topRows(4) += in_bar.leftCols(n);
        for (Index a = 0; a < 2; ++a) {
          y_bar.row(a + 2) -= in_bar.row(a).segment((a + 1) * n, n);
          y_bar.row(a) += in_bar.row(a + 2).segment((a + 1) * n, n);
        }
        return;
      }
      const MatrixXd &before = tape.out[at(l - 1)], slope = 1 - (-tape.in[at(l)].leftCols(n).array()).exp();
      out_bar = in_bar;
      MatrixXd bends = MatrixXd::Zero(slope.rows(), n);  // softplus'' = slope (1 − slope)
      for (Index a = 1; a < 3; ++a) bends += in_bar.middleCols(a * n, n).cwiseProduct(before.middleCols(a * n, n));
      for (Index a = 0; a < 3; ++a) out_bar.middleCols(a * n, n).array() *= slope.array();
      out_bar.leftCols(n).array() += bends.array() * slope.array() * (1 - slope.array());
    }
  }

 private:
  using Sample = Eigen::Vector<double, 24>;
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  static std::size_t at(Index l) { return static_cast<std::size_t>(l); }
  Index size(Index l) const { return sizes_[at(l)]; }
  Index begin_of(Index l) const { return l == 0 ? 0 : begin_of(l - 1) + (size(l - 1) + 1) * size(l); }
  Eigen::Map<const RowMajor> weights(Index l) const { return {theta_.data() + begin_of(l), size(l + 1), size(l)}; }
  Eigen::VectorBlock<const VectorXd> biases(Index l) const {
    return theta_.segment(begin_of(l + 1) - size(l + 1), size(l + 1));
  }

  std::array<Index, 4> sizes_;
  VectorXd theta_;
};

// y = (θ1, θ2, θ1', θ2'), masses, lengths and moments of inertia 1, centres in the middle, g = 9.8; u the torques at shoulder and elbow.
struct Acrobot {
  Eigen::Vector2d u;
  void operator()(double, const auto& y, auto& dy) const {
    const double c = std::cos(y[1]), s = std::sin(y[1]), d1 = 3.5 + c, d2 = 1.25 + c / 2;
    const double phi2 = 4.9 * std::sin(y[0] + y[1]);
    const double phi1 = -y[3] * y[3] * s / 2 - y[2] * y[3] * s + 14.7 * std::sin(y[0]) + phi2;
    const double of_1 = u[0] - phi1, of_2 = u[1] - y[2] * y[2] * s / 2 - phi2;
    dy[0] = y[2];
    dy[1] = y[3];
    dy[3] = (of_2 - d2 / d1 * of_1) / (1.25 - d2 * d2 / d1);
    dy[2] = (of_1 - d2 * dy[3]) / d1;
  }
};

// Windows side by side: of each time an 8 × windows matrix.
using Windows = std::vector<MatrixXd>;
Windows simulated(int of_each_control, unsigned seed) {
  support::Random random(seed);
  SaveAt at;
  for (int k = 1; k <= 32; ++k) at.times.push_back(0.05 * k);
  std::vector<std::vector<Eigen::Vector4d>> swings;
  std::vector<Eigen::Vector2d> controls;
  for (const auto& [u1, u2] : std::vector<std::pair<double, double>>{
           {0, 0}, {0, 1}, {0, -1}, {0, 2}, {0, -2}, {1, 0}, {-1, 0}, {2, 0}, {-2, 0}})
    for (int i = 0; i < of_each_control;) {
      const Eigen::Vector4d y0 = Eigen::Vector4d::NullaryExpr([&] { return random.uniform(-3.14, 3.14); });
      const auto ys = solve(Problem{Acrobot{{u1, u2}}, y0, 0.0, 1.6}, Dopri5{}, Adaptive{}, at).ys();
      if (std::any_of(ys.begin(), ys.end(),
                      [](const auto& y) { return std::fabs(y[2]) >= 12.56 || std::fabs(y[3]) >= 28.27; }))
        continue;
      swings.push_back(ys);
      controls.emplace_back(u1, u2);
      ++i;
    }
  const auto count = static_cast<Index>(4 * swings.size());
  Windows result(8, MatrixXd(8, count));
  for (Index i = 0; i < count; ++i)
    for (std::size_t k = 0; k < 8; ++k) {
      const auto& y = swings[static_cast<std::size_t>(i) / 4][static_cast<std::size_t>(i) % 4 * 8 + k];
      result[k].col(i) << std::cos(y[0]), std::cos(y[1]), std::sin(y[0]), std::sin(y[1]), y[2], y[3],
          controls[static_cast<std::size_t>(i) / 4];
    }
  return result;
}
Windows chosen(const Windows& all, const std::vector<Index>& columns) {
  Windows result;
  for (const MatrixXd& each : all) result.emplace_back(each(Eigen::all, columns));
  return result;
}

SaveAt window_times() {
  SaveAt result;
  for (int k = 0; k < 8; ++k) result.times.push_back(0.05 * k);
  return result;
}

// Three gradients of 48 windows: evaluations on the way back, by the full norm and by the seminorm, and how far they are from exact ones.
struct Row {
  double rtol = 0, forth = 0, reversible = 0, full = 0, seminorm = 0, full_error = 0, seminorm_error = 0;
  double fewer() const { return 100 * (1 - seminorm / full); }
};
Row compare(const SymplecticNet& net, const Windows& windows, double rtol, const SaveAt& at) {
  const Adaptive steps{.rtol = rtol, .atol = rtol};
  Row row{.rtol = rtol};
  for (Index third = 0; third < 3; ++third) {
    std::vector<Index> columns;
    for (Index i = 0; i < 48; ++i) columns.push_back(third + 3 * i);
    const Windows some = chosen(windows, columns);
    const MeanSquaredError<MatrixXd> loss{at.times.size() > 1 ? some : Windows{some.back()}};
    const auto by = [&](const auto& method, const auto& adjoint) {
      return value_and_gradient(Problem{net, some[0], 0.0, 0.35}, method, steps, loss, at, adjoint);
    };
    const auto exact = by(Dopri5{}, DirectAdjoint{}), full = by(Dopri5{}, BacksolveAdjoint{});
    const auto seminorm = by(Dopri5{}, BacksolveAdjoint<>{.norm = AdjointNorm::seminorm});
    const auto pair = by(Reversible<Dopri5>{}, ReversibleAdjoint{});
    const auto error = [&](const auto& found) {
      return (found.gradient.theta - exact.gradient.theta).norm() / exact.gradient.theta.norm();
    };
    row.forth += static_cast<double>(full.stats.evaluations);
    row.reversible += static_cast<double>(pair.gradient.stats.evaluations);
    row.full += static_cast<double>(full.gradient.stats.evaluations);
    row.seminorm += static_cast<double>(seminorm.gradient.stats.evaluations);
    row.full_error = std::max(row.full_error, error(full));
    row.seminorm_error = std::max(row.seminorm_error, error(seminorm));
  }
  return row;
}

// The most that the seminorm spares, in per cent.
double table(const char* name, double number, const SymplecticNet& net, const Windows& windows, const SaveAt& at,
             support::Csv& csv, support::Expectations& expectations) {
  std::printf("%s\n", name);
  double most = 0;
  for (const double rtol : {1e-4, 1e-5, 1e-6, 1e-7}) {
    const Row row = compare(net, windows, rtol, at);
    std::printf(
        "  rtol = atol = %.0e %5.0f forth; back: reversible %5.0f, full norm %5.0f (%.0e), seminorm %5.0f (%.0e), "
        "%4.1f %% fewer\n",
        rtol, row.forth, row.reversible, row.full, row.full_error, row.seminorm, row.seminorm_error, row.fewer());
    csv.row({number, rtol, row.forth, row.reversible, row.full, row.seminorm, row.full_error, row.seminorm_error});
    expectations.expect(row.seminorm_error < 2 * row.full_error + 100 * rtol, "the seminorm spoils a gradient");
    expectations.expect(row.seminorm <= 1.05 * row.full, "the seminorm takes more evaluations");
    most = std::max(most, row.fewer());
  }
  return most;
}

void draw_picture() {
  support::draw("acrobot.svg", 900, 380, R"(
set multiplot layout 1,2
set title 'training by exact gradients'
set xlabel 'epoch'; set ylabel 'mean square error'; set logscale y; unset key
plot 'acrobot_training.csv' using 1:2 with lines lw 2 lc rgb green
set title 'evaluations that the seminorm spares'
set xlabel 'rtol'; set ylabel 'per cent'; unset logscale y; set logscale x; set xrange [2e-4:5e-8]; set yrange [0:50]; set format x '10^{%T}'; set key top right
plot for [k=0:2] 'acrobot.csv' using ($1==k?$2:NaN):(100*(1-$6/$5)) with linespoints pt 7 lw 2 title word('untrained trained last-state-alone', k+1)
unset multiplot
)");
}

int main(int argc, char** argv) try {
  const bool in_full = argc > 1 && std::string(argv[1]) == "full";
  const int epochs = in_full ? 200 : 60;
  const Windows training = simulated(in_full ? 32 : 8, 1), testing = simulated(3, 2);
  const Index count = training[0].cols();
  SymplecticNet net(in_full ? 128 : 32, 3);
  const auto loss_of = [&](const Windows& windows) {
    const auto ys = solve(Problem{net, windows[0], 0.0, 0.35}, Dopri5{}, Adaptive{}, window_times()).ys();
    auto unused = ys;
    return MeanSquaredError<MatrixXd>{windows}(ys, unused);
  };
  support::Expectations expectations;
  {
    support::Csv csv("acrobot.csv", {"case", "rtol", "forth", "reversible", "full", "seminorm", "error", "its error"});
    support::Csv losses("acrobot_training.csv", {"epoch", "loss"});
    const double untrained = table("untrained, 8 saves", 0, net, training, window_times(), csv, expectations);
    const double before = loss_of(testing);
    support::AdamW optimiser({.rate = 3e-3}, net.parameters().size());
    support::Shuffled shuffled(static_cast<std::size_t>(count), 4);
    support::Progress progress("training", epochs);
    const support::Stopwatch stopwatch;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      const auto& order = shuffled();
      double sum = 0;
      for (Index begin = 0; begin < count; begin += 48) {
        const std::vector<Index> columns(order.begin() + begin, order.begin() + begin + 48);
        const Windows some = chosen(training, columns);
        const auto found = value_and_gradient(Problem{net, some[0], 0.0, 0.35}, ReversibleHeun<>{}, FixedSteps{28},
                                              MeanSquaredError<MatrixXd>{some}, window_times());
        optimiser.step(net.parameters(), found.gradient.theta);
        sum += found.value * 48 / static_cast<double>(count);
      }
      losses.row({epoch + 1.0, sum});
      progress.show(epoch + 1, "loss " + std::to_string(sum));
    }
    const double after = loss_of(testing);
    std::printf("trained in %.1f s: mean square error of other swings %.3g, %.3g before\n", stopwatch.seconds(), after,
                before);
    const double trained = table("trained, 8 saves", 1, net, training, window_times(), csv, expectations);
    table("trained, the last state alone", 2, net, training, SaveAt{.times = {0.35}}, csv, expectations);
    expectations.expect(after < before / 10, "the net has not learnt the acrobot");
    expectations.expect(untrained >= 15, "the seminorm spares less than 15 % of an untrained net's evaluations");
    expectations.expect(trained < untrained, "training does not lessen what the seminorm spares");
  }
  draw_picture();
  return expectations.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
