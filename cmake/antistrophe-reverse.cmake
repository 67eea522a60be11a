# Libraries of reverse differentiation by which f alone makes a field: antistrophe::cppad, antistrophe::adolc and
# antistrophe::sacado, each where its library is found. What links one of them may include field/cppad_vjp.hpp,
# field/adolc_vjp.hpp or field/sacado_vjp.hpp; the library itself needs none. Included by the build and by the installed package.

# antistrophe_offer(<name> <header> <names of its library> [<suffix of include directories>...]): the target antistrophe::<name>, where
# ANTISTROPHE_WITH_<NAME> is not OFF, and antistrophe_<name>_FOUND.
function(antistrophe_offer name header library)
  string(TOUPPER "${name}" upper)
  set(antistrophe_${name}_FOUND FALSE PARENT_SCOPE)
  if(DEFINED ANTISTROPHE_WITH_${upper} AND NOT ANTISTROPHE_WITH_${upper})
    return()
  endif()
  find_path(ANTISTROPHE_${upper}_INCLUDE_DIR "${header}" HINTS ${ANTISTROPHE_REVERSE_HINTS} PATH_SUFFIXES include ${ARGN})
  find_library(ANTISTROPHE_${upper}_LIBRARY NAMES ${library} HINTS ${ANTISTROPHE_REVERSE_HINTS} PATH_SUFFIXES lib)
  if(name STREQUAL "sacado" AND ANTISTROPHE_SACADO_INCLUDE_DIR)  # Debian's includes Kokkos, and does not bring it along
    file(STRINGS "${ANTISTROPHE_SACADO_INCLUDE_DIR}/Sacado_config.h" kokkos REGEX "define HAVE_SACADO_KOKKOSCORE")
    if(kokkos AND NOT EXISTS "${ANTISTROPHE_SACADO_INCLUDE_DIR}/Kokkos_Macros.hpp")
      set(ANTISTROPHE_SACADO_INCLUDE_DIR ANTISTROPHE_SACADO_INCLUDE_DIR-NOTFOUND)
    endif()
  endif()
  mark_as_advanced(ANTISTROPHE_${upper}_INCLUDE_DIR ANTISTROPHE_${upper}_LIBRARY)
  if(ANTISTROPHE_${upper}_INCLUDE_DIR AND ANTISTROPHE_${upper}_LIBRARY)
    if(NOT TARGET antistrophe::${name})
      add_library(antistrophe::${name} INTERFACE IMPORTED)
      target_link_libraries(antistrophe::${name} INTERFACE antistrophe::antistrophe "${ANTISTROPHE_${upper}_LIBRARY}")
      target_include_directories(antistrophe::${name} SYSTEM INTERFACE "${ANTISTROPHE_${upper}_INCLUDE_DIR}")
    endif()
    set(antistrophe_${name}_FOUND TRUE PARENT_SCOPE)
  elseif(DEFINED ANTISTROPHE_WITH_${upper} AND NOT ANTISTROPHE_WITH_${upper} STREQUAL "AUTO")
    message(FATAL_ERROR
      "ANTISTROPHE_WITH_${upper} is ON, but ${header} or its library was not found. Install it "
      "(${antistrophe_where_${name}}), set CMAKE_PREFIX_PATH to where it is, or set ANTISTROPHE_WITH_${upper} to AUTO or OFF.")
  endif()
endfunction()

set(antistrophe_where_cppad "pip, conda or vcpkg: cmeel-cppad or cppad; Ubuntu: cppad")
set(antistrophe_where_adolc "Debian and Ubuntu: libadolc-dev; conda: adolc")
set(antistrophe_where_sacado "Debian and Ubuntu: libtrilinos-sacado-dev and libtrilinos-kokkos-dev; elsewhere: Trilinos")

antistrophe_offer(cppad cppad/cppad.hpp cppad_lib)
antistrophe_offer(adolc adolc/adolc.h adolc)
antistrophe_offer(sacado Sacado_trad.hpp "trilinos_sacado;sacado" trilinos)
