// SPDX-License-Identifier: MIT
// Ranks{communicator}: an ensemble on the ranks of an MPI program. All of them make the same call with the same arguments; each solves
// its part of the problems, and all get the same result, bit for bit that of one rank.
//
//   MPI_Init(&argc, &argv);
//   auto [value, gradient] = ensemble_value_and_gradient(ensemble, method, steps, loss, Ranks{MPI_COMM_WORLD});
//
// Needs an implementation of MPI (Debian and Ubuntu: libopenmpi-dev), found by CMake as MPI::MPI_CXX.
// requires: mpi
#pragma once

#include <antistrophe/core/errors.hpp>

// Bindings for C++ that MPI has given up, and that would have to be linked.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace antistrophe {

// gather: whether each rank gets the values and gradients of all problems, or of its own part alone, of which the result's `first` is
// the first. The sums and the failures are everywhere in either case.
// Throws std::invalid_argument where MPI is not initialised, and std::runtime_error where a rank would be told more than 2 GiB.
struct Ranks {
  static constexpr bool is_ensemble_extra = true;
  static constexpr bool is_ranks = true;

  MPI_Comm communicator = MPI_COMM_WORLD;
  bool gather = true;

  std::size_t rank() const {
    require_mpi();
    int rank = 0;
    MPI_Comm_rank(communicator, &rank);
    return static_cast<std::size_t>(rank);
  }
  std::size_t size() const {
    require_mpi();
    int size = 0;
    MPI_Comm_size(communicator, &size);
    return static_cast<std::size_t>(size);
  }

  // What each rank has, to all of them, in their order.
  std::vector<std::string> all_gather(const std::string& mine) const {
    const std::size_t ranks = size();
    std::vector<unsigned long long> sizes(ranks);
    const unsigned long long size_of_mine = mine.size();
    MPI_Allgather(&size_of_mine, 1, MPI_UNSIGNED_LONG_LONG, sizes.data(), 1, MPI_UNSIGNED_LONG_LONG, communicator);
    const unsigned long long total = std::accumulate(sizes.begin(), sizes.end(), 0ULL);
    if (total > static_cast<unsigned long long>(std::numeric_limits<int>::max()))  // the same on every rank
      throw std::runtime_error(
          "antistrophe: the ranks have " + std::to_string(total) +
          " bytes to tell each other, more than MPI counts; with Ranks{.gather = false} each keeps its own.");
    std::vector<int> counts(ranks), places(ranks);
    for (std::size_t r = 0, place = 0; r < ranks; place += sizes[r++]) {
      counts[r] = static_cast<int>(sizes[r]);
      places[r] = static_cast<int>(place);
    }
    std::string all(static_cast<std::size_t>(total), '\0');
    MPI_Allgatherv(mine.data(), counts[rank()], MPI_BYTE, all.data(), counts.data(), places.data(), MPI_BYTE,
                   communicator);
    std::vector<std::string> parts;
    for (std::size_t r = 0; r < ranks; ++r)
      parts.push_back(all.substr(static_cast<std::size_t>(places[r]), static_cast<std::size_t>(counts[r])));
    return parts;
  }

 private:
  static void require_mpi() {
    int initialised = 0;
    MPI_Initialized(&initialised);
    if (initialised == 0) detail::refuse("MPI", "not initialised", "initialised, by MPI_Init, before Ranks{…} is used");
  }
};

}  // namespace antistrophe
