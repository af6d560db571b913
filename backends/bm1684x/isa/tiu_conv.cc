// Which CONV and PorD commands the chip takes, and where their operands lie.   source: TIU.md sections 4 and 5
#include "backends/bm1684x/isa/tiu_conv.h"

#include "backends/bm1684x/isa/tiu_checks.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

// Of one axis: does the window fit, and does the result have the size that follows?
std::string wrong_extent(const char* axis, uint64_t size, uint64_t ins, uint64_t pad, uint64_t kernel,
                         uint64_t dilation, uint64_t stride, uint64_t result) {
  if (stride == 0) return fmt::format("{} stride is 0", axis);
  const uint64_t padded = (size - 1) * (ins + 1) + 1 + pad, window = (kernel - 1) * dilation + 1;
  if (window > padded)
    return fmt::format("{} window of {} is larger than the padded input of {}", axis, window, padded);
  const uint64_t expected = (padded - window) / stride + 1;
  if (expected != result) return fmt::format("{} result has size {}, the window gives {}", axis, result, expected);
  return {};
}

template <class I>
std::string wrong_geometry(const I& i) {
  return first_of({wrong_extent("vertical", i.opd0_h, i.opd0_y_ins0, uint64_t{i.opd0_up_pad} + i.opd0_dn_pad, i.opd1_h,
                                uint64_t{i.opd1_y_ins0} + 1, i.res_op_y_str, i.res0_h),
                   wrong_extent("horizontal", i.opd0_w, i.opd0_x_ins0, uint64_t{i.opd0_lf_pad} + i.opd0_rt_pad,
                                i.opd1_w, uint64_t{i.opd1_x_ins0} + 1, i.res_op_x_str, i.res0_w)});
}

// Reflection repeats no edge: it needs more than `pad` rows.
template <class I>
std::string wrong_padding(const I& i) {
  const uint64_t h = uint64_t{i.opd0_h - 1} * (i.opd0_y_ins0 + 1) + 1,
                 w = uint64_t{i.opd0_w - 1} * (i.opd0_x_ins0 + 1) + 1;
  const auto too_far = [](uint64_t a, uint64_t b, uint64_t size) { return a >= size || b >= size; };
  const bool bad =
      i.pad_mode == 1 && (too_far(i.opd0_up_pad, i.opd0_dn_pad, h) || too_far(i.opd0_lf_pad, i.opd0_rt_pad, w));
  return refuse_unless(!bad, "reflected padding is as large as the input");
}

template <class I>
bool uses_fill_values(const I& i) {
  return (i.opd0_up_pad | i.opd0_dn_pad | i.opd0_lf_pad | i.opd0_rt_pad | i.opd0_x_ins0 | i.opd0_y_ins0) != 0;
}

uint64_t weight_block(Prec p) { return p == Prec::I8 ? 64 : p == Prec::F32 ? 1 : 32; }

// Weights of one output channel: [ceil(ic/q)][kh*kw][q]; the rest of the last block is not read.
void add_weights(const Conv& i, OperandViews& v) {
  const uint64_t q = weight_block(i.opd0_prec), blocks = ceil_div<uint64_t>(i.opd0_c, q),
                 window = uint64_t{i.opd1_h} * i.opd1_w;
  const uint64_t per_channel = blocks * window * q, tail = i.opd0_c % q;
  v.b = strided_view(i.opd1_addr, i.opd0_prec, {1, i.res0_c, 1, per_channel}, {0, per_channel, per_channel, 1});
  if (tail == 0) return;
  v.loose_b = true;
  if (blocks > 1) {
    TensorView full = *v.b;
    full.w = (blocks - 1) * window * q;
    v.exact.push_back(full);
  }
  TensorView last = *v.b;
  last.address += (blocks - 1) * window * q * last.elem_bytes;
  last.h = window;
  last.hs = q;
  last.w = tail;
  v.exact.push_back(last);
}

}  // namespace

std::string illegal(const Conv& i) {
  if (std::string why = first_of(
          {zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w, i.opd0_c, i.opd0_h, i.opd0_w, i.opd1_h, i.opd1_w}),
           unknown_prec({i.res0_prec, i.opd0_prec})});
      !why.empty())
    return why;
  if (std::string why = first_of({wrong_geometry(i), wrong_padding(i)}); !why.empty()) return why;
  const Prec in = i.opd0_prec, out = i.res0_prec;
  if (i.res_add != 0 && size_of(out) != 4) return "accumulating into a result needs 32-bit elements";
  switch (i.eu) {
    case ConvOp::Normal:
      if (is_float(in))
        return refuse_unless(out == in || out == Prec::F32, "a float convolution gives fp32 or its own type");
      return refuse_unless(in == Prec::I8 && is_int(out), "an integer convolution takes int8 and gives integers");
    case ConvOp::Wrq:
    case ConvOp::WrqRelu:
      return refuse_unless(in == Prec::I8 && (out == Prec::I8 || out == Prec::I16),
                           "wrq convolutions take int8 and give int8 or int16");
  }
  return unknown_operation(i.eu);
}

