// What bytes say: a problem, a method, steps, saves, events and faults, as plain data. Every string of bytes is a case; most of
// them are problems that somebody might pose, some have a wild number or a mistake in them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace antistrophe::fuzz {

// y_i' = θ0 s (Σ_j A_ij y_j + θ1 y_i y_{i+1} + θ1 sin y_{i+1} + θ2 cos(ω τ + i) + θ3 sign(τ − jump)), or of Lotka's and Volterra's
// kind y_i (1 + Σ_j A_ij y_j) in the place of the linear part; each part may be missing, and there may be a kink, θ3 |y_{i+1}|, and
// wells, y_i − y_i³. τ = s t, s = −1 of a mirror image.
struct EquationSpec {
  bool linear = false, predators = false, products = false, sines = false, driven = false, jumps = false, kinks = false,
       wells = false;
  bool mirrored = false;
  std::vector<double> a;  // by rows, as many as the state has entries
  double omega = 1, jump = 0;
  double not_a_number_after = std::numeric_limits<double>::infinity();  // in τ
};

// g = a·(first entry) + b·(last entry) + c (τ − at), and for a jump y ← scale y + shift.
struct EventSpec {
  double a = 0, b = 0, c = 0, at = 0;
  int crossing = 0;
  bool terminal = false;
  double scale = 1, shift = 0;
};

struct StepSpec {
  enum class Kind { equal, of_h, to_times, adaptive };
  Kind kind = Kind::equal;
  std::int64_t n = 1, each = 1;
  double h = 0;
  std::vector<double> times, jumps;
  double rtol = 1e-6, atol = 1e-6, dtmin = 0, dtmax = std::numeric_limits<double>::infinity(), first_step = 0;
  double p = 0, i = 1, d = 0;
  bool guard = true;
  double gradient_rtol = 0;
  std::int64_t max_steps = 100;
};

struct SaveSpec {
  std::vector<double> times;
  bool t0 = false, t1 = false, steps = false, dense = false;
  std::int64_t every = 0;
};

struct Case {
  std::size_t method = 0;
  double t0 = 0, t1 = 1;
  std::vector<double> y0, theta;
  EquationSpec equations;
  StepSpec steps;
  SaveSpec saves;
  std::vector<EventSpec> ends, jumps;  // up to two of each
  std::optional<double> lambda, resolution;
  std::int64_t slots = 0;  // of checkpoints; 0 for as many as the library takes
  std::int64_t throw_at_call = -1, throw_at_vjp = -1;

  bool has_events() const { return !ends.empty() || !jumps.empty(); }
  bool is_faulty() const { return throw_at_call >= 0 || throw_at_vjp >= 0; }
};

Case decode(std::span<const std::uint8_t> bytes);
// The same with time turned round: its solution is the same to the last bit.
Case mirror_image(Case given);
std::string describe(const Case& given);

}  // namespace antistrophe::fuzz
