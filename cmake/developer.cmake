# What our own tests, examples and benchmarks are compiled with, and nobody else's code: warnings, as errors.
add_library(antistrophe_developer INTERFACE)
target_link_libraries(antistrophe_developer INTERFACE antistrophe::antistrophe)

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(antistrophe_developer INTERFACE
    -Werror -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-align
    -Wdouble-promotion -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wimplicit-fallthrough -Wformat=2)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The last three look at inlined code and are mistaken about Eigen's fixed-size kernels: told, but no errors.
  target_compile_options(antistrophe_developer INTERFACE
    -Wduplicated-cond -Wlogical-op -Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=stringop-overflow)
endif()

# antistrophe_program_name(<variable> <source>): a target's name from a source's path, core/state_test.cpp -> core_state_test.
function(antistrophe_program_name variable source)
  string(REGEX REPLACE "\\.cpp$" "" name "${source}")
  string(REPLACE "/" "_" name "${name}")
  set(${variable} "${name}" PARENT_SCOPE)
endfunction()

# antistrophe_for_this_machine(<target>): for the processor at hand. GCC's own AVX-512 header then warns of variables that
# it leaves uninitialised on purpose.
function(antistrophe_for_this_machine target)
  target_compile_options(${target} PRIVATE -march=native)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
endfunction()
