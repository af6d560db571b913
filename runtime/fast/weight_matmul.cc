// See the header. Sums are matmul's; halves are widened before and rounded once behind, as the executor does it.
#include "runtime/fast/weight_matmul.h"

#include <memory>

#include "ops/matmul.h"
#include "ops/weight_matmul.h"
#include "runtime/fast/half_rows.h"

namespace tpuc::fast {
namespace {

// What the inner kernel points to.
struct Inner {
  std::any attrs;
  Tensor weights;
  Kernel kernel;
  DType type = DType::F32;

  void run(EvalArgs in, Tensor& out) const {
    Tensor wide_in, wide_out;
    const bool is_half = type != DType::F32;
    if (is_half) {
      wide_in = Tensor(DType::F32, in[0].dims());
      wide_out = Tensor(DType::F32, out.dims());
      widen(in[0], wide_in);
    }
    std::vector<const Tensor*> args = {is_half ? &wide_in : &in[0], &weights};
    if (in.has(3)) args.push_back(&in[3]);
    kernel({args}, std::span(is_half ? &wide_out : &out, 1));
    if (is_half) narrow(wide_out, out);
  }
};

}  // namespace

Kernel prepare_weight_matmul(const Site& site, Prepare matmul) {
  if (site.constant(1) == nullptr || site.constant(2) == nullptr || site.in[0].dims.size() < 2) return {};
  const auto& attrs = site.attrs_of<ops::WeightMatMul>();
  auto inner = std::make_shared<Inner>();
  inner->type = site.in[0].dtype;
  inner->attrs = ops::MatMul::Attrs{.activation = attrs.activation};
  const Tensor rounded =
      ops::dequantized_weights(*site.constant(1), *site.constant(2), attrs, site.dims(0).back(), inner->type);
  inner->weights = Tensor::from_f32(rounded.dims(), rounded.to_f32());
  Site product;
  product.op = ops::MatMul::kName;
  product.attrs = &inner->attrs;
  product.in = {{DType::F32, site.dims(0), {}}, inner->weights.type};
  product.out = {{DType::F32, site.out[0].dims, {}}};
  product.constants = {nullptr, &inner->weights};
  product.present = {true, true};
  if (site.has(3)) {
    product.in.push_back(site.in[3]);
    product.constants.push_back(site.constant(3));
    product.present.push_back(true);
  }
  inner->kernel = matmul(product);
  if (!inner->kernel) return {};
  return [inner](EvalArgs in, std::span<Tensor> out) { inner->run(in, out[0]); };
}

}  // namespace tpuc::fast
