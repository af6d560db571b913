// Clamping as one or two AR commands.   source: TIU.md section 3
#include "backends/bm1684x/kernels/activation_step.h"

namespace tpuc::bm1684x {

void apply_activation(ops::Activation activation, const LocalTensor& result, Emitter& e) {
  if (activation == ops::Activation::None) return;
  e.ar(ArOp::Max, result, result, Arg::real(result.prec, 0.0));
  if (activation == ops::Activation::Relu6) e.ar(ArOp::Min, result, result, Arg::real(result.prec, 6.0));
}

}  // namespace tpuc::bm1684x
