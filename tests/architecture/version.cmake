# The newest version of CHANGELOG.md is the version of the library.
cmake_minimum_required(VERSION 3.21)
file(STRINGS "${CHANGELOG}" headings REGEX "^## [0-9]")
list(GET headings 0 newest)
if(NOT newest MATCHES "^## ${VERSION}( |$)")
  message(FATAL_ERROR "CHANGELOG.md begins with '${newest}', but core/version.hpp says ${VERSION}")
endif()
