// GDMA decoder, names and text: picks the form from the head, then walks that form's field list.
#include "backends/bm1684x/isa/gdma_decode.h"

#include <algorithm>

namespace tpuc::bm1684x {
namespace {

[[noreturn]] void undecodable(std::string text) {
  throw UserError(diagnostic(ErrorCode::E6102, "gdma: {}", std::move(text)));
}

template <class I>
DecodedGdma decode_form(std::span<const uint8_t> bytes) {
  if (bytes.size() < I::kBits / 8)
    undecodable(fmt::format("{} bytes are left, a {} command has {}", bytes.size(), I::kForm, I::kBits / 8));
  return {decode<I>(bytes), I::kBits / 8, has_stray_bits<I>(bytes)};
}

constexpr uint32_t function_count(GdmaType type) {
  switch (type) {
    case GdmaType::Tensor:
      return 7;
    case GdmaType::Matrix:
    case GdmaType::General:
    case GdmaType::Sys:
      return 2;
    case GdmaType::MaskedSelect:
    case GdmaType::CwTranspose:
    case GdmaType::Nonzero:
    case GdmaType::Gather:
    case GdmaType::Scatter:
      return 1;
  }
  return 0;
}

}  // namespace

DecodedGdma decode_gdma(std::span<const uint8_t> bytes) {
  if (bytes.size() < 16) undecodable(fmt::format("{} bytes are left, the shortest command has 16", bytes.size()));
  const auto words = load_words(bytes.first(16));
  const bool is_short = get_bits(words, 3, 1) != 0;
  const auto type = static_cast<GdmaType>(get_bits(words, 32, 4));
  const auto function = static_cast<uint32_t>(get_bits(words, 36, 3));
  // The short masked select uses its function field as a flag.
  const bool flag_function = is_short && type == GdmaType::MaskedSelect;
  if (function >= function_count(type) && !(flag_function && function < 2))
    undecodable(
        fmt::format("type {} with function {} does not exist on this chip", static_cast<uint32_t>(type), function));
  switch (type) {
    case GdmaType::Tensor:
      return decode_form<GdmaTensor>(bytes);
    case GdmaType::Matrix:
      return is_short ? decode_form<GdmaShortMatrix>(bytes) : decode_form<GdmaMatrix>(bytes);
    case GdmaType::MaskedSelect:
      return is_short ? decode_form<GdmaShortMaskedSelect>(bytes) : decode_form<GdmaMaskedSelect>(bytes);
    case GdmaType::General:
      return is_short ? decode_form<GdmaShortGeneral>(bytes) : decode_form<GdmaGeneral>(bytes);
    case GdmaType::CwTranspose:
      return decode_form<GdmaCwTranspose>(bytes);
    case GdmaType::Nonzero:
      return is_short ? decode_form<GdmaShortNonzero>(bytes) : decode_form<GdmaNonzero>(bytes);
    case GdmaType::Sys:
      if (!is_short) undecodable("the sys command has no long form");
      return decode_form<GdmaSys>(bytes);
    case GdmaType::Gather:
    case GdmaType::Scatter:
      if (is_short) undecodable("gather and scatter have no short form");
      return decode_form<GdmaIndexed>(bytes);
  }
  undecodable(fmt::format("type {} does not exist on this chip", static_cast<uint32_t>(type)));
}

const std::vector<InstrInfo>& gdma_instructions() {
  constexpr std::string_view file = "gdma_vectors";
  static const std::vector<InstrInfo> rows = {
      {"dma.tensor.copy", "gdma", "DMA_tensor", 0, 768, file},
      {"dma.tensor.nc_transpose", "gdma", "DMA_tensor", 1, 768, file},
      {"dma.tensor.collect", "gdma", "DMA_tensor", 2, 768, file},
      {"dma.tensor.broadcast", "gdma", "DMA_tensor", 3, 768, file},
      {"dma.tensor.distribute", "gdma", "DMA_tensor", 4, 768, file},
      {"dma.tensor.copy_4bank", "gdma", "DMA_tensor", 5, 768, file},
      {"dma.tensor.broadcast_4bank", "gdma", "DMA_tensor", 6, 768, file},
      {"dma.matrix", "gdma", "DMA_matrix", 0, 768, file},
      {"dma.matrix.transpose", "gdma", "DMA_matrix", 1, 768, file},
      {"dma.masked_select", "gdma", "DMA_masked_select", 0, 768, file},
      {"dma.general", "gdma", "DMA_general", 0, 768, file},
      {"dma.general.broadcast", "gdma", "DMA_general", 1, 768, file},
      {"dma.cw_transpose", "gdma", "DMA_cw_transpose", 0, 768, file},
      {"dma.nonzero", "gdma", "DMA_nonzero", 0, 768, file},
      {"dma.sys.end", "gdma", "sDMA_sys", 0, 128, ""},
      {"dma.sys.nop", "gdma", "sDMA_sys", 1, 128, ""},
      {"dma.gather", "gdma", "DMA_gather", 0, 768, file},
      {"dma.scatter", "gdma", "DMA_scatter", 0, 768, file},
  };
  return rows;
}

std::string name_of(const GdmaInstr& instr) {
  static constexpr std::string_view kStart[] = {"dma.tensor.copy", "dma.matrix",       "dma.masked_select",
                                                "dma.general",     "dma.cw_transpose", "dma.nonzero",
                                                "dma.sys.end",     "dma.gather",       "dma.scatter"};
  const GdmaHead& head = head_of(instr);
  const auto type = static_cast<size_t>(head.type);
  if (type >= std::size(kStart)) return fmt::format("dma.?{}", type);
  const auto& rows = gdma_instructions();
  auto row = std::find_if(rows.begin(), rows.end(), [&](const InstrInfo& r) { return r.name == kStart[type]; });
  if (head.type != GdmaType::MaskedSelect && head.function < function_count(head.type)) row += head.function;
  return std::string(row->name) + (head.fill_constant_en != 0 ? ".fill" : "");
}

std::string to_text(const GdmaInstr& instr) {
  std::string text = name_of(instr);
  std::visit(
      [&]<class I>(I i) {
        uint64_t mask = ~uint64_t{0};
        if constexpr (requires { i.lane_mask; }) {
          mask = i.lane_mask;
          i.lane_mask = 0;
        }
        text += ' ' + fields_to_text(i);
        if (mask != ~uint64_t{0}) text += fmt::format(" lane_mask={:#x}", mask);
      },
      instr);
  return text;
}

}  // namespace tpuc::bm1684x
