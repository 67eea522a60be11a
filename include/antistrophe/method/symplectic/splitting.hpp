// SPDX-License-Identifier: MIT
// Splittings of a step of v' = velocity(t, w), w' = force(t, v) into substeps that move one half by the other (Hairer, Lubich &
// Wanner, Geometric Numerical Integration, I.1 and II.5). Data only: each substep adds weight · h · (velocity or force),
// taken at t0 + c h. Where the first and the last substep move the same half, neighbouring steps share an evaluation.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace antistrophe::tableau {

enum class Moves { v, w };

struct Substep {
  Moves moves;
  long double weight;
  long double c;
};

// v1 = v0 + h velocity(t0, w0),   w1 = w0 + h force(t1, v1): symplectic Euler.
struct SemiImplicitEuler {
  static constexpr std::string_view name = "SemiImplicitEuler";
  static constexpr int order = 1;
  static constexpr std::array<Substep, 2> substeps{{{Moves::v, 1, 0}, {Moves::w, 1, 1}}};
};

// Half a kick, a drift, half a kick: Störmer–Verlet, or leapfrog in its velocity form.
struct Verlet {
  static constexpr std::string_view name = "Verlet";
  static constexpr int order = 2;
  static constexpr std::array<Substep, 3> substeps{{{Moves::w, 0.5L, 0}, {Moves::v, 1, 0.5L}, {Moves::w, 0.5L, 1}}};
};

// Five steps of Verlet, of p h, p h, (1 − 4p) h, p h, p h with p = 1/(4 − 4^{1/3}) (Suzuki, Phys. Lett. A 146, 1990). All its
// substeps lie in [t0, t1]; those of Yoshida's composition of three do not, and its error is larger.
struct Suzuki4 {
  static constexpr std::string_view name = "Suzuki4";
  static constexpr int order = 4;
  static constexpr std::array<Substep, 11> substeps = [] {
    constexpr long double p = 1 / (4 - 1.58740105196819947475170563927230826L);
    constexpr std::array<long double, 5> parts{p, p, 1 - 4 * p, p, p};
    std::array<Substep, 11> result{};
    long double t = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const long double before = i == 0 ? 0 : parts[i - 1];
      result[2 * i] = {Moves::w, (before + parts[i]) / 2, t};
      result[2 * i + 1] = {Moves::v, parts[i], t + parts[i] / 2};
      t += parts[i];
    }
    result[10] = {Moves::w, p / 2, 1};
    return result;
  }();
};

}  // namespace antistrophe::tableau
