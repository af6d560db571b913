// The program `tpuc`; everything is in commands.cc, where tests can call it.
#include "cli/command.h"

int main(int argc, char** argv) { return tpuc::cli::run_cli(std::vector<std::string>(argv + 1, argv + argc)); }
