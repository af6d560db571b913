// Types of values: element type, static dimensions, optional quantization. Row-major, NCHW axis order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tpuc {

enum class DType : uint8_t { F32, F16, BF16, F64, I8, U8, I16, U16, I32, U32, I64, U64, Bool, I4, U4 };

using Dims = std::vector<int64_t>;

// Bits one element takes in storage (I4, U4: 4, two to a byte, low half first).
int bit_width(DType t);
// Bytes of one element; 1 for the 4-bit types, which never stand alone.
int64_t size_bytes(DType t);
bool is_float(DType t);
bool is_integer(DType t);  // Bool is neither
bool is_signed(DType t);
std::string_view to_string(DType t);  // "f32"
std::optional<DType> parse_dtype(std::string_view text);
// True when every value of `narrow` is exactly a value of `wide`.
bool holds_all_values(DType wide, DType narrow);

// real = scale * (q - zero). Per tensor: one scale, axis -1. Per axis: one per index of `axis`.
// Per block (grouped int4): scale is [dims[axis] x blocks], `block` elements of `block_axis` share one.
struct Quant {
  std::vector<float> scale;
  std::vector<int32_t> zero;
  int axis = -1;
  int block_axis = -1;
  int64_t block = 0;
  bool operator==(const Quant&) const = default;
};

struct TensorType {
  DType dtype = DType::F32;
  Dims dims;
  std::optional<Quant> quant;
  bool operator==(const TensorType&) const = default;
};

// Product of the dimensions (1 for rank 0). Dimensions were checked when the type was made: no overflow.
int64_t element_count(const Dims& dims);
int64_t element_count(const TensorType& t);
int64_t byte_count(const TensorType& t);
// True when all dimensions are >= 0 and the tensor's bytes fit in `limit_bytes`.
bool is_sane(const Dims& dims, DType t, int64_t limit_bytes = int64_t{1} << 40);
Dims row_major_strides(const Dims& dims);  // elements

// numpy broadcasting; nothing when the shapes do not go together.
std::optional<Dims> broadcast(const Dims& a, const Dims& b);

std::string to_string(const Dims& dims);     // "[1,3,224,224]"
std::string to_string(const TensorType& t);  // "f32[1,3,224,224]", quantization appended as <...>

}  // namespace tpuc
