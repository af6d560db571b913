// Commands of later issues: any arguments, one answer.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "cli/command.h"

namespace tpuc::cli {

Run define_later(CLI::App& app, std::any&) {
  app.allow_extras();
  return [&app] {
    not_yet("tpuc " + app.get_name());
    return 2;
  };
}

}  // namespace tpuc::cli
