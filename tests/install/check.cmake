# Builds, at OPTIMISATION, and runs the consumer, which finds the library in one of two WAYs: installed (find_package), or as a folder of
# its own tree (add_subdirectory).
cmake_minimum_required(VERSION 3.21)
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "failed (${status}): ${command}\n${text}")
  endif()
  set(text "${text}" PARENT_SCOPE)
endfunction()

set(work "${WORK_DIR}/${WAY}")
file(REMOVE_RECURSE "${work}")
file(COPY "${CONSUMER}/" DESTINATION "${work}/consumer")

if(WAY STREQUAL "find_package")
  run("${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${work}/prefix")
  set(where "-DCMAKE_PREFIX_PATH=${work}/prefix")
else()
  # Only what a consumer needs: the library configures without its tests, examples and docs.
  file(COPY "${SOURCE_DIR}/CMakeLists.txt" "${SOURCE_DIR}/cmake" "${SOURCE_DIR}/include"
       DESTINATION "${work}/consumer/antistrophe")
  set(where "-DADD_SUBDIRECTORY=ON")
endif()

run("${CMAKE_COMMAND}" -S "${work}/consumer" -B "${work}/build" -G "${GENERATOR}" "-DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DEigen3_DIR=${EIGEN_DIR}" -DCMAKE_BUILD_TYPE=None "${where}"
    "-DOPTIMISATION=${OPTIMISATION}" "-DEXPECTED_VERSION=${VERSION}")
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")
message(STATUS "${WAY}: ${text}")
