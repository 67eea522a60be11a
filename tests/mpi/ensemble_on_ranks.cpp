// An ensemble of 1,000 problems on however many ranks it is run: rank 0 prints what must not depend on their number, to the last bit.
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>
#include <antistrophe/ensemble/mpi.hpp>

#include <cmath>
#include <cstdio>
#include <stdexcept>

using namespace antistrophe;

namespace {

// A pendulum of eigenfrequency √θ0, damped by θ1.
struct Pendulum {
  static constexpr bool autonomous = true;
  Eigen::Vector2d theta{1, 0.1};
  const auto& parameters() const { return theta; }
  auto& parameters() { return theta; }
  void operator()(double, const auto& y, auto& dy) const {
    dy[0] = y[1];
    dy[1] = -theta[0] * std::sin(y[0]) - theta[1] * y[1];
  }
  void vjp(double, const auto& y, const auto& w, auto& y_bar, auto& theta_bar) const {
    y_bar[0] -= theta[0] * std::cos(y[0]) * w[1];
    y_bar[1] += w[0] - theta[1] * w[1];
    theta_bar[0] -= std::sin(y[0]) * w[1];
    theta_bar[1] -= y[1] * w[1];
  }
};

template <class Result>
void print(const Result& result) {
  double ends = 0;
  for (const auto& y0 : result.gradient.y0)
    if (std::isfinite(y0[0])) ends += std::abs(y0[0]);
  std::printf("value %a, theta %a %a, y0 %a of %zu, %lld steps, %lld vjps\n", result.value, result.gradient.theta[0],
              result.gradient.theta[1], ends, result.values.size(), static_cast<long long>(result.stats.steps),
              static_cast<long long>(result.gradient.stats.vjps));
  for (const ProblemFailure& problem : result.failures) {
    Failure failure = problem.failure;
    std::printf("problem %zu: %s\n", problem.index, failure.cause.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Problem problem{Pendulum{}, Eigen::Vector2d{0.5, 0}, 0.0, 5.0};
  const auto loss = [](std::size_t i, const auto& ys, auto& ys_bar) {
    const double weight = 1.0 / static_cast<double>(i + 1);
    ys_bar[0] = weight * ys[0];
    return weight * ys[0].squaredNorm() / 2;
  };
  const auto vary = [](std::size_t i, auto& p) { p.y0[0] += 1e-3 * static_cast<double>(i); };
  const Ensemble ensemble{problem, 1000, vary};
  try {
    (void)ensemble_value_and_gradient(ensemble, RK4{}, FixedSteps{4}, loss, Ranks{});
    return 1;
  } catch (const std::invalid_argument&) {  // MPI is not initialised yet
  }

  MPI_Init(&argc, &argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const auto report = [&](const auto& result) {
    if (rank == 0) print(result);
  };
  report(ensemble_value_and_gradient(ensemble, Reversible<Bosh3>{}, FixedSteps{50}, loss, Ranks{MPI_COMM_WORLD}));
  report(
      ensemble_value_and_gradient(ensemble, Dopri5{}, Adaptive{.rtol = 1e-6, .atol = 1e-6}, loss, Ranks{}, Threads{2}));

  // Two fail, on whichever rank; the others' results stand.
  const Ensemble failing{problem, 100, [](std::size_t i, auto& p) {
                           p.y0[0] += 1e-3 * static_cast<double>(i);
                           if (i % 50 == 17) p.field.theta[1] = 1e300;
                         }};
  report(ensemble_value_and_gradient(failing, RK4{}, FixedSteps{50}, loss, OnFailure::return_status, Ranks{}));
  try {
    (void)ensemble_value_and_gradient(failing, RK4{}, FixedSteps{50}, loss, Ranks{});
  } catch (const EnsembleError& error) {
    if (rank == 0) std::printf("%s\n", error.what());
  }
  const Ensemble wrong{problem, 100, [](std::size_t i, auto& p) {
                         if (i == 71) p.t1 = std::nan("");
                       }};
  try {
    (void)ensemble_value_and_gradient(wrong, RK4{}, FixedSteps{50}, loss, Ranks{});
  } catch (const std::invalid_argument& error) {
    if (rank == 0) std::printf("%s\n", error.what());
  }
  const auto part = solve_ensemble(ensemble, RK4{}, FixedSteps{50}, Ranks{});
  unsigned long long mine = part.size(), all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_UNSIGNED_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
  if (rank == 0) std::printf("%llu solutions, %lld steps\n", all, static_cast<long long>(part.stats.steps));
  MPI_Finalize();
}
