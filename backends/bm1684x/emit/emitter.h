// Typed calls that become commands: the only user of the encoders. Operands are tensors, never addresses and stride
// codes; which layout code, how many commands, and what each must wait for is decided here.
#pragma once

#include <optional>
#include <span>

#include "backends/bm1684x/emit/stream.h"
#include "backends/bm1684x/local_tensor.h"

namespace tpuc::bm1684x {

// A channel's row of requantization parameters, (scale, offset) in its first eight bytes. source: TIU.md section 6
inline constexpr int64_t kRequantRowBytes = 64;

// The copies of a table of the four-bank gather.
inline constexpr int64_t kTableCopies = 4, kTableCopyStride = 0x8000;

// An operand: a tensor in local memory, or one constant (its bits, in the operand's type).
struct Arg {
  LocalTensor tensor;
  bool is_constant = false;
  uint32_t bits = 0;
  Arg(const LocalTensor& t) : tensor(t) {}  // NOLINT(google-explicit-constructor): a tensor is an operand
  static Arg constant(uint32_t bits);
  static Arg f32(float value);
  static Arg real(Prec p, double value);  // rounded to nearest even in p
};

// Rounding field of AR (TIU.md section 2), also the iterations of div (3: four rounds).
struct ArOptions {
  uint32_t rounding = 0;
  bool a_signed = true, b_signed = true, out_signed = true;
  std::optional<Prec> b_prec{};  // of a constant b of another type than a: integers mix
  int shift = 0;                 // of an integer product, sum or difference: left, or right and rounded where negative
};

// How requantize() reads the integers and what it gives; see TIU.md section 6.
struct RequantArgs {
  bool in_signed = true, out_signed = true;  // in_signed: of int16 only, int32 always is
};

struct ConvArgs {
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int64_t pad_top = 0, pad_bottom = 0, pad_left = 0, pad_right = 0;
  int64_t insert_h = 0, insert_w = 0;           // rows and columns of padding between pixels (transposed convolution)
  bool rotate = false;                          // kernel turned by 180 degrees
  bool accumulate = false;                      // adds to the f32 or int32 result already there
  bool in_signed = true, filter_signed = true;  // of integers
  int64_t filter_zero = 0;                      // convolutions of integers: subtracted from the filters
  uint32_t pad_bits = 0;  // what padding, and inserted rows and columns, hold: in the input's type
  uint32_t pad_mode = 0;  // 0 constant, 1 reflect, 2 replicate
};

class Emitter {
 public:
  explicit Emitter(Stream& stream) : stream_(&stream) {}

