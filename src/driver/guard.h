// Where exceptions end: everything that can throw runs inside catch_failures, for the library and the command line
// alike.
#pragma once

#include <functional>
#include <optional>

#include "tpuc/status.h"

namespace tpuc {

// Nothing when `work` returned; otherwise why it did not: UserError as it is, running out of memory as E5003, and
// everything else as a bug.
std::optional<Failure> catch_failures(const std::function<void()>& work);

// What a failure answers to the shell: the exit code of its first diagnostic, or 70 for a bug.
int exit_code_of(const Failure& failure);

}  // namespace tpuc
