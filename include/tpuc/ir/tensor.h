// A host tensor: a type and its elements. Owns its bytes (64-byte aligned) or borrows them from a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tpuc/ir/type.h"
#include "tpuc/support/check.h"

namespace tpuc {
