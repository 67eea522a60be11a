# Which programs that users compile script/test gives to clang++, where it has both compilers: those that run for so short a time that
# the compiler's is nearly all they take. Clang at -O0 compiles them in a third of the time that g++ takes at -O1, and they then run some 20
# to 40 times longer. Of a processor's seconds, by g++ -O1 and by clang++ -O0, to compile + to run, about:
#   benchmark_forward_mode 31 + 0.0, 11 + 0.2    benchmark_small_states 21 + 0.2, 7 + 6    published_figures    15 + 0.1, 6 + 1
#   adams                  13 + 0.2, 5 + 4.5     swing_up               11 + 0.2, 4 + 3
#   but detest             26 + 1.5, 10 + >58    acrobot                18 + 10, 9 + >146      stochastic_orders    11 + 1.2, 5 + 15
#   work_precision         29 + 1.5, 9 + >33     reversibility          5 + 0.3, 2 + 25
# By clang++ at -O1 they take as long as by g++ or longer: acrobot 24, heat 25 for 18, pendulums 29 for 30.
# Benchmarks that are tried are shorter and smaller than those that are measured (benchmarks/tried.hpp).
# All others are g++'s, and all are in the presets dev, clang and release (ANTISTROPHE_SHARE is all).
set(antistrophe_of_clang
  examples/adams examples/bouncing_ball examples/forcing examples/gradient_trap examples/laplace examples/published_figures
  examples/swing_up benchmarks/adjoints benchmarks/automatic_vjp benchmarks/brownian_path benchmarks/checkpoints benchmarks/compressed
  benchmarks/continuous_adjoints benchmarks/forward_mode benchmarks/lanes benchmarks/large_states benchmarks/networks benchmarks/neural_sde
  benchmarks/peers_ours_ensemble benchmarks/peers_ours_lorenz benchmarks/peers_ours_lotka_volterra benchmarks/peers_ours_neural_sde
  benchmarks/peers_ours_w1 benchmarks/peers_ours_wide_network benchmarks/small_states benchmarks/w1)
file(GLOB antistrophe_vowels CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/data/japanese_vowels/*.ts")
if(NOT antistrophe_vowels)  # without its data it has nothing to do; with them it learns
  list(APPEND antistrophe_of_clang examples/neural_cde)
endif()
# Of the programs of the docs, which are many and short, those that are g++'s: what is read first, and what computes for long.
set(antistrophe_docs_of_gnu
  readme_quickstart readme_check_the_vjp readme_pieces index_solve_and_differentiate getting_started_tour getting_started_objective
  adjoints_a_few_checkpoints cookbook_a_partial_differential_equation cookbook_fit_data
  cookbook_train_a_network_in_minibatches ensembles_ noise_a_divergence_from_a_prior noise_many_paths_at_once running_costs_ test_problems_)

# antistrophe_is_built_here(<variable> <folder>/<name>): whether the program is of the share of this build.
function(antistrophe_is_built_here variable program)
  set(share gnu)
  if(program IN_LIST antistrophe_of_clang)
    set(share clang)
  elseif(program MATCHES "^docs/(.*)" AND NOT CMAKE_MATCH_1 IN_LIST antistrophe_docs_of_gnu)
    set(share clang)
  endif()
  if(ANTISTROPHE_SHARE STREQUAL "all" OR ANTISTROPHE_SHARE STREQUAL share)
    set(${variable} TRUE PARENT_SCOPE)
  else()
    set(${variable} FALSE PARENT_SCOPE)
  endif()
endfunction()

# What the programs that are tried, and not measured, are optimised with.
set(antistrophe_tried_option -O1)
if(ANTISTROPHE_SHARE STREQUAL "clang")
  set(antistrophe_tried_option -O0)
endif()
