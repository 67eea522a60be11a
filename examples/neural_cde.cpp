// Who is speaking? JapaneseVowels (Kudo, Toyama & Shimbo 1999) is 640 recordings of two vowels by nine men, each 7 to 29 frames of 12
// coefficients. A neural controlled equation reads each recording as a path, time its 13th channel, straight from frame to frame:
//   z' = F(z) X'(t),   z of 16 numbers, F a network 16–32–16×13, relu inside and tanh at its end,
// and the speaker is read off z at the end. 270 recordings train it, 370 test it. The reversible pair takes one exact gradient after
// the other; the adjoint equation of torchcde and torchdiffeq, solved backwards to a tolerance, has its errors and its evaluations
// beside, in the full norm and in the seminorm of arXiv 2009.09457, with relu, whose kinks cost it most, and with tanh.
//
// The data are fetched by script/fetch_japanese_vowels; without them there is nothing to do. Argument: `full` trains by all adjoints.
#include "support/adamw.hpp"
#include "support/cde_classifier.hpp"
#include "support/csv.hpp"
#include "support/expect.hpp"
#include "support/gnuplot.hpp"
#include "support/progress.hpp"
#include "support/stopwatch.hpp"

#include <antistrophe/adjoint/backsolve.hpp>
#include <antistrophe/antistrophe.hpp>
#include <antistrophe/control/linear_path.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace antistrophe;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

constexpr int nothing_to_do = 77;  // ctest counts the test as skipped
const std::string folder = ANTISTROPHE_EXAMPLE_DATA "/japanese_vowels/";

struct Recordings {
  std::vector<MatrixXd> series;  // 12 × frames
  std::vector<int> speakers;     // 0 to 8
};

// A recording a line: twelve lists of numbers, and the speaker, 1 to 9, separated by colons.
Recordings read(const std::string& name) {
  std::ifstream file(folder + name);
  Recordings result;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '@') continue;
    std::istringstream lists(line);
    std::vector<std::vector<double>> channels;
    for (std::string list; std::getline(lists, list, ':');) {
      channels.emplace_back();
      std::istringstream numbers(list);
      for (std::string number; std::getline(numbers, number, ',');) channels.back().push_back(std::stod(number));
    }
    if (channels.size() != 13) throw std::runtime_error(name + " has a line that is no recording");
    const auto frames = static_cast<Index>(channels[0].size());
    MatrixXd series(12, frames);
    for (Index c = 0; c < 12; ++c)
      series.row(c) = Eigen::Map<const Eigen::RowVectorXd>(channels[static_cast<std::size_t>(c)].data(), frames);
    result.series.push_back(std::move(series));
    result.speakers.push_back(static_cast<int>(channels[12][0]) - 1);
  }
  return result;
}

// Each channel to mean 0 and variance 1 over the frames of all that train.
void standardise(Recordings& train, Recordings& test) {
  VectorXd sum = VectorXd::Zero(12), squares = sum;
  double frames = 0;
  for (const MatrixXd& series : train.series) {
    sum += series.rowwise().sum();
    squares += series.array().square().matrix().rowwise().sum();
    frames += static_cast<double>(series.cols());
  }
  const VectorXd mean = sum / frames, deviation = (squares / frames - mean.cwiseAbs2()).cwiseSqrt();
  for (Recordings* recordings : {&train, &test})
    for (MatrixXd& series : recordings->series)
      series = (series.colwise() - mean).array().colwise() / deviation.array();
}

