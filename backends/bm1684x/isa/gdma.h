// GDMA instructions: the forms as structs with one field list each, decoder and printer. What they do is
// sim/gdma_exec.h. In a bmodel only the 96-byte forms and the end command may stand; the short forms are decoded but
// never emitted.
//   source: GDMA.md sections 2 to 5, regdef_dma.json. Sizes and strides are elements.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "backends/bm1684x/isa/tiu_common.h"

namespace tpuc::bm1684x {

// src_data_format: the element size, nothing is ever converted. Values as Prec of the TIU.
using GdmaFormat = Prec;

enum class GdmaType : uint32_t {
  Tensor = 0,
  Matrix = 1,
  MaskedSelect = 2,
  General = 3,
  CwTranspose = 4,
  Nonzero = 5,
  Sys = 6,
  Gather = 7,
  Scatter = 8
};
// Special functions of the tensor form. Collect and Distribute both exchange C and W.
enum class TensorMove : uint32_t {
  Copy = 0,
  NcTranspose = 1,
  Collect = 2,
  Broadcast = 3,
  Distribute = 4,
  FourBankCopy = 5,
  FourBankBroadcast = 6
};
enum class GdmaSysOp : uint32_t { End = 0, Nop = 1 };

struct Dims4 {
  uint32_t n = 0, c = 0, h = 0, w = 0;
  bool operator==(const Dims4&) const = default;
};

// The first 84 bits of every form. `function` is the special function of the type.
struct GdmaHead {
  uint32_t intr_en = 0, stride_enable = 0, nchw_copy = 0, cmd_short = 0, decompress_enable = 0, cmd_id_en = 1,
           cmd_id = 0;
  GdmaType type = GdmaType::Tensor;
  uint32_t function = 0, fill_constant_en = 0;
  GdmaFormat format = GdmaFormat::I8;
  uint32_t cmd_id_dep = 0;
  bool operator==(const GdmaHead&) const = default;
};

template <class I>
constexpr auto gdma_head_fields() {
  return std::tuple{bits("intr_en", &I::head, &GdmaHead::intr_en, 0, 1),
                    bits("stride_enable", &I::head, &GdmaHead::stride_enable, 1, 1),
                    bits("nchw_copy", &I::head, &GdmaHead::nchw_copy, 2, 1),
                    bits("cmd_short", &I::head, &GdmaHead::cmd_short, 3, 1),
                    bits("decompress_enable", &I::head, &GdmaHead::decompress_enable, 4, 1),
                    bits("cmd_id_en", &I::head, &GdmaHead::cmd_id_en, 5, 4),
                    bits("cmd_id", &I::head, &GdmaHead::cmd_id, 9, 20),
                    bits("cmd_type", &I::head, &GdmaHead::type, 32, 4),
                    bits("function", &I::head, &GdmaHead::function, 36, 3),
                    bits("fill_constant_en", &I::head, &GdmaHead::fill_constant_en, 39, 1),
                    bits("format", &I::head, &GdmaHead::format, 40, 3),
                    bits("cmd_id_dep", &I::head, &GdmaHead::cmd_id_dep, 64, 20)};
}

// Two four-dimensional operands, as tensor, transpose and matrix have them.
template <class I>
constexpr auto two_operand_fields() {
  return std::tuple{bits("constant", &I::constant, 96, 32),
                    bits("src_nstride", &I::src_stride, &Dims4::n, 128, 32),
                    bits("src_cstride", &I::src_stride, &Dims4::c, 160, 32),
                    bits("src_hstride", &I::src_stride, &Dims4::h, 192, 32),
                    bits("src_wstride", &I::src_stride, &Dims4::w, 224, 32),
                    bits("dst_nstride", &I::dst_stride, &Dims4::n, 256, 32),
                    bits("dst_cstride", &I::dst_stride, &Dims4::c, 288, 32),
                    bits("dst_hstride", &I::dst_stride, &Dims4::h, 320, 32),
                    bits("dst_wstride", &I::dst_stride, &Dims4::w, 352, 32),
                    bits("src_nsize", &I::src_size, &Dims4::n, 384, 16),
                    bits("src_csize", &I::src_size, &Dims4::c, 400, 16),
                    bits("src_hsize", &I::src_size, &Dims4::h, 416, 16),
                    bits("src_wsize", &I::src_size, &Dims4::w, 432, 16),
                    bits("dst_nsize", &I::dst_size, &Dims4::n, 448, 16),
                    bits("dst_csize", &I::dst_size, &Dims4::c, 464, 16),
                    bits("dst_hsize", &I::dst_size, &Dims4::h, 480, 16),
                    bits("dst_wsize", &I::dst_size, &Dims4::w, 496, 16),
                    bits("src_addr", &I::src_addr, 512, 40),
                    bits("dst_addr", &I::dst_addr, 576, 40),
                    bits("lane_mask", &I::lane_mask, 704, 64)};
}

// Copy, transpose, broadcast or fill of a four-dimensional tensor; head.function is a TensorMove.
struct GdmaTensor {
  static constexpr std::string_view kForm = "DMA_tensor";
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::Tensor};
  uint32_t constant = 0;
  Dims4 src_stride, dst_stride, src_size, dst_size;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  uint32_t src_reserved = 0;  // fills of the vendor's compiler have strides in the unused address words
  bool operator==(const GdmaTensor&) const = default;
  static constexpr auto fields() {
    return std::tuple_cat(gdma_head_fields<GdmaTensor>(), two_operand_fields<GdmaTensor>(),
                          std::tuple{bits("src_reserved", &GdmaTensor::src_reserved, 552, 24)});
  }
};

