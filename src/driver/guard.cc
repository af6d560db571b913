// Turns exceptions into Failures; the only file that catches UserError and InternalError.
#include "driver/guard.h"

#include <new>
#include <stdexcept>

#include "tpuc/support/check.h"

namespace tpuc {
namespace {

Failure bug(std::string_view what) {
  Diagnostic d = diagnostic(ErrorCode::E7000, "bug in tpuc: {}", what);
  return Failure{{std::move(d).note("hint", "please report it with the model, the command and this message")}, true};
}

}  // namespace

std::optional<Failure> catch_failures(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const UserError& e) {
    return Failure{e.diagnostics(), false};
  } catch (const InternalError& e) {
    return bug(e.what());
  } catch (const std::bad_alloc&) {
    return Failure{{diagnostic(ErrorCode::E5003, "out of memory")}, false};
  } catch (const std::length_error&) {
    return Failure{{diagnostic(ErrorCode::E5003, "out of memory: a container would be longer than memory")}, false};
  } catch (const std::exception& e) {
    return bug(e.what());
  }
}

int exit_code_of(const Failure& failure) {
  if (failure.bug || failure.diagnostics.empty()) return 70;
  return exit_code_of(failure.diagnostics.front().code);
}

}  // namespace tpuc
