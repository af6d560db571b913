// What a network asks for, from what a file holds; and random tensors where there is no file.
#include <algorithm>
#include <cmath>

#include "driver/tensors.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"
#include "tpuc/support/npz.h"
#include "tpuc/support/suggest.h"

namespace tpuc {
namespace {

bool is_one_element(const Dims& dims) { return dims.empty() || (dims.size() == 1 && dims[0] == 1); }

// Conversions that keep the meaning of a value: float to float, whole numbers among each other, whole numbers to float.
bool can_stand_for(DType given, DType wanted) {
  if (given == wanted || is_float(wanted)) return true;
  return !is_float(given);
}

Diagnostic missing(const std::string& name, const TensorType& type, const NamedTensors& given) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& [other, tensor] : given) {
    names.push_back(other);
    if (names.size() <= 8) list += (list.empty() ? "`" : ", `") + other + "`";
  }
  const std::string near = nearest_name(name, names);
  return diagnostic(ErrorCode::E3010, "input `{}` is missing: the network wants {}", name, to_string(type))
      .note("hint", !near.empty()   ? fmt::format("did you mean `{}`, which is there?", near)
                    : given.empty() ? "the file holds no arrays"
                                    : fmt::format("the file holds {}{}", list, names.size() > 8 ? ", ..." : ""));
}

// splitmix64: a small generator that is the same everywhere.
uint64_t next_random(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

NamedTensors feed(const std::vector<ArtifactTensor>& wanted, const NamedTensors& given, bool raw) {
  NamedTensors out;
  std::vector<Diagnostic> errors;
  for (const auto& [name, type] : wanted) {
    const auto found = given.find(name);
    if (found == given.end()) {
      errors.push_back(missing(name, type, given));
      continue;
    }
    const Tensor& x = found->second;
    const bool same_shape = x.dims() == type.dims || (is_one_element(x.dims()) && is_one_element(type.dims));
    if (!same_shape) {
      errors.push_back(diagnostic(ErrorCode::E3011, "input `{}` is {}, the network wants {}", name, to_string(x.type),
                                  to_string(type))
                           .note("hint", "compile or run with --input-shape or --like for another shape"));
      continue;
    }
    if (!raw && is_quantized_border(type)) {
      out.emplace(name, quantized(x, type).reshaped(type.dims));
      continue;
    }
    if (raw ? x.dtype() != type.dtype : !can_stand_for(x.dtype(), type.dtype)) {
      errors.push_back(diagnostic(ErrorCode::E3011, "input `{}` has elements of {}, the network wants {}", name,
                                  to_string(x.dtype()), to_string(type.dtype)));
      continue;
    }
    Tensor own = converted(x, type.dtype);
    if (is_integer(x.dtype()) && is_integer(type.dtype) && size_bytes(type.dtype) < size_bytes(x.dtype()) &&
        own.to_i64() != x.to_i64())
      log::note("warning: input `{}` holds integers beyond {}: they are saturated", name, to_string(type.dtype));
    out.emplace(name, std::move(own).reshaped(type.dims));
  }
  if (!errors.empty()) throw UserError(std::move(errors));
  for (const auto& [name, tensor] : given)
    if (!out.contains(name)) log::note("note: the network has no input `{}`: ignored", name);
  return out;
}

NamedTensors read_inputs(const std::string& path, const std::vector<ArtifactTensor>& wanted) {
  bool single = false;
  {
    const MappedFile file(path);
    single = is_npy(file.bytes());
  }
  if (!single) return read_tensors(path);
  if (wanted.size() != 1)
    throw UserError(diagnostic(ErrorCode::E3012, "a .npy holds one tensor, the network has {} inputs", wanted.size())
                        .note("hint", "give a .npz with an array for each input, by name"));
  NamedTensors out;
  out.emplace(wanted.front().name, from_npy(read_npy(path), wanted.front().name));
  return out;
}

NamedTensors random_inputs(const std::vector<ArtifactTensor>& wanted, uint64_t seed) {
  NamedTensors out;
  for (const auto& [name, type] : wanted) {
    uint64_t state = seed * 0x2545f4914f6cdd1dULL;
    for (const char c : name) state = state * 31 + static_cast<unsigned char>(c);
    const DType seen = is_quantized_border(type) ? DType::F32 : type.dtype;
    Tensor t(seen, type.dims);
    std::vector<double> values(static_cast<size_t>(t.count()));
    const double most = seen == DType::Bool ? 2 : 8;
    for (double& x : values) {
      const double unit = static_cast<double>(next_random(state) >> 40) * 0x1p-24;
      x = is_float(seen) ? 2 * unit - 1 : std::floor(unit * most);
    }
    t.assign_f64(values);
    out.emplace(name, seen == type.dtype ? std::move(t) : quantized(t, type));
  }
  return out;
}

}  // namespace tpuc
