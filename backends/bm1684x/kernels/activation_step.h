// The activation that an operator carries, applied to its finished result in place.
#pragma once

#include "backends/bm1684x/emit/emitter.h"
#include "ops/activation_attr.h"

namespace tpuc::bm1684x {

void apply_activation(ops::Activation activation, const LocalTensor& result, Emitter& e);

}  // namespace tpuc::bm1684x
