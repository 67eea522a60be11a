# antistrophe::mpi, where an implementation of MPI is found: what links it may include ensemble/mpi.hpp; the library itself needs
# none. Included by the build and by the installed package.
set(antistrophe_mpi_FOUND FALSE)
if(NOT DEFINED ANTISTROPHE_WITH_MPI OR ANTISTROPHE_WITH_MPI)
  set(antistrophe_mpi_skips "${MPI_CXX_SKIP_MPICXX}")
  set(MPI_CXX_SKIP_MPICXX ON)  # bindings for C++ that MPI has given up
  find_package(MPI QUIET COMPONENTS CXX)
  set(MPI_CXX_SKIP_MPICXX "${antistrophe_mpi_skips}")
  if(TARGET MPI::MPI_CXX)
    if(NOT TARGET antistrophe::mpi)
      add_library(antistrophe::mpi INTERFACE IMPORTED)
      target_link_libraries(antistrophe::mpi INTERFACE antistrophe::antistrophe MPI::MPI_CXX)
    endif()
    set(antistrophe_mpi_FOUND TRUE)
  elseif(DEFINED ANTISTROPHE_WITH_MPI AND NOT ANTISTROPHE_WITH_MPI STREQUAL "AUTO")
    message(FATAL_ERROR
      "ANTISTROPHE_WITH_MPI is ON, but no implementation of MPI was found. Install one (Debian and Ubuntu: libopenmpi-dev), set "
      "MPI_HOME to where it is, or set ANTISTROPHE_WITH_MPI to AUTO or OFF.")
  endif()
endif()
