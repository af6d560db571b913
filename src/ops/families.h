// The families of operators: each function is the table of one pair of files in this folder. families.cc joins them.
#pragma once

#include <span>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

std::span<const OpDef> conv_ops();
std::span<const OpDef> matmul_ops();
std::span<const OpDef> pool_ops();
std::span<const OpDef> eltwise_ops();
std::span<const OpDef> activation_ops();
std::span<const OpDef> norm_ops();
std::span<const OpDef> softmax_ops();
std::span<const OpDef> reduce_ops();
std::span<const OpDef> shape_ops();
std::span<const OpDef> slice_ops();
std::span<const OpDef> gather_ops();
std::span<const OpDef> resize_ops();
std::span<const OpDef> cast_ops();
std::span<const OpDef> quantize_ops();

}  // namespace tpuc::ops
