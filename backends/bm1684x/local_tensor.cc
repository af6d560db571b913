// Address arithmetic of local and DDR tensors.   source: TIU.md section 2, GDMA.md section 4
#include "backends/bm1684x/local_tensor.h"

#include <algorithm>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

Region whole(const Shape4& dims) { return {{0, 0, 0, 0}, dims}; }

Region unite(const Region& a, const Region& b) {
  Region r;
  for (size_t i = 0; i < 4; ++i) {
    r.begin[i] = std::min(a.begin[i], b.begin[i]);
    r.extent[i] = std::max(a.begin[i] + a.extent[i], b.begin[i] + b.extent[i]) - r.begin[i];
  }
  return r;
}

int64_t LocalTensor::span_bytes() const {
  const int64_t last =
      (dims[0] - 1) * strides[0] + (rows() - 1) * strides[1] + (dims[2] - 1) * strides[2] + (dims[3] - 1) * strides[3];
  return (last + 1) * elem_bytes();
}

bool LocalTensor::is_aligned() const {
  if (shared || offset() % kEuBytes != 0) return false;
  const LocalTensor a = aligned(addr, prec, dims);
  for (size_t i = 0; i < 4; ++i) {
    const int64_t steps = i == 1 ? rows() : dims[i];
    if (steps > 1 && strides[i] != a.strides[i]) return false;
  }
  return true;
}

LocalTensor LocalTensor::at(int64_t n, int64_t c, int64_t h, int64_t w, const Shape4& extent) const {
  TPUC_CHECK(c % kLanes == 0, "a box of a local tensor starts at channel {}", c);
  LocalTensor t = *this;
  const int64_t skip = n * strides[0] + c / kLanes * strides[1] + h * strides[2] + w * strides[3];
  t.addr += static_cast<uint32_t>(skip * elem_bytes());
  t.dims = extent;
  return t;
}

LocalTensor LocalTensor::channels(int64_t first, int64_t count) const {
  LocalTensor t = *this;
  const int64_t lane = static_cast<int64_t>(addr >> 18) + first;
  t.addr = static_cast<uint32_t>(lane % kLanes << 18) |
           (offset() + static_cast<uint32_t>(lane / kLanes * strides[1] * elem_bytes()));
  t.dims[1] = count;
  return t;
}

LocalTensor aligned(uint32_t addr, Prec prec, const Shape4& dims) {
  LocalTensor t{addr, prec, dims, {}, false};
  const int64_t cs = align_up(dims[2] * dims[3], kEuBytes / t.elem_bytes());
  t.strides = {t.rows() * cs, cs, dims[3], 1};
  return t;
}

LocalTensor compact(uint32_t addr, Prec prec, const Shape4& dims) {
  LocalTensor t{addr, prec, dims, {}, false};
  const int64_t cs = dims[2] * dims[3];
  t.strides = {t.rows() * cs, cs, dims[3], 1};
  return t;
}

LocalTensor shared_row(uint32_t addr, Prec prec, const Shape4& dims) {
  TPUC_CHECK(dims[1] == 1, "a shared tensor has one channel, not {}", dims[1]);
  LocalTensor t = aligned(addr, prec, dims);
  t.strides[0] = t.strides[1];
  t.strides[1] = 0;
  t.shared = true;
  return t;
}

int64_t aligned_bytes(Prec prec, const Shape4& dims) {
  const int64_t size = size_of(prec);
  return dims[0] * ceil_div(dims[1], kLanes) * align64(dims[2] * dims[3] * size);
}

DdrTensor DdrTensor::box(const Region& r) const {
  DdrTensor t = *this;
  for (size_t i = 0; i < 4; ++i) t.addr += static_cast<uint64_t>(r.begin[i] * strides[i] * elem_bytes);
  t.dims = r.extent;
  return t;
}

Prec prec_of(DType t) {
  switch (t) {
    case DType::F32:
      return Prec::F32;
    case DType::F16:
      return Prec::F16;
    case DType::BF16:
      return Prec::BF16;
    case DType::I8:
    case DType::U8:
    case DType::Bool:  // a byte of 0 or 1
      return Prec::I8;
    case DType::I16:
    case DType::U16:
      return Prec::I16;
    case DType::I32:
    case DType::U32:
      return Prec::I32;
    case DType::F64:
    case DType::I64:
    case DType::U64:
    case DType::I4:
    case DType::U4:
      break;
  }
  TPUC_CHECK(false, "the chip has no {}", to_string(t));
  return Prec::F32;
}

}  // namespace tpuc::bm1684x
