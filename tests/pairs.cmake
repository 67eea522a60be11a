# Prints how many (law, method) pairs ctest runs, and fails where there are fewer than are recorded: a law or a method has
# then been lost. Their names are "<law> - <method>".
#   cmake -DFOLDER=… -DRECORDED=… -P pairs.cmake
file(GLOB lists "${FOLDER}/*_tests.cmake")
set(pairs 0)
foreach(list IN LISTS lists)
  file(STRINGS "${list}" entries REGEX "^(# pair: |add_test\\(.* - [^*])")
  list(LENGTH entries count)
  math(EXPR pairs "${pairs} + ${count}")
endforeach()
message(STATUS "${pairs} (law, method) pairs, of at least ${RECORDED}")
if(pairs LESS RECORDED)
  message(FATAL_ERROR "there were ${RECORDED} pairs before")
endif()
