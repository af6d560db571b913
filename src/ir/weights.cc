// .tpuir files and the .npz beside them: the constants too large for the text, by hash.
#include <cstring>
#include <map>

#include "tpuc/ir/text.h"
#include "tpuc/support/file.h"
#include "tpuc/support/npz_writer.h"

namespace tpuc {
namespace {

// What NumPy calls the storage of a type. bf16 goes as its bits; 4-bit elements as the packed bytes.
std::string npy_type(DType t) {
  switch (t) {
    case DType::F32:
      return "<f4";
    case DType::F16:
      return "<f2";
    case DType::F64:
      return "<f8";
    case DType::I8:
      return "|i1";
    case DType::U8:
    case DType::I4:
    case DType::U4:
      return "|u1";
    case DType::I16:
      return "<i2";
    case DType::BF16:
    case DType::U16:
      return "<u2";
    case DType::I32:
      return "<i4";
    case DType::U32:
      return "<u4";
    case DType::I64:
      return "<i8";
    case DType::U64:
      return "<u8";
    case DType::Bool:
      return "|b1";
  }
  return "|u1";
}

NpyView to_npy(const Tensor& t) {
  NpyView array{npy_type(t.dtype()), t.dims(), t.bytes()};
  if (bit_width(t.dtype()) == 4) array.shape = {static_cast<int64_t>(t.bytes().size())};
  return array;
}

using NamedViews = std::vector<std::pair<std::string, NpyView>>;

NamedViews weights_of(const Module& module) {
  std::map<std::string, const Tensor*> by_key;  // sorted: the file does not depend on the order of use
  for (const Net& net : module.nets)
    for (const auto& graph : net.stages)
      for (const auto& v : graph->constants())
        if (v->tensor().count() > kInlineElements && (!v->uses.empty() || graph->is_output(v.get())))
          by_key.emplace(constant_key(v->data->hash), &v->tensor());
  NamedViews arrays;
  for (const auto& [key, tensor] : by_key) arrays.emplace_back(key, to_npy(*tensor));
  return arrays;
}

std::string weights_path(const std::string& path) {
  const std::string_view suffix = ".tpuir";
  return (path.ends_with(suffix) ? path.substr(0, path.size() - suffix.size()) : path) + ".npz";
}

// Whether the text refers to a constant by hash: `const #`.
bool needs_weights(std::string_view text) { return text.find("const #") != std::string_view::npos; }

}  // namespace

NamedArrays text_weights(const Module& module) {
  NamedArrays arrays;
  for (const auto& [key, view] : weights_of(module))
    arrays.emplace_back(key, NpyArray{view.dtype, view.shape, {view.data.begin(), view.data.end()}});
  return arrays;
}

void save_module(const Module& module, const std::string& path) {
  const NamedViews arrays = weights_of(module);
  if (!arrays.empty()) stream_npz(weights_path(path), arrays);
  write_text_file(path, print(module));
}

Module load_module(const std::string& path) {
  const std::string text = read_text_file(path);
  NamedArrays weights;
  if (needs_weights(text)) weights = read_npz(weights_path(path));
  return parse_module(text, weights, path);
}

}  // namespace tpuc
