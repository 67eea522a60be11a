# fuzz: random problems, methods and steps against what must always hold (oracles.hpp). As a test of the suite it tries the cases
# that are recorded, compiled as the other tests are. script/fuzz looks for others (ANTISTROPHE_FUZZ), by clang's libFuzzer under its
# sanitizers, or where the compiler has none, by random bytes.

include(CheckCXXSourceCompiles)
# Of the undefined behaviour, what costs a third of the time to compile and what other tests see is left out.
set(antistrophe_fuzz_sanitizers -fsanitize=address,undefined,float-cast-overflow
                                -fno-sanitize=vptr,null,alignment,object-size -fno-sanitize-recover=all)
if(ANTISTROPHE_FUZZ)
  set(CMAKE_REQUIRED_FLAGS "-fsanitize=fuzzer,address,undefined")
  check_cxx_source_compiles(
    "#include <cstddef>\nextern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, std::size_t) { return 0; }"
    ANTISTROPHE_HAS_LIBFUZZER)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT ANTISTROPHE_HAS_LIBFUZZER)
    message(STATUS "antistrophe: ${CMAKE_CXX_COMPILER_ID} has no -fsanitize=fuzzer, so that fuzz tries random bytes and is not guided")
  endif()
endif()

file(GLOB antistrophe_fuzz_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/*.cpp" "${CMAKE_CURRENT_LIST_DIR}/methods/*.cpp")
add_executable(fuzz ${antistrophe_fuzz_sources})
target_link_libraries(fuzz PRIVATE antistrophe_developer)
target_include_directories(fuzz PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/support")
target_compile_options(fuzz PRIVATE -UNDEBUG $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:$<IF:$<BOOL:${ANTISTROPHE_FUZZ}>,-O1;-g1,-O0;-g0>>)
target_precompile_headers(fuzz PRIVATE "${CMAKE_CURRENT_LIST_DIR}/instantiate.hpp")
target_compile_definitions(fuzz PRIVATE "ANTISTROPHE_FUZZ_FOLDER=\"${CMAKE_CURRENT_LIST_DIR}\"")
set(antistrophe_fuzz_corpus "${CMAKE_CURRENT_BINARY_DIR}/fuzz_corpus")
if(ANTISTROPHE_FUZZ AND ANTISTROPHE_HAS_LIBFUZZER)
  target_compile_definitions(fuzz PRIVATE ANTISTROPHE_LIBFUZZER)
  target_compile_options(fuzz PRIVATE -fsanitize=fuzzer-no-link ${antistrophe_fuzz_sanitizers} -Wno-pass-failed)
  target_link_options(fuzz PRIVATE -fsanitize=fuzzer ${antistrophe_fuzz_sanitizers})
  add_test(NAME fuzz/corpus COMMAND fuzz -runs=0 -timeout=60 -verbosity=0 "${antistrophe_fuzz_corpus}")
  file(MAKE_DIRECTORY "${antistrophe_fuzz_corpus}")
else()
  add_test(NAME fuzz/corpus COMMAND fuzz)
  # Random cases, the same in every run: what fails on one machine is found on another.
  add_test(NAME fuzz/minute COMMAND fuzz -seconds=60 -seed=1)
  antistrophe_label(fuzz/minute "test;fuzz" fuzz)
  set_tests_properties(fuzz/minute PROPERTIES TIMEOUT 300 COST 60)
endif()
antistrophe_label(fuzz/corpus "test;fuzz" fuzz)
set_tests_properties(fuzz/corpus PROPERTIES TIMEOUT 600)
