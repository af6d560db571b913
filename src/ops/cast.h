// Conversion of element types. To and from quantized integers: quantize.h.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// Who asked for a conversion: the model's own narrowing is kept, the lowering's may be dropped.
enum class Origin : uint8_t { Model, Lowering };

// Float to float rounds to nearest even; float to integer truncates; anything to bool is x != 0.
struct Cast {
  static constexpr std::string_view kName = "cast", kSummary = "convert the element type", kSource = "ONNX Cast-19";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  struct Attrs {
    DType to = DType::F32;
    Origin origin = Origin::Model;
    static constexpr auto fields() {
      return std::tuple{field("to", &Attrs::to, "element type of the result"),
                        field("origin", &Attrs::origin, "model | lowering: who asked for it")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::Origin> {
  static constexpr std::array<std::string_view, 2> kNames{"model", "lowering"};
};