// dst[n][w][h][c] = src[n][c][h][w]; dst_size.c and .w follow from the source.
struct GdmaCwTranspose {
  static constexpr std::string_view kForm = "DMA_cw_transpose";
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::CwTranspose};
  uint32_t constant = 0;
  Dims4 src_stride, dst_stride, src_size, dst_size;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaCwTranspose&) const = default;
  static constexpr auto fields() {
    return std::tuple_cat(gdma_head_fields<GdmaCwTranspose>(), two_operand_fields<GdmaCwTranspose>());
  }
};

// Rows x columns in system memory <-> sections of columns in lanes; head.function 1 transposes.
// System side: size.h rows, size.w columns, stride.h. Local side: size.n rows, size.c sections, size.w, stride.n,
// stride.c.
struct GdmaMatrix {
  static constexpr std::string_view kForm = "DMA_matrix";
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::Matrix};
  uint32_t constant = 0;
  Dims4 src_stride, dst_stride, src_size, dst_size;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaMatrix&) const = default;
  static constexpr auto fields() {
    return std::tuple_cat(gdma_head_fields<GdmaMatrix>(), two_operand_fields<GdmaMatrix>());
  }
};

// Source elements whose mask element is not zero, packed at dst.
struct GdmaMaskedSelect {
  static constexpr std::string_view kForm = "DMA_masked_select";
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::MaskedSelect};
  GdmaFormat mask_format = GdmaFormat::I8;
  Dims4 src_size;
  uint64_t src_addr = 0, dst_addr = 0, mask_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaMaskedSelect&) const = default;
  static constexpr auto fields() {
    using I = GdmaMaskedSelect;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{bits("mask_format", &I::mask_format, 43, 3), bits("src_nsize", &I::src_size, &Dims4::n, 384, 16),
                   bits("src_csize", &I::src_size, &Dims4::c, 400, 16),
                   bits("src_hsize", &I::src_size, &Dims4::h, 416, 16),
                   bits("src_wsize", &I::src_size, &Dims4::w, 432, 16), bits("src_addr", &I::src_addr, 512, 40),
                   bits("dst_addr", &I::dst_addr, 576, 40), bits("mask_addr", &I::mask_addr, 640, 64),
                   bits("lane_mask", &I::lane_mask, 704, 64)});
  }
};

