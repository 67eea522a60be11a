# Writes a ctest entry for each test case of a Catch2 program: <prefix>: <name of the test case>.
#   cmake -DPROGRAM=… -DPREFIX=… -DOUTPUT=… "-DLIST=<option>;…" -P discover.cmake
execute_process(COMMAND "${PROGRAM}" ${LIST} OUTPUT_VARIABLE names ERROR_VARIABLE errors)
string(REPLACE ";" "\\;" names "${names}")
string(REPLACE "[" "<bracket>" names "${names}")  # a list's brackets would hold its entries together
string(REPLACE "]" "<close>" names "${names}")
string(REPLACE "\n" ";" names "${names}")
set(script "")
set(count 0)
foreach(name IN LISTS names)
  if(name STREQUAL "")
    continue()
  endif()
  string(REPLACE "<bracket>" "[" name "${name}")
  string(REPLACE "<close>" "]" name "${name}")
  set(test "[==[${PREFIX}: ${name}]==]")
  # To Catch2 a comma stands between two names, also between quotes; and who asks for a test that is not there is to be told.
  string(REPLACE "\\" "\\\\" argument "${name}")
  string(REPLACE "," "\\," argument "${argument}")
  string(APPEND script "add_test(${test} [==[${PROGRAM}]==] -w NoTests [==[\"${argument}\"]==])\n"
                       "set_tests_properties(${test} PROPERTIES TIMEOUT 600 LABELS test)\n")
  math(EXPR count "${count} + 1")
endforeach()
if(count EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} lists no test case: ${errors}")
endif()
file(WRITE "${OUTPUT}" "${script}")
