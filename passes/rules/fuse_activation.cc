// relu(p(...))  ->  p(...){activation=relu}     clip{0,6}(p(...))  ->  p(...){activation=relu6}
//   p: conv2d, conv_transpose2d, matmul, add, scale; used once, without activation
#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// exact: rounding to the result's type is monotonic and keeps 0 and 6, so clamping before or after it is the same.
template <class P>
Outcome fuse(const Match& m, Rewriter& rw, Activation activation) {
  const Op& producer = m.op("producer");
  auto attrs = producer.template attrs<P>();
  if (attrs.activation != Activation::None) return rw.no_match("the producer carries an activation");
  if (!is_float(producer.out(0)->type.dtype)) return rw.no_match("the producer computes integers");
  attrs.activation = activation;
  return rw.replace_root(rw.template add<P>(producer.in(), attrs));
}

template <class P>
Outcome fuse_relu(const Match& m, const Op&, Rewriter& rw) {
  return fuse<P>(m, rw, Activation::Relu);
}
template <class P>
Outcome fuse_relu6(const Match& m, const Op& root, Rewriter& rw) {
  const auto& clip = root.attrs<Clip>();
  if (clip.min != 0.0f || clip.max != 6.0f) return rw.no_match("the bounds are not 0 and 6");
  return fuse<P>(m, rw, Activation::Relu6);
}

template <class P>
Rule relu(std::string_view name) {
  return {name, "relu becomes an attribute of its producer", pat::op<Relu>(pat::op<P>().one_use().as("producer")),
          fuse_relu<P>};
}
template <class P>
Rule relu6(std::string_view name) {
  return {name, "clip to 0..6 becomes an attribute of its producer",
          pat::op<Clip>(pat::op<P>().one_use().as("producer")), fuse_relu6<P>};
}

}  // namespace

Rule fuse_relu_into_conv() { return relu<Conv2d>("fuse-relu-into-conv"); }
Rule fuse_relu_into_conv_transpose() { return relu<ConvTranspose2d>("fuse-relu-into-conv-transpose"); }
Rule fuse_relu_into_matmul() { return relu<MatMul>("fuse-relu-into-matmul"); }
Rule fuse_relu_into_add() { return relu<Add>("fuse-relu-into-add"); }
Rule fuse_relu_into_scale() { return relu<Scale>("fuse-relu-into-scale"); }
Rule fuse_relu6_into_conv() { return relu6<Conv2d>("fuse-relu6-into-conv"); }
Rule fuse_relu6_into_conv_transpose() { return relu6<ConvTranspose2d>("fuse-relu6-into-conv-transpose"); }
Rule fuse_relu6_into_matmul() { return relu6<MatMul>("fuse-relu6-into-matmul"); }
Rule fuse_relu6_into_add() { return relu6<Add>("fuse-relu6-into-add"); }
Rule fuse_relu6_into_scale() { return relu6<Scale>("fuse-relu6-into-scale"); }

}  // namespace tpuc
