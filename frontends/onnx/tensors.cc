// Stored tensors of all encodings. Lengths are checked against the shape before memory is taken.
#include "frontends/onnx/tensors.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "ops/import.h"

namespace tpuc::frontend {

namespace {

constexpr size_t kAdoptBytes = 4096;  // smaller tensors are copied: one allocation fewer to keep alive

TensorType type_of(const onnx::TensorProto& p) {
  const auto dtype = ops::onnx_dtype(p.data_type());
  if (!dtype)
    throw UserError(diagnostic(ErrorCode::E1020, "tensor `{}` holds {}", p.name(), ops::onnx_type_name(p.data_type())));
  Dims dims(p.dims().begin(), p.dims().end());
  if (!is_sane(dims, *dtype))
    throw UserError(diagnostic(ErrorCode::E1023, "tensor `{}` has the shape {}", p.name(), to_string(dims)));
  return {*dtype, std::move(dims), {}};
}

void check_length(const onnx::TensorProto& p, const TensorType& type, int64_t bytes) {
  if (bytes == byte_count(type)) return;
  throw UserError(diagnostic(ErrorCode::E1018, "tensor `{}` has {} bytes of data, {} needs {}", p.name(), bytes,
                             to_string(type), byte_count(type)));
}

// Values of a typed field, each of which holds one element (4-bit types: one byte of two) in its low bits.
template <class Stored, class Field>
Tensor narrow(const onnx::TensorProto& p, TensorType type, const Field& field) {
  check_length(p, type, static_cast<int64_t>(field.size()) * static_cast<int64_t>(sizeof(Stored)));
  Tensor t(std::move(type));
  auto bytes = t.mutable_bytes();
  auto* to = reinterpret_cast<Stored*>(bytes.data());
  std::transform(field.begin(), field.end(), to, [](auto v) { return static_cast<Stored>(v); });
  return t;
}

Tensor from_typed_field(const onnx::TensorProto& p, TensorType type) {
  switch (type.dtype) {
    case DType::F32:
      return narrow<float>(p, std::move(type), p.float_data());
    case DType::F64:
      return narrow<double>(p, std::move(type), p.double_data());
    case DType::I64:
      return narrow<int64_t>(p, std::move(type), p.int64_data());
    case DType::U64:
      return narrow<uint64_t>(p, std::move(type), p.uint64_data());
    case DType::U32:
      return narrow<uint32_t>(p, std::move(type), p.uint64_data());
    case DType::I32:
      return narrow<int32_t>(p, std::move(type), p.int32_data());
    case DType::F16:
    case DType::BF16:
    case DType::I16:
    case DType::U16:
      return narrow<uint16_t>(p, std::move(type), p.int32_data());
    case DType::I8:
    case DType::U8:
    case DType::Bool:
    case DType::I4:
    case DType::U4:
      return narrow<uint8_t>(p, std::move(type), p.int32_data());
  }
  TPUC_CHECK(false, "no such element type");
}

int64_t parse_number(const onnx::TensorProto& p, const std::string& key, const std::string& text) {
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0)
    throw UserError(diagnostic(ErrorCode::E1019, "tensor `{}`: external data has {} `{}`", p.name(), key, text));
  return value;
}

// Borrowed where the file's offset suits the element type, copied otherwise.
Tensor from_external(const onnx::TensorProto& p, TensorType type, ExternalData& files) {
  std::string location;
  int64_t offset = 0, length = -1;
  for (const auto& entry : p.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = parse_number(p, "offset", entry.value());
    if (entry.key() == "length") length = parse_number(p, "length", entry.value());
  }
  const int64_t needed = byte_count(type);
  if (length >= 0) check_length(p, type, length);
  const auto bytes = files.get(location, offset, needed);
  if (reinterpret_cast<uintptr_t>(bytes.data()) % static_cast<uintptr_t>(size_bytes(type.dtype)) == 0)
    return Tensor::borrow(std::move(type), bytes);
  Tensor t(std::move(type));
  std::copy(bytes.begin(), bytes.end(), t.mutable_bytes().begin());
  return t;
}

// ONNX leaves open what a bool byte other than 0 and 1 means; everything here counts on 0 and 1.
Tensor normalise_bool(Tensor t) {
  const auto values = t.as<uint8_t>();
  if (std::all_of(values.begin(), values.end(), [](uint8_t v) { return v <= 1; })) return t;
  for (uint8_t& v : t.as_mutable<uint8_t>()) v = v != 0;
  return t;
}

}  // namespace

Tensor TensorReader::adopt(TensorType type, std::string* raw) {
  std::shared_ptr<std::string> owned(raw);
  const auto bytes = std::as_bytes(std::span(*owned));
  if (bytes.size() >= kAdoptBytes) {
    keep_alive_.emplace_back(std::move(owned));
    return Tensor::borrow(std::move(type), bytes);
  }
  Tensor t(std::move(type));
  std::copy(bytes.begin(), bytes.end(), t.mutable_bytes().begin());
  return t;
}

Tensor TensorReader::read(onnx::TensorProto& p) {
  TensorType type = type_of(p);
  const bool is_bool = type.dtype == DType::Bool;
  if (p.has_segment())
    throw UserError(diagnostic(ErrorCode::E1018, "tensor `{}` is stored in segments", p.name())
                        .note("hint", "no exporter writes these: the file may be damaged"));
  Tensor t;
  if (p.data_location() == onnx::TensorProto::EXTERNAL) {
    t = from_external(p, std::move(type), external_);
  } else if (p.has_raw_data()) {
    check_length(p, type, static_cast<int64_t>(p.raw_data().size()));
    t = adopt(std::move(type), p.release_raw_data());
  } else {
    t = from_typed_field(p, std::move(type));
  }
  return is_bool ? normalise_bool(std::move(t)) : std::move(t);
}

std::vector<std::any> TensorReader::take_memory() {
  auto all = external_.take_memory();
  all.insert(all.end(), std::make_move_iterator(keep_alive_.begin()), std::make_move_iterator(keep_alive_.end()));
  keep_alive_.clear();
  return all;
}

}  // namespace tpuc::frontend
