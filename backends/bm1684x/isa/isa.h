// The instruction set as a list: what `tpuc isa` prints, and the TIU decoder. GDMA commands are in isa/gdma.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backends/bm1684x/isa/commands.h"
#include "backends/bm1684x/isa/field.h"
#include "backends/bm1684x/isa/tiu_arith.h"
#include "backends/bm1684x/isa/tiu_conv.h"
#include "backends/bm1684x/isa/tiu_matmul.h"
#include "backends/bm1684x/isa/tiu_move.h"
#include "backends/bm1684x/isa/tiu_special.h"

namespace tpuc::bm1684x {

// One line of `tpuc isa`. `vectors` names the golden vector file that confirms the instruction; empty = unconfirmed.
struct InstrInfo {
  std::string_view name;    // "arith.add"
  std::string_view engine;  // "tiu", "gdma"
  std::string_view form;    // "AR"
  uint32_t function;        // tsk_eu_typ
  int bits;                 // length of the short form
  std::string_view vectors;
};
const std::vector<InstrInfo>& tiu_instructions();

struct DecodedTiu {
  TiuInstr instr;
  uint32_t length_bytes = 0;
  bool stray_bits = false;  // a reserved bit is set
};
// The command at the start of `bytes`, short or long. throws UserError E6102 when the bytes end inside a command or the
// task does not exist on this chip; an unknown operation inside a task decodes and is refused when it is executed.
DecodedTiu decode_tiu(std::span<const uint8_t> bytes);

// Appends the 1024-bit form: the same fields, and the lane mask.
void encode_long(const TiuInstr& instr, std::vector<uint8_t>& out);

// "arith.add", or "arith.?25" for an operation the chip does not have.
std::string name_of(const TiuInstr& instr);
// "arith.add cmd_id=3 res0_n=1 ...": fields that are zero are left out.
std::string to_text(const TiuInstr& instr);

Head& head_of(TiuInstr& instr);
const Head& head_of(const TiuInstr& instr);

}  // namespace tpuc::bm1684x
