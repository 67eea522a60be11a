# What script/test builds and runs, and what only script/test --all adds: what takes long for what it proves. Of a processor's seconds, to
# compile + to run, about: the test programs 900 + 180, the programs of the docs 165 + 12, the examples that are short 17 + 5, all else 100.
# That is what two processors do in 12 minutes, and no more is to come into it without something going.
# The tests that are named here have the label long. What they run is no part of the target antistrophe_short, which is all other programs.
# Presets and ctest know no tiers: whoever calls them has everything.
string(TOLOWER "${CMAKE_CXX_COMPILER_ID}" antistrophe_own)
set(antistrophe_other clang)
if(antistrophe_own MATCHES "clang")
  set(antistrophe_other gnu)
endif()
set(antistrophe_long_tier
  "benchmarks/.*"  # 230 + 31
  # 350 + 168; those that are short are some seconds each, and what is read first
  "examples/(acrobot|adams|adams_stability|cde_spirals|detest|heat|laplace|latent_sde|log_ode|lynx_hare|nested_spheres)"
  "examples/(neural_cde|ornstein_uhlenbeck|pendulums|population|reversibility|sines|stochastic_orders|swing_up|white_dwarf)"
  "architecture/headers/(eigen|alone_.|together)"                   # 99
  "architecture/compile_time/quickstart"                            # 11; that of the header alone is short
  "docs/site"                                                       # 19
  # 170 + 22, optimised, for they take millions of steps
  "adjoint/(memory|workloads)" "noise/(order|there_and_back|tolerance)" "number/bit_rate" "stepper/family_round_trip"
  "stepper/family_adaptive_round_trip" "stepper/split_round_trip"
  "adjoint/allocation"                                              # 24 + 3; a law has it for every method, of states of two sizes
  "adjoint/continuous_every_method"                                 # 45 + 13; by Dopri5 alone they are short
  "field/reverse_vjp"                                               # 20 + 3; what others differentiate in reverse
  "fuzz/(corpus|minute)"                                            # 37 + 68
  # 37, optimised, and 30; without_xsimd finds the same package, FetchContent adds the same folder
  "install/(find_package|add_subdirectory|debian|vcpkg|conan)"
  "mpi/.*"                                                          # 9 + 6
  "static/${antistrophe_other}"                                      # 40; the same cases are refused by the compiler of the build
  "stepper/symbols/(${antistrophe_own}/o3|${antistrophe_other}/o.)"  # 43; that compiler at -O2 is short
  "style/lint"                                                      # 27
  "test_problems/references"                                        # 9
  "versions/.*")                                                    # 50
list(JOIN antistrophe_long_tier "|" antistrophe_long_tier)

add_custom_target(antistrophe_short)

# antistrophe_labels(<variable> <test> <label> [<program>]): the labels of the test, of which one may be long; if none is, its program is
# one of the short tier.
function(antistrophe_labels variable test label)
  if(test MATCHES "^(${antistrophe_long_tier})$")
    list(APPEND label long)
  elseif(ARGN)
    add_dependencies(antistrophe_short ${ARGN})
  endif()
  set(${variable} "${label}" PARENT_SCOPE)
endfunction()

# antistrophe_label(<test> <label> [<program>]): gives the test its labels.
function(antistrophe_label test label)
  antistrophe_labels(labels "${test}" "${label}" ${ARGN})
  set_tests_properties("${test}" PROPERTIES LABELS "${labels}")
endfunction()
