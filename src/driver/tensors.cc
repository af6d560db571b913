// Tensors in and out of the embedding API's arrays; element types converted.
#include "driver/tensors.h"

#include <cmath>
#include <cstring>

#include "tpuc/support/check.h"

namespace tpuc {
namespace {

void copy_bytes(Tensor& to, std::span<const std::byte> from) {
  if (!from.empty()) std::memcpy(to.mutable_bytes().data(), from.data(), from.size());
}

}  // namespace

NamedTensors to_tensors(const Arrays& arrays) {
  NamedTensors out;
  for (const auto& [name, array] : arrays) {
    const std::optional<DType> dtype = parse_dtype(array.dtype);
    if (!dtype || bit_width(*dtype) < 8)
      throw UserError(
          diagnostic(ErrorCode::E3011, "array `{}` has element type `{}`, which is not known", name, array.dtype));
    if (!is_sane(array.shape, *dtype) ||
        byte_count({*dtype, array.shape, {}}) != static_cast<int64_t>(array.data.size()))
      throw UserError(diagnostic(ErrorCode::E3011, "array `{}` has {} bytes, which is not what {}{} takes", name,
                                 array.data.size(), array.dtype, to_string(array.shape)));
    Tensor t(*dtype, array.shape);
    copy_bytes(t, array.data);
    out.emplace(name, std::move(t));
  }
  return out;
}

Arrays to_arrays(const NamedTensors& tensors) {
  Arrays out;
  for (const auto& [name, t] : tensors)
    out.emplace(name, Array{std::string(to_string(t.dtype())), t.dims(), {t.bytes().begin(), t.bytes().end()}});
  return out;
}

Tensor converted(const Tensor& x, DType to) {
  if (x.dtype() == to) return x;
  Tensor out(to, x.dims());
  if (is_integer(x.dtype()) && is_integer(to) && size_bytes(x.dtype()) == 8 && size_bytes(to) == 8)
    copy_bytes(out, x.bytes());  // i64 and u64: f64 would lose digits
  else if (x.dtype() == DType::F64 || size_bytes(x.dtype()) >= 4)
    out.assign_f64(x.to_f64());
  else
    out.assign_f32(x.to_f32());
  return out;
}

bool is_quantized_border(const TensorType& t) { return t.quant && t.quant->scale.size() == 1 && is_integer(t.dtype); }

std::vector<ArtifactTensor> as_seen(std::vector<ArtifactTensor> tensors) {
  for (auto& [name, type] : tensors)
    if (is_quantized_border(type)) type = {DType::F32, type.dims, {}};
  return tensors;
}

Tensor quantized(const Tensor& x, const TensorType& to) {
  const double factor = 1 / to.quant->scale.front();
  const double zero = to.quant->zero.empty() ? 0 : to.quant->zero.front();
  std::vector<double> values = x.to_f64();
  for (double& v : values) v = std::isnan(v) ? 0 : std::round(v * factor) + zero;
  Tensor q(to.dtype, x.dims());
  q.assign_f64(values);
  return q;
}

Tensor dequantized(const Tensor& q, const TensorType& type) {
  if (!is_quantized_border(type)) return q;
  const float zero = type.quant->zero.empty() ? 0 : static_cast<float>(type.quant->zero.front());
  std::vector<float> values = q.to_f32();
  for (float& v : values) v = (v - zero) * type.quant->scale.front();
  return Tensor::from_f32(q.dims(), values);
}

NamedTensors results_of(const Graph& graph, NamedTensors tensors, bool raw) {
  for (const Value* v : graph.outputs())
    if (const auto found = tensors.find(v->name); !raw && found != tensors.end())
      found->second = dequantized(found->second, v->type);
  return tensors;
}

}  // namespace tpuc
