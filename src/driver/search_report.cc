// The table people read after a search.
#include <fmt/format.h>

#include "driver/layer_times.h"
#include "driver/search.h"

namespace tpuc {
namespace {

std::string_view short_name(DType t) { return t == DType::I8 ? "int8" : to_string(t); }

}  // namespace

std::string render(const SearchResult& r) {
  std::string text = fmt::format("{:<40} {:<16} {:>22} {:>9} {:>9} {:>10} {:>10}  {:<5} {}\n", "layer", "op", "range",
                                 "alone dB", "acc. dB", "int8", "f16", "as", "why");
  size_t kept = 0;
  for (const LayerSearch& l : r.layers) {
    const std::string name = l.name.size() > 40 ? "..." + l.name.substr(l.name.size() - 37) : l.name;
    const std::string alone = r.is_measured ? fmt::format("{:.1f}", l.alone_db) : "-";
    text += fmt::format("{:<40} {:<16} {:>22} {:>9} {:>9.1f} {:>10} {:>10}  {:<5} {}\n", name, l.op,
                        fmt::format("{:.4g} .. {:.4g}", l.range.min, l.range.max), alone, l.accumulated_db,
                        l.int8_cycles, l.float_cycles, short_name(l.precision), l.reason);
    kept += l.precision != DType::I8 ? 1 : 0;
  }
  text += fmt::format("\nall int8     cosine {:.5f}  {} cycles\n", r.int8_cosine, r.int8_cycles);
  text += fmt::format("as chosen    cosine {:.5f}  {} cycles: {} of {} layers in floats\n", r.cosine, r.cycles, kept,
                      r.layers.size());
  text += fmt::format("all f16      {} cycles{}\n", r.float_cycles, r.float_cycles < r.cycles ? kInt8DoesNotPay : "");
  return text;
}

}  // namespace tpuc
