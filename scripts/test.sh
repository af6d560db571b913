#!/bin/bash
# Installs what is needed, builds the release preset and runs all tests; the last lines are ctest's summary.
#   CI=true: also runs the unit and error tests under the address and undefined-behaviour sanitizers, before that.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_deps.sh
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-2}

configure_and_build() {   # preset, options
  cmake --preset "$1" ${CI:+-DTPUC_WERROR=ON} "${@:2}"
  cmake --build --preset "$1"
}

if [ "${CI:-}" = true ]; then
  # Leaks are not looked for: oneDNN keeps its caches until the end.
  configure_and_build asan -DTPUC_PCH=ON
  ASAN_OPTIONS=detect_leaks=0 TPUC_FUZZ_CASES=400 ctest --preset asan -R '^(unit|errors|fuzz)' -LE slow
fi
configure_and_build release
ctest --preset release "$@"
