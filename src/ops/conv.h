// Convolutions over two spatial axes: conv2d and conv_transpose2d. Filters may be run-time values.
// ONNX convolutions over one axis import as two-axis ones between reshapes, those over three as in volume_import.h.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "ops/activation_attr.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y[n,o,p,q] = activation(b[o] + sum_{i,r,s} x[n,i,p*sh+r*dh-pt,q*sw+s*dw-pl] * w[o,i,r,s])
//   x float [N,C,H,W]   w [O,C/group,R,S]   b? [O]   ->  y [N,O,P,Q]
//   x i8|u8   w i8   b? i32 [O]   rq? f32 [2,O]   ->  y i32, exact sums; or requantized with rq: 8 bits, type `to`.
//   There positions of the padding hold pad_value, the zero point of x, and zero points are else in b or rq.
//   errors: E1201 rank, E1202 types, E1204 channels, E1205 filter larger than the padded input, E1208 attributes,
//   E1209 length of b, dimensions of rq
struct Conv2d {
  static constexpr std::string_view kName = "conv2d", kSummary = "2-D convolution", kSource = "ONNX Conv-11";
  static constexpr int kMinIn = 2, kMaxIn = 4;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    std::vector<int64_t> strides{1, 1}, pads{0, 0, 0, 0}, dilations{1, 1};
    int64_t group = 1;
    Activation activation = Activation::None;
    int64_t pad_value = 0, filter_zero = 0;
    DType to = DType::I32;
    static constexpr auto fields() {
      return std::tuple{field("strides", &Attrs::strides, "[sh,sw], elements"),
                        field("pads", &Attrs::pads, "[top,left,bottom,right], elements"),
                        field("dilations", &Attrs::dilations, "[dh,dw], elements between filter taps"),
                        field("group", &Attrs::group, "channels are cut into this many independent groups"),
                        field("activation", &Attrs::activation, "none | relu | relu6, applied to the sum"),
                        field("pad_value", &Attrs::pad_value, "integers: what positions of the padding hold"),
                        field("filter_zero", &Attrs::filter_zero, "integers: subtracted from the filter"),
                        field("to", &Attrs::to, "integers with rq: i8 | u8, the result's element type")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// The logical axis order of a transposed convolution's filter. Iohw is [C,O/group,R,S], as ONNX has it;
// Oihw is [O,C/group,R,S], as a convolution has it.
enum class FilterOrder : uint8_t { Iohw, Oihw };

// The gradient of conv2d with respect to its input: x[n,i,h,w] * w[i,o,r,s] is added to
// y[n,o,h*sh+r*dh-pt,w*sw+s*dw-pl]
//   x float [N,C,H,W]   w (see FilterOrder)   b? [O]   ->  y [N,O,P,Q],  P = (H-1)*sh + (R-1)*dh + 1 - pt - pb +
//   output_pads[0]
//   integers as for conv2d; read as a window of the filter's size over the pixels `strides` apart, every position of it
//   between and around the pixels holds pad_value
//   errors: E1201 rank, E1202 types, E1204 channels, E1205 pads leave no output, E1208 attributes, E1209 length of b
struct ConvTranspose2d {
  static constexpr std::string_view kName = "conv_transpose2d", kSummary = "2-D transposed convolution",
                                    kSource = "ONNX ConvTranspose-11";
  static constexpr int kMinIn = 2, kMaxIn = 4;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    std::vector<int64_t> strides{1, 1}, pads{0, 0, 0, 0}, dilations{1, 1}, output_pads{0, 0};
    int64_t group = 1;
    FilterOrder filter = FilterOrder::Iohw;
    Activation activation = Activation::None;
    int64_t pad_value = 0;
    DType to = DType::I32;
    static constexpr auto fields() {
      return std::tuple{
          field("strides", &Attrs::strides, "[sh,sw], elements"),
          field("pads", &Attrs::pads, "[top,left,bottom,right], elements cut off the result"),
          field("dilations", &Attrs::dilations, "[dh,dw], elements between filter taps"),
          field("output_pads", &Attrs::output_pads, "[bottom,right], elements added to the result"),
          field("group", &Attrs::group, "channels are cut into this many independent groups"),
          field("filter", &Attrs::filter, "iohw | oihw: axis order of the filter"),
          field("activation", &Attrs::activation, "none | relu | relu6, applied to the sum"),
          field("pad_value", &Attrs::pad_value, "integers: what positions between and around pixels hold"),
          field("to", &Attrs::to, "integers with rq: i8 | u8, the result's element type")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::FilterOrder> {
  static constexpr std::array<std::string_view, 2> kNames{"iohw", "oihw"};
};
