// All GDMA forms together: the short forms, the variant, the decoder, names and text. The emitter needs only gdma.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "backends/bm1684x/isa/commands.h"
#include "backends/bm1684x/isa/gdma.h"
#include "backends/bm1684x/isa/isa.h"

namespace tpuc::bm1684x {

struct GdmaShortGeneral {
  static constexpr std::string_view kForm = "sDMA_general";
  static constexpr int kBits = 384;
  GdmaHead head{.cmd_short = 1, .type = GdmaType::General};
  uint32_t constant = 0, move_length = 0, dst_csize = 0;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaShortGeneral&) const = default;
  static constexpr auto fields() {
    using I = GdmaShortGeneral;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{bits("constant", &I::constant, 96, 32), bits("move_length", &I::move_length, 128, 32),
                   bits("dst_csize", &I::dst_csize, 160, 16), bits("src_addr", &I::src_addr, 192, 40),
                   bits("dst_addr", &I::dst_addr, 256, 40), bits("lane_mask", &I::lane_mask, 320, 64)});
  }
};

// head.function tells whether the mask is in local memory; the address says the same.
struct GdmaShortMaskedSelect {
  static constexpr std::string_view kForm = "sDMA_masked_select";
  static constexpr int kBits = 512;
  GdmaHead head{.cmd_short = 1, .type = GdmaType::MaskedSelect};
  GdmaFormat mask_format = GdmaFormat::I8;
  Dims4 src_size, dst_size;
  uint64_t src_addr = 0, dst_addr = 0, mask_addr = 0;
  bool operator==(const GdmaShortMaskedSelect&) const = default;
  static constexpr auto fields() {
    using I = GdmaShortMaskedSelect;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{
            bits("mask_format", &I::mask_format, 43, 3), bits("src_nsize", &I::src_size, &Dims4::n, 96, 16),
            bits("src_csize", &I::src_size, &Dims4::c, 112, 16), bits("src_hsize", &I::src_size, &Dims4::h, 128, 16),
            bits("src_wsize", &I::src_size, &Dims4::w, 144, 16), bits("dst_nsize", &I::dst_size, &Dims4::n, 160, 16),
            bits("dst_csize", &I::dst_size, &Dims4::c, 176, 16), bits("dst_hsize", &I::dst_size, &Dims4::h, 192, 16),
            bits("dst_wsize", &I::dst_size, &Dims4::w, 208, 16), bits("src_addr", &I::src_addr, 224, 40),
            bits("dst_addr", &I::dst_addr, 288, 40), bits("mask_addr", &I::mask_addr, 352, 64)});
  }
};

// One set of fields per side, whatever the direction.
struct GdmaShortMatrix {
  static constexpr std::string_view kForm = "sDMA_matrix";
  static constexpr int kBits = 512;
  GdmaHead head{.cmd_short = 1, .type = GdmaType::Matrix};
  uint32_t sys_row_stride = 0, local_nstride = 0, local_cstride = 0, sys_hsize = 0, sys_wsize = 0, local_nsize = 0,
           local_csize = 0, local_wsize = 0;
  uint64_t src_addr = 0, dst_addr = 0, lane_mask = ~uint64_t{0};
  bool operator==(const GdmaShortMatrix&) const = default;
  static constexpr auto fields() {
    using I = GdmaShortMatrix;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{bits("sys_row_stride", &I::sys_row_stride, 96, 32),
                   bits("local_nstride", &I::local_nstride, 128, 32), bits("local_cstride", &I::local_cstride, 160, 32),
                   bits("sys_hsize", &I::sys_hsize, 192, 16), bits("sys_wsize", &I::sys_wsize, 208, 16),
                   bits("local_nsize", &I::local_nsize, 224, 16), bits("local_csize", &I::local_csize, 240, 16),
                   bits("local_wsize", &I::local_wsize, 256, 16), bits("src_addr", &I::src_addr, 288, 40),
                   bits("dst_addr", &I::dst_addr, 352, 40), bits("lane_mask", &I::lane_mask, 448, 64)});
  }
};

struct GdmaShortNonzero {
  static constexpr std::string_view kForm = "sDMA_nonzero";
  static constexpr int kBits = 384;
  GdmaHead head{.cmd_short = 1, .type = GdmaType::Nonzero};
  GdmaFormat index_format = GdmaFormat::I32;
  uint32_t index_base = 0;
  Dims4 src_size;
  uint64_t src_addr = 0, dst_addr = 0;
  bool operator==(const GdmaShortNonzero&) const = default;
  static constexpr auto fields() {
    using I = GdmaShortNonzero;
    return std::tuple_cat(
        gdma_head_fields<I>(),
        std::tuple{
            bits("index_format", &I::index_format, 43, 3), bits("index_base", &I::index_base, 96, 32),
            bits("src_nsize", &I::src_size, &Dims4::n, 128, 16), bits("src_csize", &I::src_size, &Dims4::c, 144, 16),
            bits("src_hsize", &I::src_size, &Dims4::h, 160, 16), bits("src_wsize", &I::src_size, &Dims4::w, 176, 16),
            bits("src_addr", &I::src_addr, 192, 40), bits("dst_addr", &I::dst_addr, 256, 40)});
  }
};

struct DecodedGdma {
  GdmaInstr instr;
  uint32_t length_bytes = 0;
  bool stray_bits = false;  // a bit outside of all fields that we know is set
};
// The command at the start of `bytes`. throws UserError E6102 when the bytes end inside it or no such command exists.
DecodedGdma decode_gdma(std::span<const uint8_t> bytes);

// Lines of `tpuc isa`.
const std::vector<InstrInfo>& gdma_instructions();

// "dma.tensor.copy"
std::string name_of(const GdmaInstr& instr);
// "dma.tensor.copy cmd_id=3 ...": fields that are zero and a full lane mask are left out.
std::string to_text(const GdmaInstr& instr);

inline const GdmaHead& head_of(const GdmaInstr& instr) {
  return std::visit([](const auto& i) -> const GdmaHead& { return i.head; }, instr);
}
inline GdmaHead& head_of(GdmaInstr& instr) {
  return std::visit([](auto& i) -> GdmaHead& { return i.head; }, instr);
}

}  // namespace tpuc::bm1684x
