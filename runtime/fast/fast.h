// Fast versions of operators: `eval` is the meaning, these may replace it where they apply. They see f32 (or types they
// move without computing): the executor widens f16 and bf16 around them. Versions for bytes are exact.
#pragma once

#include <any>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/fast/layout.h"
#include "tpuc/ir/op_def.h"

namespace tpuc::fast {

// What a fast version knows of an op when it prepares.
struct Site {
  std::string_view op;
  const std::any* attrs;
  std::vector<TensorType> in, out;       // in: default-constructed where absent
  std::vector<const Tensor*> constants;  // per input: its data when it is constant, else null; outlive the kernel
  std::vector<bool> present;             // per input
  Layout layout_in = Layout::RowMajor, layout_out = Layout::RowMajor;  // of input 0 and of the result
  bool is_rounded_next = false;                                        // to 8 bits, by all that read the result
  template <class S>
  const typename S::Attrs& attrs_of() const {
    return std::any_cast<const typename S::Attrs&>(*attrs);
  }
  bool has(size_t i) const { return i < present.size() && present[i]; }
  const Tensor* constant(size_t i) const { return i < constants.size() ? constants[i] : nullptr; }
  const Dims& dims(size_t i) const { return in[i].dims; }
};

// Computes the outputs; their elements are not zeroed before.
using Kernel = std::function<void(EvalArgs, std::span<Tensor>)>;

// A kernel, or none where the fast version does not apply (then `eval` runs).
using Prepare = Kernel (*)(const Site&);
struct Row {
  std::string_view op;
  Prepare prepare;
  bool any_type = false;                         // takes all types itself
  Prepare bytes = nullptr;                       // for an input 0 of i8 or u8, whatever the types of the others
  LayoutWish (*layouts)(const Site&) = nullptr;  // null: RowMajor for all
};

std::span<const Row> conv_rows();
std::span<const Row> matmul_rows();
std::span<const Row> pool_rows();
std::span<const Row> eltwise_rows();
std::span<const Row> activation_rows();
std::span<const Row> norm_rows();
std::span<const Row> softmax_rows();
std::span<const Row> reduce_rows();
std::span<const Row> move_rows();
std::span<const Row> resize_rows();
std::span<const Row> quantize_rows();

// Of elementwise rows.
inline LayoutWish any_layout(const Site& /*site*/) { return {.keeps = true}; }
// From one layout of an f32 tensor to another.
Kernel change_layout(const Dims& dims, Layout from, Layout to);

// Null when there is no fast version of `op`.
const Row* find_row(std::string_view op);

}  // namespace tpuc::fast
