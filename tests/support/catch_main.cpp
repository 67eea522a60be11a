// The main of every test with Catch2 2.x, compiled once; Catch2 3.x brings its own.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
