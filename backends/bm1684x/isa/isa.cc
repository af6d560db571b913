// TIU decoder and printer: picks the form from the head, then walks that form's field list.
#include "backends/bm1684x/isa/isa.h"

#include "backends/bm1684x/isa/tiu_long.h"

namespace tpuc::bm1684x {
namespace {

[[noreturn]] void undecodable(std::string text) {
  throw UserError(diagnostic(ErrorCode::E6102, "tiu: {}", std::move(text)));
}

template <class I>
DecodedTiu decode_long(std::span<const uint8_t> bytes) {
  const auto words = load_words(bytes.first(kLongBits / 8));
  I instr;
  for_each_field<I>([&](const auto& f) {
    if (const LongField* long_field = find_long_field(f.name))
      f.set(instr, get_bits(words, long_field->low, long_field->width));
  });
  instr.head.cmd_short = 0;
  instr.head.lane_mask = get_bits(words, kLaneMaskField.low, kLaneMaskField.width);
  return {instr, kLongBits / 8, false};
}

template <class I>
DecodedTiu decode_form(std::span<const uint8_t> bytes) {
  if ((bytes[0] & 1) == 0 && I::kBits != 128) {
    if (bytes.size() < kLongBits / 8)
      undecodable(fmt::format("{} bytes are left, a long command has 128", bytes.size()));
    return decode_long<I>(bytes);
  }
  if (bytes.size() < I::kBits / 8)
    undecodable(fmt::format("{} bytes are left, a short {} command has {}", bytes.size(), I::kForm, I::kBits / 8));
  return {decode<I>(bytes), I::kBits / 8, has_stray_bits<I>(bytes)};
}

const InstrInfo* find_info(std::string_view form, uint32_t function) {
  for (const InstrInfo& row : tiu_instructions())
    if (row.form == form && row.function == function) return &row;
  return nullptr;
}

}  // namespace

DecodedTiu decode_tiu(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8) undecodable(fmt::format("{} bytes are left, the head of a command has 8", bytes.size()));
  const auto words = load_words(bytes.first(8));
  const auto task = static_cast<Task>(get_bits(words, 41, 4));
  const auto eu = static_cast<uint32_t>(get_bits(words, 45, 5));
  switch (task) {
    case Task::Conv:
      return decode_form<Conv>(bytes);
    case Task::PorD:
      return decode_form<Pord>(bytes);
    case Task::Mm:
      return eu >= 4 ? decode_form<Mm2>(bytes) : decode_form<Mm>(bytes);
    case Task::Ar:
      return decode_form<Ar>(bytes);
    case Task::RqDq:
      return decode_form<RqDq>(bytes);
    case Task::TransBc:
      return decode_form<TransBc>(bytes);
    case Task::Sg:
      return eu >= 17 ? decode_form<Sgl>(bytes) : decode_form<Sg>(bytes);
    case Task::Sfu:
      return decode_form<Sfu>(bytes);
    case Task::Lin:
      return decode_form<Lin>(bytes);
    case Task::Cmp:
      return decode_form<Cmp>(bytes);
    case Task::Vc:
      return decode_form<Vc>(bytes);
    case Task::SysId:
      return decode_form<SysId>(bytes);
    case Task::Lar:
    case Task::Seg:
      break;
  }
  undecodable(fmt::format("task {} does not exist on this chip", static_cast<uint32_t>(task)));
}

void encode_long(const TiuInstr& instr, std::vector<uint8_t>& out) {
  std::array<uint64_t, kLongBits / 64> words{};
  std::visit(
      [&]<class I>(const I& i) {
        for_each_field<I>([&](const auto& f) {
          const LongField* to = find_long_field(f.name);
          TPUC_CHECK(to != nullptr, "{}.{} has no place in the long form", I::kForm, f.name);
          if (f.name == "cmd_short") return;
          const uint64_t v = f.get(i);
          if (v > low_mask(to->width)) field_overflow(I::kForm, f.name, v, to->width);
          put_bits(words, to->low, to->width, v);
        });
        put_bits(words, kLaneMaskField.low, kLaneMaskField.width, i.head.lane_mask);
      },
      instr);
  append_words(words, kLongBits, out);
}

Head& head_of(TiuInstr& instr) {
  return std::visit([](auto& i) -> Head& { return i.head; }, instr);
}
const Head& head_of(const TiuInstr& instr) {
  return std::visit([](const auto& i) -> const Head& { return i.head; }, instr);
}

std::string name_of(const TiuInstr& instr) {
  return std::visit(
      []<class I>(const I& i) {
        const auto eu = static_cast<uint32_t>(i.eu);
        const InstrInfo* info = find_info(I::kForm, eu);
        return info != nullptr ? std::string(info->name) : fmt::format("{}.?{}", I::kForm, eu);
      },
      instr);
}

std::string to_text(const TiuInstr& instr) {
  std::string text = name_of(instr);
  std::visit([&](const auto& i) { text += ' ' + fields_to_text(i); }, instr);
  const uint64_t mask = head_of(instr).lane_mask;
  if (mask != ~uint64_t{0}) text += fmt::format(" lane_mask={:#x}", mask);
  return text;
}

}  // namespace tpuc::bm1684x