// A frame every tenth of a unit of time. A recording that ends early stays where it ends, its time too, and z with it.
LinearPath path_of(const Recordings& recordings, const std::vector<std::size_t>& chosen) {
  const VectorXd times = VectorXd::LinSpaced(29, 0, 28) / 10;
  std::vector<MatrixXd> batch;
  for (const std::size_t i : chosen) batch.push_back(recordings.series[i]);
  return LinearPath(times, with_time(times, batch));
}
std::vector<int> speakers_of(const Recordings& recordings, const std::vector<std::size_t>& chosen) {
  std::vector<int> result;
  for (const std::size_t i : chosen) result.push_back(recordings.speakers[i]);
  return result;
}
std::vector<std::size_t> all_of(const Recordings& recordings) {
  std::vector<std::size_t> result(recordings.series.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = i;
  return result;
}

template <class Activation>
using Model = support::CdeClassifier<Activation>;

template <class Activation>
Model<Activation> new_model() {
  return {13, 16, 32, 9, 1};
}

// Through all recordings `epochs` times, 27 at a time.
template <class Activation, class Method, class Steps, class... Adjoint>
std::vector<double> train(Model<Activation>& model, const Recordings& recordings, int epochs, const std::string& what,
                          const Method& method, const Steps& steps, const Adjoint&... adjoint) {
  support::AdamW optimiser({.rate = 5e-3, .decay = 1e-1}, model.parameters().size());
  support::Shuffled shuffled(recordings.series.size(), 2);
  support::Progress progress(what, epochs);
  std::vector<double> losses;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const auto& order = shuffled();
    double sum = 0;
    for (std::size_t begin = 0; begin < order.size(); begin += 27) {
      const auto from = order.begin() + static_cast<std::ptrdiff_t>(begin);
      const std::vector<std::size_t> batch(from, from + 27);
      const auto found =
          model.gradient(path_of(recordings, batch), speakers_of(recordings, batch), method, steps, adjoint...);
      optimiser.step(model.parameters(), found.gradient);
      sum += 27 * found.value;
    }
    losses.push_back(sum / static_cast<double>(order.size()));
    progress.show(epoch + 1, "loss " + std::to_string(losses.back()));
  }
  return losses;
}

// What gradients of three batches cost, and how far they are at worst from the exact ones of the same solutions.
struct Row {
  double rtol = 0;
  std::int64_t forward = 0, full = 0, seminorm = 0, reversible = 0;
  double full_error = 0, seminorm_error = 0;
  double saved() const { return 1 - static_cast<double>(seminorm) / static_cast<double>(full); }
};

template <class Activation>
Row compare(Model<Activation>& model, const Recordings& recordings, double rtol) {
  const Adaptive steps{.rtol = rtol, .atol = rtol / 1000};
  Row row{.rtol = rtol};
  for (std::size_t first = 0; first < 3; ++first) {
    std::vector<std::size_t> every_tenth;
    for (std::size_t i = first; i < recordings.series.size(); i += 10) every_tenth.push_back(i);
    const LinearPath path = path_of(recordings, every_tenth);
    const std::vector<int> speakers = speakers_of(recordings, every_tenth);
    const auto by = [&](const auto& method, const auto& adjoint) {
      return model.gradient(path, speakers, method, steps, adjoint);
    };
    const auto exact = by(Dopri5{}, DirectAdjoint{});
    const auto full = by(Dopri5{}, BacksolveAdjoint{Dopri5{}, steps});
    const auto seminorm = by(Dopri5{}, BacksolveAdjoint{Dopri5{}, steps, AdjointNorm::seminorm});
    const auto error = [&](const auto& found) {
      return (found.gradient - exact.gradient).norm() / exact.gradient.norm();
    };
    row.forward += solve(model.problem(path), Dopri5{}, steps).stats().evaluations;
    row.reversible += by(Reversible<Dopri5>{}, ReversibleAdjoint{}).stats.evaluations;
    row.full += full.stats.evaluations;
    row.seminorm += seminorm.stats.evaluations;
    row.full_error = std::max(row.full_error, error(full));
    row.seminorm_error = std::max(row.seminorm_error, error(seminorm));
  }
  return row;
}

template <class Activation>
std::vector<Row> table(const char* name, Model<Activation>& model, const Recordings& recordings) {
  std::printf("%s, evaluations of three gradients    forth   back: reversible   full norm (error)   seminorm (error)\n",
              name);
  std::vector<Row> rows;
  for (const double rtol : {1e-3, 1e-4, 1e-5}) {
    const Row row = compare(model, recordings, rtol);
    std::printf("  rtol %.0e, atol %.0e                 %6lld %18lld %11lld (%.0e) %10lld (%.0e)  %.0f %% fewer\n",
                rtol, rtol / 1000, static_cast<long long>(row.forward), static_cast<long long>(row.reversible),
                static_cast<long long>(row.full), row.full_error, static_cast<long long>(row.seminorm),
                row.seminorm_error, 100 * row.saved());
    rows.push_back(row);
  }
  return rows;
}

void write_losses(const std::vector<double>& losses) {
  support::Csv csv("neural_cde_training.csv", {"epoch", "loss"});
  for (std::size_t i = 0; i < losses.size(); ++i) csv.row({static_cast<double>(i + 1), losses[i]});
}

void write_tables(const std::vector<Row>& of_relu, const std::vector<Row>& of_tanh) {
  support::Csv csv("neural_cde.csv", {"relu", "rtol", "forth", "reversible", "full", "seminorm", "full error"});
  for (const auto* rows : {&of_relu, &of_tanh})
    for (const Row& row : *rows)
      csv.row({rows == &of_relu ? 1.0 : 0.0, row.rtol, static_cast<double>(row.forward),
               static_cast<double>(row.reversible), static_cast<double>(row.full), static_cast<double>(row.seminorm),
               row.full_error});
}

