// The one translation unit that carries Catch2's main, shared by every unit test program.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