  // TIU. Shapes follow `out`; an input extent of 1 against a larger one is repeated, on c only for shared tensors.
  void ar(ArOp op, const LocalTensor& out, const Arg& a, const Arg& b, const ArOptions& o = {});
  // out = a op b ? value : 0; the result's elements are no wider than those compared.
  void select(ArOp op, const LocalTensor& out, const Arg& a, const Arg& b, uint32_t value_bits, bool is_signed = true);
  void unary(ArOp op, const LocalTensor& out, const Arg& a, const ArOptions& o = {});  // cast, copy, abs, not
  // out (int16) += a * b, saturating; a, b of 8 bits.
  void mac(const LocalTensor& out, const Arg& a, const Arg& b, const ArOptions& o = {});
  void cast(const LocalTensor& out, const LocalTensor& in, uint32_t rounding = 0) {
    unary(ArOp::Cast, out, in, {.rounding = rounding});
  }
  void copy(const LocalTensor& out, const LocalTensor& in) { unary(ArOp::Copy, out, in); }
  void fill(const LocalTensor& out, uint32_t bits) { unary(ArOp::Copy, out, Arg::constant(bits)); }
  // a * b + c in one float type; b, c: constants or per-channel compact [1,C,1,1]; tensors aligned.
  void lin(const LocalTensor& out, const LocalTensor& a, const Arg& b, const Arg& c);
  // a op b ? c : d; tensors aligned and of `out`'s shape.
  void cmp(CmpOp op, const LocalTensor& out, const Arg& a, const Arg& b, const Arg& c, const Arg& d);
  // Polynomial of ascending coefficients at the same offset of every lane, type of `in`.
  void taylor(const LocalTensor& out, const LocalTensor& in, uint32_t coefficients, int64_t count);
  void rsqrt(const LocalTensor& out, const LocalTensor& in);  // f32, four rounds
  // int16 or int32 to int8 or int16 as requantize_float() of numerics/fixed_point.h says; each batch aligned, best in
  // another bank than the result. With `rows`: one (scale, offset) per channel in f32, kRequantRowBytes apart per
  // channel row, from the lane of `out` on; the other form takes one pair for all.
  void requantize(const LocalTensor& out, const LocalTensor& in, uint32_t rows, const RequantArgs& q = {});
  void requantize(const LocalTensor& out, const LocalTensor& in, float scale, float offset, const RequantArgs& q = {});
  // f32(in - zero) * scale in f32, of int8 or int16; each batch aligned.
  void dequantize(const LocalTensor& out, const LocalTensor& in, float scale, int32_t zero, bool in_signed);
  // out = table[unsigned bytes of index]: `table` is one row of 256 that every lane holds; each batch aligned.
  void look_up(const LocalTensor& out, const LocalTensor& index, const LocalTensor& table);
  // The same four times as fast, by the four-bank gather: aligned tensors where SG7.md section 2 wants them, copies of
  // the table in every lane at `table.addr` and each kTableCopyStride bytes behind.
  void look_up_banked(const LocalTensor& out, const LocalTensor& index, const LocalTensor& table);
  // Weights packed as TIU.md section 4; bias: per-channel compact in f32 or, for 8-bit integers, int32 (one command
  // more), or Arg::constant(0). `in` aligned or free strides.
  void conv(const LocalTensor& out, const LocalTensor& in, uint32_t weights, const Arg& bias, const ConvArgs& c);
  // All operands aligned. Depthwise weights [1,C,kh,kw] compact, bias per-channel compact in `in`'s type (of 8-bit
  // integers: int32, as the result), or constants.
  void depthwise(const LocalTensor& out, const LocalTensor& in, const Arg& weights, const Arg& bias, const ConvArgs& c);
  void average_pool(const LocalTensor& out, const LocalTensor& in, float factor, const ConvArgs& c);
  void max_pool(const LocalTensor& out, const LocalTensor& in, const ConvArgs& c);
  // dst[n,w,h,c] = src[n,c,h,w] between lanes (both start in lane 0): `to_lanes` spreads W over lanes (aligned result).
  void transpose_wc(const LocalTensor& out, const LocalTensor& in);
  // Channels to the lanes where `out` begins; both aligned.
  void copy_to_lanes(const LocalTensor& out, const LocalTensor& in);

  // GDMA. Shapes of both sides are equal.
  void load(const LocalTensor& out, const DdrTensor& in);  // out.shared: one channel to all lanes
  void store(const DdrTensor& out, const LocalTensor& in);
  void load_lanes(uint32_t out, const DdrTensor& in,
                  int64_t lanes);  // in: [1,lanes,1,words] to the same offset of each lane
  void ddr_copy(const DdrTensor& out, const DdrTensor& in);
  void ddr_fill(const DdrTensor& out, uint32_t bits);
  // dst[n,w,h,c] = src[n,c,h,w] in DDR; out.dims is the transposed shape, both row-major or strided with w stride 1.
  void ddr_transpose_cw(const DdrTensor& out, const DdrTensor& in);
  // out[c][i][:] = in[c][index[i]][:]; index: int32 in DDR, or with a step those of each channel, so far apart. 0 where
  // it leads outside.
  void ddr_gather(const DdrTensor& out, const DdrTensor& in, uint64_t index, int64_t count, int64_t index_step = 0);
  // out[index[i]][:] = in[i][:] in order, where it leads inside; one channel.
  void ddr_scatter(const DdrTensor& out, const DdrTensor& in, uint64_t index, int64_t count);

  Stream& stream() { return *stream_; }

 private:
  Stream* stream_;
};

}  // namespace tpuc::bm1684x
