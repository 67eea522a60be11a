# What `cmake --workflow` does by cmake/workflow_presets.json, tried on a project of nothing with our presets.
#   cmake -DSOURCE_DIR=<the project> -DWORK_DIR=<a folder> -P workflow.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK_DIR}")
file(WRITE "${WORK_DIR}/CMakeLists.txt"
  "cmake_minimum_required(VERSION 3.21)\nproject(nothing NONE)\nenable_testing()\nadd_test(NAME passes COMMAND \"\${CMAKE_COMMAND}\" -E true)\n")
configure_file("${SOURCE_DIR}/CMakePresets.json" "${WORK_DIR}/CMakePresets.json" COPYONLY)
configure_file("${SOURCE_DIR}/cmake/workflow_presets.json" "${WORK_DIR}/CMakeUserPresets.json" COPYONLY)
file(READ "${SOURCE_DIR}/cmake/workflow_presets.json" presets)
string(JSON count LENGTH "${presets}" workflowPresets)
math(EXPR last "${count} - 1")
foreach(index RANGE ${last})
  string(JSON name GET "${presets}" workflowPresets ${index} name)
  execute_process(COMMAND "${CMAKE_COMMAND}" --workflow --preset "${name}" WORKING_DIRECTORY "${WORK_DIR}"
                  RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0 OR NOT text MATCHES "100% tests passed")
    message(FATAL_ERROR "cmake --workflow --preset ${name} failed (${status}):\n${text}")
  endif()
endforeach()
