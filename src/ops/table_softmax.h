// Softmax of 8-bit integers, which need no more than 256 exponentials: those of a table.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y = saturate(round(e * share + zero)) with e = table[byte of x], or of x minus the largest of its line (the
// difference wraps) where `below_top` says so, and share = 1 / (sum of e along `axis`) / scale. All in f32, each step
// rounded to nearest even; share is the chip's reciprocal, two Newton steps from a first guess, relative error 7e-6. A
// sum has two accumulators, for even and for odd indices, added at the end; along the last axis 16 columns are summed
// so first.
//   x i8|u8   table f32 [256]: as of lut, normal numbers or 0      errors: E1202, E1206 axis, E1208, E1209 table
struct TableSoftmax {
  static constexpr std::string_view kName = "table_softmax", kSummary = "softmax of 8-bit integers, from a table",
                                    kSource = "tpuc";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  static constexpr int64_t kLongest = 16384;  // axis that a chip sums at once
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    int64_t axis = 1;
    bool below_top = false;
    float scale = 1.0F / 255;
    int64_t zero = 0;
    DType to = DType::U8;
    static constexpr auto fields() {
      return std::tuple{field("axis", &Attrs::axis, "the axis that sums to one"),
                        field("below_top", &Attrs::below_top, "the table is of distances from the largest of a line"),
                        field("scale", &Attrs::scale, "real value of one step of the result, > 0"),
                        field("zero", &Attrs::zero, "the integer that stands for 0"),
                        field("to", &Attrs::to, "i8 | u8: element type of the result")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
};

}  // namespace tpuc::ops
