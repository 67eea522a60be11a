// Who is speaking? JapaneseVowels (Kudo, Toyama & Shimbo 1999) is 640 recordings of two vowels by nine men, each 7 to 29 frames of 12
// coefficients. A neural controlled equation reads each recording as a path, time its 13th channel, straight from frame to frame:
//   z' = F(z) X'(t),   z of 16 numbers, F a network 16–32–16×13, relu inside and tanh at its end,
// and the speaker is read off z at the end. 270 recordings train it, 370 test it. The reversible pair takes one exact gradient after
// the other; the adjoint equation of torchcde and torchdiffeq, solved backwards to a tolerance, has its errors and its evaluations
// beside, in the full norm and in the seminorm of arXiv 2009.09457, with relu, whose kinks cost it most, and with tanh.
//
// The data are fetched by script/fetch_japanese_vowels; without them there is nothing to do. Argument: `full` trains by all adjoints.
#include "support/cde_classifier.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/japanese_vowels.hpp"
#include "support/minibatches.hpp"
#include "support/norms.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/linear_path.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

using namespace antistrophe;

constexpr int nothing_to_do = 77;  // ctest counts the test as skipped
const std::string folder = ANTISTROPHE_EXAMPLE_DATA "/japanese_vowels/";

// A frame every tenth of a unit of time. A recording that ends early stays where it ends, its time too, and z with it.
LinearPath path_of(const support::LabelledSeries& recordings) {
  const Eigen::VectorXd times = Eigen::VectorXd::LinSpaced(29, 0, 28) / 10;
  return LinearPath(times, with_time(times, recordings.series));
}

template <class Activation>
struct Model : support::CdeClassifier<Activation> {
  Model() : support::CdeClassifier<Activation>(13, 16, 32, 9, 1) {}
};

// Through all recordings `epochs` times, 27 at a time.
template <class Activation, class Method, class Steps, class... Adjoint>
std::vector<double> train(Model<Activation>& model, const support::LabelledSeries& recordings, int epochs,
                          const std::string& what, const Method& method, const Steps& steps,
                          const Adjoint&... adjoint) {
  return support::train(
      model.parameters(),
      {.samples = 270, .batch = 27, .epochs = epochs, .adamw = {.rate = 5e-3, .decay = 1e-1}, .seed = 2}, what,
      [&](const std::vector<std::size_t>& chosen) {
        const support::LabelledSeries batch = recordings[chosen];
        return model.gradient(path_of(batch), batch.labels, method, steps, adjoint...);
      });
}

// What gradients of three batches cost, and how far they are at worst from the exact ones of the same solutions.
template <class Activation>
std::vector<support::NormsCompared> table(const char* name, Model<Activation>& model,
                                          const support::LabelledSeries& recordings, support::Csv& csv) {
  std::printf("%s, evaluations of three gradients    forth   back: reversible   full norm (error)   seminorm (error)\n",
              name);
  std::vector<support::NormsCompared> rows;
  for (const double rtol : {1e-3, 1e-4, 1e-5}) {
    const Adaptive steps{.rtol = rtol, .atol = rtol / 1000};
    support::NormsCompared row{.rtol = rtol};
    for (std::size_t first = 0; first < 3; ++first) {
      std::vector<std::size_t> every_tenth;
      for (std::size_t i = first; i < recordings.series.size(); i += 10) every_tenth.push_back(i);
      const support::LabelledSeries batch = recordings[every_tenth];
      row.add([&](const auto& method, const auto& adjoint) {
        const auto found = model.gradient(path_of(batch), batch.labels, method, steps, adjoint);
        const auto forth = solve(model.problem(path_of(batch)), method, steps).stats().evaluations;
        return support::CountedGradient{found.gradient, forth, found.stats.evaluations};
      });
    }
    std::printf("  rtol %.0e, atol %.0e                 %6lld %18lld %11lld (%.0e) %10lld (%.0e)  %.0f %% fewer\n",
                rtol, rtol / 1000, static_cast<long long>(row.forth), static_cast<long long>(row.reversible),
                static_cast<long long>(row.full), row.full_error, static_cast<long long>(row.seminorm),
                row.seminorm_error, row.fewer());
    csv.row({std::is_same_v<Activation, Relu> ? 1.0 : 0.0, rtol, static_cast<double>(row.forth),
             static_cast<double>(row.reversible), static_cast<double>(row.full), static_cast<double>(row.seminorm),
             row.full_error});
    rows.push_back(row);
  }
  return rows;
}

int main(int argc, char** argv) try {
  const bool in_full = argc > 1 && std::string(argv[1]) == "full";
  auto training = support::read_vowels(folder + "JapaneseVowels_TRAIN.ts");
  auto testing = support::read_vowels(folder + "JapaneseVowels_TEST.ts");
  if (training.series.size() != 270 || testing.series.size() != 370) {
    std::cout << "The recordings are not in " << folder
              << ": script/fetch_japanese_vowels fetches them where there is a "
                 "network; without them there is nothing to learn.\n";
    return nothing_to_do;
  }
  support::standardise(training, testing);
  const LinearPath test_path = path_of(testing);

  Model<Relu> with_relu;
  const support::Stopwatch stopwatch;
  const FixedSteps steps{28};
  const auto losses = train(with_relu, training, 18, "training", Reversible<Midpoint>{}, steps);
  const double seconds = stopwatch.seconds();
  const double accuracy = with_relu.accuracy(test_path, testing.labels, Reversible<Midpoint>{}, steps);
  std::printf("reversible: %.1f %% of 370 test recordings right, loss %.3g, %.1f s\n", 100 * accuracy, losses.back(),
              seconds);
  support::write_epochs("neural_cde_training.csv", {"epoch", "loss"}, {losses});

  const Adaptive adaptive{.rtol = 1e-3, .atol = 1e-6};
  if (in_full) {
    const auto by = [&](const char* name, const auto& method, const auto&... adjoint) {
      Model<Relu> model;
      const support::Stopwatch watch;
      train(model, training, 18, name, method, adaptive, adjoint...);
      std::printf("%s, adaptive: %.1f %%, %.1f s\n", name,
                  100 * model.accuracy(test_path, testing.labels, method, adaptive), watch.seconds());
    };
    by("reversible", Reversible<Dopri5>{});
    by("backsolve", Dopri5{}, BacksolveAdjoint{Dopri5{}, adaptive});
    by("backsolve, seminorm", Dopri5{}, BacksolveAdjoint{Dopri5{}, adaptive, AdjointNorm::seminorm});
  }

  Model<Tanh> with_tanh;
  train(with_tanh, training, 6, "training tanh", Reversible<Midpoint>{}, steps);
  std::vector<support::NormsCompared> of_relu, of_tanh;
  {
    support::Csv csv("neural_cde.csv", {"relu", "rtol", "forth", "reversible", "full", "seminorm", "full error"});
    of_relu = table("relu", with_relu, training, csv);
    of_tanh = table("tanh", with_tanh, training, csv);
  }
  support::draw("neural_cde", 900, 380);

  support::Expectations result;
  result.expect(accuracy >= 0.92, "fewer than 92 % of the test recordings are right");
  result.expect(of_relu.back().fewer() >= 15, "the seminorm spares less than 15 % of the evaluations at 1e-5");
  result.expect(of_relu.back().full > 8 * of_tanh.back().full, "relu's kinks cost less than 8 times what tanh does");
  result.expect(of_tanh.back().full_error < 1e-3, "the adjoint equation of tanh is off by more than a thousandth");
  result.expect(seconds < 30 || !support::judge_speed, "training took more than 30 s");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
