// The two engines with a command queue each.
#pragma once

#include <cstdint>
#include <string_view>

namespace tpuc::bm1684x {

enum class Engine : uint8_t { Tiu = 0, Gdma = 1 };
inline constexpr int kEngineCount = 2;
constexpr Engine other(Engine e) { return e == Engine::Tiu ? Engine::Gdma : Engine::Tiu; }
constexpr std::string_view name_of(Engine e) { return e == Engine::Tiu ? "tiu" : "gdma"; }

}  // namespace tpuc::bm1684x
