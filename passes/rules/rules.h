// Every rewrite rule, one function each, as rules.def lists them.
#pragma once

#include "tpuc/rewrite/rewriter.h"

namespace tpuc {

#define TPUC_RULE(set, function) Rule function();
#include "passes/rules.def"
#undef TPUC_RULE

}  // namespace tpuc