OperandViews views(const Conv& i) {
  const ViewShape in{i.res0_n, i.opd0_c, i.opd0_h, i.opd0_w};
  OperandViews v;
  const ViewShape strides{i.opd0_n_str, i.opd0_c_str, i.opd0_h_str, i.opd0_w_str};
  v.a = i.opd0_str == Layout::Aligned   ? aligned_view(i.opd0_addr, i.opd0_prec, in)
        : i.opd0_str == Layout::Compact ? compact_view(i.opd0_addr, i.opd0_prec, in)
                                        : strided_view(i.opd0_addr, i.opd0_prec, in, strides);
  if (i.opd1_const == 0) add_weights(i, v);
  const Prec bias = is_float(i.opd0_prec) ? Prec::F32 : i.eu == ConvOp::Normal ? Prec::I8 : Prec::I16;
  if (i.opd2_const == 0) v.c = compact_view(i.opd2_addr, bias, {1, i.res0_c, 1, 1});
  if (i.eu == ConvOp::Normal && i.opd3_const == 0 && uses_fill_values(i))
    v.d = compact_view(i.opd3_addr, i.opd0_prec, {1, i.opd0_c, 1, 2});
  v.res = aligned_view(i.res0_addr, i.res0_prec, {i.res0_n, i.res0_c, i.res0_h, i.res0_w});
  v.reads_result = i.res_add != 0;
  return v;
}

namespace {

bool is_roi(PordOp op) { return op == PordOp::RoiDepthwise || op == PordOp::RoiAverage || op == PordOp::RoiMax; }

std::string illegal_pord_types(const Pord& i) {
  const Prec in = i.opd0_prec, out = i.res0_prec;
  if (is_float(in)) return refuse_unless(in == out, "float pooling keeps its element type");
  if (in != Prec::I8 || !is_int(out)) return "integer pooling takes int8 and gives integers";
  const bool max = i.eu == PordOp::Max || i.eu == PordOp::RoiMax;
  return refuse_unless(!max || out == Prec::I8, "int8 max pooling gives int8");
}

}  // namespace

std::string illegal(const Pord& i) {
  if (std::string why =
          first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w, i.opd0_h, i.opd0_w, i.opd1_h, i.opd1_w}),
                    unknown_prec({i.res0_prec, i.opd0_prec})});
      !why.empty())
    return why;
  switch (i.eu) {
    case PordOp::Depthwise:
    case PordOp::DepthwiseRelu:
      if (i.opd0_prec == Prec::I8 && i.opd2_n_str > 6) return "rounding mode 7 does not exist";
      break;
    case PordOp::Average:
    case PordOp::RoiAverage:
      if (i.opd1_const == 0) return "average pooling needs a constant scale";
      break;
    case PordOp::Max:
    case PordOp::RoiDepthwise:
    case PordOp::RoiMax:
      break;
    default:
      return unknown_operation(i.eu);
  }
  if (is_roi(i.eu))
    return first_of({refuse_unless(i.res0_h == 1, "region pooling gives one row"), illegal_pord_types(i)});
  return first_of({wrong_geometry(i), wrong_padding(i), illegal_pord_types(i)});
}

OperandViews views(const Pord& i) {
  OperandViews v;
  v.a = aligned_view(i.opd0_addr, i.opd0_prec, {i.res0_n, i.res0_c, i.opd0_h, i.opd0_w});
  v.res = aligned_view(i.res0_addr, i.res0_prec, {i.res0_n, i.res0_c, i.res0_h, i.res0_w});
  const bool depthwise = i.eu == PordOp::Depthwise || i.eu == PordOp::DepthwiseRelu;
  if ((depthwise || i.eu == PordOp::RoiDepthwise) && i.opd1_const == 0)
    v.b = compact_view(i.opd1_addr, i.opd0_prec, {1, i.res0_c, i.opd1_h, i.opd1_w});
  if (depthwise && i.opd2_const == 0)
    v.c = compact_view(i.opd2_addr, i.opd0_prec == Prec::I8 ? Prec::I32 : i.opd0_prec, {1, i.res0_c, 1, 1});
  if (is_roi(i.eu)) {
    v.loose_a = true;
    v.d = strided_view(i.opd3_addr, Prec::I16, {1, i.res0_w, 1, 4}, {0, 4, 4, 1});
  } else if (i.opd3_const == 0 && uses_fill_values(i)) {
    v.d = compact_view(i.opd3_addr, i.opd0_prec, {1, i.res0_c, 1, 2});
  }
  return v;
}

}  // namespace tpuc::bm1684x
