// A population fitted on ranks of MPI: mpiexec -n 4 ./population. Two thousand patients swallow a drug, each a dose of his own, and are
// seen six times each, with errors of 5 %. What all of them share is sought:
//   gut' = −a gut,   blood' = a gut − e blood,   seen: blood / V,   θ = (a, e, V).
// Each rank solves its share of the patients, and all ranks get the same sum and the same gradient, bit for bit, however many there
// are. So each runs an optimiser of its own (L-BFGS of NLopt), and all of them walk the same way without a further word.
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/random.hpp"

#include <antistrophe/antistrophe.hpp>
#include <antistrophe/ensemble.hpp>
#include <antistrophe/ensemble/mpi.hpp>
#include <antistrophe/field/automatic_vjp.hpp>

#include <nlopt.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <vector>

using namespace antistrophe;
using Eigen::Vector2d, Eigen::Vector3d;

constexpr std::size_t patients = 2000;
const SaveAt visits{{0.5, 1, 2, 4, 8, 16}};  // in hours after the dose

const auto kinetics = [](auto, const auto& y, const auto& theta, auto& dy) {
  dy[0] = -theta[0] * y[0];
  dy[1] = theta[0] * y[0] - theta[1] * y[1];
};

struct Patient {
  double dose = 0;               // in mg
  std::array<double, 6> seen{};  // in mg/l
};

// The blood's content by the formula: the data do not come from the solver that fits them.
double blood(double dose, double t, const Vector3d& theta) {
  return dose * theta[0] / (theta[0] - theta[1]) * (std::exp(-theta[1] * t) - std::exp(-theta[0] * t));
}

std::vector<Patient> seen_patients(const Vector3d& truth) {
  support::Random random(1);
  std::vector<Patient> result(patients);
  for (Patient& patient : result) {
    patient.dose = random.uniform(50, 150);
    for (std::size_t k = 0; k < patient.seen.size(); ++k)
      patient.seen[k] = blood(patient.dose, visits.times[k], truth) / truth[2] * std::exp(0.05 * random.normal());
  }
  return result;
}

struct Fit {
  const std::vector<Patient>& population;
  int gradients = 0;

  // Σ (log seen − log blood / V)², halved, a patient in the mean; and its slope.
  double operator()(const Vector3d& theta, Vector3d& slope) {
    ++gradients;
    const Problem patient{automatic_vjp(kinetics, Vector2d(theta.head<2>())), Vector2d::Zero().eval(), 0.0, 16.0};
    const Ensemble all{patient, patients, [&](std::size_t i, auto& problem) { problem.y0[0] = population[i].dose; }};
    const auto misfit = [&](std::size_t i, const auto& ys, auto& ys_bar) {
      double sum = 0;
      for (std::size_t k = 0; k < ys.size(); ++k) {
        const double off = std::log(ys[k][1] / theta[2] / population[i].seen[k]);
        sum += off * off / 2;
        ys_bar[k][1] = off / ys[k][1];
      }
      return sum;
    };
    const auto result = ensemble_value_and_gradient(all, Dopri5{}, StepTo{.times = visits.times, .each = 8}, misfit,
                                                    visits, Ranks{MPI_COMM_WORLD});
    // V is no parameter of the equation: Σ off is −V dL/dV, and log blood is proportional to the dose, so that Σ off = y0 dL/dy0.
    double sum = 0;
    for (std::size_t i = 0; i < patients; ++i) sum += population[i].dose * result.gradient.y0[i][0];
    slope << result.gradient.theta, -sum / theta[2];
    slope /= patients;
    return result.value / patients;
  }
};

// As NLopt calls it: x = log θ.
double objective(const std::vector<double>& x, std::vector<double>& slope, void* fit) {
  const Vector3d theta = Eigen::Map<const Vector3d>(x.data()).array().exp();
  Vector3d theta_bar;
  const double value = (*static_cast<Fit*>(fit))(theta, theta_bar);
  if (!slope.empty()) Eigen::Map<Vector3d>(slope.data()) = theta.cwiseProduct(theta_bar);
  return value;
}

void draw_picture(const std::vector<Patient>& population, const Vector3d& theta) {
  {
    support::Csv csv("population.csv", {"t", "seen"}), curve("population_fit.csv", {"t", "fitted"});
    support::Random random(2);  // moved a little, so that points do not hide each other
    for (std::size_t i = 0; i < patients; i += 10)
      for (std::size_t k = 0; k < 6; ++k)
        csv.row({visits.times[k] * random.uniform(0.95, 1.05), population[i].seen[k] / population[i].dose});
    for (int i = 1; i <= 200; ++i) curve.row({0.09 * i, blood(1, 0.09 * i, theta) / theta[2]});
  }
  support::draw("population", 860, 400);
}

int main(int argc, char** argv) try {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);

  const Vector3d truth(1.2, 0.25, 20);
  const std::vector<Patient> population = seen_patients(truth);
  Fit fit{population};
  std::vector<double> x{0, -1, 2};
  nlopt::opt lbfgs(nlopt::LD_LBFGS, 3);
  lbfgs.set_min_objective(objective, &fit);
  lbfgs.set_ftol_rel(1e-10);
  double least = 0;
  lbfgs.optimize(x, least);
  const Vector3d theta = Eigen::Map<const Vector3d>(x.data()).array().exp();
  MPI_Finalize();
  if (rank != 0) return 0;

  std::printf("%d ranks, %d gradients: a %.4f 1/h, e %.4f 1/h, V %.3f l, errors of %.2f %%\n", ranks, fit.gradients,
              theta[0], theta[1], theta[2], 100 * std::sqrt(2 * least / 6));
  std::printf("the same bits on any number of ranks: %a %a %a\n", theta[0], theta[1], theta[2]);
  draw_picture(population, theta);
  support::Expectations result;
  result.expect(((theta - truth).array() / truth.array()).abs().maxCoeff() < 0.01,
                "this is not what the patients share");
  return result.exit_code();
} catch (const std::exception& failure) {
  std::cerr << failure.what() << '\n';
  return 1;
}
