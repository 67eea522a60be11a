# Runs a program of the documentation and compares what it prints with the file EXPECTED, unless that is empty:
#   cmake -DPROGRAM=<file> -DEXPECTED=<file> -P run.cmake
cmake_minimum_required(VERSION 3.21)
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} failed (${result}):\n${printed}${errors}")
endif()
file(READ "${EXPECTED}" expected)
if(NOT expected STREQUAL "" AND NOT "${printed}" STREQUAL "${expected}")
  message(FATAL_ERROR "The page says:\n${expected}\nThe program prints:\n${printed}")
endif()