// `move_length` elements in address order; head.function 1 writes them to dst_csize lanes.
struct GdmaGeneral {
  static constexpr std::string_view kForm = "DMA_general";
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::General};
  uint32_t constant = 0, move_length = 0, dst_csize = 0;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaGeneral&) const = default;
  static constexpr auto fields() {
    using I = GdmaGeneral;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{bits("constant", &I::constant, 96, 32), bits("move_length", &I::move_length, 160, 32),
                   bits("dst_csize", &I::dst_csize, 464, 16), bits("src_addr", &I::src_addr, 512, 40),
                   bits("dst_addr", &I::dst_addr, 576, 40), bits("lane_mask", &I::lane_mask, 704, 64)});
  }
};

// index_base + position of every source element that is not zero, packed at dst.
struct GdmaNonzero {
  static constexpr std::string_view kForm = "DMA_nonzero";
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::Nonzero};
  GdmaFormat index_format = GdmaFormat::I32;
  uint32_t index_base = 0;
  Dims4 src_size;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaNonzero&) const = default;
  static constexpr auto fields() {
    using I = GdmaNonzero;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{bits("index_format", &I::index_format, 43, 3), bits("index_base", &I::index_base, 256, 32),
                   bits("src_nsize", &I::src_size, &Dims4::n, 384, 16),
                   bits("src_csize", &I::src_size, &Dims4::c, 400, 16),
                   bits("src_hsize", &I::src_size, &Dims4::h, 416, 16),
                   bits("src_wsize", &I::src_size, &Dims4::w, 432, 16), bits("src_addr", &I::src_addr, 512, 40),
                   bits("dst_addr", &I::dst_addr, 576, 40), bits("lane_mask", &I::lane_mask, 704, 64)});
  }
};

// Gather: dst[c][h][:] = src[c][index[c][h]][:]. Scatter: dst[c][index[c][h]][:] = src[c][h][:]. Only c, h strides; w
// runs.
struct GdmaIndexed {
  static constexpr std::string_view kForm = "DMA_gather";  // DMA_scatter has the same fields
  static constexpr int kBits = 768;
  GdmaHead head{.type = GdmaType::Gather};
  uint32_t constant = 0;
  Dims4 src_stride, dst_stride, index_stride, src_size, dst_size, index_size;
  uint64_t src_addr = 0, dst_addr = 0, index_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaIndexed&) const = default;
  static constexpr auto fields() {
    using I = GdmaIndexed;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{
            bits("constant", &I::constant, 96, 32), bits("src_cstride", &I::src_stride, &Dims4::c, 128, 32),
            bits("src_hstride", &I::src_stride, &Dims4::h, 160, 32),
            bits("dst_cstride", &I::dst_stride, &Dims4::c, 192, 32),
            bits("dst_hstride", &I::dst_stride, &Dims4::h, 224, 32),
            bits("index_cstride", &I::index_stride, &Dims4::c, 256, 32),
            bits("index_hstride", &I::index_stride, &Dims4::h, 288, 32),
            bits("src_csize", &I::src_size, &Dims4::c, 336, 16), bits("src_hsize", &I::src_size, &Dims4::h, 352, 32),
            bits("src_wsize", &I::src_size, &Dims4::w, 384, 16), bits("dst_csize", &I::dst_size, &Dims4::c, 400, 16),
            bits("dst_hsize", &I::dst_size, &Dims4::h, 416, 32), bits("dst_wsize", &I::dst_size, &Dims4::w, 448, 16),
            bits("index_csize", &I::index_size, &Dims4::c, 464, 16),
            bits("index_hsize", &I::index_size, &Dims4::h, 480, 32), bits("src_addr", &I::src_addr, 512, 40),
            bits("dst_addr", &I::dst_addr, 576, 40), bits("index_addr", &I::index_addr, 640, 40),
            bits("lane_mask", &I::lane_mask, 704, 64)});
  }
};

// End of a stream, or nothing; 16 bytes, the only short form of a bmodel.
struct GdmaSys {
  static constexpr std::string_view kForm = "sDMA_sys";
  static constexpr int kBits = 128;
  GdmaHead head{.cmd_short = 1, .type = GdmaType::Sys};
  uint32_t constant = 0;
  bool operator==(const GdmaSys&) const = default;
  static constexpr auto fields() {
    return std::tuple_cat(gdma_head_fields<GdmaSys>(), std::tuple{bits("constant", &GdmaSys::constant, 96, 32)});
  }
};

}  // namespace tpuc::bm1684x
