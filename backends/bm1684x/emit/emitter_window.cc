// Convolution, depthwise and pooling commands from typed operands.   source: TIU.md sections 4 and 5
#include <bit>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/isa/isa.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t u32(int64_t v) { return static_cast<uint32_t>(v); }

// Input channels that one block of packed weights holds. source: TIU.md section 4
int64_t block_channels(Prec p) { return kEuBytes / (p == Prec::F32 ? kEuBytes : size_of(p)); }

template <class I>
void set_window(I& i, const LocalTensor& out, const LocalTensor& in, const ConvArgs& c) {
  for (const int64_t x :
       {c.stride_h, c.stride_w, c.dilation_h, c.dilation_w, c.pad_top, c.pad_bottom, c.pad_left, c.pad_right})
    TPUC_CHECK(x >= 0 && x <= kMaxConvStep, "window parameter {} leaves 0..15", x);
  for (const int64_t x : out.dims) TPUC_CHECK(x >= 1 && x <= kMaxDim, "extent {} of a command leaves 1..65535", x);
  i.res0_prec = out.prec;
  i.opd0_prec = in.prec;
  i.opd0_sign = c.in_signed;
  i.opd1_sign = i.opd2_sign = c.filter_signed;
  i.pad_mode = c.pad_mode;
  i.kernel_rotate = c.rotate;
  i.opd0_up_pad = u32(c.pad_top), i.opd0_dn_pad = u32(c.pad_bottom), i.opd0_lf_pad = u32(c.pad_left),
  i.opd0_rt_pad = u32(c.pad_right);
  i.res_op_y_str = u32(c.stride_h), i.res_op_x_str = u32(c.stride_w);
  i.opd0_y_ins0 = u32(c.insert_h), i.opd0_x_ins0 = u32(c.insert_w);
  i.opd1_y_ins0 = u32(c.dilation_h - 1), i.opd1_x_ins0 = u32(c.dilation_w - 1);
  i.opd3_const = 1;
  i.opd3_addr = c.pad_bits;
  if (c.insert_h > 0 || c.insert_w > 0) i.res1_addr = c.pad_bits;
  i.res0_n = u32(out.dims[0]), i.res0_c = u32(out.dims[1]), i.res0_h = u32(out.dims[2]), i.res0_w = u32(out.dims[3]);
  i.opd0_h = u32(in.dims[2]), i.opd0_w = u32(in.dims[3]);
  i.opd1_h = u32(c.kernel_h), i.opd1_w = u32(c.kernel_w);
  i.res0_addr = out.addr;
  i.opd0_addr = in.addr;
}

Access access(const LocalTensor& t, bool write) { return {t.offset(), t.offset() + t.span_bytes(), write}; }
Access bytes_at(uint32_t addr, int64_t bytes) {
  const int64_t begin = addr & 0x3ffff;
  return {begin, begin + bytes, false};
}

Pord pord(PordOp op, const LocalTensor& out, const LocalTensor& in, const ConvArgs& c) {
  TPUC_CHECK(out.is_aligned() && in.is_aligned(), "a window command wants aligned tensors");
  Pord i;
  i.eu = op;
  set_window(i, out, in, c);
  return i;
}

}  // namespace

void Emitter::conv(const LocalTensor& out, const LocalTensor& in, uint32_t weights, const Arg& bias,
                   const ConvArgs& c) {
  TPUC_CHECK(out.is_aligned(), "the result of a convolution is not aligned");
  if (in.prec == Prec::I8 && !bias.is_constant) {  // the command adds no bias: it is what the result holds before
    ConvArgs more = c;
    more.accumulate = true;
    copy(out, bias.tensor);
    return conv(out, in, weights, Arg::constant(0), more);
  }
  const bool free_input = !in.is_aligned();
  Shape4 s = in.strides;
  if (in.dims[0] == 1) s[0] = 0;
  if (in.rows() == 1) s[1] = 0;
  if (in.dims[2] == 1) s[2] = 0;
  if (in.dims[3] == 1 && s[3] > kMaxStride16) s[3] = 0;
  for (const int64_t x : s)
    TPUC_CHECK(!free_input || x <= kMaxStride16, "stride {} of a convolution's input leaves 16 bits", x);
  Conv i;
  set_window(i, out, in, c);
  i.opd0_c = u32(in.dims[1]);
  i.opd0_str = free_input ? Layout::Free : Layout::Aligned;
  if (free_input)
    i.opd0_n_str = u32(s[0]), i.opd0_c_str = u32(s[1]), i.opd0_h_str = u32(s[2]), i.opd0_w_str = u32(s[3]);
  i.opd1_addr = weights;
  i.opd2_const = bias.is_constant;
  i.opd2_addr = bias.is_constant ? bias.bits : bias.tensor.addr;
  if (in.prec == Prec::I8) i.opd2_addr = u32(c.filter_zero) & 0xff;
  i.res_add = c.accumulate;
  const int64_t q = block_channels(in.prec);
  const int64_t group_bytes = ceil_div(in.dims[1], q) * q * c.kernel_h * c.kernel_w * in.elem_bytes();
  std::vector<Access> accesses{access(in, false), bytes_at(weights, out.rows() * group_bytes)};
  if (!bias.is_constant) accesses.push_back(access(bias.tensor, false));
  if (c.accumulate) accesses.push_back(access(out, false));
  accesses.push_back(access(out, true));
  stream_->tiu(i, accesses);
}

void Emitter::depthwise(const LocalTensor& out, const LocalTensor& in, const Arg& weights, const Arg& bias,
                        const ConvArgs& c) {
  Pord i = pord(PordOp::Depthwise, out, in, c);
  i.opd1_const = weights.is_constant;
  i.opd1_addr = weights.is_constant ? weights.bits : weights.tensor.addr;
  i.opd2_const = bias.is_constant;
  i.opd2_addr = bias.is_constant ? bias.bits : bias.tensor.addr;
  std::vector<Access> accesses{access(in, false)};
  for (const Arg* a : {&weights, &bias})
    if (!a->is_constant) accesses.push_back(access(a->tensor, false));
  accesses.push_back(access(out, true));
  stream_->tiu(i, accesses);
}

void Emitter::average_pool(const LocalTensor& out, const LocalTensor& in, float factor, const ConvArgs& c) {
  Pord i = pord(PordOp::Average, out, in, c);
  i.opd1_const = 1;
  i.opd1_addr = Arg::real(in.prec, factor).bits;
  i.opd2_const = 1;
  stream_->tiu(i, {access(in, false), access(out, true)});
}

void Emitter::max_pool(const LocalTensor& out, const LocalTensor& in, const ConvArgs& c) {
  stream_->tiu(pord(PordOp::Max, out, in, c), {access(in, false), access(out, true)});
}

}  // namespace tpuc::bm1684x
