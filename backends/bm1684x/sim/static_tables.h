// The function tables that firmware puts into static memory before a net runs. tpuc's own code does not use them; that
// of other compilers does (static broadcast and distribute).   source: GDMA.md section 1
#pragma once

#include <cstdint>
#include <vector>

namespace tpuc::bm1684x {

// 592 words for the start of static memory: e^(k - 103), Taylor series of exp, log(1 + x), erfc's polynomial, 0..63,
// sin(2 pi x), cos(2 pi x), arcsin, tan(pi x). Bits of float except for the numbers 0..63.
std::vector<uint32_t> static_tables();

}  // namespace tpuc::bm1684x
