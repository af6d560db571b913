// Any command of either engine, declared only: what holds or passes commands on needs no more. Their fields are in
// isa/isa.h and isa/gdma_decode.h.
#pragma once

#include <variant>

namespace tpuc::bm1684x {

struct Ar;
struct Cmp;
struct Conv;
struct Lin;
struct Mm;
struct Mm2;
struct Pord;
struct RqDq;
struct Sfu;
struct Sg;
struct Sgl;
struct SysId;
struct TransBc;
struct Vc;
using TiuInstr = std::variant<Ar, Cmp, Conv, Lin, Mm, Mm2, Pord, RqDq, Sfu, Sg, Sgl, SysId, TransBc, Vc>;

struct GdmaTensor;
struct GdmaCwTranspose;
struct GdmaMatrix;
struct GdmaMaskedSelect;
struct GdmaGeneral;
struct GdmaNonzero;
struct GdmaIndexed;
struct GdmaSys;
struct GdmaShortGeneral;
struct GdmaShortMaskedSelect;
struct GdmaShortMatrix;
struct GdmaShortNonzero;
using GdmaInstr =
    std::variant<GdmaTensor, GdmaCwTranspose, GdmaMatrix, GdmaMaskedSelect, GdmaGeneral, GdmaNonzero, GdmaIndexed,
                 GdmaSys, GdmaShortGeneral, GdmaShortMaskedSelect, GdmaShortMatrix, GdmaShortNonzero>;

}  // namespace tpuc::bm1684x
