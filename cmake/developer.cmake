# What our own tests, examples and benchmarks are compiled with, and nobody else's code: warnings, as errors.
add_library(antistrophe_developer INTERFACE)
target_link_libraries(antistrophe_developer INTERFACE antistrophe::antistrophe)

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(antistrophe_developer INTERFACE
    -Werror -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-align
    -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wimplicit-fallthrough -Wformat=2)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The last four look at inlined code and are mistaken about Eigen's kernels and memory: told, but no error. Clang's
  # -Wdouble-promotion means what is said in so many words, too: std::complex<long double>(1.5).
  target_compile_options(antistrophe_developer INTERFACE
    -Wdouble-promotion -Wduplicated-cond -Wlogical-op
    -Wno-error=maybe-uninitialized -Wno-error=array-bounds -Wno-error=stringop-overflow
    $<$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,12>:-Wno-error=use-after-free>)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,]*undefined")
  string(APPEND CMAKE_CXX_FLAGS " -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/script/lib/sanitize.list")
endif()

# lld links a program in a quarter of the time of GNU's ld.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -fuse-ld=lld)
check_cxx_source_compiles("int main() {}" ANTISTROPHE_HAS_LLD)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(ANTISTROPHE_HAS_LLD)
  target_link_options(antistrophe_developer INTERFACE -fuse-ld=lld)
endif()

# antistrophe_program_name(<variable> <source>): a target's name from a source's path, core/state_test.cpp -> core_state_test.
function(antistrophe_program_name variable source)
  string(REGEX REPLACE "\\.cpp$" "" name "${source}")
  string(REPLACE "/" "_" name "${name}")
  set(${variable} "${name}" PARENT_SCOPE)
endfunction()

# Options for the processor at hand. GCC's own AVX-512 header then warns of variables that it leaves uninitialised on purpose.
set(antistrophe_for_this_machine -march=native)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND antistrophe_for_this_machine -Wno-uninitialized -Wno-maybe-uninitialized)
endif()

# antistrophe_compile_as(<group> <target> <source> <option>...): compiles a program of that one source with the options, which
# are those of its group. If ANTISTROPHE_PRECOMPILE, antistrophe.hpp is precompiled once for those of the group that include it.
function(antistrophe_compile_as group target source)
  target_compile_options(${target} PRIVATE ${ARGN})
  file(STRINGS "${source}" includes_all REGEX "^#include <antistrophe/antistrophe\\.hpp>")
  if(NOT ANTISTROPHE_PRECOMPILE OR NOT includes_all)
    return()
  endif()
  set(precompiled "antistrophe_precompiled_for_${group}")
  if(NOT TARGET ${precompiled})
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/${precompiled}.cpp" CONTENT "// The header is precompiled with it.\n")
    add_library(${precompiled} OBJECT "${PROJECT_BINARY_DIR}/${precompiled}.cpp")
    target_link_libraries(${precompiled} PRIVATE antistrophe_developer)
    target_compile_options(${precompiled} PRIVATE ${ARGN})
    target_precompile_headers(${precompiled} PRIVATE <antistrophe/antistrophe.hpp>)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${precompiled})
endfunction()

# antistrophe_checked_compilers(<names> <programs>): the compiler of this build, and the other of g++ and clang++ where it is
# here and new enough. Some tests compile with both, whatever the build.
function(antistrophe_checked_compilers names programs)
  set(found_names "${CMAKE_CXX_COMPILER_ID}")
  set(found_programs "${CMAKE_CXX_COMPILER}")
  foreach(other IN ITEMS "GNU;g++;12" "Clang;clang++;14")
    list(GET other 0 name)
    if(CMAKE_CXX_COMPILER_ID MATCHES "${name}")
      continue()
    endif()
    list(GET other 1 program)
    list(GET other 2 oldest)
    find_program(ANTISTROPHE_${name} "${program}")
    mark_as_advanced(ANTISTROPHE_${name})
    if(ANTISTROPHE_${name})
      execute_process(COMMAND "${ANTISTROPHE_${name}}" -dumpversion OUTPUT_VARIABLE version ERROR_QUIET
                      OUTPUT_STRIP_TRAILING_WHITESPACE)
      if(version VERSION_GREATER_EQUAL oldest)
        list(APPEND found_names "${name}")
        list(APPEND found_programs "${ANTISTROPHE_${name}}")
      endif()
    endif()
  endforeach()
  set(${names} "${found_names}" PARENT_SCOPE)
  set(${programs} "${found_programs}" PARENT_SCOPE)
endfunction()

# antistrophe_flags_file(<file> [<option>...]): the library's include directories and definitions, Eigen's as those of a
# system, and the options, one a line, as g++ and clang++ read them from @<file>.
function(antistrophe_flags_file file)
  set(ours "$<TARGET_PROPERTY:antistrophe,INTERFACE_INCLUDE_DIRECTORIES>")
  set(of_eigen "$<TARGET_PROPERTY:Eigen3::Eigen,INTERFACE_INCLUDE_DIRECTORIES>")
  set(definitions "$<TARGET_PROPERTY:antistrophe,INTERFACE_COMPILE_DEFINITIONS>")
  list(JOIN ARGN "\n" options)
  file(GENERATE OUTPUT "${file}" CONTENT
"-std=c++20
-I\"$<JOIN:${ours},\"\n-I\">\"
-isystem \"$<JOIN:${of_eigen},\"\n-isystem \">\"
$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},\n-D>>
${options}
")
endfunction()
