// What kernels name of the TIU: element types, layouts, operations. No field tables, which take long to compile.
//   source: TIU.md sections 2 and 3
#pragma once

#include <cstdint>

namespace tpuc::bm1684x {

// Element types of operands and results. Values 6 and 7 exist in the encoding but not on this chip.
enum class Prec : uint32_t { I8 = 0, F16 = 1, F32 = 2, I16 = 3, I32 = 4, BF16 = 5 };
constexpr bool is_valid(Prec p) { return static_cast<uint32_t>(p) <= 5; }
constexpr bool is_float(Prec p) { return p == Prec::F16 || p == Prec::F32 || p == Prec::BF16; }
constexpr bool is_half(Prec p) { return p == Prec::F16 || p == Prec::BF16; }
constexpr bool is_int(Prec p) { return p == Prec::I8 || p == Prec::I16 || p == Prec::I32; }
// Bytes per element; valid types only.
constexpr uint32_t size_of(Prec p) { return p == Prec::I8 ? 1 : p == Prec::F32 || p == Prec::I32 ? 4 : 2; }

// Codes of the *_str fields: how an operand's strides follow from its shape.
enum class Layout : uint32_t { Aligned = 0, Compact = 1, PerChannel = 2, Free = 3, SharedRow = 4 };

enum class ArOp : uint32_t {
  Mul = 0,
  Not = 1,
  Add = 2,
  Sub = 3,
  Max = 4,
  Min = 5,
  LogicShift = 6,
  And = 7,
  Or = 8,
  Xor = 9,
  SelectGreater = 10,
  SelectEqual = 11,
  Div = 12,
  SelectLess = 13,
  Cast = 14,
  AddSat = 15,
  SubSat = 16,
  Mac = 18,
  Copy = 19,
  MulSat = 20,
  ArithShift = 21,
  Rotate = 22,
  MulDhr = 23,
  Abs = 26,
  AbsDiff = 27,
  CopyBatch = 28,
  LeadingZeros = 29,
  LeadingOnes = 30
};

enum class CmpOp : uint32_t {
  GreaterAndSelect = 22,
  SelectGreater = 23,
  SelectEqual = 24,
  LessAndSelect = 25,
  SelectLess = 26
};

}  // namespace tpuc::bm1684x
