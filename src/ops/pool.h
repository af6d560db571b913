// Pooling over two spatial axes. ceil_mode is resolved at import into larger end pads; global pools import with a
// kernel of H x W; pools over one axis import between reshapes, those over three as in volume_import.h.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y[n,c,p,q] = max over the kernel's elements that lie inside x; pads count as the lowest value.
//   x [N,C,H,W]  ->  y [N,C,P,Q]      errors: E1201 rank, E1202 types, E1205 kernel or pads against the input, E1208
struct MaxPool2d {
  static constexpr std::string_view kName = "max_pool2d", kSummary = "largest element under a moving kernel",
                                    kSource = "ONNX MaxPool-12";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> kernel{1, 1}, strides{1, 1}, pads{0, 0, 0, 0}, dilations{1, 1};
    static constexpr auto fields() {
      return std::tuple{field("kernel", &Attrs::kernel, "[kh,kw], elements"),
                        field("strides", &Attrs::strides, "[sh,sw], elements"),
                        field("pads", &Attrs::pads, "[top,left,bottom,right], elements"),
                        field("dilations", &Attrs::dilations, "[dh,dw], elements between kernel taps")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // of a whole plane: a reduction
};

// y[n,c,p,q] = sum of the kernel's elements inside x, divided by how many there are; with count_include_pad by how many
// lie inside x extended by its pads. The last end_extra[i] elements of an end pad never count: they come from
// ceil_mode.
//   x [N,C,H,W]  ->  y [N,C,P,Q]      errors: as MaxPool2d
struct AvgPool2d {
  static constexpr std::string_view kName = "avg_pool2d", kSummary = "mean of the elements under a moving kernel",
                                    kSource = "ONNX AveragePool-19";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    std::vector<int64_t> kernel{1, 1}, strides{1, 1}, pads{0, 0, 0, 0}, dilations{1, 1}, end_extra{0, 0};
    bool count_include_pad = false;
    static constexpr auto fields() {
      return std::tuple{field("kernel", &Attrs::kernel, "[kh,kw], elements"),
                        field("strides", &Attrs::strides, "[sh,sw], elements"),
                        field("pads", &Attrs::pads, "[top,left,bottom,right], elements"),
                        field("dilations", &Attrs::dilations, "[dh,dw], elements between kernel taps"),
                        field("end_extra", &Attrs::end_extra, "[bottom,right], part of the end pads that never counts"),
                        field("count_include_pad", &Attrs::count_include_pad, "pads count in the divisor")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // of a whole plane: a reduction
};

// Elements the divisor of output position `out` counts along one spatial axis (0: h, 1: w); `in_size` is H or W.
int64_t avg_pool_count(const AvgPool2d::Attrs& attrs, size_t axis, int64_t in_size, int64_t out);

}  // namespace tpuc::ops