void draw_picture() {
  support::draw("neural_cde.svg", 900, 380, R"(
set multiplot layout 1,2
set title 'training by exact gradients'
set xlabel 'epoch'; set ylabel 'cross-entropy'; set logscale y; unset key
plot 'neural_cde_training.csv' using 1:2 with linespoints pt 7 ps 0.5 lw 2 lc rgb green
set title 'evaluations of three gradients, on the way back'
set xlabel 'rtol'; unset ylabel; set logscale x; set yrange [300:3e6]; set xrange [2e-3:5e-6]; set format x '10^{%T}'; set key top left
plot 'neural_cde.csv' using ($1==1?$2:NaN):5 with linespoints pt 7 lw 2 lc rgb orange title 'relu, full norm', \
     '' using ($1==1?$2:NaN):6 with linespoints pt 6 lw 2 dt 2 lc rgb orange title 'relu, seminorm', \
     '' using ($1==1?$2:NaN):4 with linespoints pt 5 lw 2 lc rgb green title 'relu, reversible', \
     '' using ($1==0?$2:NaN):5 with linespoints pt 7 lw 2 lc rgb blue title 'tanh, full norm', \
     '' using ($1==0?$2:NaN):6 with linespoints pt 6 lw 2 dt 2 lc rgb blue title 'tanh, seminorm'
unset multiplot
)");
}

int main(int argc, char** argv) try {
  const bool in_full = argc > 1 && std::string(argv[1]) == "full";
  Recordings training = read("JapaneseVowels_TRAIN.ts"), testing = read("JapaneseVowels_TEST.ts");
  if (training.series.size() != 270 || testing.series.size() != 370) {
    std::cout << "The recordings are not in " << folder
              << ": script/fetch_japanese_vowels fetches them where there is a "
                 "network; without them there is nothing to learn.\n";
    return nothing_to_do;
  }
  standardise(training, testing);
  const LinearPath test_path = path_of(testing, all_of(testing));

  auto with_relu = new_model<Relu>();
  const support::Stopwatch stopwatch;
  const FixedSteps steps{28};
  const auto losses = train(with_relu, training, 18, "training", Reversible<Midpoint>{}, steps);
  const double seconds = stopwatch.seconds();
  const double accuracy = with_relu.accuracy(test_path, testing.speakers, Reversible<Midpoint>{}, steps);
  std::printf("reversible: %.1f %% of 370 test recordings right, loss %.3g, %.1f s\n", 100 * accuracy, losses.back(),
              seconds);
  write_losses(losses);

  const Adaptive adaptive{.rtol = 1e-3, .atol = 1e-6};
  if (in_full) {
    const auto by = [&](const char* name, const auto& method, const auto&... adjoint) {
      auto model = new_model<Relu>();
      const support::Stopwatch watch;
      train(model, training, 18, name, method, adaptive, adjoint...);
      std::printf("%s, adaptive: %.1f %%, %.1f s\n", name,
                  100 * model.accuracy(test_path, testing.speakers, method, adaptive), watch.seconds());
    };
    by("reversible", Reversible<Dopri5>{});
    by("backsolve", Dopri5{}, BacksolveAdjoint{Dopri5{}, adaptive});
    by("backsolve, seminorm", Dopri5{}, BacksolveAdjoint{Dopri5{}, adaptive, AdjointNorm::seminorm});
  }

  const auto of_relu = table("relu", with_relu, training);
  auto with_tanh = new_model<Tanh>();
  train(with_tanh, training, 6, "training tanh", Reversible<Midpoint>{}, steps);
  const auto of_tanh = table("tanh", with_tanh, training);
  write_tables(of_relu, of_tanh);
  draw_picture();

  support::Expectations result;
  result.expect(accuracy >= 0.92, "fewer than 92 % of the test recordings are right");
  result.expect(of_relu.back().saved() >= 0.15, "the seminorm spares less than 15 % of the evaluations at 1e-5");
  result.expect(of_relu.back().full > 8 * of_tanh.back().full, "relu's kinks cost less than 8 times what tanh does");
  result.expect(of_tanh.back().full_error < 1e-3, "the adjoint equation of tanh is off by more than a thousandth");
  result.expect(seconds < 30 || !support::judge_speed, "training took more than 30 s");
  return result.exit_code();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
