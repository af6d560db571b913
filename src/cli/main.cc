// The program `tpuc`; everything is in commands.cc, where tests can call it.
#include <malloc.h>

#include "cli/command.h"

int main(int argc, char** argv) {
  // Small free blocks join their neighbours at once. Joined at every large release instead, as glibc would, they take a
  // tenth of the time of a graph of a million operators.
  mallopt(M_MXFAST, 0);
  return tpuc::cli::run_cli(std::vector<std::string>(argv + 1, argv + argc));
}
